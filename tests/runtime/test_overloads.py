"""Operators that choose between lists, intervals and Strings at run time."""

from __future__ import annotations

from typing import Any

import pytest

from cqlmeasure.runtime import DAY, Date, Interval, overloads

LIST, RANGE = [1, 2, 3], Interval(1, 3)

ROWS: list[tuple[str, tuple[Any, ...], Any]] = [
    ("in_", (2, LIST), True),
    ("in_", (2, RANGE), True),
    ("in_", (4, RANGE), False),
    ("in_", (4, None), None),
    ("in_", (Date.of(2020, 1, 3), Interval(Date.of(2020, 1, 1), Date.of(2020, 1, 3)), DAY), True),
    ("contains", (LIST, 4), False),
    ("contains", (RANGE, 3), True),
    ("proper_in", (2, LIST), True),
    ("proper_in", (2, Interval(2, 2)), False),
    ("proper_contains", ([2], 2), False),
    ("included_in", ([1, 2], LIST), True),
    ("included_in", (2, LIST), True),
    ("included_in", (Interval(1, 2), RANGE), True),
    ("included_in", (None, LIST), None),
    ("includes", (LIST, [4]), False),
    ("includes", (RANGE, 2), True),
    ("proper_included_in", (LIST, LIST), False),
    ("proper_included_in", (1, LIST), True),
    ("proper_included_in", (RANGE, RANGE), False),
    ("proper_includes", (RANGE, Interval(1, 2)), True),
    ("union", (LIST, [4]), [1, 2, 3, 4]),
    ("union", (None, [4]), [4]),
    ("union", (RANGE, Interval(4, 5)), Interval(1, 5)),
    ("union", (None, None), None),
    ("intersect", (LIST, [3, 4]), [3]),
    ("intersect", (RANGE, Interval(3, 5)), Interval(3, 3)),
    ("intersect", (LIST, None), None),
    ("except_", (LIST, [2]), [1, 3]),
    ("except_", (RANGE, Interval(3, 5)), Interval(1, 2)),
    ("length", (LIST,), 3),
    ("length", ("four",), 4),
    ("length", (None,), None),
    ("indexer", (LIST, 0), 1),
    ("indexer", ("four", 0), "f"),
    ("indexer", (None, 0), None),
]


@pytest.mark.parametrize(("name", "operands", "expected"), ROWS)
def test_overload(name: str, operands: tuple[Any, ...], expected: Any) -> None:
    assert getattr(overloads, name)(*operands) == expected
