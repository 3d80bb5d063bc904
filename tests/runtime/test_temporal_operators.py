"""Comparison and arithmetic of dates and times, as lines of CQL."""

from __future__ import annotations

import pytest
from cql_lines import evaluate, same_value
from hypothesis import given
from hypothesis import strategies as st

from cqlmeasure.runtime import DAY, HOUR, MILLISECOND, SECOND, CqlError, DateTime
from cqlmeasure.runtime import temporal_compare as compare

LINES = """
# comparison without a precision: what the finest value has, the other must have too
@2014-03-01 before @2014-03-02 -> true
@2014-03-01 before @2014-03-01 -> false
@2014 before @2014-03-01 -> null
@2014 before @2015-03-01 -> true
@2014 same as @2014 -> true
@2014T <= @2014-12-31T23:59:59.999Z -> null
@2014T < @2014-12-31T23:59:59.999Z -> null
@2014T >= @2014-01-01T00:00:00.000Z -> null
@2014-01-01T00:00:00.000Z = @2014T -> null
@2014T = @2015-01T -> false
@2014-01-01T10:00:00Z = @2014-01-01T10:00:00.000Z -> null
@2014-01-01T10:00:00Z before @2014-01-01T10:00:01.000Z -> true
@2014-01-01T10:00Z same as @2014-01-01T10:00Z -> true
@T10:00 < @T10:00:00 -> null
@T10:00 < @T10:01:00 -> true
null before @2014-03-01 -> null
# at a precision
@2014-03-10 same month as @2014-03-20 -> true
@2014-03-10 after month of @2014-02-20 -> true
@2014-03-10 same day or before @2014-03 -> null
@2014-03-10 same day or before @2014-04 -> true
@2014-03-10T10:00:00.000Z same day as @2014-03-10T23:00:00.000Z -> true
@2014-03-10T10:00:00.000Z after day of @2014-03-09T23:00:00.000Z -> true
@2014-03-10T10:00:00.000Z same hour or after @2014-03-10T10:59:00.000Z -> true
@2014-03-10T10:00:00.000Z before second of @2014-03-10T -> null
@2014-03-10T10:00:00.000Z before second of @2014-03-11T -> true
@T10:20:30.100 same second as @T10:20:30.900 -> true
@T10:20 same second as @T10:20:30 -> null
@T10:20 before second of @T10:21:30 -> true
# offsets count from hours downwards, or without a precision; a day is the day that was written
@2014-03-10T23:30:00.000-05:00 same day as @2014-03-11T04:30:00.000Z -> false
@2014-03-10T23:30:00.000-05:00 same as @2014-03-11T04:30:00.000Z -> true
@2014-03-10T23:30:00.000-05:00 same hour as @2014-03-11T04:45:00.000Z -> true
@2014-03-10T10:00:00.000+05:30 before hour of @2014-03-10T05:00:00.000Z -> true
@2014-03-10T10:00:00+02:00 < @2014-03-10T09:00:00+00:00 -> true
# a date meets a date and time
@2014-03-10 same day as @2014-03-10T10:00:00.000Z -> true
@2014-03-10 before @2014-03-11T10:00:00.000Z -> true
@2014-03-10T10:00:00.000Z after @2014-03-10 -> null
# equivalence is never null
@2014 ~ @2014-01 -> false
@2014-01-01T10:00:00Z ~ @2014-01-01T11:00:00+01:00 -> true
@T10 ~ @T10 -> true
null ~ @2014 -> false
# adding: months keep the day or take the month's last
@2016-01-31 + 1 month -> @2016-02-29
@2015-01-31 + 1 month -> @2015-02-28
@2016-02-29 + 1 year -> @2017-02-28
@2016-03-31 - 1 month -> @2016-02-29
@2015-12-31 + 2 months -> @2016-02-29
@2016-01-15 + 13 'mo' -> @2017-02-15
@2016-01-15 + 2 'a' -> @2018-01-15
@2016-02-28 + 2 days -> @2016-03-01
@2016-02-28 + 1 week -> @2016-03-06
@2016-01-31T10:20:30.400+02:00 + 1 month -> @2016-02-29T10:20:30.400+02:00
@2016-12-31T23:30:00-05:00 + 1 hour -> @2017-01-01T00:30:00-05:00
@2016-01-01T00:00:00.000Z - 1 millisecond -> @2015-12-31T23:59:59.999Z
@2016-01-01T00:00:00.000Z + 1.5 's' -> @2016-01-01T00:00:01.500Z
@2016-01-01T00:00:00Z + 1.9 seconds -> @2016-01-01T00:00:01Z
@2016-01-01 + 2.9 days -> @2016-01-03
# a quantity finer than the value is cut to its precision
@2014 + 23 months -> @2015
@2014 - 23 months -> @2013
@2014 + 729 days -> @2015
@2014-06 + 59 days -> @2014-07
@2014-06 + 60 days -> @2014-08
@2014-06 + 5 weeks -> @2014-07
@2014-06-01 + 47 hours -> @2014-06-02
@2014-06-01T10Z + 119 minutes -> @2014-06-01T11Z
@2014-06-01T10Z - 59 minutes -> @2014-06-01T10Z
# out of range
@2014 + null -> null
# a time goes round
@T23:30 + 1 hour -> @T00:30
@T00:30 - 40 minutes -> @T23:50
@T10 + 90 minutes -> @T11
# durations: whole periods
years between @2000-02-29 and @2001-02-28 -> 0
years between @2000-02-29 and @2001-03-01 -> 1
years between @2001-03-01 and @2000-02-29 -> -1
years between @2001-02-28 and @2000-02-29 -> 0
months between @2014-01-31 and @2014-02-28 -> 0
months between @2014-01-15 and @2014-02-15 -> 1
months between @2014-02-15 and @2014-01-16 -> 0
weeks between @2014-01-01 and @2014-01-15 -> 2
weeks between @2014-01-15 and @2014-01-02 -> -1
days between @2014-01-01 and @2014-03-01 -> 59
days between @2014-01-01T12:00:00.000Z and @2014-01-03T11:59:59.999Z -> 1
days between @2014-01-03T11:59:59.999Z and @2014-01-01T12:00:00.000Z -> -1
hours between @2014-01-01T12:00:00+01:00 and @2014-01-01T12:00:00Z -> 1
years between @2000-06-15T12:00:00.000Z and @2010-06-15T11:00:00.000Z -> 9
days between @2014-01-01T and @2014-01-03T -> Interval[1, 2]
days between @2014-01-01 and @2014-01 -> Interval[0, 30]
years between @2000 and @2010 -> Interval[9, 10]
minutes between @T10:00 and @T11:00:30 -> 60
seconds between @T10:00:00 and @T10:00:05 -> 5
days between @2014-01-01 and null -> null
# differences: boundaries crossed
difference in years between @2014-12-31 and @2015-01-01 -> 1
difference in months between @2014-12-31 and @2015-01-01 -> 1
difference in months between @2015-01-01 and @2014-12-31 -> -1
difference in months between @2012-01-02 and @2012 -> Interval[0, 11]
difference in days between @2014-01-01T23:59:00.000Z and @2014-01-02T00:01:00.000Z -> 1
difference in days between @2014-01-01T and @2014-01-03T -> 2
difference in weeks between @2026-11-21 and @2026-11-22 -> 1
difference in weeks between @2026-11-22 and @2026-11-28 -> 0
difference in weeks between @2026-11-22 and @2026-11-21 -> -1
difference in hours between @2014-01-01T10:59:00.000Z and @2014-01-01T11:01:00.000Z -> 1
difference in minutes between @T10:00:59.999 and @T10:01:00.000 -> 1
difference in hours between @2014-01-01T and @2014-01-01T10Z -> Interval[-13, 10]
# an uncertain number compares where all its values agree
months between @2005T and @2006-05T > 3 -> true
months between @2005T and @2006-05T > 16 -> false
months between @2005T and @2006-05T > 10 -> null
months between @2005T and @2006-05T = 3 -> false
months between @2005T and @2006-05T = 10 -> null
# neighbours are of the value's own precision
successor of @2016-02-28 -> @2016-02-29
successor of @2015-12 -> @2016-01
predecessor of @2016-01-01T10Z -> @2016-01-01T09Z
successor of @9999-12-31 -> null
predecessor of @T00:00:00.000 -> null
successor of @T23 -> null
"""


