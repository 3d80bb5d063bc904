"""ELM's loops over lists."""

from __future__ import annotations

from typing import Any

import pytest
from elm_support import elm_value, integer, integers, operator

from cqlmeasure.errors import EvaluationError

CURRENT = {"type": "Current"}
INDEX = {"type": "Iteration"}
TOTAL = {"type": "Total"}
NULL = {"type": "Null"}


def scoped(kind: str, scope: str) -> dict[str, Any]:
    return {"type": kind, "scope": scope}


def loop(kind: str, source: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "source": source, **more}


def pair(name: str, value: int) -> dict[str, Any]:
    return {"type": "Tuple", "element": [{"name": name, "value": integer(value)}]}


INNER = loop("ForEach", integers(10, 20), scope="B", element=operator("Add", scoped("Current", "A"), CURRENT))
INDEXES = loop("ForEach", integers(5, 6), scope="B", element=operator("Multiply", scoped("Iteration", "A"), INDEX))
UP_TO_SIX = {"type": "If", "condition": operator("Less", CURRENT, integer(6)), "else": integer(1)}
UP_TO_SIX["then"] = operator("Add", CURRENT, integer(1))
HALVES = {"type": "If", "condition": operator("Equal", CURRENT, integer(4)), "then": integers(2, 1), "else": integers()}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (loop("ForEach", integers(1, 2, 3), element=operator("Add", CURRENT, INDEX)), [1, 3, 5]),
        (loop("ForEach", integers(1, 2), scope="A", element=INNER), [[11, 21], [12, 22]]),
        (loop("ForEach", integers(7, 8, 9), scope="A", element=INDEXES), [[0, 0], [0, 1], [0, 2]]),
        (loop("ForEach", NULL, element=CURRENT), None),
        (loop("Filter", integers(1, 2, 3), condition=operator("Greater", CURRENT, integer(1))), [2, 3]),
        (loop("Filter", integers(5, 5, 5), condition=operator("Greater", INDEX, integer(0))), [5, 5]),
        (loop("Filter", NULL, condition=operator("IsNull", CURRENT)), None),
        (loop("Repeat", integers(3, 1), element=UP_TO_SIX), [4, 2, 5, 3, 6, 1]),
        (loop("Repeat", integers(4, 3), element=HALVES), [2, 1]),
        (loop("Repeat", integers(), element=CURRENT), []),
        (loop("Repeat", NULL, element=CURRENT), None),
        (loop("Aggregate", integers(1, 2, 3), initialValue=integer(9), iteration=operator("Add", TOTAL, CURRENT)), 15),
        (loop("Aggregate", integers(4, 4), initialValue=integer(1), iteration=operator("Add", TOTAL, INDEX)), 2),
        (loop("Aggregate", integers(), initialValue=integer(9), iteration=TOTAL), 9),
        (loop("Aggregate", NULL, initialValue=integer(9), iteration=TOTAL), None),
        (loop("Aggregate", integers(2, 3), scope="A", initialValue=integer(1), iteration=scoped("Current", "A")), 3),
        (loop("Sort", integers(3, 1, 2), by=[{"type": "ByDirection", "direction": "desc"}]), [3, 2, 1]),
        (loop("Sort", NULL, by=[{"type": "ByDirection", "direction": "asc"}]), None),
    ],
)
def test_loops(expression: dict[str, Any], expected: Any) -> None:
    assert elm_value(expression) == expected


def test_times() -> None:
    left = {"type": "List", "element": [pair("a", 1), pair("a", 2)]}
    right = {"type": "List", "element": [pair("b", 3), pair("b", 4)]}
    product = operator("Times", left, right)
    rows = [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]
    assert elm_value(product) == rows
    sums = operator("Add", {"type": "Property", "path": "a", "scope": "$this"}, {"type": "Property", "path": "b"})
    assert elm_value(loop("ForEach", product, element=sums)) == [4, 5, 5, 6]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (CURRENT, "Current means nothing here"),
        (loop("ForEach", integers(1), scope="A", element=scoped("Total", "A")), "Total of 'A' means nothing here"),
        (loop("Repeat", integers(1), element=operator("Add", CURRENT, integer(1))), "does it end"),
        (loop("Aggregate", integers(1)), "without an iteration"),
    ],
)
def test_errors(expression: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        elm_value(expression)
