"""What a user can do wrong: it gives a message with a place and a next step, the right exit status, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_support import MEASURE, Command, Ran, Sample


def check(ran: Ran, status: int, *messages: str) -> None:
    """The status, and that all messages are on standard error."""
    for message in messages:
        assert message in ran.err
    assert ran.status == status
    assert "Traceback" not in ran.out + ran.err
    assert "internal error" not in ran.err


def test_unknown_measure(command: Command, sample: Sample) -> None:
    ran = command("evaluate", "DiabetesHbA1c", "-c", sample.path)
    check(ran, 2, "error[unknown-measure]: no measure DiabetesHbA1c", f"hint: did you mean {MEASURE}?")


@pytest.mark.parametrize("period", ["2026-13", "next year", "2026-12..2026-01", ".."])
def test_wrong_period(command: Command, sample: Sample, period: str) -> None:
    check(command("evaluate", MEASURE, "-c", sample.path, "-p", period), 2, "error[period]", "hint: ")


def test_wrong_timezone(command: Command, sample: Sample) -> None:
    ran = command("evaluate", MEASURE, "-c", sample.path, "--timezone", "CET")
    check(ran, 2, "there is no time zone offset 'CET'")


def test_unknown_patient(command: Command, sample: Sample) -> None:
    check(command("evaluate", MEASURE, "-c", sample.path, "-s", "nobody"), 2, "there is no subject nobody")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not valid JSON"),
        ("[1, 2]", "patient.json"),
        ('{"a": 1}', "patient.json"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Encounter"}}]}', "holds no Patient"),
        ('{"resourceType": "Encounter", "id": "e"}', "holds no Patient"),
    ],
)
def test_data_that_cannot_be_used(command: Command, sample: Sample, tmp_path: Path, text: str, message: str) -> None:
    data = tmp_path / "patient.json"
    data.write_text(text)
    check(command("evaluate", MEASURE, "-c", sample.path, "-d", data), 2, message)


@pytest.mark.parametrize("option", ["-c", "-d"])
def test_missing_path(command: Command, sample: Sample, option: str, tmp_path: Path) -> None:
    ran = command("evaluate", MEASURE, "-c", sample.path, option, tmp_path / "nowhere")
    check(ran, 2, "error[missing-path]: no such file or folder", "nowhere")


def test_missing_value_set(command: Command, sample: Sample) -> None:
    (sample.path / "input" / "vocabulary" / "valueset" / "hospice-care.json").unlink()
    ran = command("evaluate", MEASURE, "-c", sample.path)
    check(
        ran,
        2,
        "error[missing-value-set]",
        "http://example.org/cqlmeasure/ValueSet/hospice-care",
        "Hospice Care",
        "hint: ",
    )
    lenient = command("evaluate", MEASURE, "-c", sample.path, "--lenient-terminology")
    check(lenient, 0, "warning[missing-value-set]", "hospice-care")
    assert "score" in lenient.out


def test_missing_library(command: Command, sample: Sample) -> None:
    sample.replace("FHIRHelpers version '4.4.000'", "FHIRHelpers version '9.9'")
    ran = command("evaluate", MEASURE, "-c", sample.path)
    check(ran, 2, f"{sample.cql}:13:1: ", "error[missing-library]", "'9.9'", "'4.4.000'")
    other = command("evaluate", MEASURE, "-c", sample.path, "--any-version")
    check(other, 0, "warning[other-version]")
    assert "score" in other.out


def test_all_errors_of_a_file_are_listed_with_a_caret(command: Command, sample: Sample) -> None:
    sample.replace('exists "Qualifying Visits"', 'exists "Qualified Visits"')
    sample.replace("Visit.status = 'finished'", "Visit.state = 'finished'")
    for arguments in (("evaluate", MEASURE, "-c", sample.path), ("translate", sample.cql), ("test", sample.path)):
        ran = command(*arguments)
        text = ran.out + ran.err
        assert ran.status == 2
        assert "Traceback" not in text
        assert text.count(f"{sample.cql}:") >= 2
        assert "Qualified Visits" in text
        assert "state" in text
        assert text.count("^") >= 2


def test_a_definition_that_fails_for_one_patient(command: Command, sample: Sample) -> None:
    """``singleton from`` two results is an error; everybody else has one result at most."""
    text = sample.cql.read_text()
    start = text.index('  Last("HbA1c Results" Test')
    end = text.index("\n\n", start)
    sample.cql.write_text(f'{text[:start]}  singleton from "HbA1c Results"{text[end:]}')
    ran = command("evaluate", MEASURE, "-c", sample.path)
    check(ran, 1, "two-results-last-counts", f'{MEASURE}."Most Recent HbA1c"', f"{sample.cql}:9", "^^^")
    assert "10 patients" in ran.out
    assert "1 of them failed" in ran.out
    tests = command("test", sample.path)
    assert tests.status == 1
    assert f"failed: {MEASURE} two-results-last-counts" in tests.out
    assert tests.out.endswith("9 of 10 cases match\n")


def test_no_test_cases(command: Command, tmp_path: Path, sample: Sample) -> None:
    check(command("test", sample.path / "input" / "resources"), 2, "error[no-test-cases]", "hint: ")
    check(command("test", sample.path, "-m", "Other"), 2, "no measure Other")


def test_a_broken_case_does_not_stop_the_others(command: Command, sample: Sample) -> None:
    (sample.cases / "exactly-9" / "exactly-9.json").write_text("{")
    ran = command("test", sample.path)
    check(ran, 2)
    assert "is not valid JSON" in ran.out
    assert ran.out.endswith("9 of 10 cases match\n")


def test_translate_what_is_not_there(command: Command, tmp_path: Path) -> None:
    check(command("translate", tmp_path / "none.cql"), 2, "none.cql: error[missing-path]", "expected a file of CQL")


def test_an_expression_with_an_error_shows_its_place(command: Command) -> None:
    check(command("eval", "1 +"), 2, "1:", "error[")
    check(command("eval", "1 + nothing_like_this"), 2, "1:5: error[", "^^^")
    check(command("eval", "  "), 2, "there is no expression")


def test_wrong_parameters(command: Command, sample: Sample) -> None:
    options = ("-c", sample.path, "--parameter")
    check(command("evaluate", MEASURE, *options, "Limit"), 2, "--parameter 'Limit' is not NAME=CQL")
    check(command("evaluate", MEASURE, *options, "Limit=5"), 2, "there is no parameter 'Limit'", "hint: ")
    check(command("evaluate", MEASURE, *options, "Measurement Period=5"), 2, "is set by the period")
    check(command("eval", "1", "--parameter", "x=5"), 2, "no expression uses the parameter 'x'")
    check(command("eval", "x", "--parameter", "x=5", "--parameter", "x=6"), 2, "given twice")
    check(command("eval", "x", "--parameter", "x=1 +"), 2, "parameter 'x'")
    check(command("eval", "1", "--now", "noon"), 2, "there is no date and time 'noon'")


def test_an_output_that_cannot_be_written(command: Command, sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = command("evaluate", MEASURE, "-c", sample.path, "-o", tmp_path / "file" / "report.json")
    check(ran, 2, "error[unwritable-file]")


def test_usage(command: Command) -> None:
    check(command("evaluate"), 2, "Missing argument 'MEASURE...'")
    check(command("frobnicate"), 2, "No such command 'frobnicate'")
