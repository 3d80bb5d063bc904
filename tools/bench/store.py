"""The store: loading, size, reading, and measures from it.

usage: python -m tools.bench.store DECK [--measure NAME ...] [--patients N] [--resources N] [--exists N]
           [--keep FOLDER] [--rounds N] [--json FILE]

An invented population of N patients is written as NDJSON and loaded; times are CPU seconds of one process, the least of
the rounds.

  load          resources and patients per second, and the size on disk beside the NDJSON's
  read          patients per second when everything is read and parsed
  each measure  patients per second of its evaluation from the store, without evidence and subjects' results, and beside
                it that from the NDJSON; the counts are compared
  exists        who has an Observation with a code, for a rare and a frequent one: patients per second of a measure (in
                FHIR) whose criterion that is, when it is only told how many, when those who have it are read and the
                others counted, and when each is handed out

``--exists N``: the last with a population of N patients with 100 resources.  ``--keep FOLDER`` keeps the populations
and stores there, and takes them from there the next time.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import cqlmeasure as cm
from cqlmeasure.content import Content
from cqlmeasure.data import Selection, Store, Wanted
from tools.bench.timing import MEASURES
from tools.generate_population.__main__ import write_ndjson
from tools.generate_population.resources import Population
from tools.generate_population.wanted import wanted

PERIOD = "2026"


def seconds(run: Callable[[], Any], rounds: int = 1) -> tuple[float, Any]:
    """CPU seconds, the least of the rounds, and what was found."""
    times, found = [], None
    for _ in range(rounds):
        start = time.process_time()
        found = run()
        times.append(time.process_time() - start)
    return min(times), found


def size(path: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


class Populations:
    """Populations as NDJSON and as stores, below a folder."""

    def __init__(self, deck: str, measures: list[str], folder: Path) -> None:
        self._wanted = wanted(Content(deck), measures)
        self._folder = folder

    def export(self, patients: int, resources: int) -> Path:
        """A folder of NDJSON files."""
        found = self._folder / f"ndjson-{patients}-{resources}"
        if not found.is_dir():
            found.mkdir(parents=True)
            write_ndjson(Population(self._wanted, resources=resources, year=int(PERIOD)), patients, found)
        return found

    def store(self, patients: int, resources: int) -> tuple[Path, float | None]:
        """A store of the same, and how long it took to load it (``None`` if it was there)."""
        found = self._folder / f"store-{patients}-{resources}"
        if found.is_dir():
            return found, None
        export = self.export(patients, resources)
        return found, seconds(lambda: cm.load(export, store=found))[0]


def load_row(source: Path, path: Path, loading: float | None, rounds: int) -> dict[str, Any]:
    """Loading, size, reading."""
    store = cm.store(path)
    patients, resources = store.count, sum(store.manifest.resources.values())
    reading, _ = seconds(lambda: sum(len(one.resources) for one in store), rounds)
    found = {
        "resources": resources,
        "ndjson_mb": round(size(source) / 1e6, 1),
        "store_mb": round(size(path) / 1e6, 1),
        "read_patients_per_s": round(patients / reading),
    }
    if loading is not None:
        found |= {"load_resources_per_s": round(resources / loading), "load_patients_per_s": round(patients / loading)}
    return found


def measure_row(measure: cm.CompiledMeasure, path: Path, source: Path, rounds: int) -> dict[str, Any]:
    """A measure from the store and from NDJSON."""

    def evaluate(data: Path) -> Any:
        found = measure.evaluate(cm.subjects(data), period=PERIOD, keep=False, evidence=False).summary()
        return [group["population"] for group in found["group"]]

    evaluate(path)
    patients = cm.store(path).count
    of_store, found = seconds(lambda: evaluate(path), rounds)
    of_files, expected = seconds(lambda: evaluate(source))
    assert found == expected
    return {
        "measure": measure.name,
        "store_patients_per_s": round(patients / of_store),
        "ndjson_patients_per_s": round(patients / of_files),
    }


def exists_measure(system: str, code: str, folder: Path) -> cm.CompiledMeasure:
    """A cohort of those who have an Observation with a code."""
    cql = f"""library Exists version '1'
