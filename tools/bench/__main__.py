"""Time and memory of evaluating measures of a deck.

usage: python -m tools.bench DECK [--measure NAME ...] [--rounds N] [--json FILE]

DECK is a folder of FHIR JSON with measures, libraries, value sets and test cases.  For each measure:

  cold        a process that translates and compiles the measure and its libraries with an empty cache, in seconds
  warm        the same process with the cache filled by the one before
  evaluate    milliseconds of CPU per patient, resources already parsed (median of the rounds)
  end to end  milliseconds of CPU per patient from the bytes of the case's Bundle: parse, evaluate, discard
  parse       milliseconds of CPU per patient that parsing the same bytes takes alone, for comparison
  memory      peak resident memory of the evaluating process, in MiB

Every round goes over all patients of the measure; rounds of the different timings alternate, so that what else the
machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tools.bench.timing import MEASURES

ENGINE = Path(__file__).resolve().parents[2] / "engine"

_LOAD = "import sys, cqlmeasure as cm; cm.Content(sys.argv[1]).measure(sys.argv[2])"
_HELP = "from cqlmeasure.cli import main; main(['--help'])"


def seconds(code: str, *arguments: str, cache: str) -> float:
    """Wall time of a Python process."""
    environment = {**os.environ, "CQLMEASURE_CACHE_DIR": cache, "PYTHONPATH": str(ENGINE)}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure_row(deck: str, name: str, rounds: int) -> dict[str, Any]:
    """All figures of one measure."""
    with tempfile.TemporaryDirectory() as cache:
        cold = seconds(_LOAD, deck, name, cache=cache)
        warm = min(seconds(_LOAD, deck, name, cache=cache) for _ in range(3))
        command = [sys.executable, "-m", "tools.bench.evaluate", deck, name, str(rounds)]
        environment = {**os.environ, "CQLMEASURE_CACHE_DIR": cache, "PYTHONPATH": str(ENGINE)}
        done = subprocess.run(command, env=environment, check=True, capture_output=True, cwd=ENGINE.parent)
    return {"measure": name, "cold_s": round(cold, 3), "warm_s": round(warm, 3), **json.loads(done.stdout)}


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck")
    parser.add_argument("--measure", nargs="*", default=MEASURES)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    deck = str(Path(arguments.deck).resolve())
    rows = [measure_row(deck, name, arguments.rounds) for name in arguments.measure]
    with tempfile.TemporaryDirectory() as cache:
        help_s = min(seconds(_HELP, cache=cache) for _ in range(3))
    table = Table(title=f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; cqlmeasure --help {help_s:.2f} s")
    for column in ("measure", "patients", "cold s", "warm s", "evaluate ms", "end to end ms", "parse ms", "memory MiB"):
        table.add_column(column, justify="left" if column == "measure" else "right")
    for row in rows:
        figures = [row[key] for key in ("cold_s", "warm_s", "evaluate_ms", "end_to_end_ms", "parse_ms", "memory_mib")]
        table.add_row(row["measure"], str(row["patients"]), *(str(figure) for figure in figures))
    Console(width=140).print(table)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"help_s": round(help_s, 3), "measures": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
