"""Diagnostics on the command line: as documents, and explained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_support import Command

BROKEN = "library Broken\ndefine A: foo\ndefine B: 1 <\n  'x'\n"
DOUBTFUL = "library Doubtful\ndefine A: 1 = null\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Broken.cql"
    path.write_text(BROKEN)
    return path


def test_json(command: Command, file: Path) -> None:
    ran = command("translate", file, "--format", "json")
    assert ran.status == 2
    first, second = json.loads(ran.out)["diagnostics"]
    assert (first["code"], first["line"], first["column"], first["endColumn"]) == ("unknown-identifier", 2, 11, 13)
    assert (second["code"], second["endLine"], second["endColumn"]) == ("no-overload", 4, 5)
    assert first["file"] == str(file)
    assert first["library"] == "Broken"


def test_sarif(command: Command, file: Path) -> None:
    ran = command("translate", file, "--format", "sarif")
    assert ran.status == 2
    log = json.loads(ran.out)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["unknown-identifier", "no-overload"]
    first, second = run["results"]
    assert rules[second["ruleIndex"]] == second["ruleId"]
    assert first["level"] == "error"
    place = first["locations"][0]["physicalLocation"]
    assert place["region"] == {
        "startLine": 2,
        "startColumn": 11,
        "endLine": 2,
        "endColumn": 14,
        "snippet": {"text": "foo"},
    }
    assert place["artifactLocation"]["uri"].endswith("Broken.cql")


def test_warnings_leave_the_elm_to_a_file(command: Command, tmp_path: Path) -> None:
    path, output = tmp_path / "Doubtful.cql", tmp_path / "out.json"
    path.write_text(DOUBTFUL)
    ran = command("translate", path, "--format", "json", "-o", output)
    assert ran.status == 0
    (one,) = json.loads(ran.out)["diagnostics"]
    assert (one["code"], one["severity"]) == ("comparison-with-null", "warning")
    assert json.loads(output.read_text())["library"]["identifier"]["id"] == "Doubtful"


def test_text_names_the_page(command: Command, file: Path) -> None:
    ran = command("translate", file)
    assert ran.status == 2
    assert ran.out == ""
    assert "2:11: error[unknown-identifier]: 'foo' is not defined" in ran.err
    assert "more: cqlmeasure explain" in ran.err


def test_explain(command: Command) -> None:
    ran = command("explain", "unknown-identifier")
    assert ran.status == 0
    assert "A name that nothing is called." in ran.out
    assert "Mend:" in ran.out


def test_explain_lists_all(command: Command) -> None:
    ran = command("explain")
    assert ran.status == 0
    assert "no-overload" in ran.out
    assert "missing-value-set" in ran.out


def test_explain_of_nothing(command: Command) -> None:
    ran = command("explain", "unknown-identifer")
    assert ran.status == 2
    assert "unknown-identifier" in ran.err


def test_roots(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "Doubtful.cql"
    path.write_text("library Doubtful\ndefine A: 1\ndefine B: A\ndefine C: A\n")
    ran = command("translate", path, "--format", "json", "--root", "B")
    assert [one["line"] for one in json.loads(ran.out)["diagnostics"]] == [4]
