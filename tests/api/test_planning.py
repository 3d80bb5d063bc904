"""Evaluation that reads only what measures use gives the same results."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm
from cqlmeasure.api import planning, reading_plans
from cqlmeasure.data import Selection, Wanted, source

Json = dict[str, Any]
MODES = [(True, True), (False, True), (False, False)]
SHARED = Path(__file__).resolve().parents[3] / "shared" / "decks" / "qicore2025"
SAMPLES = ["breast-cancer-proms", "diabetes-hba1c", "emergency-follow-up", "hospital-stays"]


@pytest.fixture(autouse=True)
def texts_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short texts are read whole otherwise."""
    monkeypatch.setattr(source, "SKIMMED_FROM", 0)


def adopted(resource: Json, patient: str, prefix: str) -> Json:
    """A resource of somebody else as one of this patient."""
    text = json.dumps(resource)
    for part in text.split('"Patient/')[1:]:
        text = text.replace(f'"Patient/{part.partition(chr(34))[0]}"', f'"Patient/{patient}"')
    found: Json = json.loads(text)
    found["id"] = f"{prefix}{found.get('id')}"
    return found


def patients(content: cm.Content, measure: str, padding: int) -> list[list[Json]]:
    """The patients of a measure's test cases, each with resources of others."""
    chance = random.Random(3)
    cases = [case.load().resources for case in content.test_cases(measure)]
    pool = [one for case in cases for one in case if one["resourceType"] not in ("Patient", "MeasureReport")]
    found = []
    for resources in cases:
        own = next(str(one["id"]) for one in resources if one["resourceType"] == "Patient")
        # Of one that is in the Bundle already the content would differ.
        added = [adopted(one, own, f"x{n}-") for n, one in enumerate(chance.choices(pool, k=padding))] if pool else []
        found.append([*resources, *added])
    return found


def bundle(resources: list[Json]) -> bytes:
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}).encode()


def reports(result: cm.MeasureResult) -> list[Json]:
    return [result.summary(), *map(result.individual, result.subjects)]


def same_with_a_plan(content: cm.Content, name: str, padding: int, period: str | None = None) -> None:
    texts = [bundle(one) for one in patients(content, name, padding)]
    measure = content.measure(name)
    for evidence, keep in MODES:
        first, second = (
            measure.evaluate(
                cm.from_texts(texts, bundle_is_patient=True), period=period, evidence=evidence, keep=keep, plan=plan
            )
            for plan in (False, True)
        )
        assert first.subject_count == second.subject_count == len(texts)
        assert reports(first) == reports(second)


def measures(repository: Path) -> Iterator[tuple[cm.Content, str]]:
    for sample in SAMPLES:
        content = cm.Content(repository / "measures" / sample)
        for name in content.test_measures():
            yield content, name


@pytest.mark.parametrize("padding", [0, 30])
def test_samples(repository: Path, padding: int) -> None:
    for content, name in measures(repository):
        same_with_a_plan(content, name, padding)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published decks are not there")
@pytest.mark.parametrize("place", range(0, 28, 7))
def test_published_measures(place: int) -> None:
    content = cm.Content(SHARED, lenient_terminology=True)
    same_with_a_plan(content, content.test_measures()[place], 40, "2026")


def test_files_and_several_measures(repository: Path, tmp_path: Path) -> None:
    content = cm.Content(repository / "measures" / "breast-cancer-proms")
    names = content.test_measures()
    lines: dict[str, list[str]] = {}
    (tmp_path / "bundles").mkdir()
    (tmp_path / "lines").mkdir()
    for number, resources in enumerate(patients(content, names[0], 10)):
        identity = f"p{number}"
        own = [adopted(one, identity, f"{number}-") for one in resources]
        for one in own:
            if one["resourceType"] == "Patient":
                one["id"] = identity
            lines.setdefault(one["resourceType"], []).append(json.dumps(one))
        (tmp_path / "bundles" / f"{identity}.json").write_bytes(bundle(own))
    for kind, texts in lines.items():
        (tmp_path / "lines" / f"{kind}.ndjson").write_text("\n".join(texts))
    found = [
        [
            one.summary()
            for one in content.evaluate(names, str(tmp_path / folder), keep=False, evidence=False, plan=plan)
        ]
        for folder in ("bundles", "lines")
        for plan in (False, True)
    ]
    assert found[0][0]["group"][0]["population"][0]["count"] > 0
    assert all(one == found[0] for one in found)


