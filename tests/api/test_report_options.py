"""What callers decide about reports, the other types of reports, and several periods in one pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm

MEASURE = "DiabetesHbA1cPoorControl"
BASE = "http://example.org"
NOTED = cm.ReportOptions(reporter={"reference": "Organization/1"}, date="2027-01-02")


@pytest.fixture(scope="module")
def content(repository: Path) -> cm.Content:
    """The sample measure."""
    return cm.Content(repository / "measures" / "diabetes-hba1c")


@pytest.fixture(scope="module")
def result(content: cm.Content) -> cm.MeasureResult:
    """The sample measure for its own patients."""
    return content.measure(MEASURE).evaluate(content.test_subjects(MEASURE), report=NOTED)


def test_options_of_the_evaluation_are_those_of_all_reports(result: cm.MeasureResult) -> None:
    assert result.report_options == NOTED
    for report in (result.summary(), result.individual("exactly-9"), result.subject_list().report):
        assert (report["reporter"], report["date"]) == ({"reference": "Organization/1"}, "2027-01-02")


def test_options_of_one_report(result: cm.MeasureResult) -> None:
    report = result.summary(cm.ReportOptions(narrative=True, invert_decrease=True, confidence=0.95))
    assert "reporter" not in report
    assert report["text"]["div"].startswith("<div")
    assert "confidence" in json.dumps(report).lower()
    with pytest.raises(cm.DataError, match="no group whose score is attested"):
        result.summary(cm.ReportOptions(attested={"group-1": cm.attested_score(1)}))


def test_an_edition_has_its_profile_and_a_date(content: cm.Content) -> None:
    options = cm.ReportOptions(edition=cm.Edition.US_5, reporter={"reference": "Organization/1"})
    found = content.measure(MEASURE).evaluate(content.test_subjects(MEASURE), report=options, now="2027-01-02T03:04")
    report = found.summary()
    assert report["meta"]["profile"][0].endswith("summary-measurereport-deqm")
    assert report["date"] == "2027-01-02T03:04:00.000+00:00"


def test_subject_lists(result: cm.MeasureResult) -> None:
    found = result.subject_list()
    assert found.report["type"] == "subject-list"
    lists = {item["id"]: item for item in found.report["contained"] if item["resourceType"] == "List"}
    numerator = found.report["group"][0]["population"][3]
    assert len(lists[numerator["subjectResults"]["reference"][1:]]["entry"]) == numerator["count"] == 3
    assert len(found.individuals) == 7
    plain = result.subject_list(form="subjects", limit=2, partial=True)
    assert plain.individuals == ()
    assert "only 2 of 10" in json.dumps(plain.report)
    with pytest.raises(cm.UsageError, match="more than the 2"):
        result.subject_list(limit=2)
    with pytest.raises(cm.UsageError, match="no subject list of 'names'"):
        result.subject_list(form="names")


def test_data_collections(result: cm.MeasureResult) -> None:
    report = result.data_collection("exactly-9", update_type="incremental")
    assert report["type"] == "data-collection"
    assert report["modifierExtension"][0]["valueCode"] == "incremental"
    evidence = {one["reference"] for one in result.individual("exactly-9")["evaluatedResource"]}
    assert {one["reference"] for one in report["evaluatedResource"]} == evidence
    assert len(list(result.data_collections())) == 10


def test_several_periods_in_one_pass(content: cm.Content) -> None:
    measure = content.measure(MEASURE)
    results = measure.trend(iter(list(content.test_subjects(MEASURE))), "year", period="2025..2026")
    assert [found.period.start for found in results] == ["2025-01-01", "2026-01-01"]
    for found, year in zip(results, ("2025", "2026"), strict=True):
        alone = measure.evaluate(content.test_subjects(MEASURE), period=year)
        assert {**found.summary(), "id": ""} == {**alone.summary(), "id": ""}
    assert [found.summary()["id"][-10:] for found in results] == ["2025-01-01", "2026-01-01"]
    first, second = cm.trend_points(results)
    assert first.change is None
    assert [point.counts["initial-population"] for point in (first, second)] == [1, 7]
    with pytest.raises(cm.UsageError, match="no step 'week'"):
        measure.trend([], "week", period="2025")


# A small content of its own

CQL = """library Bands version '1'
using FHIR version '4.0.1'
parameter "Measurement Period" Interval<DateTime>
context Patient
define "Everyone": true
define "Band": if exists [Encounter] then 'in' else 'out'
"""


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


def measure_json(name: str, **more: Any) -> dict[str, Any]:
    found = {"resourceType": "Measure", "id": name, "name": name, "url": f"{BASE}/Measure/{name}", "status": "draft"}
    return {**found, **more}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cm.Content]:
    folder = tmp_path_factory.mktemp("own")
    everyone = {"language": "text/cql-identifier", "expression": "Everyone"}
    stratifier = {
        "id": "band",
        "criteria": {"language": "text/cql-identifier", "expression": "Band"},
        "valueSet": f"{BASE}/ValueSet/bands",
    }
    group = {"population": [{"code": concept("initial-population"), "criteria": everyone}], "stratifier": [stratifier]}
    codes = [{"system": f"{BASE}/bands", "code": code, "display": code} for code in ("in", "elsewhere")]
    resources = [
        measure_json("Bands", scoring=concept("cohort"), library=[f"{BASE}/Library/Bands"], group=[group]),
        measure_json("Attest", scoring=concept("attestation"), group=[{"id": "g"}]),
        {
            "resourceType": "ValueSet",
            "id": "bands",
            "url": f"{BASE}/ValueSet/bands",
            "status": "active",
            "expansion": {"timestamp": "2026-01-01", "total": 2, "contains": codes},
        },
        {
            "resourceType": "Library",
            "id": "Bands",
            "name": "Bands",
            "version": "1",
            "url": f"{BASE}/Library/Bands",
            "status": "draft",
            "type": concept("logic-library"),
        },
    ]
    for resource in resources:
        (folder / f"{resource['resourceType']}-{resource['id']}.json").write_text(json.dumps(resource))
    (folder / "Bands.cql").write_text(CQL)
    yield cm.Content(folder)


def patient(name: str, *kinds: str) -> cm.SubjectData:
    resources = [{"resourceType": "Patient", "id": name}]
    resources += [{"resourceType": kind, "id": f"{name}-{kind}"} for kind in kinds]
    return cm.SubjectData(name, resources, "test")


def test_the_value_set_of_a_stratifier_is_found(own: cm.Content) -> None:
    result = own.measure("Bands").evaluate([patient("a", "Encounter"), patient("b")], period="2026")
    assert [found.code for found in result.warnings] == ["unexpected-stratum"]
    report = result.summary()
    strata = report["group"][0]["stratifier"][0]["stratum"]
    counts = {
        one["value"].get("text") or one["value"]["coding"][0]["code"]: one["population"][0]["count"] for one in strata
    }
    assert counts == {"in": 1, "out": 1, "elsewhere": 0}


def test_attested_scores(own: cm.Content) -> None:
    measure = own.measure("Attest")
    attestation = {
        "resourceType": "MeasureReport",
        "measure": f"{BASE}/Measure/Attest",
        "reporter": {"reference": "Organization/1"},
        "group": [{"id": "g", "measureScore": {"value": 0.5}}],
    }
    scores = measure.attested(attestation)
    result = measure.evaluate([], period="2026", report=cm.ReportOptions(attested=scores))
    assert result.summary()["group"] == [{"id": "g", "measureScore": {"value": 0.5}}]
    assert measure.evaluate([patient("a")], period="2026").subject_count == 1
    with pytest.raises(cm.UsageError, match="attested, not computed"):
        _ = measure.elm
    with pytest.raises(cm.DataError, match="no group whose score is attested"):
        measure.evaluate([], period="2026", report=cm.ReportOptions(attested={"x": cm.attested_score(True)}))
    with pytest.raises(cm.DataError, match="no reporter"):
        measure.attested({**attestation, "reporter": None})


def test_no_data_collection_of_a_subject_that_failed(tmp_path: Path) -> None:
    (tmp_path / "Fails.cql").write_text(
        "library Fails version '1'\nusing FHIR version '4.0.1'\ncontext Patient\n"
        "define Everyone: if exists [Encounter] then Message(true, true, 'e', 'Error', 'no') else true\n"
    )
    everyone = {"language": "text/cql-identifier", "expression": "Everyone"}
    group = {"population": [{"code": concept("initial-population"), "criteria": everyone}]}
    measure = measure_json("Fails", scoring=concept("cohort"), library=["Fails"], group=[group])
    (tmp_path / "Fails.json").write_text(json.dumps(measure))
    result = cm.Content(tmp_path).measure("Fails").evaluate([patient("a"), patient("b", "Encounter")], period="2026")
    assert result.failed_subjects == ["b"]
    assert [one["subject"]["reference"] for one in result.data_collections()] == ["Patient/a"]
    with pytest.raises(cm.UsageError, match="failed for b"):
        result.data_collection("b")


def test_measures_of_one_pass_look_codes_up_together(repository: Path) -> None:
    content = cm.Content(repository / "measures" / "breast-cancer-proms")
    names = ["BreastCancerComfortAsked", "BreastCancerComfortReached"]
    patients = list(content.test_subjects(names[0]))
    together = content.evaluate(names, patients, period="2026")
    for name, result in zip(names, together, strict=True):
        assert result.summary() == content.measure(name).evaluate(patients, period="2026").summary()
    shared = content.measure(names[0]).settings("2026", None, None, None)
    prepared = [next(iter(content.measure(name)._plans.values()))[1] for name in names]
    assert prepared[0].environment.indexes is prepared[1].environment.indexes
    alone = content.measure(names[0])._prepare(shared)[1]
    assert alone.environment.indexes is not prepared[0].environment.indexes


def test_bundles_by_subject(content: cm.Content, result: cm.MeasureResult) -> None:
    patients = list(content.test_subjects(MEASURE))[:2]
    first, second = cm.subject_bundles([result], patients, base="http://example.org/fhir/")
    report, *data = [entry["resource"] for entry in first["entry"]]
    assert report == result.individual(patients[0].id)
    assert f"Patient/{patients[0].id}" in {f"{one['resourceType']}/{one['id']}" for one in data}
    assert first["entry"][0]["fullUrl"] == f"http://example.org/fhir/MeasureReport/{report['id']}"
    assert second["id"] != first["id"]
    assert list(cm.subject_bundles([result], [patient("somebody-else")])) == []
    with pytest.raises(cm.UsageError, match="no Bundles of summary reports"):
        cm.subject_bundles([result], patients, "summary")
    with pytest.raises(cm.UsageError, match="cannot be read again"):
        cm.subject_bundles([result], iter(patients))
    totals = content.measure(MEASURE).evaluate(patients, keep=False)
    with pytest.raises(cm.UsageError, match="not kept"):
        cm.subject_bundles([totals], patients)


@pytest.mark.parametrize("kind", ["summary", "subject-list", "individual"])
def test_pending_reports_have_the_ids_of_the_finished_ones(
    content: cm.Content, result: cm.MeasureResult, kind: str
) -> None:
    subject = "Patient/exactly-9" if kind == "individual" else None
    found = content.measure(MEASURE).pending(kind, subject=subject, report=NOTED)
    finished = {
        "summary": result.summary,
        "subject-list": lambda: result.subject_list().report,
        "individual": lambda: result.individual("exactly-9"),
    }[kind]()
    assert found["status"] == "pending"
    assert "group" not in found
    assert all(found[name] == finished[name] for name in ("id", "type", "measure", "period", "reporter"))
    assert found.get("subject") == finished.get("subject")


def test_what_does_not_become_pending(content: cm.Content) -> None:
    with pytest.raises(cm.UsageError, match="no data-collection report is pending"):
        content.measure(MEASURE).pending("data-collection")
    with pytest.raises(cm.UsageError, match="needs a subject"):
        content.measure(MEASURE).pending("individual")


def test_a_score_beside_a_benchmark(result: cm.MeasureResult) -> None:
    found = result.compare(0.4, group="group-1")
    assert (found.value, found.reference, found.better) == (0.5, 0.4, False)
    assert result.compare(0.6).better is True
    with pytest.raises(cm.UsageError, match="no group 'x'"):
        result.compare(0.4, group="x")
    with pytest.raises(cm.UsageError, match="no score"):
        result.compare(0.4, group=3)


def test_the_narrative_has_what_is_expected_and_names_stratifiers(result: cm.MeasureResult) -> None:
    adjusted = {"group-1": result.standardised(result.summary())}
    text = result.summary(cm.ReportOptions(narrative=True, confidence=0.95, adjusted=adjusted))["text"]["div"]
    assert "<p>By Age band</p>" in text
    assert "<p>Confidence interval (95 %) of the measure score: 0.1876 to 0.8124</p>" in text
    assert "<p>Risk-adjusted result: observed 3, expected 3, ratio 1, low 0.201, high 2.9218" in text


def test_names_stand_for_what_they_name(result: cm.MeasureResult) -> None:
    options = cm.ReportOptions(edition="us-5", reporter="Organization/1", supplemental_form="values", date="2027")  # type: ignore[arg-type]
    assert (options.edition, options.supplemental_form) == (cm.Edition.US_5, cm.SupplementalForm.VALUES)
    assert result.summary(options)["reporter"] == {"reference": "Organization/1"}


@pytest.mark.parametrize("wrong", [{"edition": "us-3"}, {"supplemental_form": "both"}, {"date": "never"}])
def test_names_that_there_are_not(wrong: dict[str, Any]) -> None:
    with pytest.raises(cm.UsageError) as error:
        cm.ReportOptions(**wrong)
    assert error.value.diagnostics[0].hint is not None
