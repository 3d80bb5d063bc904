"""Subject lists, data collection, pending reports, reporters, editions, narrative, validation, bundles."""

from __future__ import annotations

from typing import Any

import pytest
from measure_fakes import FakeEvaluator, FakeSubject, encounters, group, measure, population, proportion, resource

from cqlmeasure.errors import DataError, EvaluationError, UsageError
from cqlmeasure.measure import (
    Edition,
    MeasureResult,
    ReportOptions,
    SubjectListForm,
    data_collection_report,
    evaluate,
    individual_report,
    parse_period,
    pending_report,
    read_measure,
    require_valid,
    subject_bundle,
    subject_list,
    summary_report,
    validate,
)
from cqlmeasure.typesys import BOOLEAN, STRING

PERIOD = parse_period("2026")
STRATIFIER = {"id": "S1", "description": "Bands", "criteria": {"language": "text/cql", "expression": "Band"}}
SDE = {"id": "sde", "criteria": {"language": "text/cql-identifier", "expression": "SDE"}}
RATE = {**proportion(stratifiers=[STRATIFIER]), "description": "Share of <b>all</b>"}
RATE["population"][1]["description"] = "Everyone"
DEFINITION = measure(RATE, supplementalData=[SDE], title="A & <i>B</i>")
FAILED = FakeSubject("x", {"initial-population": EvaluationError("boom")})


def person(name: str, numerator: bool = False, band: str = "young", **values: Any) -> FakeSubject:
    facts = {"initial-population": True, "denominator": True, "numerator": numerator, "Band": band, "SDE": "v"}
    return FakeSubject(name, {**facts, **values}, evaluated=tuple(encounters(f"{name}-1")))


def run(*subjects: FakeSubject, definition: dict[str, Any] = DEFINITION, keep: bool = True) -> MeasureResult:
    plan = read_measure(definition)
    band = BOOLEAN if subjects and subjects[0].values.get("Band") is True else STRING
    return evaluate(plan, FakeEvaluator({"Band": band}), subjects, period=PERIOD, evidence=True, keep=keep)


PEOPLE = (person("a", True), person("b", band="old"), person("c", **{"initial-population": False}), FAILED)


def listed(report: dict[str, Any], holder: dict[str, Any]) -> dict[str, list[str]]:
    lists = {f"#{item['id']}": item for item in report["contained"] if item["resourceType"] == "List"}
    found = {}
    for item in holder["population"]:
        entries = lists[item["subjectResults"]["reference"]].get("entry", [])
        found[item["id"]] = [entry["item"]["reference"] for entry in entries]
        assert len(found[item["id"]]) == item["count"]
    return found


def test_a_subject_list_refers_to_individual_reports(valid: Any) -> None:
    result = run(*PEOPLE)
    found = subject_list(result, group={"reference": "Group/g"})
    report = valid(found.report)
    assert (report["type"], report["subject"]) == ("subject-list", {"reference": "Group/g"})
    assert "evaluatedResource" not in report
    both = ["MeasureReport/sample-a", "MeasureReport/sample-b"]
    assert listed(report, report["group"][0]) == {
        "initial-population": both,
        "denominator": both,
        "numerator": both[:1],
    }
    strata = report["group"][0]["stratifier"][0]["stratum"]
    assert [listed(report, stratum)["denominator"] for stratum in strata] == [both[1:], both[:1]]
    empty = [item for item in report["contained"] if "emptyReason" in item]
    assert len(empty) == 1
    # every report that is referred to is there, and nobody else's
    assert [f"MeasureReport/{item['id']}" for item in found.individuals] == both
    assert all(item["type"] == "individual" for item in map(valid, found.individuals))


def test_direct_references_and_lists_of_subjects_are_options(valid: Any) -> None:
    result = run(*PEOPLE)
    direct = valid(subject_list(result, form=SubjectListForm.REFERENCES).report)
    numerator = direct["group"][0]["population"][2]
    assert [item["valueReference"]["reference"] for item in numerator["extension"]] == ["MeasureReport/sample-a"]
    assert numerator["extension"][0]["url"].endswith("extension-MeasureReport.group.population.subjectReport")
    plain = subject_list(result, form=SubjectListForm.SUBJECTS)
    assert plain.individuals == ()
    assert listed(valid(plain.report), plain.report["group"][0])["denominator"] == ["Patient/a", "Patient/b"]


