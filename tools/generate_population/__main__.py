"""Writes an invented population.

usage: python -m tools.generate_population CONTENT OUT [--measure NAME ...] [--patients N] [--resources N]
           [--format ndjson|bundles] [--year YEAR] [--seed N] [--hits SHARE]

CONTENT is a folder with the measures whose codes the patients have now and then (all of its measures, if none is
named).  As NDJSON, OUT gets one file per type, as a bulk export has them; as Bundles, one file per patient, a thousand
in each folder.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import orjson

from cqlmeasure.content import Content
from tools.generate_population.resources import Population
from tools.generate_population.wanted import wanted


def write_ndjson(population: Population, count: int, out: Path) -> None:
    """A file for each type."""
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        for patient in population(count):
            for resource in patient:
                kind = resource["resourceType"]
                if kind not in files:
                    files[kind] = stack.enter_context((out / f"{kind}.ndjson").open("wb"))
                files[kind].write(orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE))


def bundle(resources: list[dict[str, object]]) -> bytes:
    """A collection Bundle of one patient's resources."""
    entries = [{"resource": resource} for resource in resources]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def write_bundles(population: Population, count: int, out: Path) -> None:
    """A file for each patient."""
    for number, patient in enumerate(population(count)):
        folder = out / f"{number // 1000:05}"
        folder.mkdir(exist_ok=True)
        (folder / f"{patient[0]['id']}.json").write_bytes(bundle(patient))


def main() -> None:
    """Read the options and write the population."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("content", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--measure", nargs="*")
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--resources", type=int, default=100, help="mean number per patient (default: 100)")
    parser.add_argument("--format", choices=("ndjson", "bundles"), default="ndjson")
    parser.add_argument("--year", type=int, default=2026)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hits", type=float, default=0.1, help="share of codes that a measure asks for (default: 0.1)")
    arguments = parser.parse_args()
    content = Content(arguments.content)
    names = arguments.measure or [entry.name for entry in content.measures()]
    population = Population(
        wanted(content, names),
        resources=arguments.resources,
        year=arguments.year,
        seed=arguments.seed,
        hits=arguments.hits,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    (write_ndjson if arguments.format == "ndjson" else write_bundles)(population, arguments.patients, arguments.out)


if __name__ == "__main__":
    main()
