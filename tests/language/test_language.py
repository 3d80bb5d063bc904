"""The language: CQL in, value out, through translator, compiler and evaluation.

The tables are the ``.txt`` files beside this module, a line each: ``expression => value``.  The value is a literal,
read without the engine, and must agree exactly and in type; ``error`` stands for an error of translation or
evaluation, ``error: text`` for one whose message has the text.  ``> `` begins a declaration that the lines after it may
use, up to the next heading (``== heading``); ``@zone`` sets the offset of the evaluation, which is at noon of
2026-06-15.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from cql_tests.compare import agree
from cql_tests.engine import Failed, evaluate, neutral
from cql_tests.expected import read_expected
from cqlmeasure.api.literals import cql_text
from cqlmeasure.runtime.temporal import DateTime
from cqlmeasure.runtime.temporal_parse import parse_datetime

_FILES = sorted(Path(__file__).parent.glob("*.txt"))


class Row(NamedTuple):
    """A line of a table."""

    expression: str
    expected: str
    declarations: str
    zone: str
    place: str


def _rows(file: Path) -> list[Row]:
    found: list[Row] = []
    declarations: list[str] = []
    zone = "+00:00"
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("=="):
            declarations, zone = [], "+00:00"
        elif text.startswith("> "):
            declarations.append(text[2:])
        elif text.startswith("@zone "):
            zone = text.removeprefix("@zone ")
        else:
            expression, arrow, expected = text.rpartition(" => ")
            assert arrow, f"{file.name}:{number}: no ' => '"
            found.append(Row(expression, expected, "\n".join(declarations), zone, f"{file.name}:{number}"))
    return found


ROWS = [row for file in _FILES for row in _rows(file)]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.place} {row.expression}" for row in ROWS])
def test_expression(row: Row) -> None:
    now = parse_datetime(f"2026-06-15T12:00:00.000{row.zone}")
    assert isinstance(now, DateTime)
    try:
        value = evaluate(row.expression, now, row.declarations)
    except Failed as error:
        assert row.expected.startswith("error"), error
        assert re.search(row.expected.removeprefix("error").removeprefix(": "), str(error)), error
        return
    assert not row.expected.startswith("error"), f"{row.place}: no error, but {cql_text(value)}"
    assert agree(neutral(value), read_expected(row.expected), strict=True), f"{row.place}: gave {cql_text(value)}"


def test_there_are_enough_rows() -> None:
    assert len(ROWS) >= 300
    assert len({(row.expression, row.declarations, row.zone) for row in ROWS}) == len(ROWS)
