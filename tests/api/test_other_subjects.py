"""Subjects other than patients, members of Groups, and measures without subjects."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm

BASE = "http://example.org"
CQL = """library Wards version '1'
using FHIR version '4.0.1'
parameter "Measurement Period" Interval<DateTime>
context Unfiltered
define "Everyone": true
define "Used": exists [Encounter]
define "Encounters": [Encounter]
"""


def measure(name: str, kind: str, basis: str, criteria: str) -> dict[str, Any]:
    return {
        "resourceType": "Measure",
        "id": name,
        "name": name,
        "url": f"{BASE}/Measure/{name}",
        "status": "draft",
        "extension": [
            {"url": "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-populationBasis", "valueCode": basis}
        ],
        "subjectCodeableConcept": {"coding": [{"code": kind}]},
        "scoring": {"coding": [{"code": "cohort"}]},
        "library": [f"{BASE}/Library/Wards"],
        "group": [
            {
                "population": [
                    {
                        "code": {"coding": [{"code": "initial-population"}]},
                        "criteria": {"language": "text/cql-identifier", "expression": criteria},
                    }
                ]
            }
        ],
    }


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> cm.Content:
    folder = tmp_path_factory.mktemp("wards")
    library = {
        "resourceType": "Library",
        "id": "Wards",
        "name": "Wards",
        "version": "1",
        "url": f"{BASE}/Library/Wards",
        "status": "draft",
        "type": {"coding": [{"code": "logic-library"}]},
    }
    for one in (
        measure("Wards", "Location", "boolean", "Used"),
        measure("People", "Patient", "boolean", "Used"),
        measure("Visits", "Patient", "Encounter", "Encounters"),
        library,
    ):
        (folder / f"{one['resourceType']}-{one['id']}.json").write_text(json.dumps(one))
    (folder / "Wards.cql").write_text(CQL)
    return cm.Content(folder)


def visit(identity: str, patient: str, ward: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": identity,
        "subject": {"reference": f"Patient/{patient}"},
        "location": [{"location": {"reference": f"Location/{ward}"}}],
    }


RESOURCES = [
    {"resourceType": "Location", "id": "north"},
    {"resourceType": "Location", "id": "south"},
    *({"resourceType": "Patient", "id": name} for name in "abc"),
    visit("1", "a", "north"),
    visit("2", "b", "north"),
    {
        "resourceType": "Group",
        "id": "some",
        "member": [{"entity": {"reference": f"Patient/{name}"}} for name in ("a", "c")],
    },
]


@pytest.fixture(params=["bundle.json", "lines.ndjson", "lines.ndjson.gz"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / str(request.param)
    lines = "".join(json.dumps(one) + "\n" for one in RESOURCES).encode()
    if file.suffix == ".json":
        entry = [{"resource": one} for one in RESOURCES]
        file.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}))
    else:
        file.write_bytes(gzip.compress(lines) if file.suffix == ".gz" else lines)
    return file


def test_locations_are_subjects(content: cm.Content, data: Path) -> None:
    result = content.measure("Wards").evaluate(data, period="2026")
    assert [(row["subject"], row["initial-population"]) for row in result.rows()] == [("north", 1), ("south", 0)]
    assert result.individual("Location/north")["subject"] == {"reference": "Location/north"}
    chosen = content.measure("Wards").evaluate(cm.subjects(data, kind="Location"), period="2026", subjects=["south"])
    assert chosen.subjects == ["south"]
    with pytest.raises(cm.UsageError, match=r"different types of subjects \(Location, Patient\)"):
        content.evaluate(["Wards", "People"], data, period="2026")


def test_members_of_a_group(content: cm.Content, data: Path) -> None:
    measure = content.measure("People")
    result = measure.evaluate(data, period="2026", subjects=["Group/some"])
    assert result.subjects == ["a", "c"]
    with pytest.raises(cm.UsageError, match="no Group/none in the data"):
        measure.evaluate(data, period="2026", subjects=["Group/none"])


def test_without_subjects(content: cm.Content, data: Path) -> None:
    result = content.measure("Visits").evaluate_unfiltered(data, period="2026")
    assert result.groups[0].counts == (2,)
    assert result.summary()["group"][0]["population"][0]["count"] == 2


def test_data_that_are_not_there(content: cm.Content, tmp_path: Path) -> None:
    with pytest.raises(cm.DataError, match="no such file"):
        content.measure("Wards").evaluate(tmp_path / "nothing", period="2026")
    with pytest.raises(cm.DataError, match="cannot read"):
        (tmp_path / "x.ndjson.gz").write_bytes(b"no gzip")
        content.measure("Wards").evaluate(tmp_path / "x.ndjson.gz", period="2026")
