"""Measures give the same from a store as from what it was loaded from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from stores import SMALL, Given

import cqlmeasure as cm
from cqlmeasure.data import Selection, Store, SubjectData, Wanted
from cqlmeasure.data.store.loading import load

pytest.importorskip("pyarrow")

MEASURES = Path(__file__).resolve().parents[3] / "measures"
FOLDERS = sorted(path.name for path in MEASURES.iterdir() if path.is_dir())
DECK_MEASURES = (
    "CMS122FHIRDiabetesAssessGreaterThan9Percent",
    "CMS125FHIRBreastCancerScreening",
    "CMS165FHIRControllingHighBloodPressure",
    "CMS2FHIRPCSDepressionScreenAndFollowUp",
)


# Nobody asks for these.
NOISE = (
    {"resourceType": "Flag", "id": "noise", "status": "active"},
    {"resourceType": "Immunization", "id": "noise", "vaccineCode": {"coding": [{"code": "noise"}]}},
)


def named(cases: Iterable[Any]) -> list[SubjectData]:
    """The subjects of test cases, by the names of the cases: several cases may have one patient."""
    found = []
    for number, case in enumerate(cases):
        resources = [*case.load().resources, *NOISE]
        found.append(cm.SubjectData(f"{case.name}-{number}", resources, case.file))
    return found


def selection(measure: cm.CompiledMeasure, content: cm.Content, period: str) -> Selection:
    """What the data requirements of a measure ask for: types, and codes where these are in Codings."""
    wanted = []
    for one in measure.data_requirements(period)["dataRequirement"]:
        codes: frozenset[str] | None = None
        for part in one.get("codeFilter", ()):
            url = part.get("valueSet")
            if url is not None:
                codes = frozenset(content._engine.terminology.value_set(url.partition("|")[0]).codes)
                break
        wanted.append(Wanted(one["type"], codes))
    return Selection(tuple(wanted))


def same(measure: cm.CompiledMeasure, sources: Sequence[Iterable[SubjectData]], period: str, evidence: bool) -> None:
    """All sources give the same rows; with evidence, the same reports too."""
    results = [measure.evaluate(source, period=period, evidence=evidence) for source in sources]
    first = results[0]
    for other in results[1:]:
        for by in ("group", "population"):
            assert other.rows(by) == first.rows(by)
        assert other.failures == first.failures
        assert other.summary() == first.summary()
        if evidence:
            for row in {row["subject"] for row in first.rows()}:
                assert other.individual(row) == first.individual(row)


@pytest.mark.parametrize("folder", FOLDERS)
def test_samples(tmp_path: Path, folder: str) -> None:
    content = cm.Content(MEASURES / folder)
    for name in content.test_measures():
        measure = content.measure(name)
        if measure.subject_type != "Patient":
            continue
        subjects = named(content.test_cases(name))
        load({"cases": Given(subjects)}, tmp_path / name, sizes=SMALL)
        store = Store(tmp_path / name)
        same(measure, [subjects, store], "2026", evidence=True)
        parts = [one for number in range(3) for one in store.part(number, 3)]
        same(measure, [subjects, parts], "2026", evidence=False)


@pytest.mark.parametrize("name", DECK_MEASURES)
def test_decks(shared: Path, tmp_path: Path, name: str) -> None:
    """Whole, and with what the data requirements ask for alone."""
    path = shared / "decks" / "qicore2025"
    if not path.is_dir():
        pytest.skip("no deck")
    content = cm.Content(path)
    measure = content.measure(name)
    cases = content.test_cases(name)
    subjects = named(cases)
    load({"cases": Given(subjects)}, tmp_path / "store", sizes=SMALL)
    store = Store(tmp_path / "store")
    period = "2026"
    asked = selection(measure, content, period)
    assert not any(resource in NOISE for one in store.selecting(asked) for resource in one.resources)
    same(measure, [subjects, store], period, evidence=True)
    same(measure, [subjects, store.selecting(asked)], period, evidence=False)
