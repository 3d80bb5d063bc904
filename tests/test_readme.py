"""Every command and picture of the README is true."""

from __future__ import annotations

import io
import re
import shlex
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import cqlmeasure as cm
from cqlmeasure.cli.app import run
from fhir_server.process import Running

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
SERVER = "https://server.example.org/fhir"
# What is done to the sample measure before a picture is taken.
CHANGES = {
    "output": [],
    "beginning of output": [],
    'output after ">" becomes ">="': [("> 9 '%'", ">= 9 '%'")],
    "output after misspelling": [
        ('exists "Qualifying Visits"', 'exists "Qualified Visits"'),
        ("Visit.status = 'finished'", "Visit.state = 'finished'"),
    ],
}
_BLOCK = re.compile(r"(?:<!-- (?P<note>[^\n]*?) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)```", re.DOTALL)


def blocks(kind: str) -> Iterator[tuple[str | None, str]]:
    """The code blocks of a kind, with the comment before each."""
    for block in _BLOCK.finditer(README):
        if block["kind"] == kind:
            yield block["note"], block["text"]


def commands() -> list[list[str]]:
    """The lines of each shell block that have ``cqlmeasure``, also after setting up an environment."""
    found = []
    for _, text in blocks("sh"):
        lines = [line.rpartition("&& ")[2] for line in text.splitlines()]
        found.append(
            [one.replace(".venv/bin/", "") for one in lines if "cqlmeasure " in f"{one} " and "pytest" not in one]
        )
    return [lines for lines in found if lines]


@pytest.fixture
def checkout(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the measures of the repository, as the current one."""
    shutil.copytree(repository / "measures", tmp_path / "measures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


@pytest.fixture
def server(fhir: Running, checkout: Path) -> str:
    """The address of a server that has the patients of the sample measure."""
    cases = cm.Content(checkout / "measures" / "diabetes-hba1c").test_cases("DiabetesHbA1cPoorControl")
    fhir.hold(one for case in cases for one in case.resources if one["resourceType"] != "MeasureReport")
    return fhir.url


@pytest.mark.parametrize("lines", commands(), ids=lambda lines: lines[0][:40])
def test_commands(
    checkout: Path, lines: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """The lines of a block, one after the other."""
    if "cqlmeasure load " in " ".join(lines):
        pytest.importorskip("pyarrow")
    for line in lines:
        line = line.replace(SERVER, server)
        before, pipe, last = line.rpartition(" | ")
        if pipe:
            echo, *words = shlex.split(before)
            assert echo == "echo"
            monkeypatch.setattr("sys.stdin", io.StringIO(" ".join(words) + "\n"))
        program, *arguments = shlex.split(last)
        assert program == "cqlmeasure"
        assert run(arguments) == 0, line
        captured = capsys.readouterr()
        assert captured.err == ""
        written = [name for flag, name in pairwise(arguments) if flag in ("-o", "--json") and not name.startswith("-")]
        assert captured.out or written
        assert all((checkout / name).stat().st_size for name in written)


def test_there_are_commands() -> None:
    assert sum(map(len, commands())) >= 6
    assert {note for note, _ in blocks("sh")} >= {"first-command", "test-command"}


@pytest.mark.parametrize(("note", "text"), [block for block in blocks("text") if block[0]])
def test_picture(checkout: Path, note: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the README shows is what the command prints."""
    kind, _, line = note.partition(": ")
    file = checkout / "measures/diabetes-hba1c/input/cql/DiabetesHbA1cPoorControl.cql"
    for old, new in CHANGES[kind]:
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
    run(shlex.split(line)[1:])
    printed = [one.rstrip() for one in capsys.readouterr().out.splitlines()]
    shown = text.splitlines()
    assert (printed[: len(shown)] if kind.startswith("beginning") else printed) == shown


def test_python(checkout: Path, server: str) -> None:
    names: dict[str, object] = {}
    for _, text in blocks("python"):
        exec(compile(text.replace(SERVER, server), "README.md", "exec"), names)
    result = names["result"]
    assert isinstance(result, cm.MeasureResult)
    assert result.summary()["group"][0]["measureScore"] == {"value": 0.5}
    assert len(result.rows()) == 10
    assert result.failures == []
    found = names["found"]
    assert isinstance(found, list)
    assert [list(one.subjects) for one in found] == [["exactly-9"]]
    session = names["session"]
    assert isinstance(session, cm.Session)
    assert session.evaluate("Twice + 1").value == 11
    assert cm.to_cql(cm.evaluate_expression("limit * 2", limit=cm.Cql("5 'mg'"))) == "10.0 'mg'"
