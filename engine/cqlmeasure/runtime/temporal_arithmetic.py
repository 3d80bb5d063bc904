"""Adding to, subtracting from, and measuring between points in time; and their parts.

Years and months move on the calendar, keeping the day where the month has it and taking its last day where not.  A
quantity finer than the value is first cut to the value's precision (a year counts 365 days, a month 30).  What leaves
the years 1 to 9999 is an error; a Time goes round the clock.

Durations count whole periods, differences count boundaries crossed.  Between imprecise values both are uncertain; but
Times that are given to the unit of a duration count from its beginning.  Seconds without milliseconds are ``.000``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

from cqlmeasure.runtime.numbers import MAX_INTEGER, MIN_INTEGER
from cqlmeasure.runtime.quantity import Quantity
from cqlmeasure.runtime.temporal import (
    DAY,
    DAY_MS,
    HOUR,
    MAX_DAY,
    MILLISECOND,
    MIN_DAY,
    MONTH,
    SECOND,
    STEP_MS,
    WEEK,
    YEAR,
    Date,
    DateTime,
    Time,
    civil,
    day_number,
    last_day_of_month,
)
from cqlmeasure.runtime.temporal_compare import day_key, to_datetime_like
from cqlmeasure.runtime.uncertainty import Uncertainty, ends, uncertain
from cqlmeasure.runtime.values import CqlError
from cqlmeasure.ucum import calendar_unit

UNIT_PRECISIONS = {
    "year": YEAR,
    "month": MONTH,
    "week": WEEK,
    "day": DAY,
    "hour": HOUR,
    "minute": 5,
    "second": SECOND,
    "millisecond": MILLISECOND,
}

Point = TypeVar("Point", Date, DateTime)

_FIRST_MS = MIN_DAY * DAY_MS
_LAST_MS = MAX_DAY * DAY_MS + DAY_MS - 1


# --- adding -------------------------------------------------------------------------------------------------------


def _amount(quantity: Quantity, least: int) -> tuple[int, int]:
    """A whole number and its precision; fractions count only in seconds, as milliseconds."""
    name = calendar_unit(quantity.unit)
    if name is None:
        raise CqlError(f"{quantity!r} cannot be added to or subtracted from a date or time: it is no duration")
    precision = UNIT_PRECISIONS[name]
    if least == HOUR and precision not in (HOUR, 5, SECOND, MILLISECOND):
        raise CqlError(f"{quantity!r} cannot be added to or subtracted from a time of day")
    if precision == SECOND and quantity.value % 1:
        return int(quantity.value * 1000), MILLISECOND
    return int(quantity.value), precision


def _cut(amount: int, unit: int, precision: int) -> tuple[int, int]:
    """The amount in a unit no finer than ``precision``, cut toward zero."""
    if unit == WEEK:
        amount, unit = amount * 7, DAY
    if unit <= precision:
        return amount, unit
    sign = -1 if amount < 0 else 1
    size = abs(amount)
    if unit == MONTH:
        return sign * (size // 12), YEAR
    size *= STEP_MS[unit]
    if precision >= DAY:
        return sign * (size // STEP_MS[precision]), precision
    days = size // DAY_MS
    return (sign * (days // 30), MONTH) if precision == MONTH else (sign * (days // 365), YEAR)


def _month_shifted(day: int, months: int) -> int | None:
    """The day number of the same day so many months on, or of that month's last day."""
    year, month, of_month = civil(day)
    index = year * 12 + month - 1 + months
    year, month = index // 12, index % 12 + 1
    if not 1 <= year <= 9999:
        return None
    first = day_number(year, month)
    return min(first + of_month - 1, last_day_of_month(year, month)) if of_month > 28 else first + of_month - 1


def shift_date(value: Date, amount: int, unit: int) -> Date | None:
    """The date ``amount`` units later; ``unit`` is a precision constant."""
    amount, unit = _cut(amount, unit, value.precision)
    if unit >= DAY:
        day = value.low + amount
        return Date(day, day, DAY) if MIN_DAY <= day <= MAX_DAY else None
    moved = _month_shifted(value.low, amount * 12 if unit == YEAR else amount)
    return None if moved is None else Date.of_day(moved, value.precision)


