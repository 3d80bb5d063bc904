"""Rounds of fhir4ds-v2, which runs in an environment of its own: patients into a table, then one query for all.

The query is translated before the first round.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import fhir4ds.connection
import orjson
from fhir4ds.cql.loader import FHIRDataLoader
from fhir4ds.dqm import MeasureEvaluator

Json = dict[str, Any]


def write_cql(libraries: list[Json], folder: Path) -> None:
    """The libraries as files named as includes name them."""
    for library in libraries:
        contents = {one["contentType"]: one["data"] for one in library["content"]}
        (folder / f"{library['name']}.cql").write_bytes(base64.b64decode(contents["text/cql"]))


def resources(texts: list[bytes]) -> list[Json]:
    """What is in the patients' Bundles."""
    return [entry["resource"] for text in texts for entry in orjson.loads(text)["entry"]]


def populations(rows: list[Json], group: Json) -> dict[str, list[str]]:
    """Per patient the populations of a group whose criteria are met."""
    types = [one["code"]["coding"][0]["code"] for one in group["population"]]
    return {row["patient_id"]: [name for name in types if row.get(name.replace("-", "_")) is True] for row in rows}


def main(measure_file: str, patients_file: str, start: str, end: str, folder: Path) -> None:
    """Prepare, then a round for each line."""
    found = [entry["resource"] for entry in json.loads(Path(measure_file).read_bytes())["entry"]]
    measure = next(one for one in found if one["resourceType"] == "Measure")
    libraries = [one for one in found if one["resourceType"] == "Library"]
    write_cql(libraries, folder)
    connection = fhir4ds.connection.create_connection()
    loader = FHIRDataLoader(connection)
    loader.load_valuesets([one for one in found if one["resourceType"] == "ValueSet"])
    texts = Path(patients_file).read_bytes().splitlines()
    url = measure["library"][0].partition("|")[0]
    name = next(one["name"] for one in libraries if one["url"] == url)
    evaluator = MeasureEvaluator(connection)
    compiled = evaluator.compile_measure(
        measure_bundle=measure,
        cql_library_path=folder / f"{name}.cql",
        include_paths=[str(folder)],
        parameters={"Measurement Period": (f"{start}T00:00:00.000Z", f"{end}T23:59:59.999Z")},
    )
    if len(measure["group"]) != 1:
        raise SystemExit("only measures with one group are compared")
    for _ in sys.stdin:
        before = time.process_time()
        loader.clear()
        loader.load_resources(resources(texts))
        result = evaluator.execute_compiled_measure(compiled)
        rows = result.dataframe.to_dict("records")
        answer = {one: [met] for one, met in populations(rows, measure["group"][0]).items()}
        spent = 1000 * (time.process_time() - before)
        print(json.dumps({"ms": spent, "found": answer}), flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(*sys.argv[1:5], folder=Path(temporary))
