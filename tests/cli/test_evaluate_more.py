"""``cqlmeasure evaluate``: other reports, several measures, several periods, composites, attested scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_support import MEASURE, Command, Sample
from fhir.resources.R4B.measurereport import MeasureReport

BASE = "http://example.org/cqlmeasure"


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


@pytest.fixture
def two(sample: Sample) -> Sample:
    """The sample with a second measure (of the opposite), a composite of both, and an attested measure."""
    folder = sample.path / "input/resources/measure"
    first = json.loads(next(folder.glob("*.json")).read_text())
    other = {**first, "id": "Other", "name": "Other", "url": f"{BASE}/Measure/Other", "title": "Other"}
    whole = {
        **{key: first[key] for key in ("resourceType", "status", "effectivePeriod", "version")},
        "id": "Whole",
        "name": "Whole",
        "url": f"{BASE}/Measure/Whole",
        "scoring": concept("composite"),
        "improvementNotation": concept("decrease"),
        "extension": [
            {
                "url": "http://hl7.org/fhir/uv/cqm/StructureDefinition/cqm-compositeScoring",
                "valueCodeableConcept": concept("opportunity"),
            }
        ],
        "relatedArtifact": [
            {"type": "composed-of", "resource": f"{BASE}/Measure/{name}"} for name in (MEASURE, "Other")
        ],
    }
    attest = {
        "resourceType": "Measure",
        "id": "Attest",
        "name": "Attest",
        "status": "draft",
        "url": f"{BASE}/Measure/Attest",
        "scoring": concept("attestation"),
        "group": [{"id": "g"}],
    }
    for one in (other, whole, attest):
        (folder / f"{one['id']}.json").write_text(json.dumps(one))
    return sample


def test_help_lists_rare_options_last(command: Command) -> None:
    text = command("evaluate", "--help").out
    headings = [
        "Options:",
        "Data and periods:",
        "Large populations:",
        "Reports:",
        "Results beside what is expected:",
        "CQL and terminology:",
    ]
    assert [line for line in text.splitlines() if line.endswith(":") and line[0] != " "] == headings
    first, _, last = text.partition("Data and periods:")
    assert "--data" in first
    assert "--period" in first
    assert "--edition" in last
    assert "--prefer-elm" in last.partition("CQL and terminology:")[2]
    assert "--edition" not in first


def test_subject_list(command: Command, sample: Sample, tmp_path: Path) -> None:
    output = tmp_path / "list.json"
    assert command("evaluate", MEASURE, "-c", sample.path, "--report", "subject-list", "-o", output).status == 0
    report, *individuals = [entry["resource"] for entry in json.loads(output.read_text())["entry"]]
    assert (report["type"], len(individuals)) == ("subject-list", 7)
    MeasureReport.model_validate({**report, "date": "2027-01-01"})


def test_data_collection(command: Command, sample: Sample, tmp_path: Path) -> None:
    output = tmp_path / "data.ndjson"
    assert command("evaluate", MEASURE, "-c", sample.path, "--report", "data-collection", "-o", output).status == 0
    reports = [json.loads(line) for line in output.read_text().splitlines()]
    assert {one["type"] for one in reports} == {"data-collection"}
    assert len(reports) == 10


def test_what_reports_are_like(command: Command, sample: Sample, tmp_path: Path) -> None:
    output, reporter = tmp_path / "summary.json", tmp_path / "us.json"
    reporter.write_text(json.dumps({"resourceType": "Organization", "id": "us", "name": "We"}))
    options = ("--reporter", reporter, "--edition", "us-5", "--narrative", "--strict", "--invert-decrease")
    ran = command(
        "evaluate", MEASURE, "-c", sample.path, *options, "--now", "2027-01-02", "--confidence", "0.9", "-o", output
    )
    assert (ran.status, ran.err) == (0, "")
    assert "90 % interval" in ran.out
    report = json.loads(output.read_text())
    assert report["reporter"] == {"reference": "#us"}
    assert report["date"].startswith("2027-01-02T")
    assert report["text"]["div"]
    assert "/us/davinci-deqm/" in report["meta"]["profile"][0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--reporter", "nobody"), "neither a file nor a reference"),
        (("--reporter", "no-such.json"), "cannot read no-such.json"),
        (("--edition", "us-5", "-o", "-"), "--edition needs --reporter"),
        (("--edition", "us-5", "--reporter", "Organization/1"), "--edition is for reports that are written"),
        (("--report", "individual"), "--report is for reports that are written"),
        (("--narrative",), "name a file with -o"),
        (("--rows", "population", "-o", "rows.json"), "--rows is for tables"),
        (("-o", "table.xlsx"), "cannot write .xlsx"),
        (("--confidence", "2"), "--confidence"),
        (("--attest", "no-such.json"), "cannot read no-such.json"),
    ],
)
def test_what_cannot_be(command: Command, sample: Sample, options: tuple[str, ...], said: str) -> None:
    ran = command("evaluate", MEASURE, "-c", sample.path, *options)
    assert ran.status == 2
    assert said in ran.err


def test_several_periods(command: Command, sample: Sample, tmp_path: Path) -> None:
    output = tmp_path / "years.json"
    ran = command("evaluate", MEASURE, "-c", sample.path, "-p", "2025..2026", "--step", "year", "-o", output)
    lines = [line.split("  ") for line in ran.out.splitlines()]
    found = {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}
    assert found["2025-01-01 to 2025-12-31"] == ["1", "1", "0", "1", "100.0 %"]
    assert found["2026-01-01 to 2026-12-31"] == ["7", "7", "1", "3", "50.0 %", "-50.0"]
    reports = [entry["resource"] for entry in json.loads(output.read_text())["entry"]]
    assert len({report["id"] for report in reports}) == 2
    table = tmp_path / "years.csv"
    assert command("evaluate", MEASURE, "-c", sample.path, "--step", "quarter", "-o", table).status == 0
    header, *rows = table.read_text().splitlines()
    assert header.startswith("measure,start,end,subject,")
    assert len(rows) == 40


def test_several_measures_and_a_composite(command: Command, two: Sample, tmp_path: Path) -> None:
    output = tmp_path / "all.ndjson"
    names = (MEASURE, "Other", "Whole", MEASURE)
    ran = command("evaluate", *names, "-c", two.path, "-d", two.cases, "-o", output)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("10 patients") == 3
    reports = [json.loads(line) for line in output.read_text().splitlines()]
    assert [one["measure"].partition("|")[0].rpartition("/")[2] for one in reports] == [MEASURE, "Other", "Whole"]
    assert reports[2]["group"][0]["measureScore"] == {"value": 0.5}
    alone = command("evaluate", "Whole", "-c", two.path, "-d", two.cases)
    assert alone.status == 0
    assert alone.out in ran.out
    assert "the patients have to be given" in command("evaluate", *names, "-c", two.path).err
    explained = command("evaluate", "Whole", "-c", two.path, "-d", two.cases, "--explain", "exactly-9")
    assert explained.status == 2
    assert f"explain one of its components: {MEASURE}, Other" in explained.err


def test_attested_scores(command: Command, two: Sample, tmp_path: Path) -> None:
    file, output = tmp_path / "attested.json", tmp_path / "summary.json"
    score = {"url": "http://hl7.org/fhir/uv/deqm/StructureDefinition/deqm-alternateScoreType", "valueBoolean": True}
    attestation = {
        "resourceType": "MeasureReport",
        "measure": f"{BASE}/Measure/Attest",
        "reporter": {"reference": "Organization/1"},
        "group": [{"id": "g", "extension": [score]}],
    }
    file.write_text(json.dumps(attestation))
    ran = command("evaluate", "Attest", "-c", two.path, "-p", "2026", "--attest", file, "-o", output)
    assert (ran.status, ran.err) == (0, "")
    assert "score, attested  true" in ran.out
    assert json.loads(output.read_text())["group"][0]["extension"] == [score]
    assert command("evaluate", MEASURE, "-c", two.path, "--attest", file).status == 2


def test_the_members_of_a_group(command: Command, sample: Sample, tmp_path: Path) -> None:
    group = {
        "resourceType": "Group",
        "id": "two",
        "member": [{"entity": {"reference": f"Patient/{name}"}} for name in ("exactly-9", "no-diabetes")],
    }
    data = tmp_path / "data"
    shutil.copytree(sample.cases, data)
    file = tmp_path / "group.json"
    file.write_text(json.dumps(group))
    first = sorted(data.rglob("*.json"))[0]
    bundle = json.loads(first.read_text())
    bundle["entry"].append({"resource": group})
    first.write_text(json.dumps(bundle))
    for subject in ("Group/two", file):
        ran = command("evaluate", MEASURE, "-c", sample.path, "-d", data, "-s", subject)
        assert ran.status == 0
        assert "2 patients" in ran.out
    ran = command("evaluate", MEASURE, "-c", sample.path, "-d", data, "-s", "Group/none")
    assert ran.status == 2
    assert "no Group/none in the data" in ran.err


def test_locations_as_subjects(command: Command, sample: Sample, tmp_path: Path) -> None:
    folder = sample.path / "input/resources/measure"
    wards = json.loads(next(folder.glob("*.json")).read_text())
    wards.update(id="Wards", name="Wards", url=f"{BASE}/Measure/Wards", subjectCodeableConcept=concept("Location"))
    (folder / "Wards.json").write_text(json.dumps(wards))
    data = tmp_path / "data.ndjson"
    data.write_text('{"resourceType": "Location", "id": "north"}\n')
    ran = command("evaluate", "Wards", "-c", sample.path, "-d", data)
    assert "1 location" in ran.out
    assert "each Location is a subject: --data" in command("evaluate", "Wards", "-c", sample.path).err


def test_the_patients_of_a_provider(command: Command, sample: Sample, tmp_path: Path) -> None:
    output = tmp_path / "summary.json"
    for name in ("exactly-9", "no-diabetes"):
        file = next((sample.cases / name).glob("*.json"))
        bundle = json.loads(file.read_text())
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == "Patient":
                entry["resource"]["generalPractitioner"] = [{"reference": "Practitioner/1"}]
        file.write_text(json.dumps(bundle))
    asked = ("evaluate", MEASURE, "-c", sample.path, "--provider", "Practitioner/1")
    ran = command(*asked, "-o", output)
    assert (ran.status, ran.err) == (0, "")
    assert "2 patients" in ran.out
    assert json.loads(output.read_text())["reporter"] == {"reference": "Practitioner/1"}
    ran = command(*asked, "--attribution", "Denominator Exclusions", "--attribution", 'exists "Diabetes Diagnoses"')
    assert (ran.status, "9 patients" in ran.out) == (0, True)
    ran = command(*asked, "--attribution", "Encounter.serviceProvider")
    assert ran.status == 0
    assert "warning[nobody-attributed]: no subject is attributed to Practitioner/1" in ran.err
    for rule, said in (
        ("Qualfying Visits", "did you mean 'Qualifying Visits'?"),
        ("Diabetes", "'Diabetes' gives System.ValueSet, which names no provider"),
    ):
        ran = command(*asked, "--attribution", rule)
        assert (ran.status, ran.out) == (2, "")
        assert said in ran.err
