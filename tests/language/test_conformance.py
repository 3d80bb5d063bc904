"""The conformance runner: reader, comparison, verdicts; and the published suite, where it lies beside the checkout."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cql_tests.__main__ import main
from cql_tests.compare import agree
from cql_tests.expected import read_expected
from cql_tests.values import Amount, Number, Pair, Point, Span, Structure, Unreadable

EXCLUDED = 3
IN_SCOPE = 1812

LITERALS: list[tuple[str, Any]] = [
    ("null", None),
    ("true", True),
    ("-5", Number("Integer", Decimal(-5))),
    ("+5.50", Number("Decimal", Decimal("5.50"))),
    ("5L", Number("Long", Decimal(5))),
    (r"'it\'s \u00e9\n'", "it's é\n"),
    ("@2014", Point("Date", (2014,))),
    ("@2014T", Point("DateTime", (2014,))),
    ("@2014-01-02T03:04:05.6-07:30", Point("DateTime", (2014, 1, 2, 3, 4, 5, 600), -450)),
    ("@2014-01-02T03Z", Point("DateTime", (2014, 1, 2, 3), 0)),
    ("@T03:04", Point("Time", (3, 4))),
    ("5 'mg'", Amount(Decimal(5), "mg")),
    ("5'mg'", Amount(Decimal(5), "mg")),
    ("2 days", Amount(Decimal(2), "days")),
    ("1 'mg':2 'mL'", Pair(Amount(Decimal(1), "mg"), Amount(Decimal(2), "mL"))),
    ("Interval(1, null]", Span(Number("Integer", Decimal(1)), None, False, True)),
    ("{}", []),
    ("List { 'a', null }", ["a", None]),
    ("{ a: true }", Structure("Tuple", {"a": True})),
    ("Tuple { : }", Structure("Tuple", {})),
    ("Code { code: 'x' }", Structure("Code", {"code": "x"})),
]


@pytest.mark.parametrize(("text", "value"), LITERALS)
def test_literals_are_read(text: str, value: Any) -> None:
    assert read_expected(text) == value


@pytest.mark.parametrize("text", ["", "1 + 1", "maybe", "{ 1", "'open", "@", "Interval[1, 2", "5 'mg' extra"])
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_expected(text)


SAME = [
    ("1", "1.0", False),
    ("0.333333331", "0.33333333", False),
    ("Interval(0, 3)", "Interval[1, 2]", True),
    ("Interval[1.0, 2.0)", "Interval[1.0, 1.99999999]", True),
    ("Interval[@2020-01-01, @2020-02-01)", "Interval[@2020-01-01, @2020-01-31]", True),
    ("@2020-01-01T10:00:00.000+02:00", "@2020-01-01T08:00:00.000Z", True),
    ("@2020-01-01T10:00:00.000+02:00", "@2020-01-01T10:00:00.000", True),
    ("1 day", "1 days", True),
]
OTHER = [
    ("null", "false"),
    ("1", "2"),
    ("'1'", "1"),
    ("{ 1, 2 }", "{ 2, 1 }"),
    ("@2020", "@2020-01"),
    ("1 'mg'", "1 'g'"),
    ("Interval[1, null)", "Interval[1, null]"),
    ("Tuple { a: 1 }", "Tuple { b: 1 }"),
    ("Tuple { a: 1 }", "{ 1 }"),
    ("1 'mg':2 'mg'", "1 'mg':3 'mg'"),
]


@pytest.mark.parametrize(("actual", "expected", "strict"), SAME)
def test_values_agree(actual: str, expected: str, strict: bool) -> None:
    assert agree(read_expected(actual), read_expected(expected))
    assert agree(read_expected(actual), read_expected(expected), strict=True) is strict


@pytest.mark.parametrize(("actual", "expected"), OTHER)
def test_values_differ(actual: str, expected: str) -> None:
    assert not agree(read_expected(actual), read_expected(expected))
    assert not agree(read_expected(expected), read_expected(actual))


SUITE = """<tests xmlns="http://hl7.org/fhirpath/tests" name="Own">
  <group name="G">
    <test name="right" version="1.0"><capability code="c"/><expression>1 + 1</expression><output>2</output></test>
    <test name="wrong"><expression>1 + 1</expression><output>3</output></test>
    <test name="broken"><expression>1 + 'a'</expression><output>3</output></test>
    <test name="refused"><expression invalid="syntax">1 +</expression></test>
    <test name="accepted"><expression invalid="true">1</expression></test>
    <test name="later" version="2.0"><expression>1</expression><output>1</output></test>
  </group>
</tests>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Own.xml").write_text(SUITE)
    return tmp_path


def exclusions(folder: Path, *names: str) -> Path:
    file = folder / "exclusions.toml"
    entries = [f'[[excluded]]\nsuite = "Own"\ngroup = "G"\nname = "{name}"\nreason = "r"\n' for name in names]
    file.write_text("\n".join(entries))
    return file


def test_verdicts_and_reports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, official = folder / "found.json", folder / "official.json"
    none = exclusions(folder)
    assert main([str(folder), "--exclusions", str(none), "--json", str(found), "--official", str(official)]) == 1
    results = {one["name"]: one["status"] for one in json.loads(found.read_text())["results"]}
    assert results == {
        "right": "pass",
        "wrong": "fail",
        "broken": "error",
        "refused": "pass",
        "accepted": "fail",
        "later": "skip",
    }
    report = json.loads(official.read_text())
    assert report["testResultsSummary"] == {"passCount": 2, "skipCount": 1, "failCount": 2, "errorCount": 1}
    assert report["results"][0]["capabilities"] == [{"code": "c"}]
    assert {one["invalid"] for one in report["results"]} == {"true", "false"}
    assert all(isinstance(one.get("error", {}).get("message", ""), str) for one in report["results"])
    assert "2 of 5 tests in scope pass" in capsys.readouterr().out


def test_exclusions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = ["wrong", "broken", "accepted"]
    assert main([str(folder), "--exclusions", str(exclusions(folder, *known))]) == 0
    assert main([str(folder), "--exclusions", str(exclusions(folder, *known, "right"))]) == 1
    assert "Own / G / right: passes although it is excluded" in capsys.readouterr().out
    assert main([str(folder), "--exclusions", str(exclusions(folder, *known, "none"))]) == 1
    assert "there is no such test: Own / G / none" in capsys.readouterr().out


def test_a_folder_without_tests_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    (tmp_path / "x.xml").write_text("<other/>")
    assert main([str(tmp_path)]) == 2
    assert "x.xml" in capsys.readouterr().err


def test_the_published_suite(shared: Path, tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    assert main([str(shared / "cql-tests"), "--json", str(found)]) == 0
    result = json.loads(found.read_text())
    assert result["all"]["tests"] - result["all"]["skipped"] == IN_SCOPE
    assert result["all"]["passed"] == IN_SCOPE - EXCLUDED
    assert all(one["reason"] for one in result["excluded"])