def lines(text: str) -> list[tuple[str, str]]:
    """The rows of a table of ``expression -> expected`` lines."""
    rows = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(left.strip(), right.strip()) for left, right in (row.split(" -> ") for row in rows)]


@pytest.mark.parametrize(("expression", "expected"), lines(LINES))
def test_operators(expression: str, expected: str) -> None:
    found = evaluate(expression)
    assert same_value(found, evaluate(expected)), f"{expression} gave {found!r}"


@pytest.mark.parametrize("expression", ["@2014 + 1 'mg'", "@T10 + 1 day", "@2014-01-01 - 3 'cm'"])
def test_a_quantity_that_is_no_duration_is_an_error(expression: str) -> None:
    with pytest.raises(CqlError, match="cannot be added"):
        evaluate(expression)


DATETIMES = st.builds(
    DateTime.of_local,
    st.integers(1_000_000_000_000, 1_000_400_000_000),
    st.sampled_from([DAY, HOUR, SECOND, MILLISECOND]),
    st.sampled_from([0, 0, 60, -330]),
)
PRECISIONS = st.sampled_from([None, None, 1, 2, DAY, DAY, HOUR, 5, SECOND, MILLISECOND])


@given(DATETIMES, DATETIMES, PRECISIONS)
def test_shortcuts_agree_with_the_rule(a: DateTime, b: DateTime, precision: int | None) -> None:
    order = compare.compare_datetime(a, b, precision)
    expected = [None] * 5 if order is None else [order < 0, order > 0, order == 0, order <= 0, order >= 0]
    assert expected == [
        compare.before_datetime(a, b, precision),
        compare.after_datetime(a, b, precision),
        compare.same_as_datetime(a, b, precision),
        compare.same_or_before_datetime(a, b, precision),
        compare.same_or_after_datetime(a, b, precision),
    ]
    if a.offset == b.offset:
        opposite = compare.compare_datetime(b, a, precision)
        assert opposite == (None if order is None else -order)
