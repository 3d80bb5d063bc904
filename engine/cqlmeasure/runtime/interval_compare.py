"""How intervals and points lie to one another.

Every operator is defined by the first and last points of its operands.  An unknown point (an open null end) lies
between what is known: an unknown end is not before the start, an unknown start not after the end.  So an operator is
true or false where every possible value agrees, and null otherwise.

Each operator has one function for all point types, named as the ELM operator with the suffix ``_interval``; for
DateTime, and where it pays Date and Integer, there are versions with the suffix ``_interval_datetime`` and so on that
take the common case without detours.
"""

from __future__ import annotations

from typing import Any

from cqlmeasure.runtime.interval import Interval, any_end, close, close_like
from cqlmeasure.runtime.points import compare_points, cut_point, predecessor_point, successor_point
from cqlmeasure.runtime.temporal import DAY, Date, DateTime
from cqlmeasure.runtime.temporal_compare import before_datetime, same_or_after_datetime, same_or_before_datetime

_Range = tuple[Any, Any]
"""Earliest and latest possible value of an end; None where nothing is known."""


def _pair(value: Interval, sample: Any) -> tuple[_Range, _Range]:
    """The ranges of the first and of the last point.

    ``sample`` is a point of the other operand: it tells the type where both ends are null.
    """
    first, last = close_like(value, sample)
    return (first, first) if first is not None else (None, last), (last, last) if last is not None else (first, None)


def _operands(a: Any, b: Any) -> tuple[_Range, _Range, _Range, _Range]:
    """Start and end of both operands; a point is its own start and end."""
    start_a, end_a = _pair(a, any_end(b)) if isinstance(a, Interval) else ((a, a), (a, a))
    start_b, end_b = _pair(b, any_end(a)) if isinstance(b, Interval) else ((b, b), (b, b))
    return start_a, end_a, start_b, end_b


def _less_or_equal(x: _Range, y: _Range, precision: int | None) -> bool | None:
    order = compare_points(x[1], y[0], precision)
    if order is not None and order <= 0:
        return True
    if x[0] is not x[1] or y[0] is not y[1]:
        order = compare_points(x[0], y[1], precision)
    return False if order is not None and order > 0 else None


def _less(x: _Range, y: _Range, precision: int | None) -> bool | None:
    found = _less_or_equal(y, x, precision)
    return None if found is None else not found


def _same(x: _Range, y: _Range, precision: int | None) -> bool | None:
    if x[0] is x[1] and y[0] is y[1]:
        order = compare_points(x[0], y[0], precision)
        return None if order is None else order == 0
    if _less(x, y, precision) is True or _less(y, x, precision) is True:
        return False
    return None


def _and(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: bool | None, right: bool | None) -> bool | None:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


# --- a point and an interval --------------------------------------------------------------------------------------


def in_interval(point: Any, value: Interval | None, precision: int | None = None) -> bool | None:
    """``point in precision of value``: false if the interval is null, null if the point is."""
    if value is None:
        return False
    if point is None:
        return None
    here = (point, point)
    start, end = _pair(value, point)
    above = _less_or_equal(start, here, precision)
    return False if above is False else _and(above, _less_or_equal(here, end, precision))


def contains_interval(value: Interval | None, point: Any, precision: int | None = None) -> bool | None:
    """``value contains precision of point``."""
    return in_interval(point, value, precision)


def proper_in_interval(point: Any, value: Interval | None, precision: int | None = None) -> bool | None:
    """``point properly included in precision of value``: in it, and neither its first nor its last point.

    The specification's text would allow an end of a longer interval; its tests do not, and engines agree with them.
    """
    if value is None:
        return False
    if point is None:
        return None
    here = (point, point)
    start, end = _pair(value, point)
    return _and(_less(start, here, precision), _less(here, end, precision))


def proper_contains_interval(value: Interval | None, point: Any, precision: int | None = None) -> bool | None:
    """``value properly includes precision of point``."""
    return proper_in_interval(point, value, precision)


# --- two intervals ------------------------------------------------------------------------------------------------


