"""Arithmetic: ranges, rounding, nulls, and the choice of operator by operand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cqlmeasure.runtime import CqlError, Date, DateTime, Long, Quantity, Time, Uncertainty, arithmetic, boundaries
from cqlmeasure.runtime.numbers import MAX_DECIMAL, MAX_INTEGER, MAX_LONG, MIN_INTEGER, MIN_LONG

D = Decimal


def q(value: str, unit: str) -> Quantity:
    return Quantity(D(value), unit)


ROWS: list[tuple[str, tuple[Any, ...], Any]] = [
    ("add", (2, 3), 5),
    ("add", (2, None), None),
    ("add", (MAX_INTEGER, 1), None),
    ("add", (Long(2), 3), Long(5)),
    ("add", (Long(MAX_LONG), Long(1)), None),
    ("add", (2, D("0.5")), D("2.5")),
    ("add", (MAX_DECIMAL, D("0.00000001")), D("100000000000000000000.00000000")),
    ("add", (q("2", "m"), q("5", "m")), q("7", "m")),
    ("add", ("a", "b"), "ab"),
    ("add", (Date.of(2020, 2, 29), q("1", "year")), Date.of(2021, 2, 28)),
    ("add", (Uncertainty(1, 3), 4), Uncertainty(5, 7)),
    ("subtract", (2, 3), -1),
    ("subtract", (MIN_INTEGER, 1), None),
    ("subtract", (D("1.0"), D("0.9")), D("0.1")),
    ("subtract", (DateTime.of(2020, 1, 1), q("1", "day")), DateTime.of(2019, 12, 31)),
    ("subtract", (10, Uncertainty(1, 3)), Uncertainty(7, 9)),
    ("multiply", (70_000, 70_000), None),
    ("multiply", (Long(70_000), 70_000), Long(4_900_000_000)),
    ("multiply", (D("0.12345678"), D("0.1")), D("0.01234568")),
    ("multiply", (-3, 7), -21),
    ("divide", (1, 3), D("0.33333333")),
    ("divide", (2, 3), D("0.66666667")),
    ("divide", (-2, 3), D("-0.66666667")),
    ("divide", (7, 2), D("3.5")),
    ("divide", (10, D("0.1")), D("100")),
    ("divide", (1, 0), None),
    ("divide", (Long(9), Long(2)), D("4.5")),
    ("divide", (q("9", "g"), 2), q("4.5", "g")),
    ("divide", (MAX_DECIMAL, D("0.000000001")), None),
    ("truncated_divide", (17, 5), 3),
    ("truncated_divide", (-17, 5), -3),
    ("truncated_divide", (17, -5), -3),
    ("truncated_divide", (-17, -5), 3),
    ("truncated_divide", (0, -5), 0),
    ("truncated_divide", (5, 0), None),
    ("truncated_divide", (MIN_INTEGER, -1), None),
    ("truncated_divide", (Long(MIN_LONG), Long(-1)), None),
    ("truncated_divide", (D("-7.5"), D("2")), D("-3")),
    ("truncated_divide", (D("7.5"), D("0.0")), None),
    ("modulo", (17, 5), 2),
    ("modulo", (-17, 5), -2),
    ("modulo", (17, -5), 2),
    ("modulo", (5, 0), None),
    ("modulo", (D("-7.5"), 2), D("-1.5")),
    ("modulo", (Long(-7), Long(4)), Long(-3)),
    ("truncated_divide", (Uncertainty(1, 5), 2), Uncertainty(0, 2)),
    ("modulo", (7, Uncertainty(1, 3)), None),
    ("power", (Uncertainty(1, 3), 2), None),
    ("power", (3, 4), 81),
    ("power", (2, 31), None),
    ("power", (-2, 31), MIN_INTEGER),
    ("power", (7, 1_000_000_000), None),
    ("power", (-1, 1_000_000_001), -1),
    ("power", (0, 0), 1),
    ("power", (4, -1), D("0.25")),
    ("power", (D("2.5"), 2), D("6.25")),
    ("power", (D("-8"), D("0.5")), None),
    ("power", (D("10"), D("30")), None),
    ("power", (Long(3), 39), Long(3**39)),
    ("power", (Long(3), 40), None),
    ("negate", (MIN_INTEGER,), None),
    ("negate", (5,), -5),
    ("negate", (Long(MIN_LONG),), None),
    ("negate", (D("0.0"),), D("0.0")),
    ("negate", (q("5", "mg"),), q("-5", "mg")),
    ("negate", (Uncertainty(1, 3),), Uncertainty(-3, -1)),
    ("negate", (None,), None),
    ("abs_", (MIN_INTEGER,), None),
    ("abs_", (-5,), 5),
    ("abs_", (D("-5.5"),), D("5.5")),
    ("abs_", (None,), None),
    ("ceiling", (D("2.1"),), 3),
    ("ceiling", (D("-2.9"),), -2),
    ("ceiling", (D("2147483647.5"),), None),
    ("floor", (D("2.9"),), 2),
    ("floor", (D("-2.1"),), -3),
    ("floor", (D("-2147483648.5"),), None),
    ("truncate", (D("-2.9"),), -2),
    ("truncate", (D("9999999999"),), None),
    ("round_", (D("2.5"),), D("3")),
    ("round_", (D("-2.5"),), D("-3")),
    ("round_", (D("-0.2"),), D("0")),
    ("round_", (D("2.71828"), 3), D("2.718")),
    ("round_", (D("2.71828"), None), D("3")),
    ("round_", (D("1234.5"), -2), D("1200")),
    ("round_", (4,), D("4")),
    ("ln", (1,), D("0")),
    ("ln", (2,), D("0.69314718")),
    ("exp", (2,), D("7.3890561")),
    ("exp", (-100,), D("0")),
    ("log", (81, 3), D("4")),
    ("log", (D("0.5"), 2), D("-1")),
    ("log", (5, 1), None),
    ("log", (5, 0), None),
    ("log", (-5, 2), None),
    ("log", (None, 2), None),
    ("successor", (7,), 8),
    ("successor", (Long(7),), Long(8)),
    ("successor", (D("7.0"),), D("7.00000001")),
    ("successor", (Date.of(2020, 2, 28),), Date.of(2020, 2, 29)),
    ("predecessor", (D("7.0"),), D("6.99999999")),
    ("predecessor", (DateTime.of(2020),), DateTime.of(2019)),
    ("predecessor", (None,), None),
]


@pytest.mark.parametrize(("name", "operands", "expected"), ROWS)
def test_operator(name: str, operands: tuple[Any, ...], expected: Any) -> None:
    result = getattr(arithmetic, name)(*operands)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("ln", (D("0"),)),
        ("exp", (100,)),
        ("exp", (D("99999999999999999999"),)),
        ("successor", (MAX_INTEGER,)),
        ("successor", (Time.of(23, 59, 59, 999),)),
        ("predecessor", (MIN_INTEGER,)),
        ("truncated_divide", (7, Uncertainty(1, 3))),
        ("add", (Date.of(9999, 12, 31), q("1", "day"))),
        ("subtract", (Date.of(1, 1, 31), q("1", "month"))),
        ("add", (DateTime.of(9999), q("1", "year"))),
        ("add", (DateTime.of(9999, 12, 31, 23, 59, 59, 999), q("1", "millisecond"))),
    ],
)
def test_errors(name: str, operands: tuple[Any, ...]) -> None:
    with pytest.raises(CqlError):
        getattr(arithmetic, name)(*operands)


@pytest.mark.parametrize("value", [D("0.00"), D("-0.4")])
def test_zero_has_no_sign(value: Decimal) -> None:
    assert not arithmetic.round_(value).is_signed()  # type: ignore[union-attr]
    assert not arithmetic.negate(D("0.00")).is_signed()


def test_typed_operators_agree_with_the_general_ones() -> None:
    pairs = [(7, -2), (-7, 2), (0, 5), (MAX_INTEGER, 2)]
    for name in ("add", "subtract", "multiply", "truncated_divide", "modulo"):
        for left, right in pairs:
            expected = getattr(arithmetic, name)(left, right)
            assert getattr(arithmetic, f"{name}_integer")(left, right) == expected
            if name not in ("add", "multiply") or expected is not None:
                assert getattr(arithmetic, f"{name}_long")(Long(left), Long(right)) == expected
                assert getattr(arithmetic, f"{name}_decimal")(D(left), D(right)) == expected
        for suffix in ("integer", "long", "decimal"):
            assert getattr(arithmetic, f"{name}_{suffix}")(None, 1) is None
            assert getattr(arithmetic, f"{name}_{suffix}")(1, None) is None


def test_operands_without_arithmetic_are_an_error() -> None:
    with pytest.raises(CqlError, match="arithmetic on values of type str and int"):
        arithmetic.multiply("a", 2)
    with pytest.raises(CqlError):
        arithmetic.add(True, 2)


BOUNDARIES: list[tuple[str, Any, int | None, Any]] = [
    ("low_boundary", D("2.25"), 6, D("2.250000")),
    ("high_boundary", D("2.25"), 6, D("2.259999")),
    ("high_boundary", D("2.25"), None, D("2.25999999")),
    ("low_boundary", D("-2.25"), 4, D("-2.2599")),
    ("high_boundary", D("-2.25"), 4, D("-2.2500")),
    ("high_boundary", D("2.25"), 1, D("2.2")),
    ("high_boundary", D("2.25"), 9, None),
    ("low_boundary", Date.of(2020), 6, Date.of(2020, 1)),
    ("high_boundary", Date.of(2020), None, Date.of(2020, 12, 31)),
    ("high_boundary", Date.of(2020, 2), 8, Date.of(2020, 2, 29)),
    ("high_boundary", Date.of(2020), 17, None),
    ("high_boundary", DateTime.of(2020, 5), 17, DateTime.of(2020, 5, 31, 23, 59, 59, 999)),
    ("low_boundary", DateTime.of(2020, 5, 1, 7, offset=-300), 17, DateTime.of(2020, 5, 1, 7, 0, 0, 0, offset=-300)),
    ("high_boundary", Time.of(7), 4, Time.of(7, 59)),
    ("low_boundary", Time.of(7), 5, None),
    ("low_boundary", None, 8, None),
]


@pytest.mark.parametrize(("name", "value", "digits", "expected"), BOUNDARIES)
def test_boundary(name: str, value: Any, digits: int | None, expected: Any) -> None:
    assert getattr(boundaries, name)(value, digits) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (D("3.1400"), 4),
        (D("3"), 0),
        (Date.of(2020, 5), 6),
        (DateTime.of(2020, 5, 1, 7), 10),
        (Time.of(7, 5, 1), 6),
        (None, None),
    ],
)
def test_precision(value: Any, expected: int | None) -> None:
    assert boundaries.precision(value) == expected


def test_limits() -> None:
    assert boundaries.minimum("Integer") == MIN_INTEGER
    assert boundaries.maximum("Long") == MAX_LONG
    assert isinstance(boundaries.maximum("Long"), Long)
    assert boundaries.maximum("Decimal") == MAX_DECIMAL
    assert boundaries.minimum("Time") == Time.of(0, 0, 0, 0)
    with pytest.raises(CqlError, match="Boolean has no minimum"):
        boundaries.minimum("Boolean")
