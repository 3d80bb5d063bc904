"""The commands on the sample measure, as their users type them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_support import MEASURE, Command, Sample
from fhir.resources.R4B.measurereport import MeasureReport

import cqlmeasure as cm


def test_help_loads_nothing_heavy() -> None:
    """Help and shell completion stay fast: neither rich nor an engine room is loaded."""
    code = (
        "import sys; from cqlmeasure.cli.app import run; status = run(['--help']);"
        "heavy = [n for n in sys.modules if n.split('.')[0] == 'rich' or n.startswith(('cqlmeasure.api',"
        " 'cqlmeasure.translator', 'cqlmeasure.runtime', 'cqlmeasure.content'))];"
        "sys.exit(', '.join(heavy) or status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.returncode == 0
    for name in ("evaluate", "test", "translate", "eval", "repl"):
        assert f"  {name} " in done.stdout


@pytest.mark.parametrize("name", ["evaluate", "test", "translate", "eval", "repl"])
def test_every_command_explains_itself(command: Command, name: str) -> None:
    ran = command(name, "--help")
    assert ran.status == 0
    assert f"cqlmeasure {name}" in ran.out
    assert len(ran.out.splitlines()) > 10


def test_version(command: Command) -> None:
    assert command("--version").out == f"cqlmeasure, version {cm.__version__}\n"


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the first table: label to cells."""
    found = {}
    for line in text.splitlines():
        label, *cells = [cell for cell in line.split("  ") if cell.strip()] or [""]
        found.setdefault(label.strip(), [cell.strip() for cell in cells])
    return found


def test_evaluate_shows_populations_score_and_strata(command: Command, sample: Sample) -> None:
    ran = command("evaluate", MEASURE, "--content", sample.path, "--period", "2026")
    assert (ran.status, ran.err) == (0, "")
    table = rows(ran.out)
    assert table["initial population"] == ["7", "2", "2", "3"]
    assert table["denominator exclusion"] == ["1", "0", "0", "1"]
    assert table["numerator"] == ["3", "1", "2", "0"]
    assert table["score"] == ["50.0 %", "50.0 %", "100.0 %", "0.0 %"]
    assert "2026-01-01 to 2026-12-31, 10 patients" in ran.out


def test_evaluate_takes_the_period_of_the_measure(command: Command, sample: Sample) -> None:
    with_period = command("evaluate", MEASURE, "-c", sample.path, "-p", "2026-01-01..2026-12-31")
    assert command("evaluate", MEASURE, "-c", sample.path).out == with_period.out


def test_evaluate_in_another_period_gives_another_result(command: Command, sample: Sample) -> None:
    table = rows(command("evaluate", MEASURE, "-c", sample.path, "-p", "2025").out)
    assert table["initial population"][0] == "1"


def test_evaluate_writes_the_summary(command: Command, sample: Sample, tmp_path: Path) -> None:
    output = tmp_path / "new" / "summary.json"
    assert command("evaluate", MEASURE, "-c", sample.path, "-o", output).status == 0
    report = json.loads(output.read_text())
    MeasureReport.model_validate({**report, "date": "2027-01-01"})
    assert report["type"] == "summary"
    assert report["group"][0]["measureScore"] == {"value": 0.5}
    assert [one["value"]["text"] for one in report["group"][0]["stratifier"][0]["stratum"]] == [
        "18-44",
        "45-64",
        "65-75",
    ]


def test_evaluate_writes_individual_reports_by_line(command: Command, sample: Sample, tmp_path: Path) -> None:
    output = tmp_path / "reports.ndjson"
    assert command("evaluate", MEASURE, "-c", sample.path, "--report", "individual", "-o", output).status == 0
    reports = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(reports) == 10
    assert {report["type"] for report in reports} == {"individual"}


def test_evaluate_writes_to_standard_output_and_nothing_else(command: Command, sample: Sample) -> None:
    ran = command("evaluate", MEASURE, "-c", sample.path, "-s", "exactly-9", "--report", "individual", "-o", "-")
    bundle = json.loads(ran.out)
    assert [entry["resource"]["subject"]["reference"] for entry in bundle["entry"]] == ["Patient/exactly-9"]


def test_evaluate_takes_patients_from_a_folder(command: Command, sample: Sample) -> None:
    own = command("evaluate", MEASURE, "-c", sample.path)
    assert command("evaluate", MEASURE, "-c", sample.path, "-d", sample.cases).out == own.out


def test_evaluate_writes_tables(command: Command, sample: Sample, tmp_path: Path) -> None:
    output = tmp_path / "patients.csv"
    assert command("evaluate", MEASURE, "-c", sample.path, "-o", output).status == 0
    lines = output.read_text().splitlines()
    assert lines[0] == ("subject,group,failed,initial-population,denominator,denominator-exclusion,numerator,age-band")
    assert "result-above-9,group-1,false,1,1,0,1,45-64" in lines
    assert command("evaluate", MEASURE, "-c", sample.path, "-o", output, "--rows", "population").status == 0
    assert len(output.read_text().splitlines()) == 41


