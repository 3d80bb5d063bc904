"""The same patients evaluated here and by fqm-execution, the JavaScript calculator, in one run.

usage: python -m tools.bench.peers DECK [--measure NAME ...] [--resources N] [--patients N] [--rounds N] [--json FILE]

The patients are those of the deck's test cases, or with --resources invented ones of that size.  Both sides start from
JSON text; times are milliseconds of CPU per patient, medians after a first round that is not counted.
fqm-execution is installed from npm into the cache folder ($CQLMEASURE_BENCH_CACHE, else ~/.cache/cqlmeasure-bench);
without npm the benchmark says so and ends.
"""

from __future__ import annotations

import argparse
import base64
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

import cqlmeasure as cm
from tools.bench.patients import deck_texts, invented_texts, subjects
from tools.bench.timing import MEASURES, medians

PACKAGE = "fqm-execution@1.8.6"
SCRIPT = Path(__file__).with_name("peers.js")


def cache() -> Path:
    """Where peers are installed."""
    return Path(os.environ.get("CQLMEASURE_BENCH_CACHE") or Path.home() / ".cache" / "cqlmeasure-bench")


def install() -> Path | None:
    """The folder with fqm-execution; ``None`` (and a message) if it cannot be had."""
    folder = cache() / "fqm"
    if (folder / "node_modules" / "fqm-execution").is_dir():
        return folder
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("node and npm are not installed: no peers to compare with", file=sys.stderr)
        return None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", PACKAGE]
    if subprocess.run(command, cwd=folder, check=False).returncode != 0:
        print(f"npm could not install {PACKAGE}: no peers to compare with", file=sys.stderr)
        return None
    return folder


def measure_bundle(deck: str, name: str) -> dict[str, Any]:
    """Measure, libraries and value sets as the Bundle that fqm-execution takes."""
    libraries: dict[str, Any] = {}
    value_sets: list[Any] = []
    measure: Any = None
    for file in sorted(Path(deck).glob("*/*.json")):
        if file.parent.name == "cases":
            continue
        resource = orjson.loads(file.read_bytes())
        kind = resource.get("resourceType")
        if kind == "Library":
            libraries[resource["url"]] = resource
        elif kind == "ValueSet":
            value_sets.append(resource)
        elif kind == "Measure" and resource.get("name") == name:
            measure = resource
    by_name = {(one["name"], one.get("version")): one for one in libraries.values()}
    first = libraries[measure["library"][0].partition("|")[0]]
    needed: dict[tuple[str, str | None], Any] = {}
    waiting = [(first["name"], first.get("version"))]
    text = b""
    while waiting:
        key = waiting.pop()
        if key in needed:
            continue
        needed[key] = by_name[key]
        for content in needed[key]["content"]:
            if content["contentType"] == "application/elm+json":
                elm = base64.b64decode(content["data"])
                text += elm
                includes = orjson.loads(elm)["library"].get("includes", {}).get("def", ())
                waiting += [(one["path"].rpartition("/")[2], one.get("version")) for one in includes]
    resources = [measure, *needed.values(), *(one for one in value_sets if f'"{one["url"]}"'.encode() in text)]
    entries = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def compare(
    folder: Path, deck: str, name: str, texts: list[bytes], period: tuple[str, str], rounds: int
) -> dict[str, Any]:
    """The times of both."""
    with tempfile.TemporaryDirectory() as temporary:
        bundle, patients = Path(temporary, "measure.json"), Path(temporary, "patients.ndjson")
        bundle.write_bytes(orjson.dumps(measure_bundle(deck, name)))
        patients.write_bytes(b"\n".join(texts))
        command = ["node", str(SCRIPT), str(bundle), str(patients), *period, str(rounds)]
        environment = {**os.environ, "NODE_PATH": str(folder / "node_modules")}
        done = subprocess.run(command, env=environment, check=False, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"fqm-execution failed on {name}: {done.stderr.decode(errors='replace')[-2000:]}")
    theirs = statistics.median(orjson.loads(done.stdout)["times"])
    measure = cm.Content(deck).measure(name)

    def run() -> None:
        measure.evaluate(subjects(texts), period=period, keep=False, evidence=False, supplemental=False)

    ours = medians({"ours": run}, max(rounds, 5), len(texts))["ours"]
    return {
        "measure": name,
        "patients": len(texts),
        "cqlmeasure_ms": round(ours, 4),
        "fqm_execution_ms": round(theirs, 3),
        "times": round(theirs / ours),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck")
    parser.add_argument("--measure", nargs="*", default=MEASURES)
    parser.add_argument("--resources", type=int, help="invented patients of this size instead of the deck's")
    parser.add_argument("--patients", type=int, default=50, help="at most so many (default: 50)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    folder = install()
    if folder is None:
        return
    gc.disable()
    rows = []
    for name in arguments.measure:
        if arguments.resources:
            texts = invented_texts(arguments.deck, [name], arguments.resources, arguments.patients)
        else:
            texts = deck_texts(arguments.deck, name)[: arguments.patients]
        rows.append(compare(folder, arguments.deck, name, texts, ("2026-01-01", "2026-12-31"), arguments.rounds))
    table = Table(title="milliseconds of CPU per patient, from JSON text")
    for column in ("measure", "patients", "cqlmeasure", "fqm-execution", "times as fast"):
        table.add_column(column, justify="left" if column == "measure" else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
