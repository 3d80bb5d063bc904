# ruff: noqa: E501  (tables of expressions)
"""Intervals: their ends, how they lie to one another, and what they make together, as lines of CQL."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from cql_lines import evaluate, same_value
from hypothesis import given
from hypothesis import strategies as st
from test_temporal_operators import lines

from cqlmeasure.runtime import DAY, HOUR, MILLISECOND, SECOND, CqlError, Date, DateTime, Interval
from cqlmeasure.runtime import interval_compare as compare
from cqlmeasure.runtime import interval_sets as sets
from cqlmeasure.runtime.interval import (
    DateInterval,
    DateTimeInterval,
    IntegerInterval,
    QuantityInterval,
    end_interval,
    interval,
    size_interval,
    start_interval,
    width_interval,
)
from cqlmeasure.runtime.quantity import Quantity
from cqlmeasure.runtime.temporal import MAX_DATE, MAX_DATETIME, MIN_DATE

LINES = """
# ends
start of Interval(1, 10) -> 2
end of Interval(1, 10) -> 9
start of Interval(1.0, 10.0) -> 1.00000001
end of Interval[1 'mg', 2 'mg') -> 1.99999999 'mg'
end of Interval[@2014-01-01, @2014-02-01) -> @2014-01-31
end of Interval[@2014-01, @2014-03) -> @2014-02
end of Interval[@T10:00:00.000, @T11:00:00.000) -> @T10:59:59.999
start of Interval[null, 10] -> -2147483648
start of Interval(null, 10] -> null
end of Interval[1L, null] -> 9223372036854775807L
end of Interval[@2014-01-01, null] -> @9999-12-31
end of Interval[@2014-01-01, null) -> null
end of Interval[null, null] -> null
end of null -> null
width of Interval[1, 10) -> 8
width of Interval[1 'm', 10 'm'] -> 9 'm'
width of Interval[1, null) -> null
point from Interval[4, 5) -> 4
# a point and an interval
5 in Interval[1, 10] -> true
10 in Interval[1, 10) -> false
1 in Interval(1, 10] -> false
5 in Interval[1, null) -> null
0 in Interval[1, null) -> false
5 in Interval[1, null] -> true
0 in Interval(null, 10] -> null
11 in Interval(null, 10] -> false
5 in Interval[null, null] -> true
5 in Interval(null, null) -> null
null in Interval[1, 10] -> null
5 in null -> false
@2014-06 in Interval[@2014-01-01, @2014-12-31] -> true
@2014 in Interval[@2014-01-01, @2014-12-31] -> null
@2015 in Interval[@2014-01-01, @2014-12-31] -> false
@2014-12-31T10:00:00Z in Interval[@2014-01-01T00:00:00.000Z, @2014-12-31T23:59:59.999Z] -> true
@2014-12-31T23:59:59Z in Interval[@2014-01-01T00:00:00.000Z, @2014-12-31T23:59:59.999Z] -> null
@2014-12-31T23:59:59Z in day of Interval[@2014-01-01T00:00:00.000Z, @2014-12-31T23:59:59.999Z] -> true
@2015-01-01T23:59:59Z in day of Interval[@2014-01-01T00:00:00.000Z, @2015-01-01T00:00:00.000Z) -> false
1 properly included in Interval[1, 10] -> false
2 properly included in Interval[1, 10] -> true
# two intervals
Interval[2, 5] included in Interval[1, 10] -> true
Interval[2, 5] included in Interval[2, 5] -> true
Interval[2, 5] properly included in Interval[2, 5] -> false
Interval[2, 5] properly included in Interval[2, 6) -> false
Interval[2, 5] properly included in Interval[2, 6] -> true
Interval[1, 5] included in Interval[2, null) -> false
Interval[3, 5] included in Interval[2, null) -> null
Interval[3, null) included in Interval[2, 10] -> null
Interval[1, null) included in Interval[2, 10] -> false
Interval[1, 10] includes Interval[3, 4] -> true
Interval[1, 10] includes null -> null
Interval[1, 5] before Interval[6, 9] -> true
Interval[1, 6) before Interval[6, 9] -> true
Interval[1, 6] before Interval[6, 9] -> false
Interval[1, null) before Interval[6, 9] -> null
Interval[7, null) before Interval[6, 9] -> false
Interval[1, null] before Interval[6, 9] -> false
5 before Interval[6, 9] -> true
Interval[6, 9] after 5 -> true
Interval[1, 5] on or before Interval[5, 9] -> true
Interval[5, 9] on or after Interval[1, 5] -> true
Interval[5, 9] on or after 6 -> false
Interval[1, 5] overlaps Interval[5, 9] -> true
Interval[1, 5) overlaps Interval[5, 9] -> false
Interval[1, null) overlaps Interval[5, 9] -> null
Interval[6, null) overlaps Interval[5, 9] -> true
Interval[10, null) overlaps Interval[5, 9] -> false
Interval[1, 5] overlaps before Interval[3, 9] -> true
Interval[1, 5] overlaps before Interval[1, 9] -> false
Interval[3, 9] overlaps after Interval[1, 5] -> true
Interval[3, 9] overlaps after Interval[1, 9] -> false
Interval[1, 5] meets Interval[6, 9] -> true
Interval[6, 9] meets Interval[1, 5] -> true
Interval[6, 9] meets before Interval[1, 5] -> false
Interval[1, null] meets before Interval[6, 9] -> false
Interval[@T03, @T04] meets Interval[@T05, @T06] -> true
Interval[@2014-01-01, @2014-01-31] meets before month of Interval[@2014-02-15, @2014-03-01] -> true
Interval[@2014-01-01, @2014-01-20] meets before month of Interval[@2014-02-15, @2014-03-01] -> true
Interval[@2014-01-01, @2014-01-20] meets before month of Interval[@2014-03-15, @2014-04-01] -> false
Interval[@T10:00, @T10:20] meets hour of Interval[@T11:30, @T12:00] -> true
Interval[1, 5] starts Interval[1, 9] -> true
Interval[1, 10] starts Interval[1, 9] -> false
Interval[5, 9] ends Interval[1, 9] -> true
Interval[1, 5] same as Interval[1, 6) -> true
Interval[1, 5] = Interval(0, 6) -> true
Interval[1, null] = Interval[1, null] -> true
Interval[1, null) = Interval[1, null) -> null
Interval[1, null) = Interval[2, null) -> false
Interval[1, null) ~ Interval[1, null) -> true
Interval[1, null) ~ Interval[1, 5] -> false
Interval[1 'm', 2 'm'] = Interval[100 'cm', 200 'cm'] -> true
Interval[1 'm', 2 'm'] overlaps Interval[1 'kg', 2 'kg'] -> null
Interval[@2014-03-10, @2014-04-10] same month as Interval[@2014-03-20, @2014-04-20] -> true
Interval[@2014-01-10T, @2014-02T] overlaps Interval[@2014-02-05T, @2014-03-01T] -> null
# together
Interval[1, 5] union Interval[6, 9] -> Interval[1, 9]
Interval[1, 5] union Interval[7, 9] -> null
Interval[1, null] union Interval[0, 9] -> Interval[0, 2147483647]
Interval[1, 9] intersect Interval[5, 12) -> Interval[5, 9]
Interval[1, 9] intersect Interval[5, null) -> Interval[5, null)
Interval[1, 4] intersect Interval[5, 9] -> null
Interval[1, 9] except Interval[5, 12] -> Interval[1, 4]
Interval[1, 9] except Interval[0, 4] -> Interval[5, 9]
Interval[1, 9] except Interval[3, 4] -> null
Interval[1, 9] except Interval[0, 10] -> null
Interval[1, 9] except Interval[20, 30] -> Interval[1, 9]
Interval[1, 9] except null -> null
# collapse
collapse {Interval[8, 9], Interval[1, 3], null, Interval[2, 5]} -> {Interval[1, 5], Interval[8, 9]}
collapse {Interval[1, 3], Interval[6, 9]} per 3 '1' -> {Interval[1, 9]}
collapse {Interval[1 'm', 2 'm'], Interval[150 'cm', 300 'cm']} -> {Interval[1 'm', 300 'cm']}
collapse {Interval[@2014-01-01, @2014-01-31], Interval[@2014-02-01, @2014-02-28]} -> {Interval[@2014-01-01, @2014-02-28]}
collapse {Interval[@2014-01-01, @2014-01-10], Interval[@2014-01-12, @2014-01-28]} -> {Interval[@2014-01-01, @2014-01-10], Interval[@2014-01-12, @2014-01-28]}
collapse {Interval[@2014-01-01, @2014-01-10], Interval[@2014-01-12, @2014-01-28]} per 2 days -> {Interval[@2014-01-01, @2014-01-28]}
collapse {Interval[@2014-01-01, @2014-01-10], Interval[@2014-02-12, @2014-02-28]} per month -> {Interval[@2014-01-01, @2014-02-28]}
collapse {Interval[1, 5], Interval[4, null)} -> {Interval[1, null)}
collapse {Interval(null, null)} -> {}
collapse {} -> {}
collapse null -> null
# expand
expand {Interval[1, 3]} -> {Interval[1, 1], Interval[2, 2], Interval[3, 3]}
expand {Interval[1, 3], Interval[2, 4]} per 2 '1' -> {Interval[1, 2], Interval[2, 3]}
expand Interval[1.0, 1.3] -> {1.0, 1.1, 1.2, 1.3}
expand Interval[1 'g', 2 'g'] per 500 'mg' -> {1 'g', 1.5 'g'}
expand Interval[@2014-01-31, @2014-05-30] per month -> {@2014-01, @2014-02, @2014-03, @2014-04, @2014-05}
expand Interval[@2014-01-30, @2014-02-02] -> {@2014-01-30, @2014-01-31, @2014-02-01, @2014-02-02}
expand Interval[@2014-01, @2014-02] per day -> {}
expand Interval[@2014-01-01, @2014-01-21] per week -> {@2014-01-01, @2014-01-08, @2014-01-15}
expand Interval[@T22:10, @T23:50] per hour -> {@T22, @T23}
expand Interval[1, null] -> {}
expand {null} -> {}
"""


@pytest.mark.parametrize(("expression", "expected"), lines(LINES))
def test_operators(expression: str, expected: str) -> None:
    found = evaluate(expression)
    assert same_value(found, evaluate(expected)), f"{expression} gave {found!r}"


@pytest.mark.parametrize("expression", ["Interval[5, 3]", "Interval[5, 5)", "Interval(@2014-02-01, @2014-01-01]"])
def test_an_interval_that_ends_before_it_starts_is_an_error(expression: str) -> None:
    with pytest.raises(CqlError, match="ends before it starts"):
        evaluate(expression)


@pytest.mark.parametrize(
    "expression",
    ["width of Interval[@2014-01-01, @2014-01-02]", "point from Interval[1, 2]", "expand Interval[1, 5] per 0 '1'"],
)
def test_errors(expression: str) -> None:
    with pytest.raises(CqlError):
        evaluate(expression)


def test_too_long_an_expansion_is_an_error() -> None:
    with pytest.raises(CqlError, match="more than"):
        sets.expand(interval(1, 2_000_000_000))
    with pytest.raises(CqlError, match="more than"):
        sets.expand(evaluate("Interval[@1000-01-01, @9999-12-31]"))


def test_classes_know_their_extremes() -> None:
    assert type(interval(1, None)) is IntegerInterval
    assert type(interval(None, Quantity(Decimal(1)))) is QuantityInterval
    assert type(interval(None, None)) is Interval
    assert end_interval(DateTimeInterval(None, None)) is MAX_DATETIME
    assert (start_interval(DateInterval(None, None)), end_interval(DateInterval(None, None))) == (MIN_DATE, MAX_DATE)
    assert type(sets.intersect_interval(interval(1, 5), interval(2, 9))) is IntegerInterval
    assert size_interval(interval(1, 5)) == 5
    assert size_interval(interval(Decimal(1), Decimal(2))) == Decimal("1.00000001")
    assert width_interval(IntegerInterval(-(2**31), 2**31 - 1)) is None


ENDS = [None, 2, 3, 5]
SMALL = [
    IntegerInterval(low, high, low_closed, high_closed)
    for low, high, low_closed, high_closed in itertools.product(ENDS, ENDS, (True, False), (True, False))
    if low is None or high is None or (low + (not low_closed)) <= (high - (not high_closed))
]


def possible(value: Interval) -> list[tuple[int, int]]:
    """Every pair of ends, from 0 to 7, that an interval may have; 0 and 7 stand for the least and greatest value."""
    low, high = value.low, value.high
    lows = range(8) if low is None and not value.low_closed else [0 if low is None else low + (not value.low_closed)]
    highs = (
        range(8) if high is None and not value.high_closed else [7 if high is None else high - (not value.high_closed)]
    )
    return [(x, y) for x in lows for y in highs if x <= y]


def known(value: Interval) -> bool:
    """Whether both ends are known."""
    return (value.low is not None or value.low_closed) and (value.high is not None or value.high_closed)


OPERATORS = {
    compare.overlaps_interval: lambda a, b: a[0] <= b[1] and b[0] <= a[1],
    compare.included_in_interval: lambda a, b: b[0] <= a[0] and a[1] <= b[1],
    compare.before_interval: lambda a, b: a[1] < b[0],
    compare.same_or_before_interval: lambda a, b: a[1] <= b[0],
    compare.equal_interval: lambda a, b: a == b,
    compare.starts_interval: lambda a, b: a[0] == b[0] and a[1] <= b[1],
    compare.ends_interval: lambda a, b: a[1] == b[1] and b[0] <= a[0],
    compare.meets_before_interval: lambda a, b: a[1] + 1 == b[0],
    compare.overlaps_before_interval: lambda a, b: a[0] < b[0] <= a[1],
    compare.overlaps_after_interval: lambda a, b: b[1] < a[1] and a[0] <= b[1],
    compare.proper_included_in_interval: lambda a, b: b[0] <= a[0] and a[1] <= b[1] and a != b,
}


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.__name__)
def test_an_answer_holds_for_every_possible_interval(operator: object) -> None:
    test = OPERATORS[operator]  # type: ignore[index]
    decided = 0
    for a, b in itertools.product(SMALL, SMALL):
        found = operator(a, b)  # type: ignore[operator]
        answers = {test(x, y) for x in possible(a) for y in possible(b)}
        if found is not None:
            decided += 1
            assert answers == {found}, (a, b, found)
        if known(a) and known(b):
            assert found is not None, (a, b)
    assert decided > len(SMALL)


MOMENTS = st.builds(
    DateTime.of_local,
    st.integers(1_000_000_000_000, 1_000_400_000_000),
    st.sampled_from([DAY, HOUR, SECOND, MILLISECOND]),
    st.sampled_from([0, 0, 60]),
)
ENDS_OF_TIME = st.one_of(st.none(), MOMENTS, MOMENTS)
PERIODS = st.builds(DateTimeInterval, ENDS_OF_TIME, ENDS_OF_TIME, st.booleans(), st.booleans())


@given(PERIODS, PERIODS, MOMENTS, st.sampled_from([None, DAY, SECOND, 2]))
def test_shortcuts_for_datetimes_agree(a: Interval, b: Interval, point: DateTime, precision: int | None) -> None:
    assert compare.in_interval_datetime(point, a, precision) is compare.in_interval(point, a, precision)
    assert compare.overlaps_interval_datetime(a, b, precision) is compare.overlaps_interval(a, b, precision)
    assert compare.included_in_interval_datetime(a, b, precision) is compare.included_in_interval(a, b, precision)
    assert compare.includes_interval_datetime(a, b, precision) is compare.includes_interval(a, b, precision)
    assert compare.included_in_interval_datetime(point, b, precision) is compare.in_interval(point, b, precision)
    assert compare.before_interval_datetime(a, b, precision) is compare.before_interval(a, b, precision)
    assert compare.after_interval_datetime(a, b, precision) is compare.after_interval(a, b, precision)


DATES = st.builds(Date.of_day, st.integers(16_000, 16_100), st.sampled_from([2, DAY, DAY, DAY]))
SPANS = st.builds(DateInterval, st.one_of(st.none(), DATES), st.one_of(st.none(), DATES), st.booleans(), st.just(True))


@given(DATES, SPANS, st.sampled_from([None, DAY, 2]))
def test_shortcuts_for_dates_agree(point: Date, value: Interval, precision: int | None) -> None:
    assert compare.in_interval_date(point, value, precision) is compare.in_interval(point, value, precision)


@pytest.mark.parametrize("value", SMALL, ids=repr)
def test_shortcuts_for_integers_agree(value: Interval) -> None:
    for point in range(8):
        assert compare.in_interval_integer(point, value) is compare.in_interval(point, value)
