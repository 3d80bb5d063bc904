"""Comparing points in time.

The rule, for each of Date, DateTime and Time: two values are compared unit by unit, from the coarsest to the precision
asked for, or to the finest that either value has.  A unit that one value lacks makes the result null, unless a coarser
unit decided already.  DateTimes of different offsets are compared as instants, but at day precision or coarser by the
calendar that each was written in.  A second and a millisecond count as two precisions.

Each type has ``compare_*`` (-1, 0, 1 or null) and the six operators made of it; the hot ones are written out.
"""

from __future__ import annotations

from cqlmeasure.runtime.temporal import DAY, HOUR, MILLISECOND, STEP_MS, YEAR, Date, DateTime, Time, civil


def day_key(day: int, precision: int) -> int:
    """A number that orders days by the year, month or day that they lie in."""
    if precision >= DAY:
        return day
    year, month, _ = civil(day)
    return year if precision == YEAR else year * 12 + month


# --- Date ---------------------------------------------------------------------------------------------------------


def compare_date(a: Date | None, b: Date | None, precision: int | None = None) -> int | None:
    """-1, 0 or 1 as ``a`` is before, the same as, or after ``b``; null where the precisions cannot decide."""
    if a is None or b is None:
        return None
    if precision is None or precision >= DAY:
        if a.high < b.low:
            return -1
        if a.low > b.high:
            return 1
        if a.precision == b.precision and (precision is None or a.precision >= precision):
            return 0
        return None
    finest = min(a.precision, b.precision, precision)
    left = day_key(a.low, finest)
    right = day_key(b.low, finest)
    if left != right:
        return -1 if left < right else 1
    return 0 if finest == precision else None


def before_date(a: Date | None, b: Date | None, precision: int | None = None) -> bool | None:
    """``a before precision of b``; without a precision also ``a < b``."""
    order = compare_date(a, b, precision)
    return None if order is None else order < 0


def after_date(a: Date | None, b: Date | None, precision: int | None = None) -> bool | None:
    """``a after precision of b``."""
    order = compare_date(a, b, precision)
    return None if order is None else order > 0


def same_as_date(a: Date | None, b: Date | None, precision: int | None = None) -> bool | None:
    """``a same precision as b``; without a precision also ``a = b``."""
    order = compare_date(a, b, precision)
    return None if order is None else order == 0


def same_or_before_date(a: Date | None, b: Date | None, precision: int | None = None) -> bool | None:
    """``a same precision or before b``."""
    order = compare_date(a, b, precision)
    return None if order is None else order <= 0


def same_or_after_date(a: Date | None, b: Date | None, precision: int | None = None) -> bool | None:
    """``a same precision or after b``."""
    order = compare_date(a, b, precision)
    return None if order is None else order >= 0


def equivalent_date(a: Date | None, b: Date | None) -> bool:
    """``a ~ b``: the same to the same precision, or both null."""
    if a is None or b is None:
        return a is b
    return a.low == b.low and a.precision == b.precision


# --- DateTime -----------------------------------------------------------------------------------------------------


def compare_datetime(a: DateTime | None, b: DateTime | None, precision: int | None = None) -> int | None:
    """-1, 0 or 1 as ``a`` is before, the same as, or after ``b``; null where the precisions cannot decide."""
    if a is None or b is None:
        return None
    if precision is None:
        if a.precision == b.precision and (a.precision <= DAY or a.offset == b.offset):
            # Below the day an equal offset, from the day upwards the local calendar: one number decides.
            left, right = (a.low, b.low) if a.precision > DAY else (a.local, b.local)
            return -1 if left < right else 1 if left > right else 0
        if a.high < b.low:
            return -1
        if a.low > b.high:
            return 1
        return 0 if a.precision == b.precision and a.low == b.low else None
    if precision <= DAY:
        if a.precision >= DAY and b.precision >= DAY and precision == DAY:
            left, right = a.day, b.day
            return -1 if left < right else 1 if left > right else 0
        finest = min(a.precision, b.precision, precision)
        left, right = day_key(a.day, finest), day_key(b.day, finest)
        if left != right:
            return -1 if left < right else 1
        return 0 if finest == precision else None
    if a.precision >= precision and b.precision >= precision:
        if precision == HOUR:
            # Where an hour starts depends on the zone if offsets are no whole hours; both are seen from a's.
            shift = a.offset * 60_000
            left, right = (a.low + shift) // STEP_MS[HOUR], (b.low + shift) // STEP_MS[HOUR]
        else:
            step = STEP_MS[precision]
            left, right = a.low // step, b.low // step
        return -1 if left < right else 1 if left > right else 0
    if a.high < b.low:
        return -1
    if a.low > b.high:
        return 1
    return None


def before_datetime(a: DateTime | None, b: DateTime | None, precision: int | None = None) -> bool | None:
    """``a before precision of b``; without a precision also ``a < b``."""
    if a is None or b is None:
        return None
    if precision == DAY:
        if a.precision >= DAY and b.precision >= DAY:
            return a.day < b.day
    elif precision is None and a.precision == MILLISECOND and b.precision == MILLISECOND:
        return a.low < b.low
    order = compare_datetime(a, b, precision)
    return None if order is None else order < 0


def after_datetime(a: DateTime | None, b: DateTime | None, precision: int | None = None) -> bool | None:
    """``a after precision of b``."""
    if a is None or b is None:
        return None
    if precision == DAY:
        if a.precision >= DAY and b.precision >= DAY:
            return a.day > b.day
    elif precision is None and a.precision == MILLISECOND and b.precision == MILLISECOND:
        return a.low > b.low
    order = compare_datetime(a, b, precision)
    return None if order is None else order > 0