def shift_datetime(value: DateTime, amount: int, unit: int) -> DateTime | None:
    """The value ``amount`` units later; ``unit`` is a precision constant."""
    precision = value.precision
    amount, unit = _cut(amount, unit, precision)
    if unit >= DAY:
        delta = amount * STEP_MS[unit]
    else:
        moved = _month_shifted(value.day, amount * 12 if unit == YEAR else amount)
        if moved is None:
            return None
        if precision < DAY:
            return DateTime.of_local(moved * DAY_MS, precision, value.offset)
        delta = (moved - value.day) * DAY_MS
    if not _FIRST_MS <= value.local + delta <= _LAST_MS:
        return None
    return DateTime(value.low + delta, value.high + delta, precision, value.offset)


def shift_time(value: Time, amount: int, unit: int) -> Time:
    """The time ``amount`` units later, round the clock."""
    amount, unit = _cut(amount, unit, value.precision)
    low = (value.low + amount * STEP_MS[unit]) % DAY_MS
    return Time(low, low + value.high - value.low, value.precision)


def _moved(found: Point | None, value: Point) -> Point:
    if found is None:
        raise CqlError(f"a date that far from {value!r} is not in the years 1 to 9999")
    return found


def add_date(value: Date | None, quantity: Quantity | None) -> Date | None:
    """``value + quantity`` for a Date."""
    return None if value is None or quantity is None else _moved(shift_date(value, *_amount(quantity, DAY)), value)


def subtract_date(value: Date | None, quantity: Quantity | None) -> Date | None:
    """``value - quantity`` for a Date."""
    if value is None or quantity is None:
        return None
    amount, unit = _amount(quantity, DAY)
    return _moved(shift_date(value, -amount, unit), value)


def add_datetime(value: DateTime | None, quantity: Quantity | None) -> DateTime | None:
    """``value + quantity`` for a DateTime."""
    return None if value is None or quantity is None else _moved(shift_datetime(value, *_amount(quantity, DAY)), value)


def subtract_datetime(value: DateTime | None, quantity: Quantity | None) -> DateTime | None:
    """``value - quantity`` for a DateTime."""
    if value is None or quantity is None:
        return None
    amount, unit = _amount(quantity, DAY)
    return _moved(shift_datetime(value, -amount, unit), value)


def add_time(value: Time | None, quantity: Quantity | None) -> Time | None:
    """``value + quantity`` for a Time."""
    return None if value is None or quantity is None else shift_time(value, *_amount(quantity, HOUR))


def subtract_time(value: Time | None, quantity: Quantity | None) -> Time | None:
    """``value - quantity`` for a Time."""
    if value is None or quantity is None:
        return None
    amount, unit = _amount(quantity, HOUR)
    return shift_time(value, -amount, unit)


# --- durations: whole periods -------------------------------------------------------------------------------------


def _whole_months(a_day: int, a_within: int, b_day: int, b_within: int) -> int:
    year_a, month_a, of_month_a = civil(a_day)
    year_b, month_b, of_month_b = civil(b_day)
    months = (year_b - year_a) * 12 + month_b - month_a
    if months > 0 and (of_month_b, b_within) < (of_month_a, a_within):
        return months - 1
    if months < 0 and (of_month_b, b_within) > (of_month_a, a_within):
        return months + 1
    return months


def _toward_zero(value: int, step: int) -> int:
    return value // step if value >= 0 else -(-value // step)


def _days_duration(a: int, b: int, unit: int) -> int:
    if unit == DAY:
        return b - a
    if unit == WEEK:
        return _toward_zero(b - a, 7)
    if unit == YEAR and a <= b:
        # Ages are asked for more than all other durations, and need no months.
        birth, day = civil(a), civil(b)
        return day[0] - birth[0] - (day[1:] < birth[1:])
    months = _whole_months(a, 0, b, 0)
    return months if unit == MONTH else _toward_zero(months, 12)


