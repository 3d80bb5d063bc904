"""Intervals as sets of points: union, intersect, except, collapse and expand.

Results are closed at ends that are known.  An end that depends on an unknown one is open and null again; what cannot be
decided because dates are too imprecise is null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_FLOOR, Decimal
from functools import cmp_to_key
from typing import Any

from cqlmeasure.runtime.interval import Interval, any_end, close, close_like, interval_class
from cqlmeasure.runtime.interval_compare import meets_interval, overlaps_interval
from cqlmeasure.runtime.numbers import DECIMAL_PLACES, WIDE_CONTEXT, Long
from cqlmeasure.runtime.points import compare_points, cut_point, least_like, predecessor_point, successor_point
from cqlmeasure.runtime.quantity import Quantity
from cqlmeasure.runtime.temporal import DAY, HOUR, MILLISECOND, WEEK, Date, DateTime, Time
from cqlmeasure.runtime.temporal_arithmetic import (
    UNIT_PRECISIONS,
    difference_between,
    shift_date,
    shift_datetime,
    shift_time,
)
from cqlmeasure.runtime.uncertainty import Uncertainty
from cqlmeasure.runtime.values import CqlError
from cqlmeasure.ucum import calendar_unit, to_common_unit

_MOST_POINTS = 1_000_000


# --- two intervals ------------------------------------------------------------------------------------------------


def union_interval(a: Interval | None, b: Interval | None) -> Interval | None:
    """``a union b``; null unless they certainly overlap or meet."""
    if a is None or b is None:
        return None
    if overlaps_interval(a, b) is not True and meets_interval(a, b) is not True:
        return None
    return _between(a, b, 0, 1)


def intersect_interval(a: Interval | None, b: Interval | None) -> Interval | None:
    """``a intersect b``; null unless they certainly overlap."""
    if a is None or b is None or overlaps_interval(a, b) is not True:
        return None
    return _between(a, b, 1, 0)


def except_interval(a: Interval | None, b: Interval | None) -> Interval | None:
    """``a except b``: the part of ``a`` before or after ``b``; null if that is nothing or two parts."""
    if a is None or b is None:
        return None
    overlap = overlaps_interval(a, b)
    if overlap is False:
        return a
    start_a, end_a = close_like(a, any_end(b))
    start_b, end_b = close_like(b, any_end(a))
    starts = compare_points(start_a, start_b)
    ends = compare_points(end_a, end_b)
    if overlap is None or starts is None or ends is None:
        return None
    if starts < 0 and ends <= 0:
        return _made(a, start_a, predecessor_point(start_b))
    if starts >= 0 and ends > 0:
        return _made(a, successor_point(end_b), end_a)
    return None


def _made(like: Interval, low: Any, high: Any) -> Interval:
    kind = type(like) if type(like) is not Interval else interval_class(high if low is None else low)
    return kind(low, high, low is not None, high is not None)


_UNDECIDED = object()


def _pick(x: Any, y: Any, later: int) -> Any:
    if x is None or y is None:
        return None
    order = compare_points(x, y)
    if order is None:
        return _UNDECIDED
    return x if (order > 0) == bool(later) else y


def _between(a: Interval, b: Interval, later_start: int, later_end: int) -> Interval | None:
    start_a, end_a = close_like(a, any_end(b))
    start_b, end_b = close_like(b, any_end(a))
    low = _pick(start_a, start_b, later_start)
    high = _pick(end_a, end_b, later_end)
    if low is _UNDECIDED or high is _UNDECIDED:
        return None
    return _made(a if type(a) is not Interval else b, low, high)


# --- collapse -----------------------------------------------------------------------------------------------------


def collapse(
    intervals: Iterable[Interval | None] | None, per: Quantity | Decimal | int | None = None
) -> list[Interval] | None:
    """``collapse intervals per per``: the fewest intervals that cover the same points, in order.

    Neighbours are joined if no more than ``per`` lies between the end of one and the start of the next; by default one
    step of the coarsest precision of any end.  Nulls and intervals of which nothing is known are left out.
    """
    if intervals is None:
        return None
    known = [item for item in intervals if item is not None]
    known = [item for item in known if close(item) != (None, None)]
    if len(known) < 2:
        return known
    joins = _joiner(known, per)
    known.sort(key=cmp_to_key(_by_start))
    found = [known[0]]
    for item in known[1:]:
        merged = _merged(found[-1], item, joins)
        if merged is None:
            found.append(item)
        else:
            found[-1] = merged
    return found


def _by_start(a: Interval, b: Interval) -> int:
    (start_a, end_a), (start_b, end_b) = close(a), close(b)
    start_a = least_like(end_a) if start_a is None else start_a
    start_b = least_like(end_b) if start_b is None else start_b
    order = compare_points(start_a, start_b)
    if order is None and isinstance(start_a, Date | DateTime | Time):
        order = (start_a.low > start_b.low) - (start_a.low < start_b.low) or start_a.precision - start_b.precision
    return order or 0


def _merged(a: Interval, b: Interval, joins: Callable[[Any, Any], bool]) -> Interval | None:
    """The two as one, where ``a`` starts first; None if there is a gap between them."""
    start_a, end_a = close(a)
    start_b, end_b = close(b)
    if end_a is None or start_b is None or start_a is None:
        return union_interval(a, b)
    order = compare_points(start_b, end_a)
    if not (order is not None and order <= 0) and not joins(end_a, start_b):
        return None
    if end_b is None:
        return _made(a, start_a, None)
    order = compare_points(end_b, end_a)
    return _made(a, start_a, end_b if order is not None and order > 0 else end_a)


def _joiner(intervals: list[Interval], per: Quantity | Decimal | int | None) -> Callable[[Any, Any], bool]:
    sample = next(point for item in intervals for point in close(item) if point is not None)
    if isinstance(sample, Date | DateTime | Time):
        size, unit = _calendar_step(intervals, per)

        def joins(end: Any, start: Any) -> bool:
            gap = difference_between(end, start, unit)
            most = gap.high if isinstance(gap, Uncertainty) else gap
            return most is not None and most <= size

        return joins
    step, unit_text = _number_step(per)
    if step is None:
        return lambda end, start: compare_points(successor_point(end), start) == 0

    def near(end: Any, start: Any) -> bool:
        if isinstance(end, Quantity):
            value = to_common_unit(start.value, start.unit, end.unit)
            most = step if unit_text in ("1", "") else to_common_unit(step, unit_text, end.unit)
            return value is not None and most is not None and value - end.value <= most
        return bool(start - end <= step)

    return near


def _number_step(per: Quantity | Decimal | int | None) -> tuple[Decimal | None, str]:
    if per is None:
        return None, "1"
    step, unit = (per.value, per.unit) if isinstance(per, Quantity) else (Decimal(per), "1")
    if step <= 0:
        raise CqlError(f"the size of the steps must be more than zero, not {step}")
    return step, unit


def _calendar_step(intervals: Iterable[Interval], per: Quantity | Decimal | int | None) -> tuple[int, int]:
    if per is None:
        points = [point for item in intervals for point in (item.low, item.high) if point is not None]
        return 1, min((point.precision for point in points), default=MILLISECOND)
    name = calendar_unit(per.unit) if isinstance(per, Quantity) else None
    if not isinstance(per, Quantity) or name is None or per.value < 1:
        raise CqlError(f"{per!r} is no step for dates and times: a whole number of years to milliseconds is needed")
    return int(per.value), UNIT_PRECISIONS[name]


# --- expand -------------------------------------------------------------------------------------------------------


def expand_list(
    intervals: Iterable[Interval | None] | None, per: Quantity | Decimal | int | None = None
) -> list[Interval] | None:
    """``expand intervals per per``: all intervals of that size within the given ones, without repeats."""
    if intervals is None:
        return None
    known = [item for item in intervals if item is not None]
    if per is None and known and _is_temporal(known[0]):
        size, unit = _calendar_step(known, None)
        return _unique(piece for item in known for piece in _calendar_pieces(item, size, unit))
    return _unique(piece for item in known for piece in _pieces(item, per))


def expand_interval(value: Interval | None, per: Quantity | Decimal | int | None = None) -> list[Any] | None:
    """``expand value per per`` for one interval: the starting points of the intervals of that size within it."""
    return None if value is None else [piece.low for piece in _pieces(value, per)]


def expand(value: Any, per: Quantity | Decimal | int | None = None) -> list[Any] | None:
    """``expand`` for an interval or a list of intervals."""
    return expand_interval(value, per) if isinstance(value, Interval) else expand_list(value, per)


def _unique(pieces: Iterable[Interval]) -> list[Interval]:
    return list(dict.fromkeys(pieces))


def _is_temporal(value: Interval) -> bool:
    return isinstance(value.low if value.low is not None else value.high, Date | DateTime | Time)


def _pieces(value: Interval, per: Quantity | Decimal | int | None) -> list[Interval]:
    if _is_temporal(value):
        return _calendar_pieces(value, *_calendar_step([value], per))
    return _number_pieces(value, per)


def _shifted(point: Any, amount: int, unit: int) -> Any:
    if isinstance(point, DateTime):
        return shift_datetime(point, amount, unit)
    if isinstance(point, Date):
        return shift_date(point, amount, unit)
    moved = shift_time(point, amount, unit)
    return moved if moved.low > point.low else None  # past midnight


def _calendar_pieces(value: Interval, size: int, unit: int) -> list[Interval]:
    if value.low is None or value.high is None:
        return []
    precision = DAY if unit == WEEK else unit
    first, last = close(value)
    if first is None or last is None or first.precision < precision or last.precision < precision:
        return []
    if isinstance(first, Time) and precision < HOUR:
        return []
    first, last = cut_point(first, precision), cut_point(last, precision)
    found: list[Interval] = []
    index = 0
    point = first
    while point is not None:
        # Each start is counted from the first, so that months do not wear away the end of January.
        index += size
        following = _shifted(first, index, unit)
        end = predecessor_point(following) if following is not None else _end_of_time(point, size, unit)
        if end is None or end.low > last.low:
            break
        found.append(_made(value, point, end))
        if len(found) > _MOST_POINTS:
            raise CqlError(f"expand {value!r} gives more than {_MOST_POINTS} intervals")
        point = following
    return found


def _end_of_time(point: Any, size: int, unit: int) -> Any:
    """The end of a piece that nothing follows, because the day or the calendar ends with it."""
    return point if size == 1 and unit != WEEK else _shifted(point, size - 1, unit) if unit != WEEK else None


def _scale(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return min(max(-exponent, 0), DECIMAL_PLACES) if isinstance(exponent, int) else 0


def _number_pieces(value: Interval, per: Quantity | Decimal | int | None) -> list[Interval]:
    first, last = close(value)
    if value.low is None or value.high is None or first is None or last is None:
        return []
    step, unit = _number_step(per)
    low, high = _decimal(first, first), _decimal(last, first)
    if step is not None and isinstance(first, Quantity) and unit not in ("1", ""):
        step = to_common_unit(step, unit, first.unit)
    if low is None or high is None or (per is not None and step is None):
        return []
    whole = isinstance(first, int)
    if step is None:
        step = Decimal(1) if whole else Decimal(1).scaleb(-min(_scale(low), _raw_scale(value.high, high)))
    grain = Decimal(1).scaleb(-_scale(step))
    if whole and grain < 1:
        high += 1 - grain  # a whole number stands for all fractions up to the next
    low, high = _floor(low, grain), _floor(high, grain)
    if (high - low) / step > _MOST_POINTS:
        raise CqlError(f"expand {value!r} gives more than {_MOST_POINTS} intervals")
    as_point = _point_maker(first, whole and grain == 1)
    kind = type(value) if not whole or grain == 1 else Interval
    found: list[Interval] = []
    while low + step - grain <= high:
        start, end = as_point(low), as_point(low + step - grain)
        found.append((interval_class(start) if kind is Interval else kind)(start, end))
        low += step
    return found


def _raw_scale(end: Any, fallback: Decimal) -> int:
    number = end.value if isinstance(end, Quantity) else end
    return _scale(number if isinstance(number, Decimal) else fallback)


def _decimal(point: Any, like: Any) -> Decimal | None:
    if isinstance(point, Quantity):
        return to_common_unit(point.value, point.unit, like.unit)
    return point if isinstance(point, Decimal) else Decimal(int(point))


def _floor(value: Decimal, grain: Decimal) -> Decimal:
    return value.quantize(grain, rounding=ROUND_FLOOR, context=WIDE_CONTEXT)


def _point_maker(like: Any, whole: bool) -> Callable[[Decimal], Any]:
    if isinstance(like, Quantity):
        unit = like.unit
        return lambda value: Quantity(value, unit)
    if whole:
        return Long if isinstance(like, Long) else int
    return lambda value: value
