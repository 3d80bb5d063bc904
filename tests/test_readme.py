"""Every command and picture of the README is true."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import cqlmeasure as cm
from cqlmeasure.cli.app import run

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
# What is done to the sample measure before a picture is taken.
CHANGES = {
    "output": [],
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


def commands() -> list[str]:
    """Every line of a shell block that starts with ``cqlmeasure``, or has it after setting up an environment."""
    found = []
    for _, text in blocks("sh"):
        for line in text.splitlines():
            last = line.rpartition("&& ")[2]
            if "cqlmeasure " in last and "-m pytest" not in last:
                found.append(last.replace(".venv/bin/", ""))
    return found


@pytest.fixture
def checkout(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the measures of the repository, as the current one."""
    shutil.copytree(repository / "measures", tmp_path / "measures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


@pytest.mark.parametrize("line", commands())
def test_command(checkout: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, *arguments = shlex.split(line)
    assert program == "cqlmeasure"
    assert run(arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    written = [name for flag, name in pairwise(arguments) if flag in ("-o", "--json")]
    assert captured.out or written
    assert all((checkout / name).stat().st_size for name in written)


def test_there_are_commands() -> None:
    assert len(commands()) >= 6
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
    assert printed == text.splitlines()


def test_python(checkout: Path) -> None:
    (text,) = [text for _, text in blocks("python")]
    names: dict[str, object] = {}
    exec(compile(text, "README.md", "exec"), names)
    result = names["result"]
    assert isinstance(result, cm.MeasureResult)
    assert result.summary()["group"][0]["measureScore"] == {"value": 0.5}
    assert len(result.rows()) == 10
    assert result.failures == []
