"""Conversions: CQL 1.5.3, appendix B, "Type Operators"; what cannot be converted is null."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from reference import numbers
from reference.values import Long, Point, Quantity

DIGITS = "0123456789"


def converts(convert: Callable[[Any], Any]) -> Callable[[Any], bool | None]:
    """``ConvertsTo..``: whether there is a result; null for null."""
    return lambda value: None if value is None else convert(value) is not None


def _whole(value: Any) -> int | None:
    match value:
        case Long():
            return value.value
        case bool() | int():
            return int(value)
        case str():
            digits = value[1:] if value[:1] in ("+", "-") and len(value) > 1 else value
            return int(value) if digits and all(char in DIGITS for char in digits) else None
    return None


def to_integer(value: Any) -> int | None:
    """``ToInteger``."""
    number = _whole(value)
    return None if number is None else numbers.integer(number)


def to_long(value: Any) -> Long | None:
    """``ToLong``."""
    number = _whole(value)
    return None if number is None else numbers.long(number)


def to_decimal(value: Any) -> Decimal | None:
    """``ToDecimal``."""
    match value:
        case None | Decimal():
            return value
        case str():
            text = value[1:] if value[:1] in ("+", "-") and len(value) > 1 else value
            whole, point, places = text.partition(".")
            if not whole or (point and not places) or any(char not in DIGITS for char in whole + places):
                return None
            return numbers.decimal(Fraction(value))
    number = _whole(value)
    return None if number is None else Decimal(number)


def to_boolean(value: Any) -> bool | None:
    """``ToBoolean``."""
    match value:
        case None | bool():
            return value
        case str():
            text = value.lower()
            return (
                True
                if text in ("true", "t", "yes", "y", "1")
                else (False if text in ("false", "f", "no", "n", "0") else None)
            )
        case Long():
            value = value.value
    return True if value == 1 else False if value == 0 else None


def to_quantity(value: Any) -> Quantity | None:
    """``ToQuantity`` of a number."""
    if value is None or isinstance(value, Quantity):
        return value
    if isinstance(value, str):
        raise NotImplementedError("quantities as text")
    number = to_decimal(value)
    return None if number is None else Quantity(number, "1")


def to_string(value: Any) -> str | None:
    """``ToString`` of Booleans, whole numbers, Dates and Times."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case Long():
            return str(value.value)
        case int():
            return str(value)
        case Point(kind="Date"):
            return "-".join(f"{part:04}" if at == 0 else f"{part:02}" for at, part in enumerate(value.parts))
        case Point(kind="Time"):
            text = ":".join(f"{part:02}" for part in value.parts[:3])
            return text + (f".{value.parts[3]:03}" if len(value.parts) > 3 else "")
    raise NotImplementedError(f"{type(value).__name__} as text")


def to_date(value: Any) -> Point | None:
    """``ToDate`` of a DateTime."""
    if value is None:
        return None
    if isinstance(value, str):
        raise NotImplementedError("dates as text")
    return Point("Date", value.parts[:3])


def to_datetime(value: Any, offset: int) -> Point | None:
    """``ToDateTime`` of a Date: at midnight, in the offset of the evaluation.

    Choice: a full date becomes a DateTime of as many components; the suite demands no time of day.
    """
    if value is None or (isinstance(value, Point) and value.kind == "DateTime"):
        return value
    if isinstance(value, str):
        raise NotImplementedError("dates as text")
    return Point("DateTime", value.parts, offset)