def same_as_datetime(a: DateTime | None, b: DateTime | None, precision: int | None = None) -> bool | None:
    """``a same precision as b``; without a precision also ``a = b``."""
    if a is None or b is None:
        return None
    if precision == DAY and a.precision >= DAY and b.precision >= DAY:
        return a.day == b.day
    order = compare_datetime(a, b, precision)
    return None if order is None else order == 0


def same_or_before_datetime(a: DateTime | None, b: DateTime | None, precision: int | None = None) -> bool | None:
    """``a same precision or before b``."""
    if a is None or b is None:
        return None
    if precision == DAY:
        if a.precision >= DAY and b.precision >= DAY:
            return a.day <= b.day
    elif precision is None and a.precision == MILLISECOND and b.precision == MILLISECOND:
        return a.low <= b.low
    order = compare_datetime(a, b, precision)
    return None if order is None else order <= 0


def same_or_after_datetime(a: DateTime | None, b: DateTime | None, precision: int | None = None) -> bool | None:
    """``a same precision or after b``."""
    if a is None or b is None:
        return None
    if precision == DAY:
        if a.precision >= DAY and b.precision >= DAY:
            return a.day >= b.day
    elif precision is None and a.precision == MILLISECOND and b.precision == MILLISECOND:
        return a.low >= b.low
    order = compare_datetime(a, b, precision)
    return None if order is None else order >= 0


def equivalent_datetime(a: DateTime | None, b: DateTime | None) -> bool:
    """``a ~ b``: the same to the same precision, or both null."""
    if a is None or b is None:
        return a is b
    return compare_datetime(a, b) == 0


# --- Time ---------------------------------------------------------------------------------------------------------


def compare_time(a: Time | None, b: Time | None, precision: int | None = None) -> int | None:
    """-1, 0 or 1 as ``a`` is before, the same as, or after ``b``; null where the precisions cannot decide."""
    if a is None or b is None:
        return None
    if precision is not None and a.precision >= precision and b.precision >= precision:
        step = STEP_MS[precision]
        left, right = a.low // step, b.low // step
        return -1 if left < right else 1 if left > right else 0
    if a.high < b.low:
        return -1
    if a.low > b.high:
        return 1
    return 0 if precision is None and a.precision == b.precision else None


def before_time(a: Time | None, b: Time | None, precision: int | None = None) -> bool | None:
    """``a before precision of b``; without a precision also ``a < b``."""
    order = compare_time(a, b, precision)
    return None if order is None else order < 0


def after_time(a: Time | None, b: Time | None, precision: int | None = None) -> bool | None:
    """``a after precision of b``."""
    order = compare_time(a, b, precision)
    return None if order is None else order > 0


def same_as_time(a: Time | None, b: Time | None, precision: int | None = None) -> bool | None:
    """``a same precision as b``; without a precision also ``a = b``."""
    order = compare_time(a, b, precision)
    return None if order is None else order == 0


def same_or_before_time(a: Time | None, b: Time | None, precision: int | None = None) -> bool | None:
    """``a same precision or before b``."""
    order = compare_time(a, b, precision)
    return None if order is None else order <= 0


def same_or_after_time(a: Time | None, b: Time | None, precision: int | None = None) -> bool | None:
    """``a same precision or after b``."""
    order = compare_time(a, b, precision)
    return None if order is None else order >= 0


def equivalent_time(a: Time | None, b: Time | None) -> bool:
    """``a ~ b``: the same to the same precision, or both null."""
    if a is None or b is None:
        return a is b
    return a.low == b.low and a.precision == b.precision


# --- any of them --------------------------------------------------------------------------------------------------


def to_datetime_like(value: Date, other: DateTime) -> DateTime:
    """A date as a DateTime in the time zone of ``other``: the implicit conversion when the two meet."""
    shift = other.offset * 60_000
    from_ms = value.low * STEP_MS[DAY] - shift
    to_ms = value.high * STEP_MS[DAY] + STEP_MS[DAY] - 1 - shift
    return DateTime(from_ms, to_ms, value.precision, other.offset)


def compare_temporal(a: Date | DateTime | Time, b: Date | DateTime | Time, precision: int | None = None) -> int | None:
    """Compare two of one type, or a Date with a DateTime; null for a Time with anything else."""
    if isinstance(a, DateTime):
        if isinstance(b, DateTime):
            return compare_datetime(a, b, precision)
        return compare_datetime(a, to_datetime_like(b, a), precision) if isinstance(b, Date) else None
    if isinstance(a, Date):
        if isinstance(b, Date):
            return compare_date(a, b, precision)
        return compare_datetime(to_datetime_like(a, b), b, precision) if isinstance(b, DateTime) else None
    return compare_time(a, b, precision) if isinstance(b, Time) else None


less_date = before_date
less_or_equal_date = same_or_before_date
greater_date = after_date
greater_or_equal_date = same_or_after_date
equal_date = same_as_date
less_datetime = before_datetime
less_or_equal_datetime = same_or_before_datetime
greater_datetime = after_datetime
greater_or_equal_datetime = same_or_after_datetime
equal_datetime = same_as_datetime
less_time = before_time
less_or_equal_time = same_or_before_time
greater_time = after_time
greater_or_equal_time = same_or_after_time
equal_time = same_as_time
