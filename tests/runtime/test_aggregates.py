"""Aggregate functions, row by row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cqlmeasure.runtime import CqlError, Date, Long, Quantity, Uncertainty, aggregates
from cqlmeasure.runtime.numbers import MAX_INTEGER

D = Decimal
N = None


def q(*values: str, unit: str = "mg") -> list[Quantity]:
    return [Quantity(D(value), unit) for value in values]


ROWS: list[tuple[str, Any, Any]] = [
    ("count", [1, N, 2], 2),
    ("count", N, 0),
    ("all_true", [True, N], True),
    ("all_true", [True, False], False),
    ("all_true", [], True),
    ("all_true", N, True),
    ("any_true", [False, N, True], True),
    ("any_true", [N], False),
    ("any_true", N, False),
    ("sum_", [1, N, 2], 3),
    ("sum_", [MAX_INTEGER, 1], N),
    ("sum_", [Long(MAX_INTEGER), Long(1)], Long(MAX_INTEGER + 1)),
    ("sum_", [D("0.1"), D("0.2")], D("0.3")),
    ("sum_", [*q("1", unit="g"), *q("500")], Quantity(D("1.5"), "g")),
    ("sum_", [*q("1", unit="g"), *q("1", unit="m")], N),
    ("sum_", [N], N),
    ("sum_", N, N),
    ("sum_", [1, Uncertainty(1, 2), N], Uncertainty(2, 3)),
    ("product", [2, 3, 7], 42),
    ("product", [70_000, 70_000, 0], 0),
    ("product", [70_000, 70_000], N),
    ("product", [D("0.5"), D("0.5")], D("0.25")),
    ("product", q("2", "3"), Quantity(D("6"), "mg")),
    ("min_", [3, N, 1, 2], 1),
    ("min_", [], N),
    ("max_", ["a", "c", "b"], "c"),
    ("max_", [Date.of(2020, 5), Date.of(2021, 1, 1)], Date.of(2021, 1, 1)),
    ("max_", [Date.of(2020, 5), Date.of(2020, 5, 3)], N),
    ("max_", [Date.of(2019), Date.of(2020, 5, 3), Date.of(2019, 2)], Date.of(2020, 5, 3)),
    ("max_", [*q("1", unit="g"), *q("2000")], q("2000")[0]),
    ("max_", [1, D("1.5"), Long(0)], D("1.5")),
    ("avg", [1, 2], D("1.5")),
    ("avg", [D("1"), D("1"), D("2")], D("1.33333333")),
    ("avg", q("1", "4"), Quantity(D("2.5"), "mg")),
    ("avg", [N], N),
    ("median", [D("5"), D("1"), D("3")], D("3")),
    ("median", [D("5"), D("1"), D("3"), D("4")], D("3.5")),
    ("median", q("5", "1"), Quantity(D("3"), "mg")),
    ("median", N, N),
    ("mode", [1, 2, 2, 1, 3], 1),
    ("mode", ["a", "b", "b", N, N, N], "b"),
    ("mode", [*q("1", unit="g"), *q("7"), *q("1000")], q("1", unit="g")[0]),
    ("mode", [], N),
    ("variance", [D("2"), D("4")], D("2")),
    ("variance", [D("2")], N),
    ("population_variance", [D("2"), D("4")], D("1")),
    ("population_variance", [D("2")], D("0")),
    ("std_dev", [D("2"), D("4")], D("1.41421356")),
    ("std_dev", q("2", "4"), Quantity(D("1.41421356"), "mg")),
    ("population_std_dev", [D("2"), D("4")], D("1")),
    ("population_std_dev", N, N),
    ("geometric_mean", [D("1"), D("100")], D("10")),
    ("geometric_mean", [D("3"), D("0")], D("0")),
    ("geometric_mean", [D("-3"), D("3")], N),
    ("geometric_mean", [N], N),
]


@pytest.mark.parametrize(("name", "items", "expected"), ROWS)
def test_operator(name: str, items: Any, expected: Any) -> None:
    result = getattr(aggregates, name)(items)
    assert result == expected
    assert type(result) is type(expected)


def test_other_types_are_an_error() -> None:
    with pytest.raises(CqlError, match="Sum needs numbers or quantities"):
        aggregates.sum_(["a"])
