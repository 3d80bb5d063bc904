"""Evaluation in parts: by several processes, and going on after a stop, gives what one run gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm

Json = dict[str, Any]
MEASURE = "DiabetesHbA1cPoorControl"


@pytest.fixture(scope="module")
def content(repository: Path) -> cm.Content:
    return cm.Content(repository / "measures" / "diabetes-hba1c")


@pytest.fixture(scope="module")
def data(content: cm.Content, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Forty patients in each form that can be divided."""
    root = tmp_path_factory.mktemp("parts")
    forms = {name: root / name for name in ("bundles", "lines", "mixed")}
    for folder in forms.values():
        folder.mkdir()
    lines: dict[str, list[str]] = {}
    cases = [case.load().resources for case in content.test_cases(MEASURE)]
    for number in range(40):
        text = json.dumps([one for one in cases[number % len(cases)] if one["resourceType"] != "MeasureReport"])
        own = next(one["id"] for one in cases[number % len(cases)] if one["resourceType"] == "Patient")
        found: list[Json] = json.loads(text.replace(f'Patient/{own}"', f'Patient/p{number}"'))
        for at, one in enumerate(found):
            one["id"] = f"p{number}" if one["resourceType"] == "Patient" else f"r{number}-{at}"
            lines.setdefault(one["resourceType"], []).append(json.dumps(one))
            if number % 2:
                (forms["mixed"] / f"{one['resourceType']}-{one['id']}.json").write_text(json.dumps(one))
        bundle = json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in found]})
        (forms["bundles"] / f"p{number:02}.json").write_text(bundle)
        if not number % 2:
            (forms["mixed"] / f"p{number:02}.json").write_text(bundle)
    for kind, texts in lines.items():
        (forms["lines"] / f"{kind}.ndjson").write_text("\n".join(texts))
    return {name: str(folder) for name, folder in forms.items()}


