"""The Python API on the sample measure."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import cqlmeasure as cm
import cqlmeasure.api

MEASURE = "DiabetesHbA1cPoorControl"


@pytest.fixture(scope="module")
def content(repository: Path) -> cm.Content:
    """The sample measure."""
    return cm.Content(repository / "measures" / "diabetes-hba1c")


@pytest.fixture(scope="module")
def result(content: cm.Content) -> cm.MeasureResult:
    """The sample measure for its own patients."""
    return content.measure(MEASURE).evaluate(content.test_subjects(MEASURE), period="2026")


def test_the_package_re_exports_the_api_lazily() -> None:
    assert sorted(cm.__all__) == sorted(cqlmeasure.api.__all__)
    assert set(cm.__all__) <= set(dir(cm))
    for name in cm.__all__:
        assert getattr(cm, name) is getattr(cqlmeasure.api, name)
    code = "import sys, cqlmeasure; sys.exit(any(n.startswith('cqlmeasure.') for n in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cm.nothing  # noqa: B018


def test_measures_are_described(content: cm.Content) -> None:
    (entry,) = content.measures()
    measure = content.measure(entry.url or "")
    assert (measure.name, measure.version, measure.subject_type) == (MEASURE, "1.0.0", "Patient")
    assert measure.title == "Diabetes: poor control of HbA1c"
    assert measure is content.measure(MEASURE)
    assert content.test_measures() == [MEASURE]


def test_summary(result: cm.MeasureResult) -> None:
    report = result.summary()
    assert report["type"] == "summary"
    assert [one["count"] for one in report["group"][0]["population"]] == [7, 7, 1, 3]
    assert report["period"] == {"start": "2026-01-01", "end": "2026-12-31"}
    assert result.subject_count == 10
    assert (result.failures, result.warnings, result.failed_count) == ([], [], 0)


def test_individual(result: cm.MeasureResult) -> None:
    report = result.individual("two-results-last-counts")
    assert [one["count"] for one in report["group"][0]["population"]] == [1, 1, 0, 0]
    evidence = {one["reference"] for one in report["evaluatedResource"]}
    assert "Observation/two-results-last-counts-hba1c-1" in evidence
    assert next(iter(result.individuals())) == result.individual(result.subjects[0])
    with pytest.raises(cm.UsageError, match="no subject nobody"):
        result.individual("nobody")


def test_rows(result: cm.MeasureResult) -> None:
    rows = {row["subject"]: row for row in result.rows()}
    assert rows["hospice-care"] == {
        "subject": "hospice-care",
        "group": "group-1",
        "failed": False,
        "initial-population": 1,
        "denominator": 1,
        "denominator-exclusion": 1,
        "numerator": 0,
        "age-band": "65-75",
    }
    assert rows["older-than-75"]["age-band"] == ""
    assert len(rows) == 10


def test_only_some_subjects(content: cm.Content) -> None:
    measure = content.measure(MEASURE)
    patients = content.test_subjects(MEASURE)
    assert measure.evaluate(patients, subjects=["exactly-9", "Patient/no-diabetes"]).subjects == [
        "exactly-9",
        "no-diabetes",
    ]
    with pytest.raises(cm.UsageError, match="no subject nobody"):
        measure.evaluate(patients, subjects=["nobody"])


def test_data_in_all_its_forms(content: cm.Content, repository: Path, tmp_path: Path) -> None:
    measure = content.measure(MEASURE)
    folder = repository / "measures/diabetes-hba1c/input/tests/measure" / MEASURE
    expected = measure.evaluate(content.test_subjects(MEASURE)).rows()
    resources = [
        entry["resource"] for case in sorted(folder.rglob("*.json")) for entry in json.loads(case.read_text())["entry"]
    ]
    lines = tmp_path / "all.ndjson"
    lines.write_text("".join(json.dumps(one) + "\n" for one in resources))
    for data in (
        folder,
        str(folder),
        cm.bundles(folder),
        cm.subjects(folder),
        cm.ndjson(lines),
        cm.from_resources(resources),
    ):
        assert sorted(measure.evaluate(data).rows(), key=str) == sorted(expected, key=str)


def test_without_keeping_subjects(content: cm.Content, result: cm.MeasureResult) -> None:
    totals = content.measure(MEASURE).evaluate(content.test_subjects(MEASURE), keep=False)
    assert totals.summary() == result.summary()
    assert totals.rows() == []
    with pytest.raises(cm.UsageError, match="without keeping"):
        totals.individual("exactly-9")


@pytest.mark.parametrize("period", ["2026", ("2026-01-01", "2026-12-31"), ("2026", "2026-12"), None])
def test_periods(content: cm.Content, result: cm.MeasureResult, period: str | tuple[str, str] | None) -> None:
    found = content.measure(MEASURE).evaluate(content.test_subjects(MEASURE), period=period)
    assert found.summary() == result.summary()


def test_the_time_zone_is_that_of_the_caller() -> None:
    for zone, hours in (("+00:00", "0.0"), ("+02:00", "2.0"), ("-05:30", "-5.5")):
        assert cm.cql_text(cm.evaluate_expression("timezoneoffset from Now()", timezone=zone)) == hours
    with pytest.raises(cm.UsageError, match="no time zone offset"):
        cm.evaluate_expression("Now()", timezone="CET")


def test_tests(content: cm.Content) -> None:
    run = content.tests()
    assert run.total == 10
    result = run.result()
    assert result.ok
    assert result.count(cm.CaseStatus.MATCH, MEASURE) == 10
    outcome = result.measures[MEASURE][0]
    assert (
        outcome.description
        == "Exactly 9 % is not above 9 %: not in the numerator. The patient turned 75 in the period and still counts"
    )
    assert outcome.report is not None


@pytest.mark.parametrize("name", ["../../evil", "a/b", "..", "http://x/y"])
def test_reports_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    outcome = cm.CaseOutcome(measure=name, case=name, file="f", status=cm.CaseStatus.MATCH, report={"id": "r"})
    outcome.write(tmp_path / "out")
    (written,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written.is_relative_to(tmp_path / "out")


def test_content_is_opened_anew_in_another_process(content: cm.Content) -> None:
    other = pickle.loads(pickle.dumps(content))
    assert other.paths == content.paths
    assert other.measure(MEASURE).name == MEASURE


def test_translate_and_evaluate_expressions(repository: Path) -> None:
    file = repository / "measures/diabetes-hba1c/input/cql" / f"{MEASURE}.cql"
    elm = cm.translate(file)
    assert elm.json["library"]["identifier"]["id"] == MEASURE
    assert elm.warnings == []
    assert cm.evaluate_expression("1 + 1") == 2
    with pytest.raises(cm.TranslationError) as caught:
        cm.evaluate_expression("1 +\n  nothing")
    (found,) = caught.value.diagnostics
    assert found.span is not None
    assert (found.span.line, found.span.column) == (2, 3)


@pytest.mark.parametrize("period", [2026, ("2026",), ("2026", 2027), {"start": "2026"}])
def test_what_is_no_period_says_so(content: cm.Content, period: object) -> None:
    with pytest.raises(cm.UsageError, match="is no period"):
        content.measure(MEASURE).evaluate(content.test_subjects(MEASURE), period=period)  # type: ignore[arg-type]


def test_what_people_print_is_short(content: cm.Content, result: cm.MeasureResult, tmp_path: Path) -> None:
    cases = content.paths[0] / "input/tests/measure" / MEASURE
    cm.load(cases, store=tmp_path / "store")
    patients = cm.subjects(tmp_path / "store")
    measure = content.measure(MEASURE)
    shown = {
        "Store": cm.store(tmp_path / "store"),
        "Subjects(Store": patients,
        "SubjectData('exactly-9', 5 resources": next(one for one in patients if one.id == "exactly-9"),
        "DataCheck('Diabetes: poor control of HbA1c', 10 subjects, 55 resources: 0 never, 2 partly, 4 met)": (
            measure.check_data(patients)
        ),
        "Table(10 rows: subject, group, failed": result.table(),
        "SubjectList('DiabetesHbA1cPoorControl-subject-list', 7 individual reports)": result.subject_list(),
        "Explanation('exactly-9', 'DiabetesHbA1cPoorControl', initial-population: 1": result.explain("exactly-9"),
        "Session(0 definitions)": cm.Session(),
        "CaseRun(10 cases of 1 measures)": cm.CaseRun(content),
    }
    for start, value in shown.items():
        assert repr(value).startswith(start)
        assert len(repr(value)) < 300