def test_large_lists_are_too_costly_or_partial(valid: Any) -> None:
    result = run(*PEOPLE)
    with pytest.raises(UsageError) as caught:
        subject_list(result, limit=2)
    assert caught.value.diagnostics[0].code == "too-costly"
    found = subject_list(result, limit=1, partial=True)
    assert [item["id"] for item in found.individuals] == ["sample-a"]
    issues = next(item for item in found.report["contained"] if item["resourceType"] == "OperationOutcome")["issue"]
    assert any("only 1 of 3 subjects are listed" in issue["details"]["text"] for issue in issues)
    with pytest.raises(UsageError, match="not kept"):
        subject_list(run(*PEOPLE, keep=False))


def test_the_false_stratum_lists_its_members(valid: Any) -> None:
    definition = measure(proportion(stratifiers=[STRATIFIER]))
    people = (person("a", Band=True), person("b", Band=False))
    report = valid(subject_list(run(*people, definition=definition), ReportOptions(false_strata=True)).report)
    strata = report["group"][0]["stratifier"][0]["stratum"]
    assert [listed(report, stratum)["denominator"] for stratum in strata] == [
        ["MeasureReport/sample-a"],
        ["MeasureReport/sample-b"],
    ]


@pytest.mark.parametrize("update", ["snapshot", "incremental"])
def test_data_collection(update: str, valid: Any) -> None:
    definition = read_measure(DEFINITION)
    references = ["Encounter/2", "Encounter/1", "Encounter/2"]
    report = valid(data_collection_report(definition, PERIOD, "a", references, update_type=update))
    assert (report["type"], report["subject"]) == ("data-collection", {"reference": "Patient/a"})
    assert report["evaluatedResource"] == [{"reference": "Encounter/1"}, {"reference": "Encounter/2"}]
    assert report["modifierExtension"][0]["valueCode"] == update
    assert "group" not in report
    with pytest.raises(UsageError, match="no update type"):
        data_collection_report(definition, PERIOD, "a", [], update_type="daily")


def test_a_pending_report_becomes_the_finished_one(valid: Any) -> None:
    result = run(person("a"))
    pending = valid(pending_report(result.definition, PERIOD, "individual", subject="a"))
    done = individual_report(result.definition, PERIOD, result.subjects[0])
    assert (pending["status"], done["status"]) == ("pending", "complete")
    assert pending["id"] == done["id"]
    assert pending_report(result.definition, PERIOD, "summary")["id"] == summary_report(result)["id"]
    with pytest.raises(UsageError):
        pending_report(result.definition, PERIOD, "individual")


ORGANIZATION = {
    "resourceType": "Organization",
    "id": "ad-hoc",
    "name": "Ad hoc",
    "contained": [
        {"resourceType": "Practitioner", "id": "smith", "active": True, "contained": [{"resourceType": "Basic"}]},
        {
            "resourceType": "PractitionerRole",
            "id": "role",
            "practitioner": {"reference": "#smith"},
            "organization": {"reference": "#"},
        },
    ],
    "endpoint": [{"reference": "#messages"}],
}


def test_a_reporter_is_contained_and_flattened(valid: Any) -> None:
    result = run(person("a"))
    plain = {**ORGANIZATION, "extension": [{"url": "http://example.org/x", "valueReference": {"reference": "#role"}}]}
    del plain["endpoint"]
    report = valid(summary_report(result, ReportOptions(reporter=plain)))
    assert report["reporter"] == {"reference": "#ad-hoc"}
    found = {item["id"]: item for item in report["contained"]}
    assert {"ad-hoc", "smith", "role"} <= found.keys()
    assert all("contained" not in item for item in report["contained"])
    assert found["role"]["practitioner"] == {"reference": "#smith"}
    assert found["role"]["organization"] == {"reference": "#ad-hoc"}


def test_ids_that_the_report_uses_are_changed_with_their_references() -> None:
    inner = {"resourceType": "Endpoint", "id": "messages", "status": "active"}
    reporter = {**ORGANIZATION, "contained": [inner]}
    report = summary_report(run(FAILED), ReportOptions(reporter=reporter))
    organization = next(item for item in report["contained"] if item["resourceType"] == "Organization")
    assert organization["endpoint"] == [{"reference": "#messages-2"}]
    assert [item["id"] for item in report["contained"]] == ["messages", "ad-hoc", "messages-2"]