def _ms_duration(a: int, b: int, unit: int) -> int:
    if unit >= DAY:
        return _toward_zero(b - a, STEP_MS[unit])
    months = _whole_months(a // DAY_MS, a % DAY_MS, b // DAY_MS, b % DAY_MS)
    return months if unit == MONTH else _toward_zero(months, 12)


def _last(value: DateTime | Time) -> int:
    """The last instant meant, where a value given in seconds means the whole second's first millisecond."""
    return value.low if value.precision >= SECOND else value.high


def duration_between_date(a: Date | None, b: Date | None, unit: int) -> int | Uncertainty | None:
    """Whole years, months, weeks or days from ``a`` to ``b``."""
    if a is None or b is None:
        return None
    if a.precision == DAY and b.precision == DAY:
        return _days_duration(a.low, b.low, unit)
    return uncertain(_days_duration(a.high, b.low, unit), _days_duration(a.low, b.high, unit))


def duration_between_datetime(a: DateTime | None, b: DateTime | None, unit: int) -> int | Uncertainty | None:
    """Whole periods from ``a`` to ``b``, both seen in the time zone of ``a``."""
    if a is None or b is None:
        return None
    shift = a.offset * 60_000
    if a.precision >= SECOND and b.precision >= SECOND:
        return _ms_duration(a.low + shift, b.low + shift, unit)
    return uncertain(
        _ms_duration(_last(a) + shift, b.low + shift, unit), _ms_duration(a.low + shift, _last(b) + shift, unit)
    )


def duration_between_time(a: Time | None, b: Time | None, unit: int) -> int | Uncertainty | None:
    """Whole hours, minutes, seconds or milliseconds from ``a`` to ``b``."""
    if a is None or b is None:
        return None
    least = min(unit, SECOND)
    if a.precision >= least and b.precision >= least:
        return _ms_duration(a.low, b.low, unit)
    return uncertain(_ms_duration(_last(a), b.low, unit), _ms_duration(a.low, _last(b), unit))


# --- differences: boundaries crossed ------------------------------------------------------------------------------


def _days_difference(a: int, b: int, unit: int) -> int:
    if unit == WEEK:  # a week begins on Sunday; day 3 is one
        return (b + 4) // 7 - (a + 4) // 7
    return day_key(b, unit) - day_key(a, unit)


def difference_between_date(a: Date | None, b: Date | None, unit: int) -> int | Uncertainty | None:
    """Year, month, week or day boundaries crossed from ``a`` to ``b``."""
    if a is None or b is None:
        return None
    return uncertain(_days_difference(a.high, b.low, unit), _days_difference(a.low, b.high, unit))


def difference_between_datetime(a: DateTime | None, b: DateTime | None, unit: int) -> int | Uncertainty | None:
    """Boundaries crossed from ``a`` to ``b``: of each value's own calendar from days upwards, of instants below."""
    if a is None or b is None:
        return None
    if unit <= DAY or unit == WEEK:
        if a.precision >= DAY and b.precision >= DAY:
            return _days_difference(a.day, b.day, unit)
        return uncertain(
            _days_difference(a.local_high // DAY_MS, b.day, unit), _days_difference(a.day, b.local_high // DAY_MS, unit)
        )
    step = STEP_MS[unit]
    shift = a.offset * 60_000
    return uncertain(
        (b.low + shift) // step - (_last(a) + shift) // step, (_last(b) + shift) // step - (a.low + shift) // step
    )


def difference_between_time(a: Time | None, b: Time | None, unit: int) -> int | Uncertainty | None:
    """Boundaries crossed from ``a`` to ``b``."""
    if a is None or b is None:
        return None
    step = STEP_MS[unit]
    return uncertain(b.low // step - _last(a) // step, _last(b) // step - a.low // step)


# --- any of them --------------------------------------------------------------------------------------------------


def _aligned(a: Any, b: Any) -> tuple[Any, Any]:
    if isinstance(a, Date) and isinstance(b, DateTime):
        return to_datetime_like(a, b), b
    if isinstance(a, DateTime) and isinstance(b, Date):
        return a, to_datetime_like(b, a)
    return a, b


def duration_between(a: Any, b: Any, unit: int) -> int | Uncertainty | None:
    """``<unit> between a and b`` for two of one type, or a Date and a DateTime."""
    if a is None or b is None:
        return None
    a, b = _aligned(a, b)
    if isinstance(a, DateTime):
        return _fitting(duration_between_datetime(a, b, unit), unit)
    return duration_between_date(a, b, unit) if isinstance(a, Date) else duration_between_time(a, b, unit)


def difference_between(a: Any, b: Any, unit: int) -> int | Uncertainty | None:
    """``difference in <unit> between a and b`` for two of one type, or a Date and a DateTime."""
    if a is None or b is None:
        return None
    a, b = _aligned(a, b)
    if isinstance(a, DateTime):
        return _fitting(difference_between_datetime(a, b, unit), unit)
    return difference_between_date(a, b, unit) if isinstance(a, Date) else difference_between_time(a, b, unit)


def _fitting(value: int | Uncertainty | None, unit: int) -> int | Uncertainty | None:
    """The value if it is an Integer, else null: there may be too many minutes, seconds or milliseconds."""
    if value is None or unit <= HOUR or unit == WEEK:
        return value
    low, high = ends(value)
    return value if low >= MIN_INTEGER and high <= MAX_INTEGER else None


def add_temporal(value: Date | DateTime | Time | None, quantity: Quantity | None) -> Any:
    """``value + quantity`` for any point in time."""
    if isinstance(value, DateTime):
        return add_datetime(value, quantity)
    return add_date(value, quantity) if isinstance(value, Date) else add_time(value, quantity)


def subtract_temporal(value: Date | DateTime | Time | None, quantity: Quantity | None) -> Any:
    """``value - quantity`` for any point in time."""
    if isinstance(value, DateTime):
        return subtract_datetime(value, quantity)
    return subtract_date(value, quantity) if isinstance(value, Date) else subtract_time(value, quantity)


# --- parts --------------------------------------------------------------------------------------------------------


def date_time_component_from(value: Date | DateTime | Time | None, precision: int) -> int | None:
    """``<precision> from value``; null if the value is not that precise or has no such part."""
    if value is None or value.precision < precision:
        return None
    if isinstance(value, Time):
        return None if precision < HOUR else _time_part(value.low, precision)
    if precision > DAY:
        return _time_part(value.local % DAY_MS, precision) if isinstance(value, DateTime) else None
    return civil(value.day if isinstance(value, DateTime) else value.low)[precision - 1]


def _time_part(within: int, precision: int) -> int:
    return within // STEP_MS[precision] % (24, 60, 60, 1000)[precision - HOUR]


def date_from(value: DateTime | Date | None) -> Date | None:
    """``date from value``: the date on the value's own calendar."""
    if value is None or isinstance(value, Date):
        return value
    if value.precision >= DAY:
        return Date(value.day, value.day, DAY)
    return Date.of_day(value.day, value.precision)


def time_from(value: DateTime | None, offset: int | None = None) -> Time | None:
    """``time from value``, in the time zone ``offset`` if one is given, else in the value's own."""
    if value is None or value.precision < HOUR:
        return None
    shift = (value.offset if offset is None else offset) * 60_000
    return Time.of_ms((value.low + shift) % DAY_MS, value.precision)


def timezone_offset_from(value: DateTime | None) -> Decimal | None:
    """``timezoneoffset from value``, in hours."""
    return None if value is None else Decimal(value.offset) / 60


def date_to_datetime(value: Date | None, offset: int = 0) -> DateTime | None:
    """``ToDateTime`` of a Date: the same precision, in the time zone ``offset``."""
    if value is None:
        return None
    shift = offset * 60_000
    return DateTime(value.low * DAY_MS - shift, value.high * DAY_MS + DAY_MS - 1 - shift, value.precision, offset)
