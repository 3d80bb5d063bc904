"""Every sample folder: each test case comes out as its page and its expected report say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cqlmeasure as cm
from cqlmeasure.content import TestCase

MEASURES = Path(__file__).resolve().parents[2] / "measures"
FOLDERS = sorted(path.name for path in MEASURES.iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", FOLDERS)
def test_all_cases_match(folder: str) -> None:
    content = cm.Content(MEASURES / folder)
    result = content.tests().result()
    differing = {
        f"{outcome.measure} {outcome.case}": [
            *map(str, outcome.differences),
            *(message.message for message in outcome.diagnostics),
        ]
        for outcomes in result.measures.values()
        for outcome in outcomes
        if outcome.status is not cm.CaseStatus.MATCH
    }
    assert not differing
    assert result.total > 0
    assert content.warnings == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_measures_raise_no_doubts(folder: str) -> None:
    content = cm.Content(MEASURES / folder)
    for name in content.test_measures():
        result = content.measure(name).evaluate(content.test_subjects(name), period="2026")
        assert (result.failures, result.warnings) == ([], []), name


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_case_says_what_it_shows(folder: str) -> None:
    content = cm.Content(MEASURES / folder)
    silent = [case.file for name in content.test_measures() for case in content.test_cases(name) if not _says(case)]
    assert not silent
    assert (MEASURES / folder / "README.md").is_file()


def _says(case: TestCase) -> bool:
    return bool(case.load().description)


@pytest.mark.parametrize("folder", FOLDERS)
def test_everything_is_valid_fhir(folder: str) -> None:
    resources = pytest.importorskip("fhir.resources.R4B")
    for file in sorted((MEASURES / folder).rglob("*.json")):
        resource = json.loads(file.read_text())
        entries = resource.get("entry") or [{"resource": resource}]
        for one in (entry["resource"] for entry in entries):
            assert resources.get_fhir_model_class(one["resourceType"]).model_validate(one), file