def included_in_interval(a: Any, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a included in precision of b``; a point on the left is the operator ``in``."""
    if a is not None and not isinstance(a, Interval):
        return in_interval(a, b, precision)
    if a is None or b is None:
        return None
    start_a, end_a, start_b, end_b = _operands(a, b)
    return _and(_less_or_equal(start_b, start_a, precision), _less_or_equal(end_a, end_b, precision))


def includes_interval(a: Interval | None, b: Any, precision: int | None = None) -> bool | None:
    """``a includes precision of b``; a point on the right is the operator ``contains``."""
    return included_in_interval(b, a, precision)


def proper_included_in_interval(a: Any, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a properly included in precision of b``: included, and not the same."""
    if a is not None and not isinstance(a, Interval):
        return proper_in_interval(a, b, precision)
    if a is None or b is None:
        return None
    start_a, end_a, start_b, end_b = _operands(a, b)
    inside = _and(_less_or_equal(start_b, start_a, precision), _less_or_equal(end_a, end_b, precision))
    if inside is False:
        return False
    return _and(inside, _or(_less(start_b, start_a, precision), _less(end_a, end_b, precision)))


def proper_includes_interval(a: Interval | None, b: Any, precision: int | None = None) -> bool | None:
    """``a properly includes precision of b``."""
    return proper_included_in_interval(b, a, precision)


def before_interval(a: Any, b: Any, precision: int | None = None) -> bool | None:
    """``a before precision of b``; either may be a point."""
    if a is None or b is None:
        return None
    _, end_a, start_b, _ = _operands(a, b)
    return _less(end_a, start_b, precision)


def after_interval(a: Any, b: Any, precision: int | None = None) -> bool | None:
    """``a after precision of b``; either may be a point."""
    return before_interval(b, a, precision)


def same_or_before_interval(a: Any, b: Any, precision: int | None = None) -> bool | None:
    """``a same precision or before b``: the first ends no later than the second starts; either may be a point."""
    if a is None or b is None:
        return None
    _, end_a, start_b, _ = _operands(a, b)
    return _less_or_equal(end_a, start_b, precision)


def same_or_after_interval(a: Any, b: Any, precision: int | None = None) -> bool | None:
    """``a same precision or after b``: the first starts no earlier than the second ends; either may be a point."""
    return same_or_before_interval(b, a, precision)


def same_as_interval(a: Any, b: Any, precision: int | None = None) -> bool | None:
    """``a same precision as b``: they start and end together."""
    if a is None or b is None:
        return None
    start_a, end_a, start_b, end_b = _operands(a, b)
    return _and(_same(start_a, start_b, precision), _same(end_a, end_b, precision))


def equal_interval(a: Interval | None, b: Interval | None) -> bool | None:
    """``a = b``: the same first and the same last point, however the ends are written."""
    return same_as_interval(a, b)


def equivalent_interval(a: Interval | None, b: Interval | None) -> bool:
    """``a ~ b``: never null; unknown ends are equivalent to unknown ends."""
    if a is None or b is None:
        return a is b
    start_a, end_a, start_b, end_b = _operands(a, b)
    return _alike(start_a, start_b) and _alike(end_a, end_b)


def _alike(x: _Range, y: _Range) -> bool:
    known_x, known_y = x[0] is x[1], y[0] is y[1]
    if known_x and known_y:
        return (x[0] is None and y[0] is None) or compare_points(x[0], y[0]) == 0
    return known_x == known_y


def overlaps_interval(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a overlaps precision of b``: they have a point in common."""
    if a is None or b is None:
        return None
    start_a, end_a, start_b, end_b = _operands(a, b)
    return _and(_less_or_equal(start_a, end_b, precision), _less_or_equal(start_b, end_a, precision))


def overlaps_before_interval(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a overlaps before precision of b``: they overlap, and the first starts first."""
    if a is None or b is None:
        return None
    start_a, end_a, start_b, _ = _operands(a, b)
    return _and(_less(start_a, start_b, precision), _less_or_equal(start_b, end_a, precision))


def overlaps_after_interval(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a overlaps after precision of b``: they overlap, and the first ends last."""
    if a is None or b is None:
        return None
    start_a, end_a, _, end_b = _operands(a, b)
    return _and(_less(end_b, end_a, precision), _less_or_equal(start_a, end_b, precision))


def meets_before_interval(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a meets before precision of b``: the second starts right after the first ends."""
    if a is None or b is None:
        return None
    _, end_a, start_b, _ = _operands(a, b)
    return _meets(end_a, start_b, precision)


def meets_after_interval(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a meets after precision of b``: the first starts right after the second ends."""
    return meets_before_interval(b, a, precision)


def meets_interval(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a meets precision of b``: one starts right after the other ends."""
    return _or(meets_before_interval(a, b, precision), meets_after_interval(a, b, precision))


def _meets(end: _Range, start: _Range, precision: int | None) -> bool | None:
    if end[0] is end[1] and end[0] is not None:
        following = successor_point(end[0] if precision is None else cut_point(end[0], precision))
        return False if following is None else _same((following, following), start, precision)
    if start[0] is start[1] and start[0] is not None:
        previous = predecessor_point(start[0] if precision is None else cut_point(start[0], precision))
        return False if previous is None else _same(end, (previous, previous), precision)
    return False if _less(start, end, precision) is True else None


def starts_interval(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a starts precision of b``: they start together, and the first ends no later."""
    if a is None or b is None:
        return None
    start_a, end_a, start_b, end_b = _operands(a, b)
    return _and(_same(start_a, start_b, precision), _less_or_equal(end_a, end_b, precision))


def ends_interval(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a ends precision of b``: they end together, and the first starts no earlier."""
    if a is None or b is None:
        return None
    start_a, end_a, start_b, end_b = _operands(a, b)
    return _and(_same(end_a, end_b, precision), _less_or_equal(start_b, start_a, precision))


# --- the hot operators for DateTime -------------------------------------------------------------------------------


def in_interval_datetime(point: DateTime | None, value: Interval | None, precision: int | None = None) -> bool | None:
    """``point in precision of value``."""
    if value is None:
        return False
    if point is None:
        return None
    low, high = value.low, value.high
    if low is None or high is None or not value.low_closed or not value.high_closed:
        low, high = close(value)
        if low is None or high is None:
            return in_interval(point, value, precision)
    if precision == DAY and point.precision >= DAY and low.precision >= DAY and high.precision >= DAY:
        return bool(low.day <= point.day <= high.day)
    after_start = same_or_before_datetime(low, point, precision)
    return False if after_start is False else _and(after_start, same_or_before_datetime(point, high, precision))


def contains_interval_datetime(
    value: Interval | None, point: DateTime | None, precision: int | None = None
) -> bool | None:
    """``value contains precision of point``."""
    return in_interval_datetime(point, value, precision)


def included_in_interval_datetime(a: Any, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a included in precision of b``; a point on the left is the operator ``in``."""
    if type(a) is DateTime:
        return in_interval_datetime(a, b, precision)
    if a is None or b is None:
        return None
    low_a, high_a, low_b, high_b = a.low, a.high, b.low, b.high
    if low_a is None or high_a is None or not a.low_closed or not a.high_closed:
        low_a, high_a = close(a)
    if low_b is None or high_b is None or not b.low_closed or not b.high_closed:
        low_b, high_b = close(b)
    if low_a is None or high_a is None or low_b is None or high_b is None:
        return included_in_interval(a, b, precision)
    if (
        precision == DAY
        and low_a.precision >= DAY
        and high_a.precision >= DAY
        and low_b.precision >= DAY
        and high_b.precision >= DAY
    ):
        return bool(low_b.day <= low_a.day and high_a.day <= high_b.day)
    started = same_or_after_datetime(low_a, low_b, precision)
    return False if started is False else _and(started, same_or_before_datetime(high_a, high_b, precision))


def includes_interval_datetime(a: Interval | None, b: Any, precision: int | None = None) -> bool | None:
    """``a includes precision of b``; a point on the right is the operator ``contains``."""
    return included_in_interval_datetime(b, a, precision)


def overlaps_interval_datetime(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a overlaps precision of b``."""
    if a is None or b is None:
        return None
    low_a, high_a, low_b, high_b = a.low, a.high, b.low, b.high
    if low_a is None or high_a is None or not a.low_closed or not a.high_closed:
        low_a, high_a = close(a)
    if low_b is None or high_b is None or not b.low_closed or not b.high_closed:
        low_b, high_b = close(b)
    if low_a is None or high_a is None or low_b is None or high_b is None:
        return overlaps_interval(a, b, precision)
    if (
        precision == DAY
        and low_a.precision >= DAY
        and high_a.precision >= DAY
        and low_b.precision >= DAY
        and high_b.precision >= DAY
    ):
        return bool(low_a.day <= high_b.day and low_b.day <= high_a.day)
    started = same_or_before_datetime(low_a, high_b, precision)
    return False if started is False else _and(started, same_or_before_datetime(low_b, high_a, precision))


def before_interval_datetime(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a before precision of b`` for two intervals."""
    if a is None or b is None:
        return None
    end, start = a.high, b.low
    if end is None or start is None or not a.high_closed or not b.low_closed:
        return before_interval(a, b, precision)
    return before_datetime(end, start, precision)


def after_interval_datetime(a: Interval | None, b: Interval | None, precision: int | None = None) -> bool | None:
    """``a after precision of b`` for two intervals."""
    return before_interval_datetime(b, a, precision)


def in_interval_date(point: Date | None, value: Interval | None, precision: int | None = None) -> bool | None:
    """``point in precision of value`` for dates."""
    if value is None:
        return False
    if point is None:
        return None
    low, high = value.low, value.high
    if low is None or high is None or not value.low_closed or not value.high_closed:
        return in_interval(point, value, precision)
    if point.precision == low.precision == high.precision == DAY and (precision is None or precision == DAY):
        return bool(low.low <= point.low <= high.low)
    return in_interval(point, value, precision)


def in_interval_integer(point: int | None, value: Interval | None) -> bool | None:
    """``point in value`` for whole numbers."""
    if value is None:
        return False
    if point is None:
        return None
    low, high = value.low, value.high
    if low is None or high is None:
        return in_interval(point, value)
    return bool(
        (low <= point if value.low_closed else low < point) and (point <= high if value.high_closed else point < high)
    )