def test_evaluate_explains_a_patient(command: Command, sample: Sample) -> None:
    ran = command("evaluate", MEASURE, "-c", sample.path, "--explain", "no-visit-in-period", "--explain", "exactly-9")
    assert (ran.status, ran.err) == (0, "")
    first, second = ran.out.split(f"\n{MEASURE}: exactly-9\n")
    assert first.startswith(f"{MEASURE}: no-visit-in-period\n├── initial-population: 0\n")
    for text in (
        'exists "Qualifying Visits": false',
        "nearest: Encounter/no-visit-in-period-visit-1 meets 1 of 2 conditions",
        'not met: Visit.period during day of "Measurement Period"',
        "numerator: 0 (the criterion is met, but the initial-population is not)",
        f'{MEASURE}."Diabetes Diagnoses": 1 item',
    ):
        assert text in first
    assert "\"Most Recent HbA1c\".value as Quantity is 9.0 '%'" in second
    assert command("evaluate", MEASURE, "-c", sample.path, "--explain", "nobody").status == 2


def test_evaluate_takes_parameters(command: Command, sample: Sample) -> None:
    sample.replace("> 9 '%'", "> Limit")
    sample.replace("\ncontext Patient", "\nparameter Limit Quantity default 9 '%'\n\ncontext Patient")

    def numerator(*options: str) -> str:
        return rows(command("evaluate", MEASURE, "-c", sample.path, *options).out)["numerator"][0]

    assert numerator() == "3"
    assert numerator("--parameter", "Limit=5 '%'") == "6"


