"""End to end from JSON text, for invented patients of 100, 300 and 1,000 resources.

usage: python -m tools.bench.populations DECK [--measure NAME ...] [--together] [--patients N] [--rounds N]
           [--json FILE]

Milliseconds of CPU per patient, medians of interleaved rounds: ``parse`` (orjson alone), ``evaluate`` (parsed already)
and ``end to end`` (parse, evaluate, discard), and the ratio of end to end to parse.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

import cqlmeasure as cm
from tools.bench.patients import invented_texts, subjects
from tools.bench.timing import MEASURES, medians


def row(content: cm.Content, deck: str, names: list[str], resources: int, patients: int, rounds: int) -> dict[str, Any]:
    """The figures of one measure, or of several in one pass, at one size."""
    texts = invented_texts(deck, names, resources, patients)
    parsed = list(subjects(texts))

    def evaluate(source: Any) -> None:
        content.evaluate(names, source, period="2026", keep=False, evidence=False)

    def parse() -> None:
        for text in texts:
            orjson.loads(text)

    runs: dict[str, Callable[[], object]] = {
        "parse": parse,
        "evaluate": lambda: evaluate(parsed),
        "end_to_end": lambda: evaluate(subjects(texts)),
    }
    found = medians(runs, rounds, patients)
    return {
        "measure": names[0] if len(names) == 1 else f"{len(names)} measures",
        "resources": round(sum(len(one.resources) for one in parsed) / patients, 1),
        "bytes": sum(map(len, texts)) // patients,
        **{f"{key}_ms": round(value, 4) for key, value in found.items()},
        "ratio": round(found["end_to_end"] / found["parse"], 2),
        "patients_per_s": round(1000 / found["end_to_end"]),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck")
    parser.add_argument("--measure", nargs="*", default=MEASURES)
    parser.add_argument("--together", action="store_true", help="all measures in one pass, not one after the other")
    parser.add_argument("--resources", type=int, nargs="*", default=(100, 300, 1000))
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    content = cm.Content(arguments.deck)
    gc.disable()
    rows = [
        row(content, arguments.deck, names, size, arguments.patients, arguments.rounds)
        for size in arguments.resources
        for names in ([list(arguments.measure)] if arguments.together else [[name] for name in arguments.measure])
    ]
    columns = ("measure", "resources", "bytes", "parse_ms", "evaluate_ms", "end_to_end_ms", "ratio", "patients_per_s")
    table = Table(title="milliseconds of CPU per invented patient")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="left" if column == "measure" else "right")
    for one in rows:
        table.add_row(*(str(one[column]) for column in columns))
    Console(width=120).print(table)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, all patients held")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
