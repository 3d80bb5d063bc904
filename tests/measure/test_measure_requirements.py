"""The table of requirements is complete, and every test that it names is there."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
TABLE: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "requirements.toml").read_text())

# Where the tests are that a row may name: this room's, and those of the room that infers data requirements.
FOLDERS = (FOLDER, FOLDER.parent / "requirements")

# What nobody needs to show.  A row may not slip in here unnoticed.
ELSEWHERE = {"47"}


def known_tests() -> set[str]:
    found = set()
    for file in (file for folder in FOLDERS for file in folder.glob("test_*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.add(node.name)
    return found


def test_every_requirement_has_a_row() -> None:
    assert list(map(int, TABLE)) == list(range(11, 58))


@pytest.mark.parametrize("number", list(TABLE))
def test_every_row_names_tests_that_are_there(number: str) -> None:
    row = TABLE[number]
    assert row["says"]
    if number in ELSEWHERE:
        assert row["elsewhere"] and "tests" not in row
        return
    assert row["tests"], "a requirement without a test"
    assert set(row["tests"]) <= known_tests()
