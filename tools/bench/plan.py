"""What the plan of reading saves, for invented patients of 300 and 1,000 resources.

usage: python -m tools.bench.plan DECK [--measure NAME ...] [--patients N] [--rounds N] [--json FILE]

Shares of resources and bytes that are not read, with evidence (what retrieves give is read) and for totals alone, where
patients are ruled out too; and how much faster evaluation from JSON text is with the plan than without, in one run.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

import cqlmeasure as cm
from tools.bench.patients import invented_texts, subjects
from tools.bench.timing import MEASURES, medians

MODES = {"evidence": {"evidence": True, "keep": False}, "totals": {"evidence": False, "keep": False}}


class Seen:
    """The subjects of a source, counted as they are read."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.resources = self.bytes = self.ruled_out = 0

    def selecting(self, selection: Any) -> Seen:
        """The same for what is wanted."""
        self.source = self.source.selecting(selection)
        return self

    def __iter__(self) -> Any:
        for one in self.source:
            self.resources += len(one.resources)
            self.bytes += sum(len(orjson.dumps(resource)) for resource in one.resources)
            self.ruled_out += bool(one.ruled_out)
            yield one


def row(content: cm.Content, deck: str, name: str, size: int, patients: int, rounds: int) -> dict[str, Any]:
    """The figures of one measure at one size."""
    measure = content.measure(name)
    texts = invented_texts(deck, [name], size, patients)

    def evaluate(source: Any, **options: Any) -> cm.MeasureResult:
        return measure.evaluate(source, period="2026", **options)

    found: dict[str, Any] = {"measure": name, "resources": size}
    runs: dict[str, Callable[[], object]] = {}
    for mode, options in MODES.items():
        everything, planned = Seen(subjects(texts)), Seen(subjects(texts))
        whole = evaluate(everything, plan=False, **options)
        assert evaluate(planned, **options).summary() == whole.summary(), "the plan changes no result"
        found[f"{mode}_resources_skipped"] = round(1 - planned.resources / everything.resources, 3)
        found[f"{mode}_bytes_skipped"] = round(1 - planned.bytes / everything.bytes, 3)
        for plan in (False, True):
            runs[f"{mode}_{plan}"] = partial(
                lambda plan, options: evaluate(subjects(texts), plan=plan, **options), plan, options
            )
        found["ruled_out"] = round(planned.ruled_out / patients, 3)
    times = medians(runs, rounds, patients)
    for mode in MODES:
        found[f"{mode}_speed_up"] = round(times[f"{mode}_False"] / times[f"{mode}_True"], 2)
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck")
    parser.add_argument("--measure", nargs="*", default=MEASURES)
    parser.add_argument("--resources", type=int, nargs="*", default=(300, 1000))
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    content = cm.Content(arguments.deck)
    gc.disable()
    rows = [
        row(content, arguments.deck, name, size, arguments.patients, arguments.rounds)
        for size in arguments.resources
        for name in arguments.measure
    ]
    table = Table(title="what the plan saves: shares that are not read, and evaluation without / with the plan")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), justify="left" if column == "measure" else "right")
    for one in rows:
        table.add_row(*map(str, one.values()))
    Console(width=160).print(table)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
