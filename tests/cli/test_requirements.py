"""``cqlmeasure requirements`` and ``measure.data_requirements``."""

from __future__ import annotations

import json
import shutil
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
    html = page.read_text()
    assert html.startswith("<!DOCTYPE html>")
    assert "<h1>Data that " in html and "birthDate" in html


def test_narrow_tables_are_folded_not_cut(
    folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert run(["requirements", NAME, "-c", folder]) == 0
    assert "…" not in capsys.readouterr().out


def test_an_unknown_measure_is_named(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["requirements", "Nope", "-c", folder]) == 2
    assert "unknown-measure" in capsys.readouterr().err


@pytest.fixture
def patients(folder: str) -> str:
    return f"{folder}/input/tests/measure/{NAME}"


def test_several_measures_are_merged(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A second measure that needs something else of the same data, and something more.
    shutil.copytree(folder, tmp_path / "other")
    for file in [*(tmp_path / "other").rglob("*.cql"), *(tmp_path / "other" / "input" / "resources").rglob("*.json")]:
        text = file.read_text().replace(NAME, "Other")
        file.write_text(text.replace("Visit.status = 'finished'", "Visit.class is not null"))
        file.rename(file.with_name(file.name.replace(NAME, "Other")))
    content = cm.Content(folder, tmp_path / "other")
    merged = content.data_requirements([NAME, "Other"], "2026")
    encounters = [item for item in merged["dataRequirement"] if item["type"] == "Encounter"]
    assert [set(item["mustSupport"]) for item in encounters] == [{"type", "status", "period", "class"}]
    assert [filter["path"] for filter in encounters[0]["codeFilter"]] == ["type"]
    assert merged["id"] == f"{NAME}-Other-data-requirements"
    assert "version" not in merged
    assert content.data_requirements([NAME], "2026") == content.measure(NAME).data_requirements("2026")
    assert run(["requirements", NAME, "Other", "-c", folder, "-c", str(tmp_path / "other"), "-p", "2026"]) == 0
    assert "Encounter" in capsys.readouterr().out
    with pytest.raises(cm.UsageError, match="no measure"):
        content.data_requirements([])


def test_data_are_held_against_requirements(folder: str, patients: str) -> None:
    measure = cm.Content(folder).measure(NAME)
    found = measure.check_data(patients, period="2026")
    assert (found.subjects, found.complete) == (10, True)
    assert measure.check_data(cm.subjects(patients), period="2026") == found
    visits = next(one for one in found.findings if one.type == "Encounter")
    assert (visits.of_type.resources, visits.met.resources, visits.met.patients) == (12, 11, 9)
    # Nothing of that year.
    earlier = measure.check_data(patients, period="2020")
    assert [one.never for one in earlier.findings if one.state == "never"] == [("date period",), ("date effective",)]


def test_check_as_table_json_and_html(
    folder: str, patients: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["requirements", NAME, "-c", folder, "--check", patients]
    assert run([*command, "-p", "2026"]) == 0
    shown = capsys.readouterr().out
    assert "10 patients, 55 resources" in shown and "has abatement" in shown
    assert run([*command, "-p", "2026", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["requirements"][0]["never"] == ["abatement"]
    assert run([*command, "-p", "2026", "-o", str(tmp_path / "check.html")]) == 0
    assert (tmp_path / "check.html").read_text().startswith("<!DOCTYPE html>")
    assert run([*command, "-p", "2026", "-o", str(tmp_path / "check.txt")]) == 0
    assert "never" in (tmp_path / "check.txt").read_text()


def test_what_is_never_met_fails_only_on_request(
    folder: str, patients: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["requirements", NAME, "-c", folder, "-p", "2020", "--check", patients]
    assert run(command) == 0
    assert run([*command, "--fail-if-missing"]) == 1
    assert run(["requirements", NAME, "-c", folder, "-p", "2026", "--check", patients, "--fail-if-missing"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--check", "nowhere"], "nowhere"),
        (["--check", ".", "--into-measure"], "--into-measure"),
        (["--into-measure", "--format", "table"], "no other --format"),
        (["--check", "https://server.example.org/fhir"], "is no path"),
        (["--fail-if-missing"], "--check"),
        (["Second", "--into-measure"], "one measure"),
    ],
)
def test_usage_errors(folder: str, options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["requirements", NAME, *options, "-c", folder, "-p", "2026"]) == 2
    assert message in capsys.readouterr().err


def test_a_value_set_that_is_not_there_is_named(
    folder: str, patients: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    next((tmp_path / "copy").rglob("*outpatient-visit*.json")).unlink()
    command = ["requirements", NAME, "-c", str(tmp_path / "copy"), "-p", "2026", "--check", patients]
    assert run(command) == 2
    assert "outpatient-visit" in capsys.readouterr().err


def test_requirements_of_a_library(folder: str) -> None:
    content = cm.Content(folder)
    one = content.library_requirements(NAME, "Qualifying Visits", period="2026")
    assert [item["type"] for item in one["dataRequirement"]] == ["Encounter"]
    assert one["dataRequirement"][0]["dateFilter"][0]["valuePeriod"]["end"] == "2026-12-31"
    everything = content.library_requirements(NAME)
    assert len(everything["dataRequirement"]) == 6
    with pytest.raises(cm.ContentError, match="Nowhere"):
        content.library_requirements(NAME, "Nowhere")


def test_data_of_the_wrong_shape_are_counted_and_no_fault(folder: str) -> None:
    patient = {"resourceType": "Patient", "id": "a", "birthDate": "1980", "meta": "x"}
    resources = [patient, {"resourceType": "Encounter", "meta": {"profile": 5}, "type": "x", "period": [[]]}]
    subject = cm.SubjectData("a", resources, "here")
    found = cm.Content(folder).measure(NAME).check_data([subject], period="2026")
    assert {one.type: one.of_type.resources for one in found.findings}["Encounter"] == 1
    assert not found.complete
