"""List operators: order, nulls, identity of resources, and the keys that make set operators linear."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from cqlmeasure.runtime import (
    CqlError,
    Date,
    DateTime,
    FhirValue,
    Interval,
    Long,
    Quantity,
    Ratio,
    Time,
    Tuple,
    Uncertainty,
    comparison,
    lists,
    sorting,
)
from cqlmeasure.runtime.keys import distinct_key, keys_of

D = Decimal
N = None


def r(kind: str, identifier: str | None, **elements: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": kind, **elements}
    return found if identifier is None else {**found, "id": identifier}


def g(value: str) -> Quantity:
    return Quantity(D(value), "g")


def mg(value: str) -> Quantity:
    return Quantity(D(value), "mg")


E1, E2, E3 = r("Encounter", "1"), r("Encounter", "2"), r("Encounter", "3")
E1_AGAIN = r("Encounter", "1", status="finished")
P1 = r("Procedure", "1")
NO_ID = r("Encounter", None, status="finished")

ROWS: list[tuple[str, tuple[Any, ...], Any]] = [
    ("exists", ([],), False),
    ("exists", (N,), False),
    ("exists", ([N, N],), False),
    ("exists", ([N, 1],), True),
    ("exists", ([False],), True),
    ("first", ([N, 1],), N),
    ("first", ([],), N),
    ("first", ([3, 4],), 3),
    ("last", ([3, 4],), 4),
    ("last", (N,), N),
    ("indexer_list", ([3, 4], 1), 4),
    ("indexer_list", ([3, 4], 2), N),
    ("indexer_list", ([3, 4], -1), N),
    ("indexer_list", ([3, 4], N), N),
    ("index_of", ([3, D("4.0"), 4], 4), 1),
    ("index_of", ([3], 4), -1),
    ("index_of", ([N, 3], N), N),
    ("index_of", ([E2, E1], E1_AGAIN), 1),
    ("length_list", (N,), 0),
    ("length_list", ([N],), 1),
    ("singleton_from", ([],), N),
    ("singleton_from", ([5],), 5),
    ("flatten", ([[1, N], [], N, [2]],), [1, N, 2]),
    ("flatten", ([1, [2]],), [1, 2]),
    ("flatten", (N,), N),
    ("skip", ([1, 2, 3], 1), [2, 3]),
    ("skip", ([1, 2, 3], N), [1, 2, 3]),
    ("skip", ([1, 2, 3], -1), []),
    ("skip", ([1, 2, 3], 5), []),
    ("take", ([1, 2, 3], 2), [1, 2]),
    ("take", ([1, 2, 3], N), []),
    ("take", ([1, 2, 3], -2), []),
    ("take", (N, 1), N),
    ("tail", ([1, 2, 3],), [2, 3]),
    ("tail", ([],), []),
    ("slice_", ([1, 2, 3, 4], 1, 3), [2, 3]),
    ("slice_", ([1, 2, 3, 4], 1, N), [2, 3, 4]),
    ("slice_", ([1, 2, 3, 4], N, 2), [1, 2]),
    ("slice_", ([1, 2, 3, 4], -1), []),
    ("slice_", ([1, 2, 3, 4], 0, -1), []),
    ("slice_", ([1, 2, 3, 4], 3, 1), []),
    ("slice_", (N, 1), N),
    ("distinct", ([2, 1, 2, N, N, 1],), [2, 1, N]),
    ("distinct", ([1, True, D("1.0"), Long(1)],), [1, True]),
    ("distinct", (["b", "a", "b"],), ["b", "a"]),
    ("distinct", ([E1, E2, E1_AGAIN, P1],), [E1, E2, P1]),
    ("distinct", ([NO_ID, E1, dict(NO_ID)],), [NO_ID, E1]),
    ("distinct", ([g("1"), mg("1000"), g("2"), g("1.0")],), [g("1"), g("2")]),
    ("distinct", ([Date.of(2020), Date.of(2020, 1), Date.of(2020)],), [Date.of(2020), Date.of(2020, 1)]),
    ("distinct", ([Interval(1, 5), Interval(1, 6, True, False)],), [Interval(1, 5)]),
    ("distinct", ([[1, N], [1, N], [N, 1]],), [[1, N], [N, 1]]),
    ("distinct", ([Tuple(a=1), Tuple(a=1, b=N), Tuple(a=2)],), [Tuple(a=1), Tuple(a=2)]),
    ("distinct", (N,), N),
    ("union_list", ([1, 2], [2, 3]), [1, 2, 3]),
    ("union_list", ([E2, E1], [E1_AGAIN, E3]), [E2, E1, E3]),
    ("union_list", (N, [1, 1]), [1]),
    ("union_list", (N, N), []),
    ("union_lists", ([1], N, [2, 1], [3]), [1, 2, 3]),
    ("intersect_list", ([3, 1, 2, 3], [3, 2]), [3, 2]),
    ("intersect_list", ([E1, P1], [E1_AGAIN]), [E1]),
    ("intersect_list", ([N, 1], [N]), [N]),
    ("intersect_list", ([g("1")], [mg("1000")]), [g("1")]),
    ("intersect_list", ([1], N), N),
    ("except_list", ([3, 1, 2, 3], [1]), [3, 2]),
    ("except_list", ([E1, P1, E2], [E1_AGAIN]), [P1, E2]),
    ("except_list", ([N, 1, N], [1]), [N]),
    ("except_list", ([1, 1], N), [1]),
    ("except_list", (N, [1]), N),
    ("in_list", (1, [2, D("1.0")]), True),
    ("in_list", (N, [1, N]), True),
    ("in_list", (N, [1]), False),
    ("in_list", (1, N), False),
    ("in_list", ("a", ["b", N, "a"]), True),
    ("in_list", ("a", [N]), False),
    ("in_list", (Date.of(2020), [Date.of(2019, 1), Date.of(2020, 5)]), N),
    ("in_list", (Date.of(2020), [Date.of(2020, 5), Date.of(2020)]), True),
    ("in_list", (E1, [E2, E1_AGAIN]), True),
    ("contains_list", ([1, 2], 3), False),
    ("includes_list", ([1, 2, 3], [3, 1]), True),
    ("includes_list", ([1, 2, 3], [4]), False),
    ("includes_list", ([1], []), True),
    ("includes_list", ([1, N], [N]), True),
    ("includes_list", ([Date.of(2020)], [Date.of(2020, 5)]), N),
    ("includes_list", ([Date.of(2020)], [Date.of(2020, 5), Date.of(2021)]), False),
    ("includes_list", (N, [1]), N),
    ("included_in_list", ([1], [1, 2]), True),
    ("proper_includes_list", ([1, 2], [1, 2]), False),
    ("proper_includes_list", ([1, 2, 3], [1, 2]), True),
    ("proper_includes_list", ([1], N), N),
    ("proper_included_in_list", ([], [1]), True),
    ("proper_contains_list", ([1, 2], 1), True),
    ("proper_contains_list", ([1], 1), False),
    ("proper_contains_list", ([1, 1], 1), False),
    ("proper_contains_list", ([1, 2], 3), False),
    ("proper_contains_list", ([1, N], 1), N),
    ("proper_contains_list", ([1, N], N), True),
    ("proper_contains_list", ([N, N], N), False),
    ("proper_contains_list", (N, 1), False),
    ("proper_in_list", (1, [1, 2]), True),
]


@pytest.mark.parametrize(("name", "operands", "expected"), ROWS)
def test_operator(name: str, operands: tuple[Any, ...], expected: Any) -> None:
    assert getattr(lists, name)(*operands) == expected


def test_singleton_from_several_is_an_error() -> None:
    with pytest.raises(CqlError, match="this one has 2"):
        lists.singleton_from([1, 1])


def test_operators_leave_their_operands_alone() -> None:
    left, right = [3, 1, 3], [1]
    for name in ("union_list", "intersect_list", "except_list"):
        getattr(lists, name)(left, right)
    lists.distinct(left)
    sorting.sort(left)
    assert (left, right) == ([3, 1, 3], [1])


def test_set_operators_on_many_resources_are_linear() -> None:
    left = [r("Observation", str(number)) for number in range(20_000)]
    right = [r("Observation", str(number)) for number in range(10_000, 30_000)]
    assert len(lists.union_list(left, right)) == 30_000
    assert len(lists.intersect_list(left, right) or ()) == 10_000
    assert len(lists.except_list(left, right) or ()) == 10_000


VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    Long(1),
    D("1.0"),
    1.5,
    D("1.5"),
    "1",
    "",
    Date.of(2020),
    Date.of(2020, 1),
    Date.of(2020, 1, 1),
    DateTime.of(2020),
    DateTime.of(2020, 1, 1),
    DateTime.of(2020, 1, 1, offset=-300),
    DateTime.of(2020, 1, 1, 0),
    DateTime.of(2020, 1, 1, 1, offset=60),
    DateTime.of(2020, 1, 1, 0, 0, 0, 0),
    Time.of(0),
    Time.of(0, 0),
    Time.of(0, 0, 0),
    Time.of(0, 0, 0, 0),
    g("1"),
    g("1.0"),
    mg("1000"),
    Quantity(D(1)),
    Ratio(g("1"), g("2")),
    Ratio(g("1.0"), g("2")),
    Interval(1, 5),
    Interval(1, 6, True, False),
    Interval(None, 5),
    Interval(None, 5, False),
    Interval(Date.of(2020), Date.of(2021)),
    [1, None],
    [D("1.0"), None],
    [],
    Tuple(a=1),
    Tuple(a=1, b=None),
    Tuple(a=Uncertainty(1, 2)),
    {"system": "s", "code": "1"},
    {"system": "s", "code": "1", "display": "x"},
    {"coding": [{"system": "s", "code": "1"}]},
    {"coding": []},
    E1,
    E1_AGAIN,
    P1,
    NO_ID,
    FhirValue("string", "1"),
    FhirValue("code", "1"),
    FhirValue("Coding", {"system": "s", "code": "1"}),
    Uncertainty(1, 2),
]


def test_keys_agree_with_equality() -> None:
    for left, right in product(VALUES, VALUES):
        same = (left is None and right is None) or comparison.equal(left, right) is True
        ((left_key,), (right_key,)) = keys_of([left], [right])
        if left_key is not None and right_key is not None:
            assert (left_key == right_key) is same, (left, right)


def test_what_has_no_key() -> None:
    assert distinct_key(Tuple(a=g("1"), b=mg("1"))) is None
    assert distinct_key(Uncertainty(1, 2)) is None
    assert distinct_key(Interval(None, 5)) is None
    assert distinct_key(g("1")) is not None
    assert keys_of([g("1")], [mg("1")]) == [[None], [None]]


SORTED: list[tuple[list[Any], list[Any]]] = [
    ([3, None, 1, 2], [None, 1, 2, 3]),
    (["b", "a", "B"], ["B", "a", "b"]),
    ([D("1.5"), 1, Long(2)], [1, D("1.5"), Long(2)]),
    ([g("2"), g("1")], [g("1"), g("2")]),
    ([g("1"), mg("10")], [mg("10"), g("1")]),
    ([Date.of(2020, 1), Date.of(2020), Date.of(2019, 5)], [Date.of(2019, 5), Date.of(2020), Date.of(2020, 1)]),
    ([DateTime.of(2020, 1, 2), Date.of(2020, 1, 1)], [Date.of(2020, 1, 1), DateTime.of(2020, 1, 2)]),
    ([Time.of(9), Time.of(8, 30)], [Time.of(8, 30), Time.of(9)]),
]


@pytest.mark.parametrize(("items", "expected"), SORTED)
def test_sort(items: list[Any], expected: list[Any]) -> None:
    assert sorting.sort(items) == expected
    assert sorting.sort(items, descending=True) == expected[::-1]


def test_sort_by_several_criteria_is_stable() -> None:
    rows = [Tuple(a=1, b="x"), Tuple(a=2, b="y"), Tuple(a=1, b="y"), Tuple(b="z"), Tuple(a=2, b="x")]
    found = sorting.sort_by(rows, (lambda row: row["a"], True), (lambda row: row["b"], False))
    assert [(row["a"], row["b"]) for row in found or ()] == [(2, "x"), (2, "y"), (1, "x"), (1, "y"), (None, "z")]
    assert sorting.sort_by(None, (lambda row: row, False)) is None


def test_times() -> None:
    left, right = [Tuple(a=1), Tuple(a=2)], [Tuple(b=3), None]
    assert lists.times(left, right) == [Tuple(a=1, b=3), Tuple(a=2, b=3)]
    assert lists.times(None, right) is None