using FHIR version '4.0.1'
codesystem "System": '{system}'
code "Code": '{code}' from "System"
context Patient
define "Initial Population": exists [Observation: "Code"]
"""
    criteria = {"language": "text/cql-identifier", "expression": "Initial Population"}
    population = {"code": {"coding": [{"code": "initial-population"}]}, "criteria": criteria}
    resource = {
        "resourceType": "Measure",
        "name": "Exists",
        "url": "http://example.org/Measure/Exists",
        "library": ["http://example.org/Library/Exists"],
        "scoring": {"coding": [{"code": "cohort"}]},
        "group": [{"population": [population]}],
    }
    (folder / "Exists.cql").write_text(cql)
    (folder / "Measure.json").write_text(json.dumps(resource))
    return cm.Content(folder).measure("Exists")


def exists_rows(path: Path, rounds: int) -> list[dict[str, Any]]:
    """Observations with a code: a rare one and a frequent one."""
    store = cm.store(path)
    seen = Counter(
        (coding["system"], coding["code"])
        for one in _some(store, 200)
        for each in one.resources
        if each["resourceType"] == "Observation"
        for coding in each["code"]["coding"]
    ).most_common()
    found = []
    for name, (system, code) in (("rare", seen[-1][0]), ("frequent", seen[0][0])):
        with tempfile.TemporaryDirectory() as folder:
            measure = exists_measure(system, code, Path(folder))

        def evaluated(measure: cm.CompiledMeasure = measure) -> int:
            found = measure.evaluate(path, period=PERIOD, keep=False, evidence=False).summary()
            return int(found["group"][0]["population"][0]["count"])

        evaluated()
        clause = (Wanted("Observation", frozenset({code})),)
        selected = store.selecting(Selection(clause, ((clause,),)))

        def counted(selected: Store = selected) -> tuple[int, int]:
            return sum(1 for _ in selected.candidates()), selected.left_out

        def handed_out(selected: Store = selected) -> int:
            return sum(1 for one in selected if not one.ruled_out)

        asked, those = seconds(evaluated, rounds)
        decided, many = seconds(selected.candidate_count, rounds)
        alone, (candidates, others) = seconds(counted, rounds)
        everybody, same = seconds(handed_out, rounds)
        assert candidates == same == many >= those
        assert candidates + others == store.count
        found.append(
            {
                "code": name,
                "have_it": candidates,
                "evaluated_patients_per_s": round(store.count / asked),
                "told_patients_per_s": round(store.count / decided),
                "counted_patients_per_s": round(store.count / alone),
                "handed_out_patients_per_s": round(store.count / everybody),
            }
        )
    return found


def _some(store: Store, count: int) -> list[Any]:
    return [one for one, _ in zip(store, range(count), strict=False)]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck")
    parser.add_argument("--measure", nargs="*", default=MEASURES)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--resources", type=int, default=300)
    parser.add_argument("--exists", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    gc.disable()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        populations = Populations(arguments.deck, list(arguments.measure), folder)
        source = populations.export(arguments.patients, arguments.resources)
        path, loading = populations.store(arguments.patients, arguments.resources)
        figures: dict[str, Any] = {"load": load_row(source, path, loading, arguments.rounds)}
        content = cm.Content(arguments.deck)
        figures["measures"] = [
            measure_row(content.measure(name), path, source, arguments.rounds) for name in arguments.measure
        ]
        if arguments.exists:
            path, _ = populations.store(arguments.exists, 100)
        figures["exists"] = exists_rows(path, arguments.rounds)
    figures["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    console = Console(width=140)
    for title, rows in figures.items():
        if title == "peak_mib":
            console.print(f"peak memory {rows} MiB")
            continue
        listed = rows if isinstance(rows, list) else [rows]
        table = Table(title=title)
        for column in listed[0]:
            table.add_column(column.replace("_", " "), justify="left" if column in ("measure", "code") else "right")
        for row in listed:
            table.add_row(*(f"{value:,}" if isinstance(value, int | float) else value for value in row.values()))
        console.print(table)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
