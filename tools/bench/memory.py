"""Peak memory of a process by the number of patients, from NDJSON and from a store.

usage: python -m tools.bench.memory CONTENT [--measure NAME ...] [--patients N ...] [--resources N] [--jobs N]
           [--json FILE]

Invented populations of each size are written and loaded; what is shown is the most that any process of a run held, in
MiB.  Where memory does not grow with the population, the columns are the same.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tools.bench.scale import measured
from tools.bench.timing import MEASURES

PERIOD = "2026"


def peaks(content: str, measures: list[str], patients: int, resources: int, jobs: int) -> dict[str, Any]:
    """Of a population of that size, the peak of each form of its data."""
    with tempfile.TemporaryDirectory() as folder:
        ndjson, store = Path(folder, "ndjson"), Path(folder, "store")
        # In processes of their own: a process begins with the peak of the one that starts it.
        size = ("--patients", str(patients), "--resources", str(resources))
        _run("tools.generate_population", content, str(ndjson), *size, "--measure", *measures)
        _run("cqlmeasure", "load", str(ndjson), "-o", str(store))
        asked = {"content": content, "measures": measures, "period": PERIOD, "jobs": jobs}
        rows = {path.name: measured({**asked, "data": str(path)}) for path in (ndjson, store)}
    return {"patients": patients, **{name: row["peak_mib"] for name, row in rows.items()}}


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("content")
    parser.add_argument("--measure", nargs="*", default=list(MEASURES))
    parser.add_argument("--patients", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--resources", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = [
        peaks(arguments.content, arguments.measure, patients, arguments.resources, arguments.jobs)
        for patients in arguments.patients
    ]
    table = Table(title="peak memory of a process in MiB")
    for name in rows[0]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(f"{value:,}" for value in row.values()))
    Console().print(table)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
