"""Comparison of a DateTime with constant days, for ``... day of "Measurement Period"``.

Where one operand is known when code is generated, and the precision is ``day``, it is folded to the number of its local
day (``DateTime.day``).  The functions give what the operator would give for a constant of at least day precision and,
for intervals, with both ends known; the compiler must see to that.
"""

from __future__ import annotations

from cqlmeasure.runtime.interval import Interval, close
from cqlmeasure.runtime.temporal import DAY, DAY_MS, DateTime


def compare_day(value: DateTime | None, day: int) -> int | None:
    """-1, 0 or 1 as the value lies before, on or after the day; null if it is too imprecise to tell."""
    if value is None:
        return None
    if value.precision >= DAY:
        return (value.day > day) - (value.day < day)
    if value.day > day:
        return 1
    return -1 if value.local_high // DAY_MS < day else None


def before_day(value: DateTime | None, day: int) -> bool | None:
    """``value before day of <constant>``."""
    if value is not None and value.precision >= DAY:
        return value.day < day
    order = compare_day(value, day)
    return None if order is None else order < 0


def after_day(value: DateTime | None, day: int) -> bool | None:
    """``value after day of <constant>``."""
    if value is not None and value.precision >= DAY:
        return value.day > day
    order = compare_day(value, day)
    return None if order is None else order > 0


def same_or_before_day(value: DateTime | None, day: int) -> bool | None:
    """``value same day or before <constant>``."""
    if value is not None and value.precision >= DAY:
        return value.day <= day
    order = compare_day(value, day)
    return None if order is None else order <= 0


def same_or_after_day(value: DateTime | None, day: int) -> bool | None:
    """``value same day or after <constant>``."""
    if value is not None and value.precision >= DAY:
        return value.day >= day
    order = compare_day(value, day)
    return None if order is None else order >= 0


def in_days(value: DateTime | None, first: int, last: int) -> bool | None:
    """``value in day of Interval[<first>, <last>]``."""
    if value is None:
        return None
    if value.precision >= DAY:
        return first <= value.day <= last
    return _both(same_or_after_day(value, first), same_or_before_day(value, last))


def overlaps_days(value: Interval | None, first: int, last: int) -> bool | None:
    """``value overlaps day of Interval[<first>, <last>]``."""
    if value is None:
        return None
    low, high = value.low, value.high
    if (
        low is not None
        and high is not None
        and value.low_closed
        and value.high_closed
        and low.precision >= DAY
        and high.precision >= DAY
    ):
        return bool(low.day <= last and first <= high.day)
    start, end = close(value)
    if start is None:  # an unknown start is not after the end
        starts = True if same_or_before_day(end, last) is True else None
    else:
        starts = same_or_before_day(start, last)
    if starts is False:
        return False
    if end is None:  # an unknown end is not before the start
        ends = True if same_or_after_day(start, first) is True else None
    else:
        ends = same_or_after_day(end, first)
    return _both(starts, ends)


def included_in_days(value: Interval | None, first: int, last: int) -> bool | None:
    """``value included in day of Interval[<first>, <last>]``, also ``during``."""
    if value is None:
        return None
    low, high = value.low, value.high
    if (
        low is not None
        and high is not None
        and value.low_closed
        and value.high_closed
        and low.precision >= DAY
        and high.precision >= DAY
    ):
        return bool(first <= low.day and high.day <= last)
    start, end = close(value)
    if start is None:
        starts = False if before_day(end, first) is True else None
    else:
        starts = same_or_after_day(start, first)
    if starts is False:
        return False
    if end is None:
        ends = False if after_day(start, last) is True else None
    else:
        ends = same_or_before_day(end, last)
    return _both(starts, ends)


def _both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True
