"""Truth tables of the logical and nullological operators, complete."""

from __future__ import annotations

import pytest

from cqlmeasure.runtime import logical, nullological

T, F, N = True, False, None

TABLES = {
    "and_": [(T, T, T), (T, F, F), (T, N, N), (F, T, F), (F, F, F), (F, N, F), (N, T, N), (N, F, F), (N, N, N)],
    "or_": [(T, T, T), (T, F, T), (T, N, T), (F, T, T), (F, F, F), (F, N, N), (N, T, T), (N, F, N), (N, N, N)],
    "xor_": [(T, T, F), (T, F, T), (T, N, N), (F, T, T), (F, F, F), (F, N, N), (N, T, N), (N, F, N), (N, N, N)],
    "implies_": [(T, T, T), (T, F, F), (T, N, N), (F, T, T), (F, F, T), (F, N, T), (N, T, T), (N, F, N), (N, N, N)],
}


@pytest.mark.parametrize(
    ("name", "left", "right", "expected"), [(name, *row) for name, rows in TABLES.items() for row in rows]
)
def test_binary(name: str, left: bool | None, right: bool | None, expected: bool | None) -> None:
    assert getattr(logical, name)(left, right) is expected


@pytest.mark.parametrize(("operand", "expected"), [(T, F), (F, T), (N, N)])
def test_not(operand: bool | None, expected: bool | None) -> None:
    assert logical.not_(operand) is expected


@pytest.mark.parametrize(("operand", "true", "false", "null"), [(T, T, F, F), (F, F, T, F), (N, F, F, T)])
def test_tests(operand: bool | None, true: bool, false: bool, null: bool) -> None:
    assert nullological.is_true(operand) is true
    assert nullological.is_false(operand) is false
    assert nullological.is_null(operand) is null


def test_coalesce() -> None:
    assert nullological.coalesce(None, 0, 1) == 0
    assert nullological.coalesce(None, False) is False
    assert nullological.coalesce() is None
    assert nullological.coalesce_list([None, "", "x"]) == ""
    assert nullological.coalesce_list([None]) is None
    assert nullological.coalesce_list(None) is None