@pytest.mark.parametrize("reporter", [{}, {"resourceType": "Patient"}])
def test_what_cannot_report_is_refused(reporter: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        summary_report(run(), ReportOptions(reporter=reporter))


_US = "http://hl7.org/fhir/us/davinci-deqm/StructureDefinition/"
_UV = "http://hl7.org/fhir/uv/deqm/StructureDefinition/"


@pytest.mark.parametrize(
    ("edition", "profile", "data", "criteria", "described"),
    [
        (
            Edition.US_4,
            f"{_US}indv-measurereport-deqm",
            f"{_US}extension-supplementalData",
            f"{_US}extension-criteriaReference",
            False,
        ),
        (Edition.US_5, f"{_US}indv-measurereport-deqm", None, None, True),
        (Edition.UV_1, f"{_UV}deqm-individualmeasurereport", None, None, True),
    ],
)
def test_editions_differ_in_names(
    edition: Edition, profile: str, data: str | None, criteria: str | None, described: bool, valid: Any
) -> None:
    result = run(person("a"))
    options = ReportOptions(edition=edition, date="2027-01-01", reporter={"reference": "Organization/o"})
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0], options))
    assert report["meta"]["profile"] == [profile]
    reference = next(item for item in report["extension"] if "supplementalData" in item["url"])
    assert reference["url"] == (
        data or "http://hl7.org/fhir/5.0/StructureDefinition/extension-MeasureReport.supplementalData"
    )
    assert reference["valueReference"]["extension"][0]["url"] == (
        criteria or "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference"
    )
    denominator = report["group"][0]["population"][1]
    texts = [item.get("valueMarkdown") for item in denominator.get("extension", [])]
    assert texts == (["Everyone"] if described else [])
    scoring = report["group"][0]["extension"][0]
    assert (
        scoring["url"].endswith("measureScoring")
        and scoring["valueCodeableConcept"]["coding"][0]["code"] == "proportion"
    )
    valid(subject_list(result, options).report)
    valid(data_collection_report(result.definition, PERIOD, "a", [], options))


def test_evidence_names_the_criteria_of_each_item_once(valid: Any) -> None:
    rate = proportion(basis="Encounter")
    visits = encounters("1", "2")
    subject = FakeSubject(
        "p",
        {"initial-population": [*visits, *visits], "denominator": visits, "numerator": visits[:1]},
        evaluated=(*visits, *encounters("3", "1")),
    )
    result = run(subject, definition=measure(rate))
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    found = {
        item["reference"]: [mark["valueString"] for mark in item.get("extension", [])]
        for item in report["evaluatedResource"]
    }
    assert found == {
        "Encounter/1": ["initial-population", "denominator", "numerator"],
        "Encounter/2": ["initial-population", "denominator"],
        "Encounter/3": [],
    }


def test_link_ids_of_every_level_are_copied(valid: Any) -> None:
    rate = {**proportion(), "linkId": "g"}
    rate["population"] = [{**item, "linkId": f"p-{item['id']}"} for item in rate["population"]]
    part = {"linkId": "c", "criteria": {"language": "text/cql", "expression": "Band"}}
    rate["stratifier"] = [{"linkId": "s", "component": [part, {**part, "linkId": "d"}]}]
    report = valid(summary_report(run(person("a"), definition=measure(rate))))
    (found,) = report["group"]
    stratum = found["stratifier"][0]["stratum"][0]

    def link(item: dict[str, Any]) -> tuple[str, str]:
        (extension,) = item["extension"]
        return extension["url"].rpartition("extension-MeasureReport.")[2], extension["valueString"]

    assert link(found) == ("group.linkId", "g")
    assert link(found["population"][0]) == ("group.population.linkId", "p-initial-population")
    assert link(found["stratifier"][0]) == ("group.stratifier.linkId", "s")
    assert [link(item)[1] for item in stratum["component"]] == ["c", "d"]
    assert link(stratum["population"][0]) == ("group.stratifier.stratum.population.linkId", "p-initial-population")


def test_the_narrative_says_what_the_report_says_and_escapes_it(valid: Any) -> None:
    result = run(*PEOPLE)
    report = valid(summary_report(result, ReportOptions(narrative=True)))
    text = report["text"]["div"]
    assert report["text"]["status"] == "generated"
    assert "A &amp; &lt;i&gt;B&lt;/i&gt;" in text and "<i>" not in text
    assert "<td>denominator</td><td>2</td>" in text and "0.5" in text and "boom" in text and "young" in text
    assert list(report)[:3] == ["resourceType", "id", "text"]
    single = valid(individual_report(result.definition, PERIOD, result.subjects[0], ReportOptions(narrative=True)))
    assert "Patient/a" in single["text"]["div"]


