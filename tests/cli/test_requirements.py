"""``cqlmeasure requirements`` and ``measure.data_requirements``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm
from cqlmeasure.cli.app import run

NAME = "DiabetesHbA1cPoorControl"


@pytest.fixture(scope="module")
def folder(repository: Path) -> str:
    return str(repository / "measures" / "diabetes-hba1c")


def entry(library: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(item for item in library["dataRequirement"] if item["type"] == kind)


def test_dates_are_computed_for_a_period_and_expressions_without(folder: str) -> None:
    measure = cm.Content(folder).measure(NAME)
    dated = entry(measure.data_requirements("2026"), "Encounter")["dateFilter"][0]
    assert dated["valuePeriod"] == {"start": "2026-01-01", "end": "2026-12-31"}
    open_ended = entry(measure.data_requirements(), "Encounter")["dateFilter"][0]
    assert "Measurement Period" in json.dumps(open_ended)
    assert "2026" not in json.dumps(open_ended)


def test_codes_elements_and_logic(folder: str) -> None:
    library = cm.Content(folder).measure(NAME).data_requirements("2026")
    assert library["type"]["coding"][0]["code"] == "module-definition"
    observation = entry(library, "Observation")
    assert observation["codeFilter"][0]["valueSet"].endswith("/hba1c-laboratory-test")
    assert {"code", "status", "effective", "value"} <= set(observation["mustSupport"])
    assert "birthDate" in entry(library, "Patient")["mustSupport"]
    assert 'define \\"Numerator\\"' in json.dumps(library)


def test_into_measure_contains_the_library(folder: str) -> None:
    measure = cm.Content(folder).measure(NAME).data_requirements("2026", into_measure=True)
    assert measure["resourceType"] == "Measure"
    assert [item["type"]["coding"][0]["code"] for item in measure["contained"]] == ["module-definition"]


def test_table_json_and_html(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["requirements", NAME, "-c", folder, "-p", "2026"]) == 0
    shown = capsys.readouterr().out
    assert "Encounter" in shown and "birthDate" in shown
    target = tmp_path / "out" / "requirements.json"
    assert run(["requirements", NAME, "-c", folder, "-o", str(target)]) == 0
    assert json.loads(target.read_text())["resourceType"] == "Library"
    page = tmp_path / "requirements.html"
    assert run(["requirements", NAME, "-c", folder, "-o", str(page)]) == 0
    assert page.read_text().startswith("<div")


def test_an_unknown_measure_is_named(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["requirements", "Nope", "-c", folder]) == 2
    assert "unknown-measure" in capsys.readouterr().err