def test_supplemental_data_can_be_left_out(repository: Path) -> None:
    content = cm.Content(repository / "measures" / "diabetes-hba1c")
    measure = content.measure("DiabetesHbA1cPoorControl")
    subjects = list(content.test_subjects(measure.name))
    whole, less = (measure.evaluate(subjects, supplemental=one).summary() for one in (True, False))
    assert less["group"] == whole["group"]
    assert ("contained" in whole or "evaluatedResource" in whole) and whole != less


def test_what_is_not_used_is_not_read(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = cm.Content(repository / "measures" / "diabetes-hba1c")
    name = "DiabetesHbA1cPoorControl"
    texts = [bundle(one) for one in patients(content, name, 200)]
    noise = b'{"resource": {"resourceType": "CarePlan", "subject": {"reference": "Patient/p"}}},'
    texts = [text.replace(b'"entry": [', b'"entry": [' + noise * 100, 1) for text in texts]
    types: list[str] = []
    real = source.skim

    def skim(*arguments: Any) -> Any:
        found = real(*arguments)
        assert found is not None
        types.extend(resource["resourceType"] for resource, _ in found.entries)
        return found

    monkeypatch.setattr(source, "skim", skim)
    content.measure(name).evaluate(cm.from_texts(texts, bundle_is_patient=True), keep=False, evidence=False)
    assert "CarePlan" not in types
    # Of some only the Patient is read: they cannot be in the initial population.
    assert types.count("Patient") == len(texts)


def test_a_plan_is_kept(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CQLMEASURE_CACHE_DIR", str(tmp_path))
    name, texts = "DiabetesHbA1cPoorControl", cm.from_texts([bundle([{"resourceType": "Patient", "id": "p"}])])
    made: list[object] = []
    real = reading_plans.reading_plan

    def reading_plan(*arguments: Any, **options: Any) -> Any:
        made.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(reading_plans, "reading_plan", reading_plan)
    for period in ("2026", "2026", "2025"):
        cm.Content(repository / "measures" / "diabetes-hba1c").measure(name).evaluate(texts, period=period)
    assert len(made) == 2, "one for each period"
    for broken in tmp_path.glob("reading/*/*"):
        broken.write_bytes(b"nonsense")
    cm.Content(repository / "measures" / "diabetes-hba1c").measure(name).evaluate(texts, period="2026")
    assert len(made) == 3


SETS = {"v": frozenset({"1", "2", "v"})}
PLAN = planning.ReadingPlan(
    retrieved=(planning.Kind("Encounter", value_set="v|2"), planning.Kind("Procedure")),
    used=(planning.Kind("Encounter", value_set="v|2", low="2026-01-01"),),
    clauses=((planning.Kind("Encounter", value_set="v|2", low="2026-01-01"),),),
)


def test_selections() -> None:
    one = planning.Reading(PLAN, lambda url: SETS.get(url.partition("|")[0]))
    patient, codes = Wanted("Patient"), frozenset({"1", "2", "v"})
    visits, late = Wanted("Encounter", codes), Wanted("Encounter", codes, low="2026-01-01")
    with_evidence = planning.selection([one], evidence=True, ruling_out=True)
    assert with_evidence == Selection((patient, visits, Wanted("Procedure")))
    assert planning.selection([one], evidence=False, ruling_out=True) == Selection((patient, late), (((late,),),))
    assert planning.selection([one], evidence=False, ruling_out=False) == Selection((patient, late))
    unknown = planning.Reading(PLAN, lambda url: None)
    assert planning.selection([unknown], evidence=True, ruling_out=True) == Selection(
        (patient, Wanted("Encounter"), Wanted("Procedure"))
    )
    anything = planning.Reading(None, lambda url: None)
    assert planning.selection([one, anything], evidence=False, ruling_out=True) is None
