"""Limits of types and of imprecise values: ``minimum``, ``maximum``, ``Precision``, ``LowBoundary``, ``HighBoundary``.

Always holds: a precision counts digits, of a Decimal those after the point, of a date or time all that are written
(``2014-01`` has 6); a precision that the type does not have is null.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from cqlmeasure.runtime.numbers import (
    DECIMAL_PLACES,
    MAX_DECIMAL,
    MAX_INTEGER,
    MAX_LONG,
    MIN_DECIMAL,
    MIN_INTEGER,
    MIN_LONG,
    WIDE_CONTEXT,
    Long,
    fix_decimal,
)
from cqlmeasure.runtime.quantity import Quantity
from cqlmeasure.runtime.temporal import (
    DAY,
    HOUR,
    MAX_DATE,
    MAX_DATETIME,
    MAX_TIME,
    MILLISECOND,
    MIN_DATE,
    MIN_DATETIME,
    MIN_TIME,
    MINUTE,
    MONTH,
    SECOND,
    YEAR,
    Date,
    DateTime,
    Time,
)
from cqlmeasure.runtime.values import CqlError

_MINIMUM: dict[str, Any] = {
    "Integer": MIN_INTEGER,
    "Long": Long(MIN_LONG),
    "Decimal": MIN_DECIMAL,
    "Quantity": Quantity(MIN_DECIMAL),
    "Date": MIN_DATE,
    "DateTime": MIN_DATETIME,
    "Time": MIN_TIME,
}
_MAXIMUM: dict[str, Any] = {
    "Integer": MAX_INTEGER,
    "Long": Long(MAX_LONG),
    "Decimal": MAX_DECIMAL,
    "Quantity": Quantity(MAX_DECIMAL),
    "Date": MAX_DATE,
    "DateTime": MAX_DATETIME,
    "Time": MAX_TIME,
}

_DATE_DIGITS = {YEAR: 4, MONTH: 6, DAY: 8, HOUR: 10, MINUTE: 12, SECOND: 14, MILLISECOND: 17}
_TIME_DIGITS = {HOUR: 2, MINUTE: 4, SECOND: 6, MILLISECOND: 9}
_DATE_PRECISIONS = {digits: precision for precision, digits in _DATE_DIGITS.items()}
_TIME_PRECISIONS = {digits: precision for precision, digits in _TIME_DIGITS.items()}


def minimum(kind: str) -> Any:
    """``minimum T`` for the name of a System type; an error for a type without order."""
    return _limit(_MINIMUM, kind, "minimum")


def maximum(kind: str) -> Any:
    """``maximum T`` for the name of a System type; an error for a type without order."""
    return _limit(_MAXIMUM, kind, "maximum")


def _limit(limits: dict[str, Any], kind: str, operator: str) -> Any:
    try:
        return limits[kind]
    except KeyError:
        raise CqlError(f"type {kind} has no {operator}") from None


def precision(value: Any) -> int | None:
    """``Precision``: the number of digits."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        return _places(value)
    if isinstance(value, Time):
        return _TIME_DIGITS[value.precision]
    if isinstance(value, Date | DateTime):
        return _DATE_DIGITS[value.precision]
    return 0


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def low_boundary(value: Any, digits: int | None = None) -> Any:
    """``LowBoundary``: the least value that the input may stand for, to a number of digits (all if null)."""
    return _boundary(value, digits, high=False)


def high_boundary(value: Any, digits: int | None = None) -> Any:
    """``HighBoundary``: the greatest value that the input may stand for, to a number of digits (all if null)."""
    return _boundary(value, digits, high=True)


def _boundary(value: Any, digits: int | None, high: bool) -> Any:
    if value is None:
        return None
    if isinstance(value, DateTime):
        wanted = _DATE_PRECISIONS.get(17 if digits is None else digits)
        if wanted is None:
            return None
        return DateTime.of_local(value.local_high if high else value.local, wanted, value.offset)
    if isinstance(value, Date):
        wanted = _DATE_PRECISIONS.get(8 if digits is None else digits)
        if wanted is None or wanted > DAY:
            return None
        return Date.of_day(value.high if high else value.low, wanted)
    if isinstance(value, Time):
        wanted = _TIME_PRECISIONS.get(9 if digits is None else digits)
        return None if wanted is None else Time.of_ms(value.high if high else value.low, wanted)
    if isinstance(value, int):
        value = Decimal(value)
    return _decimal_boundary(value, DECIMAL_PLACES if digits is None else digits, high)


def _decimal_boundary(value: Decimal, places: int, high: bool) -> Decimal | None:
    if not 0 <= places <= DECIMAL_PLACES:
        return None
    step = Decimal((0, (1,), -places))
    cut = value.quantize(step, rounding=ROUND_DOWN, context=WIDE_CONTEXT)
    # the digits that are not written may all be 9: away from zero, so upwards only for a value that is not negative
    if high == (not value.is_signed()):
        unit = Decimal((0, (1,), -_places(value)))
        rest = WIDE_CONTEXT.subtract(unit, step)
        if rest > 0:
            cut = WIDE_CONTEXT.add(cut, rest.copy_sign(value))
    return fix_decimal(cut)