def test_the_same_input_gives_the_same_bytes(command: Command, sample: Sample, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    for output in (first, second):
        command("evaluate", MEASURE, "-c", sample.path, "--report", "individual", "-o", output)
    assert first.read_bytes() == second.read_bytes()


def test_test_passes_on_the_sample(command: Command, sample: Sample, tmp_path: Path) -> None:
    out, reports = tmp_path / "out.json", tmp_path / "reports"
    ran = command("test", sample.path, "--json", out, "--reports", reports)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.endswith("10 of 10 cases match\n")
    outcome = json.loads(out.read_text())
    assert outcome["total"] == {"cases": 10, "match": 10, "differ": 0, "failed": 0, "unchecked": 0, "error": 0}
    written = sorted(path.relative_to(reports).as_posix() for path in reports.rglob("*.json"))
    assert written == sorted(f"{MEASURE}/{case['case']}.json" for case in outcome["measures"][0]["cases"])
    report = json.loads((reports / MEASURE / "exactly-9.json").read_text())
    MeasureReport.model_validate({**report, "date": "2027-01-01"})
    assert report["subject"] == {"reference": "Patient/exactly-9"}


def test_test_with_several_processes_says_the_same(command: Command, sample: Sample) -> None:
    sample.replace("> 9 '%'", ">= 9 '%'")
    assert command("test", sample.path, "--jobs", "2") == command("test", sample.path)


def test_test_tells_what_was_expected_what_came_and_the_file(command: Command, sample: Sample) -> None:
    sample.replace("> 9 '%'", ">= 9 '%'")
    ran = command("test", sample.path, "--measure", MEASURE)
    assert ran.status == 1
    assert f"differ: {MEASURE} exactly-9" in ran.out
    assert "group group-1, numerator: expected 0, computed 1" in ran.out
    assert str(sample.cases / "exactly-9" / "exactly-9.json") in ran.out
    assert "result-below-9" not in ran.out
    assert ran.out.endswith("9 of 10 cases match\n")


def test_test_explains_what_differs(command: Command, sample: Sample, tmp_path: Path) -> None:
    sample.replace("> 9 '%'", ">= 9 '%'")
    out = tmp_path / "out.json"
    ran = command("test", sample.path, "--explain", "--json", out)
    assert ran.status == 1
    assert 'numerator: 1\n  └── "Numerator": true' in ran.out
    assert "\"Most Recent HbA1c\".value as Quantity is 9.0 '%'" in ran.out
    assert "initial-population" not in ran.out
    (case,) = [one for one in json.loads(out.read_text())["measures"][0]["cases"] if one["status"] == "differ"]
    assert [one["population"] for one in case["reasons"]] == ["numerator"]
    assert command("test", sample.path, "--explain", "--jobs", "2").out == ran.out


def test_test_tells_what_changed_since_a_baseline(command: Command, sample: Sample, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    command("test", sample.path, "--json", baseline)
    same = command("test", sample.path, "--baseline", baseline)
    assert (same.status, same.out.splitlines()[-1]) == (0, "nothing changed since the baseline")

    sample.replace("> 9 '%'", ">= 9 '%'")
    worse = command("test", sample.path, "--baseline", baseline, "--json", baseline)
    assert worse.status == 1
    assert f"newly failing: 1\n  {MEASURE} exactly-9\n    now: group group-1, numerator: expected 0" in worse.out

    known = command("test", sample.path, "--baseline", baseline)
    assert (known.status, known.out.splitlines()[-1]) == (0, "nothing changed since the baseline")

    sample.replace(">= 9 '%'", "> 9 '%'")
    (sample.cases / "result-below-9" / "result-below-9.json").unlink()
    better = command("test", sample.path, "--baseline", baseline, "--measure", MEASURE)
    assert better.status == 0
    assert f"newly passing: 1\n  {MEASURE} exactly-9\n    before: group group-1" in better.out
    assert f"gone: 1\n  {MEASURE} result-below-9" in better.out


def test_a_baseline_must_be_an_outcome(command: Command, sample: Sample, tmp_path: Path) -> None:
    for text, message in (("{", "is not valid JSON"), ("{}", "is no outcome of test cases")):
        (tmp_path / "baseline.json").write_text(text)
        ran = command("test", sample.path, "--baseline", tmp_path / "baseline.json")
        assert (ran.status, message in ran.err) == (2, True)


def test_translate_writes_elm(command: Command, sample: Sample, tmp_path: Path) -> None:
    output = tmp_path / "elm.json"
    ran = command("translate", sample.cql, "-o", output)
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    library = json.loads(output.read_text())["library"]
    assert library["identifier"] == {"id": MEASURE, "version": "1.0.0"}
    assert "Numerator" in [definition["name"] for definition in library["statements"]["def"]]
    assert json.loads(command("translate", sample.cql).out)["library"] == library


def test_evaluates_published_elm_alone(command: Command, sample: Sample, tmp_path: Path) -> None:
    """A Library that carries only ELM gives the same result as its CQL."""
    with_cql = command("evaluate", MEASURE, "-c", sample.path)
    elm = command("translate", sample.cql).out
    resource = sample.path / "input" / "resources" / "library" / f"{MEASURE}.json"
    library = json.loads(resource.read_text())
    library["content"] = [{"contentType": "application/elm+json", "data": base64.b64encode(elm.encode()).decode()}]
    resource.write_text(json.dumps(library))
    sample.cql.unlink()
    assert command("evaluate", MEASURE, "-c", sample.path) == with_cql


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 1", "2"),
        ("Interval[@2026-01-01, @2026-12-31] contains @2026-07-01", "true"),
        ("{1, 2, null}", "{ 1, 2, null }"),
        ("5 'mg' * 2", "10.0 'mg'"),
        ("@2026-01-31 + 1 month", "@2026-02-28"),
    ],
)
def test_eval(command: Command, expression: str, value: str) -> None:
    ran = command("eval", expression)
    assert (ran.status, ran.out.strip(), ran.err) == (0, value, "")


def test_eval_of_several_expressions(command: Command) -> None:
    ran = command("eval", "x * 2", "x > 4 'mg'", "--parameter", "x=5 'mg'")
    assert (ran.status, ran.out) == (0, "10.0 'mg'\ntrue\n")
    assert command("eval", "Today()", "--now", "2026-07-01").out == "@2026-07-01\n"


def test_eval_as_fhir_parameters(command: Command) -> None:
    one = {"name": "return", "valueInteger": 2}
    assert json.loads(command("eval", "1 + 1", "--json").out) == {"resourceType": "Parameters", "parameter": [one]}
    several = json.loads(command("eval", "1 + 1", "{true}", "--json").out)["parameter"]
    assert several == [{"name": "1 + 1", "valueInteger": 2}, {"name": "{true}", "valueBoolean": True}]


@pytest.mark.parametrize(
    ("expression", "more", "value"),
    [
        ("Count([Encounter] E where E.status = 'finished')", (), "2"),
        ("AgeInYearsAt(@2026-12-31)", (), "25"),
        ("Patient.gender", ("--using", "QICore 6.0.0"), "'female'"),
        (
            f'{MEASURE}."Age at End of Period"',
            ("--content", "SAMPLE", "--include", MEASURE, "--period", "2026", "--using", "QICore 6.0.0"),
            "25",
        ),
    ],
)
def test_eval_for_a_patient(
    command: Command, sample: Sample, expression: str, more: tuple[str, ...], value: str
) -> None:
    case = "two-results-last-counts"
    options = [sample.path if one == "SAMPLE" else one for one in more]
    ran = command("eval", expression, "--data", sample.cases / case / f"{case}.json", *options)
    assert (ran.status, ran.out.strip(), ran.err) == (0, value, "")