@pytest.fixture(scope="module")
def stored(data: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same patients in a store."""
    pytest.importorskip("pyarrow")
    path = tmp_path_factory.mktemp("store") / "store"
    cm.load(data["lines"], store=path)
    return str(path)


@pytest.mark.parametrize("form", ["bundles", "lines", "mixed", "store"])
def test_several_processes(
    content: cm.Content, data: dict[str, str], form: str, request: pytest.FixtureRequest
) -> None:
    measure = content.measure(MEASURE)
    if form == "store":
        data = {form: request.getfixturevalue("stored")}
    alone = measure.evaluate(data[form], period="2026", now="2026-07-01")
    counted: list[int] = []
    together = measure.evaluate(data[form], period="2026", now="2026-07-01", jobs=2, progress=counted.append)
    assert alone.subject_count == together.subject_count == sum(counted) == 40
    assert together.subjects == alone.subjects, "the order is that of the data"
    assert together.summary() == alone.summary()
    assert [together.individual(one) for one in alone.subjects] == [alone.individual(one) for one in alone.subjects]


def test_who_cannot_count_is_counted_all_the_same(content: cm.Content, data: dict[str, str], stored: str) -> None:
    measure = content.measure(MEASURE)
    whole = measure.evaluate(data["lines"], period="2026", plan=False).summary()
    for path in (data["lines"], stored):
        for jobs in (1, 2):
            counted: list[int] = []
            found = measure.evaluate(
                path, period="2026", keep=False, evidence=False, jobs=jobs, progress=counted.append
            )
            assert found.summary() == whole
            assert found.subject_count == sum(counted) == 40


def test_warnings_and_failures_come_from_all_parts(content: cm.Content, tmp_path: Path) -> None:
    files = {f"p{number}.json": {"resourceType": "Patient", "id": f"p{number}"} for number in range(9)}
    bundles = {
        name: {"resourceType": "Bundle", "entry": [{"resource": one}, {"resource": {"resourceType": "Observation"}}]}
        for name, one in files.items()
    }
    bundles["p3.json"] = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Practitioner"}}]}
    for name, one in bundles.items():
        (tmp_path / name).write_text(json.dumps(one))
    source = cm.bundles(tmp_path)
    found = content.measure(MEASURE).evaluate(source, period="2026", jobs=2)
    assert found.subject_count == 8
    assert [one.code for one in source.warnings] == ["no-patient-data"]


def test_what_cannot_be_read_is_told_as_ever(content: cm.Content, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"resourceType": "Bundle", "entry": [')
    with pytest.raises(cm.DataError, match=r"a\.json:1"):
        content.measure(MEASURE).evaluate(str(tmp_path), period="2026", jobs=2)


class Stopped(Exception):
    """As if the user had stopped it."""


def stop_after(count: int) -> Any:
    done: list[int] = []

    def progress(more: int) -> None:
        done.append(more)
        if len(done) >= count:
            raise Stopped

    return progress


@pytest.mark.parametrize("jobs", [1, 2])
def test_going_on(content: cm.Content, data: dict[str, str], tmp_path: Path, jobs: int) -> None:
    measure, state = content.measure(MEASURE), tmp_path / "run.state"

    def evaluate(**options: Any) -> cm.MeasureResult:
        return measure.evaluate(data["lines"], period="2026", keep=False, evidence=False, **options)

    with pytest.raises(Stopped):
        evaluate(resume=state, jobs=jobs, progress=stop_after(3))
    lines = state.read_bytes().splitlines(keepends=True)
    assert len(lines) >= 4, "the parts that were finished, below what they are of"
    # The last line is lost: it was being written.
    state.write_bytes(b"".join(lines)[:-5])
    counted: list[int] = []
    found = evaluate(resume=state, jobs=jobs, progress=counted.append)
    assert found.summary() == evaluate().summary()
    assert sum(counted) == 40
    # Now there is nothing left to do.
    size = state.stat().st_size
    assert evaluate(resume=state).summary() == found.summary()
    assert state.stat().st_size == size


def test_another_evaluation_is_not_gone_on_with(content: cm.Content, data: dict[str, str], tmp_path: Path) -> None:
    measure, state = content.measure(MEASURE), tmp_path / "run.state"
    measure.evaluate(data["lines"], period="2026", keep=False, evidence=False, resume=state)
    with pytest.raises(cm.UsageError, match="of another evaluation: settings differ"):
        measure.evaluate(data["lines"], period="2025", keep=False, evidence=False, resume=state)
    with pytest.raises(cm.UsageError, match="of another evaluation: data differ"):
        measure.evaluate(data["bundles"], period="2026", keep=False, evidence=False, resume=state)
    (tmp_path / "other").write_text("nothing of ours\n")
    with pytest.raises(cm.UsageError, match="is not of an evaluation"):
        measure.evaluate(data["lines"], period="2026", keep=False, evidence=False, resume=tmp_path / "other")
    assert (tmp_path / "other").read_text() == "nothing of ours\n"
    with pytest.raises(cm.UsageError, match="not the results of single subjects"):
        measure.evaluate(data["lines"], period="2026", resume=tmp_path / "third")


def test_subjects_that_come_one_by_one_are_not_divided(content: cm.Content, data: dict[str, str]) -> None:
    measure = content.measure(MEASURE)
    with pytest.raises(cm.UsageError, match="cannot be divided"):
        measure.evaluate(iter(cm.bundles(data["bundles"])), period="2026", jobs=2)
    with pytest.raises(cm.UsageError, match="cannot be divided"):
        measure.evaluate(data["bundles"], period="2026", jobs=2, subjects=["p1"])


@pytest.mark.parametrize("text", ['{"of": "somebody"}', "", '{"format":"cqlm'], ids=["other", "empty", "cut"])
def test_a_file_of_something_else_stays(content: cm.Content, data: dict[str, str], tmp_path: Path, text: str) -> None:
    measure, file = content.measure(MEASURE), tmp_path / "file"
    file.write_text(text)
    if text.startswith('{"of"'):
        with pytest.raises(cm.UsageError, match="is not of an evaluation"):
            measure.evaluate(data["lines"], period="2026", keep=False, evidence=False, resume=file)
        assert file.read_text() == text
    else:
        assert measure.evaluate(data["lines"], period="2026", keep=False, evidence=False, resume=file)


def test_a_file_that_cannot_be_written_is_told(content: cm.Content, data: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "below"):
        with pytest.raises(cm.UsageError, match="cannot write"):
            content.measure(MEASURE).evaluate(data["lines"], period="2026", keep=False, evidence=False, resume=path)


def test_one_subject_may_be_named_alone(content: cm.Content, data: dict[str, str]) -> None:
    measure = content.measure(MEASURE)
    assert measure.evaluate(data["bundles"], period="2026", subjects="p1").subjects == ["p1"]
    with pytest.raises(cm.UsageError, match="at least one process"):
        measure.evaluate(data["bundles"], period="2026", jobs=0)
    assert repr(cm.ndjson(data["lines"])) == f"Ndjson({data['lines']!r})"
