"""The period of a measure that gives none: the default of its CQL parameter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm

CQL = """library Aged version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
parameter "Measurement Period" Interval<DateTime>{default}
context Patient
define "Initial Population": AgeInYearsAt(start of "Measurement Period") >= 18
"""
MEASURE: dict[str, Any] = {
    "resourceType": "Measure",
    "id": "Aged",
    "name": "Aged",
    "url": "http://example.org/Measure/Aged",
    "status": "draft",
    "library": ["http://example.org/Library/Aged"],
    "scoring": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/measure-scoring", "code": "cohort"}]},
    "group": [
        {
            "population": [
                {
                    "code": {"coding": [{"code": "initial-population"}]},
                    "criteria": {"language": "text/cql-identifier", "expression": "Initial Population"},
                }
            ]
        }
    ],
}
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "2000-06-01"}


def measure(folder: Path, default: str) -> cm.CompiledMeasure:
    (folder / "Aged.cql").write_text(CQL.format(default=default))
    (folder / "Measure-Aged.json").write_text(json.dumps(MEASURE))
    return cm.Content(folder).measure("Aged")


def test_the_default_of_the_parameter(tmp_path: Path) -> None:
    found = measure(tmp_path, " default Interval[@2018-01-01T00:00:00.0, @2019-01-01T00:00:00.0)")
    report = found.evaluate(cm.from_resources([PATIENT], source="test")).summary()
    assert report["period"]["start"].startswith("2018-01-01T00:00:00.000")
    assert report["period"]["end"].startswith("2018-12-31T23:59:59.999")
    assert report["group"][0]["population"][0]["count"] == 0
    later = found.evaluate(cm.from_resources([PATIENT], source="test"), period="2019").summary()
    assert later["group"][0]["population"][0]["count"] == 1


def test_without_a_default_the_period_has_to_be_given(tmp_path: Path) -> None:
    with pytest.raises(cm.UsageError, match="period"):
        measure(tmp_path, "").evaluate(cm.from_resources([PATIENT], source="test"))