def test_an_undefined_score_says_why_in_the_narrative() -> None:
    report = summary_report(run(definition=measure(proportion())), ReportOptions(narrative=True))
    assert "no score (not-a-number)" in report["text"]["div"]


def test_validation_names_every_fault() -> None:
    report = summary_report(run(person("a")))
    assert validate(report) == []
    require_valid(report)
    wrong = {**report, "status": 1, "contained": [*report["contained"], resource("Basic", "x")]}
    messages = " ".join(item.message for item in validate(wrong))
    assert "MeasureReport.status" in messages and "nothing refers to the contained resource 'x'" in messages
    lost = {**report, "reporter": {"reference": "#nobody"}}
    assert "nothing with the id 'nobody' is contained" in validate(lost)[0].message
    with pytest.raises(DataError):
        require_valid(wrong)
    assert "no resource type 'Nothing'" in validate({"resourceType": "Nothing"})[0].message


def test_a_bundle_holds_each_version_once() -> None:
    result = run(person("a"))
    report = individual_report(result.definition, PERIOD, result.subjects[0])
    other = {**report, "id": "other"}
    visit = {**resource("Encounter", "a-1"), "status": "finished", "class": {"code": "AMB"}}
    data = [
        visit,
        dict(visit),
        {**visit, "meta": {"versionId": "2"}},
        resource("Encounter", "b-1"),
        resource("Patient", "a"),
    ]
    bundle = subject_bundle("Patient/a", [report, other], data)
    kinds = [(item["resource"]["resourceType"], item["resource"]["id"]) for item in bundle["entry"]]
    assert kinds == [
        ("MeasureReport", "sample-a"),
        ("MeasureReport", "other"),
        ("Encounter", "a-1"),
        ("Encounter", "a-1"),
        ("Patient", "a"),
    ]
    assert validate(bundle) == []
    placed = subject_bundle("Patient/a", [report], base="http://example.org/fhir/")
    assert placed["entry"][0]["fullUrl"] == "http://example.org/fhir/MeasureReport/sample-a"


def test_the_same_evaluation_gives_the_same_bytes() -> None:
    assert summary_report(run(*PEOPLE)) == summary_report(run(*PEOPLE[::-1]))
    first, second = (individual_report(one.definition, PERIOD, one.subjects[0]) for one in (run(*PEOPLE), run(*PEOPLE)))
    assert repr(first) == repr(second)
    suffixed = ReportOptions(suffix="2026")
    assert (
        individual_report(run(*PEOPLE).definition, PERIOD, run(*PEOPLE).subjects[0], suffixed)["id"] == "sample-a-2026"
    )


def test_a_cohort_score_is_an_option(valid: Any) -> None:
    definition = measure(group("cohort", population("initial-population", "initial-population")))
    result = run(person("a"), person("b"), definition=definition)
    assert "measureScore" not in summary_report(result)["group"][0]
    assert valid(summary_report(result, ReportOptions(cohort_score=True)))["group"][0]["measureScore"] == {"value": 2}


@pytest.mark.parametrize(("given", "said"), [({}, "a date and a reporter"), ({"date": "2027-01-01"}, "a reporter")])
def test_an_edition_needs_what_its_profiles_need(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=f"needs {said}"):
        summary_report(run(person("a")), ReportOptions(edition=Edition.US_5, **given))


def test_strict_reports_are_valid_or_not_given() -> None:
    result = run(person("a"))
    assert summary_report(result, ReportOptions(strict=True)) == summary_report(result)
    with pytest.raises(DataError, match="identifier"):
        summary_report(result, ReportOptions(strict=True, reporter={"identifier": "us"}))


@pytest.mark.parametrize(
    "date", ["2027", "2027-01", "2027-01-15", "2027-01-15T08:30:00Z", "2027-01-15T08:30:00.5+02:00"]
)
def test_dates_of_reports(date: str) -> None:
    assert summary_report(run(person("a")), ReportOptions(date=date))["date"] == date


@pytest.mark.parametrize("date", ["tomorrow", "15.1.2027", "2027-13", "2027-01-15T08:30", "2027-01-15T08:30:00", ""])
def test_what_is_no_date_of_a_report(date: str) -> None:
    with pytest.raises(UsageError, match="no date of a report"):
        ReportOptions(date=date)
