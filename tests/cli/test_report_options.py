"""``cqlmeasure evaluate``: what options do to the reports that are written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_support import MEASURE, Command, Sample

Json = dict[str, Any]


@pytest.fixture
def banded(sample: Sample) -> Sample:
    """The sample with a stratifier that is true or false, one with a value for some, and supplemental data."""
    sample.cql.write_text(
        sample.cql.read_text()
        + '\ndefine "Is Poor": "Numerator"\n\ndefine "Some Band": if "Numerator" then \'poor\' else null\n'
    )
    file = next((sample.path / "input/resources/measure").glob("*.json"))
    measure = json.loads(file.read_text())
    (group,) = measure["group"]

    def criteria(name: str) -> Json:
        return {"language": "text/cql-identifier", "expression": name}

    group["stratifier"] = [
        {"id": "poor", "criteria": criteria("Is Poor")},
        {"id": "band", "criteria": criteria("Some Band"), "valueSet": "http://example.org/ValueSet/bands"},
    ]
    measure["supplementalData"] = [
        {
            "id": "sex",
            "usage": [{"coding": [{"code": "supplemental-data"}]}],
            "criteria": {"language": "text/fhirpath", "expression": "Patient.gender"},
        }
    ]
    file.write_text(json.dumps(measure))
    codes = [{"system": "http://example.org/bands", "code": code} for code in ("poor", "good")]
    bands = {
        "resourceType": "ValueSet",
        "id": "bands",
        "url": "http://example.org/ValueSet/bands",
        "status": "active",
        "expansion": {"timestamp": "2026-01-01", "total": 2, "contains": codes},
    }
    (sample.path / "input/vocabulary/valueset/bands.json").write_text(json.dumps(bands))
    return sample


def written(command: Command, sample: Sample, *options: object, output: str = "out.json") -> Json:
    file = sample.path / output
    ran = command("evaluate", MEASURE, "-c", sample.path, *options, "-o", file)
    assert ran.status == 0, ran.err
    found = json.loads(file.read_text())
    assert isinstance(found, dict)
    return found


def strata(report: Json) -> list[list[str]]:
    return [
        [one["value"].get("text") or one["value"]["coding"][0]["code"] for one in stratifier["stratum"]]
        for stratifier in report["group"][0]["stratifier"]
    ]


def test_which_strata_are_reported(command: Command, banded: Sample) -> None:
    plain = strata(written(command, banded))
    assert [len(found) for found in plain] == [1, 3]
    assert plain[0] == ["true"]
    assert {"poor", "good"} < set(plain[1])
    both, band = strata(written(command, banded, "--false-strata"))
    assert both == ["true", "false"]
    assert band == plain[1]
    assert "good" not in strata(written(command, banded, "--no-empty-strata"))[1]
    assert set(strata(written(command, banded, "--no-null-strata"))[1]) == {"poor", "good"}


def test_how_supplemental_data_are_counted(command: Command, banded: Sample) -> None:
    components = written(command, banded)["contained"]
    values = written(command, banded, "--supplemental-form", "values")["contained"]
    assert [len(one["component"]) for one in components] == [len(values)] == [2]
    assert all("valueInteger" in one for one in values)


def test_identity_date_and_profiles(command: Command, sample: Sample) -> None:
    plain = written(command, sample)
    assert "date" not in plain
    options = ("--date", "2027-01-15", "--id-suffix", "north", "--profile", "http://a.example", "--profile", "urn:b")
    report = written(command, sample, *options)
    assert report["id"] == f"{plain['id']}-north"
    assert report["date"] == "2027-01-15"
    assert report["meta"]["profile"] == ["http://a.example", "urn:b"]


def test_the_members_of_a_cohort_are_its_score_on_request(command: Command, sample: Sample) -> None:
    file = next((sample.path / "input/resources/measure").glob("*.json"))
    measure = json.loads(file.read_text())
    group = measure["group"][0]
    (measure if "scoring" in measure else group)["scoring"] = {"coding": [{"code": "cohort"}]}
    group["population"] = group["population"][:1]
    group.pop("stratifier", None)
    file.write_text(json.dumps(measure))
    assert "measureScore" not in written(command, sample)["group"][0]
    assert written(command, sample, "--cohort-score")["group"][0]["measureScore"] == {"value": 7}


def test_forms_of_subject_lists(command: Command, sample: Sample) -> None:
    def listed(*options: object) -> list[Json]:
        bundle = written(command, sample, "--report", "subject-list", *options)
        return [entry["resource"] for entry in bundle["entry"]]

    report, *individuals = listed("--list-form", "subjects")
    assert individuals == []
    assert "Patient/exactly-9" in json.dumps(report["contained"])
    report, *individuals = listed("--list-form", "references")
    assert "List" not in {item["resourceType"] for item in report["contained"]}
    assert len(individuals) == 7
    report, *_ = listed("--list-limit", "2", "--partial-list")
    assert "only 2 of 10" in json.dumps(report)
    assert "subject" not in report
    limited = ("--report", "subject-list", "--list-limit", "2", "-o", "-")
    refused = command("evaluate", MEASURE, "-c", sample.path, *limited)
    assert refused.status == 2
    assert "more than the 2" in refused.err


def test_a_list_of_the_members_of_a_group_is_about_the_group(command: Command, sample: Sample, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(sample.cases, data)
    first = sorted(data.rglob("*.json"))[0]
    bundle = json.loads(first.read_text())
    group = {"resourceType": "Group", "id": "two", "member": [{"entity": {"reference": "Patient/exactly-9"}}]}
    bundle["entry"].append({"resource": group})
    first.write_text(json.dumps(bundle))
    found = written(command, sample, "-d", data, "-s", "Group/two", "--report", "subject-list")
    assert found["entry"][0]["resource"]["subject"] == {"reference": "Group/two"}


@pytest.mark.parametrize("kind", ["snapshot", "incremental"])
def test_update_types(command: Command, sample: Sample, kind: str) -> None:
    found = written(command, sample, "--report", "data-collection", "--update-type", kind)
    reports = [entry["resource"] for entry in found["entry"]]
    assert {one["modifierExtension"][0]["valueCode"] for one in reports} == {kind}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--list-form", "subjects"), "--list-form is for --report subject-list"),
        (("--list-limit", "0"), "--list-limit is for --report subject-list"),
        (("--partial-list",), "--partial-list is for --report subject-list"),
        (("--report", "subject-list", "--partial-list"), "--partial-list needs --list-limit"),
        (("--report", "individual", "--update-type", "snapshot"), "--update-type is for --report data-collection"),
        (("--date", "15.1.2027", "-o", "-"), "no date of a report"),
        (("--date", "2027-01-15T08:30", "-o", "-"), "no date of a report"),
    ],
)
def test_what_cannot_be(command: Command, sample: Sample, options: tuple[str, ...], said: str) -> None:
    ran = command("evaluate", MEASURE, "-c", sample.path, *options)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize("kind", ["individual", "data-collection"])
def test_a_bundle_for_each_patient(command: Command, sample: Sample, kind: str) -> None:
    folder = sample.path / "input/resources/measure"
    first = json.loads(next(folder.glob("*.json")).read_text())
    (folder / "Other.json").write_text(
        json.dumps({**first, "id": "Other", "name": "Other", "url": "http://a.example/o"})
    )
    file = sample.path / "out.ndjson"
    options = ("-d", sample.cases, "--report", kind, "--bundles", "-o", file)
    ran = command("evaluate", MEASURE, "Other", "-c", sample.path, *options)
    assert (ran.status, ran.err) == (0, "")
    bundles = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(bundles) == 10
    for bundle in bundles:
        assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
        resources = [entry["resource"] for entry in bundle["entry"]]
        reports = [one for one in resources if one["resourceType"] == "MeasureReport"]
        assert [one["type"] for one in reports] == [kind] * 2
        names = [f"{one['resourceType']}/{one['id']}" for one in resources]
        assert len(names) == len(set(names))
        wanted = {one["reference"] for report in reports for one in report.get("evaluatedResource", ())}
        assert wanted | {reports[0]["subject"]["reference"]} == {name for name in names if "MeasureReport" not in name}
    refused = command("evaluate", MEASURE, "-c", sample.path, "--bundles")
    assert (refused.status, refused.out) == (2, "")
    assert "--bundles is for --report individual" in refused.err


def test_the_period_that_holds_a_day(command: Command, sample: Sample) -> None:
    ran = command("evaluate", MEASURE, "-c", sample.path, "--period-at", "2026-03-15")
    assert "2026-01-01 to 2026-12-31" in ran.out
    file = next((sample.path / "input/resources/measure").glob("*.json"))
    measure = json.loads(file.read_text())
    base = "http://hl7.org/fhir/uv/cqm/StructureDefinition/cqm-effectivePeriod"
    measure["effectivePeriod"] = {
        "extension": [
            {"url": f"{base}Anchor", "valueDate": "2020-07-01"},
            {
                "url": f"{base}Duration",
                "valueDuration": {"value": 6, "code": "mo", "system": "http://unitsofmeasure.org"},
            },
        ]
    }
    file.write_text(json.dumps(measure))
    ran = command("evaluate", MEASURE, "-c", sample.path, "--period-at", "2026-03-15")
    assert (ran.status, ran.err) == (0, "")
    assert "2026-01-01 to 2026-06-30" in ran.out
    for options, said in (
        (("--period-at", "the ides"), "there is no day 'the ides'"),
        (("--period-at", "2026-03-15", "-p", "2026"), "not both"),
    ):
        ran = command("evaluate", MEASURE, "-c", sample.path, *options)
        assert (ran.status, ran.out) == (2, "")
        assert said in ran.err


def test_the_rate_of_all_groups(command: Command, sample: Sample) -> None:
    file = next((sample.path / "input/resources/measure").glob("*.json"))
    measure = json.loads(file.read_text())
    (group,) = measure["group"]
    second = {**json.loads(json.dumps(group).replace("group-1", "group-2")), "id": "group-2"}
    third = next(one for one in second["population"] if one["code"]["coding"][0]["code"] == "numerator")
    third["criteria"]["expression"] = "Denominator"
    measure["group"].append(second)
    url = "http://hl7.org/fhir/uv/cqm/StructureDefinition/cqm-rateAggregation"
    file.write_text(json.dumps(measure))
    assert "all groups" not in command("evaluate", MEASURE, "-c", sample.path).out
    measure["extension"] = [*measure.get("extension", ()), {"url": url, "valueString": "average"}]
    file.write_text(json.dumps(measure))
    assert "all groups (average): 75.0 %" in command("evaluate", MEASURE, "-c", sample.path).out
