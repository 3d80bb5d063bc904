"""Whole populations from files or a store: wall time, CPU, memory of each process, for each number of processes.

usage: python -m tools.bench.scale CONTENT DATA [DATA ...] [--measure NAME ...] [--jobs N ...] [--period PERIOD]
           [--sample N] [--json FILE]

DATA are forms of one population (NDJSON, Bundles, a store).  Every run is a process of its own; all of them have to
give the same counts and scores.  With ``--sample`` so many patients are also evaluated without a plan, alone.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

import cqlmeasure as cm
from tools.bench.timing import MEASURES

SHOWN = ("data", "jobs", "patients", "wall_s", "cpu_s", "patients_per_s", "peak_mib", "result")


def child(wanted: dict[str, Any]) -> None:
    """One run, in this process; prints its figures."""
    content = cm.Content(wanted["content"])
    # Compiling is not what is measured.
    for name in wanted["measures"]:
        content.measure(name)
    started, cpu = time.perf_counter(), _cpu()
    results = content.evaluate(
        wanted["measures"],
        wanted["data"],
        period=wanted["period"],
        evidence=False,
        keep=False,
        jobs=wanted["jobs"],
    )
    wall, cpu = time.perf_counter() - started, _cpu() - cpu
    patients = results[0].subject_count
    figures = {
        "data": Path(wanted["data"]).name,
        "jobs": wanted["jobs"],
        "patients": patients,
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "patients_per_s": round(patients / wall),
        "peak_mib": round(_peak() / 1024),
        "result": _digest([one.summary() for one in results]),
    }
    print(json.dumps(figures))


def measured(wanted: dict[str, Any]) -> dict[str, Any]:
    """The figures of one run in a process of its own."""
    command = [
        sys.executable, "-m", "tools.bench.scale", wanted["content"], wanted["data"], "--child",
        "--jobs", str(wanted["jobs"]), "--period", wanted["period"], "--measure", *wanted["measures"],
    ]  # fmt: skip
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def sample(wanted: dict[str, Any], count: int) -> bool:
    """Whether so many patients give the same with the plan and without it."""
    content = cm.Content(wanted["content"])
    whole = cm.subjects(wanted["data"])
    some = [one.id for one in itertools.islice(whole, count)]
    found = [
        content.evaluate(
            wanted["measures"], wanted["data"], period=wanted["period"], evidence=False, plan=plan, subjects=some
        )
        for plan in (False, True)
    ]
    return all(
        [one.individual(name) for name in one.subjects] == [other.individual(name) for name in other.subjects]
        for one, other in zip(*found, strict=True)
    )


def _cpu() -> float:
    return sum(
        one.ru_utime + one.ru_stime for one in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _peak() -> int:
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value)).hexdigest()[:8]


def main() -> int:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("content")
    parser.add_argument("data", nargs="+")
    parser.add_argument("--measure", nargs="*", default=list(MEASURES))
    parser.add_argument("--jobs", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--period", default="2026")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    asked = {"content": arguments.content, "measures": arguments.measure, "period": arguments.period}
    if arguments.child:
        child({**asked, "data": arguments.data[0], "jobs": arguments.jobs[0]})
        return 0
    rows = [
        measured({**asked, "data": data, "jobs": jobs})
        for data, jobs in itertools.product(arguments.data, arguments.jobs)
    ]
    table = Table(title=f"{len(arguments.measure)} measures in one pass")
    for column in SHOWN:
        table.add_column(column.replace("_", " "), justify="left" if column == "data" else "right")
    for one in rows:
        table.add_row(*(str(one[column]) for column in SHOWN))
    Console().print(table)
    same = len({one["result"] for one in rows}) == 1
    print("all runs give the same" if same else "the runs DIFFER")
    for data in arguments.data if arguments.sample else ():
        alike = sample({**asked, "data": data}, arguments.sample)
        print(f"{data}: {arguments.sample} patients {'give the same' if alike else 'DIFFER'} without a plan")
        same = same and alike
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
