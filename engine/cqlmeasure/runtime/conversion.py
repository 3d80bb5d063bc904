"""Conversion operators: CQL reference, appendix B, the ``To..``, ``ConvertsTo..`` and quantity conversions of "Type
Operators", and the conversion of FHIR primitives to System values.

Always holds: what cannot be converted is null, and ``converts_to_x`` is true exactly when ``to_x`` gives a value.  A
FHIR primitive arrives as its raw JSON value; a JSON float becomes the Decimal of its shortest text: 0.1 stays 0.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cqlmeasure.runtime.numbers import MAX_INTEGER, MAX_LONG, MIN_INTEGER, MIN_LONG, Long, fix_decimal
from cqlmeasure.runtime.quantity import (
    Quantity,
    Ratio,
    divide_quantity,
)
from cqlmeasure.runtime.quantity import (
    can_convert_quantity as can_convert_quantity,
)
from cqlmeasure.runtime.quantity import (
    convert_quantity as convert_quantity,
)
from cqlmeasure.runtime.temporal import DAY, Date, DateTime, Time
from cqlmeasure.runtime.temporal_arithmetic import date_from, date_to_datetime, time_from
from cqlmeasure.runtime.temporal_parse import (
    fhir_datetime_cache,
    parse_date,
    parse_datetime,
    parse_fhir_time,
    parse_time,
)
from cqlmeasure.runtime.values import FhirValue

Json = Mapping[str, Any]

_TRUE = frozenset(("true", "t", "yes", "y", "1"))
_FALSE = frozenset(("false", "f", "no", "n", "0"))
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_QUANTITY = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*(?:'([^']*)'|([A-Za-z]+))?")
_CALENDAR_WORDS = frozenset(
    word + plural
    for word in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for plural in ("", "s")
)
_LONGEST_NUMBER = 64


def to_boolean(value: Any) -> bool | None:
    """``ToBoolean`` of a String, an Integer, a Long or a Decimal."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value.lower()
        return True if text in _TRUE else False if text in _FALSE else None
    if isinstance(value, int | Decimal):
        return True if value == 1 else False if value == 0 else None
    return None


def to_integer(value: Any) -> int | None:
    """``ToInteger`` of a Boolean, a String or a Long."""
    number = _to_int(value)
    return None if number is None or not MIN_INTEGER <= number <= MAX_INTEGER else number


def to_long(value: Any) -> Long | None:
    """``ToLong`` of a Boolean, an Integer or a String."""
    number = _to_int(value)
    return None if number is None or not MIN_LONG <= number <= MAX_LONG else Long(number)


def _to_int(value: Any) -> int | None:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _INTEGER.fullmatch(value):
        return int(value)
    return None


def to_decimal(value: Any) -> Decimal | None:
    """``ToDecimal`` of a Boolean, an Integer, a Long or a String."""
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        return Decimal("1.0") if value else Decimal("0.0")
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return fhir_decimal(value)
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _DECIMAL.fullmatch(value):
        return fix_decimal(Decimal(value))
    return None


def to_string(value: Any, offset: int | None = None) -> str | None:
    """``ToString`` of any simple type; null for structures.

    A DateTime shows its time zone unless that is ``offset`` (in minutes), which ``ToDateTime`` takes for granted.
    """
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, float):
        return _decimal_text(Decimal(repr(value)))
    if isinstance(value, DateTime) and value.offset == offset and value.precision > DAY:
        return str(value)[: -len("+00:00")]
    if isinstance(value, int | Date | DateTime | Time):
        return str(value)
    if isinstance(value, Quantity):
        return _quantity_text(value)
    if isinstance(value, Ratio):
        return f"{_quantity_text(value.numerator)}:{_quantity_text(value.denominator)}"
    if isinstance(value, FhirValue):
        return to_string(fhir_primitive(value.type, value.json), offset)
    return value if isinstance(value, str) else None


def _decimal_text(value: Decimal) -> str:
    if not value:
        value = value.copy_abs()
    text = f"{value:f}"
    return text if "." in text else f"{text}.0"


def _quantity_text(value: Quantity) -> str:
    return f"{value.value:f} '{value.unit}'"


def to_date(value: Any) -> Date | None:
    """``ToDate`` of a DateTime (its calendar day) or a String, whose time part is ignored."""
    if value is None or isinstance(value, Date):
        return value
    if isinstance(value, DateTime):
        return date_from(value)
    if isinstance(value, str):
        if "T" in value:
            moment = parse_datetime(value)
            return None if moment is None else to_date(moment)
        return parse_date(value)
    return None


def to_datetime(value: Any, offset: int = 0) -> DateTime | None:
    """``ToDateTime`` of a Date or a String; ``offset`` (minutes) is that of the evaluation."""
    if value is None or isinstance(value, DateTime):
        return value
    if isinstance(value, Date):
        return date_to_datetime(value, offset)
    return parse_datetime(value, offset) if isinstance(value, str) else None


_OFFSET = re.compile(r"(?:Z|[+-][0-9]{2}:[0-9]{2})$")


def to_time(value: Any) -> Time | None:
    """``ToTime`` of a DateTime (its time of day) or a String; an offset in the text is ignored."""
    if value is None or isinstance(value, Time):
        return value
    if isinstance(value, DateTime):
        return time_from(value)
    if isinstance(value, str):
        return parse_time(_OFFSET.sub("", value) if ":" in value else value)
    return None


def to_quantity(value: Any) -> Quantity | None:
    """``ToQuantity`` of a number, a Ratio (the quotient) or a String such as ``5.5 'cm'`` or ``3 days``."""
    if value is None or isinstance(value, Quantity):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal | float):
        number = to_decimal(value)
        return None if number is None else Quantity(number)
    if isinstance(value, Ratio):
        return divide_quantity(value.numerator, value.denominator)
    return _quantity_of_text(value.strip()) if isinstance(value, str) else None


def _quantity_of_text(text: str) -> Quantity | None:
    found = _QUANTITY.fullmatch(text) if len(text) <= 4 * _LONGEST_NUMBER else None
    if found is None:
        return None
    number, unit, word = found.groups()
    value = to_decimal(number)
    if value is None or (word is not None and word not in _CALENDAR_WORDS):
        return None
    return Quantity(value, unit or word or "1")


def to_ratio(value: Any) -> Ratio | None:
    """``ToRatio`` of a String: two quantities with a colon between them."""
    if value is None or isinstance(value, Ratio):
        return value
    if isinstance(value, str):
        # a unit may hold a colon between its quotes, so every colon is tried
        for place, char in enumerate(value[: 8 * _LONGEST_NUMBER]):
            if char == ":":
                numerator = _quantity_of_text(value[:place].strip())
                denominator = _quantity_of_text(value[place + 1 :].strip())
                if numerator is not None and denominator is not None:
                    return Ratio(numerator, denominator)
    return None


def to_concept(value: Json | Sequence[Json | None] | None) -> Json | None:
    """``ToConcept`` of a Code or a list of Codes; a Concept stays itself."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        if "coding" in value or ("text" in value and "code" not in value):
            return value
        concept: dict[str, Any] = {"coding": [value]}
        if value.get("display") is not None:
            concept["text"] = value["display"]
        return concept
    return {"coding": [code for code in value if code is not None]}


def to_list(value: Any) -> list[Any]:
    """``ToList``: a list of the one value; an empty list for null."""
    return [] if value is None else [value]


def to_chars(value: str | None) -> list[str] | None:
    """``ToChars``: the characters of a String."""
    return None if value is None else list(value)


def codes_of(concept: Json | None) -> list[Json] | None:
    """A Concept as a list of its Codes."""
    return None if concept is None else list(concept.get("coding") or ())


def _test(converter: Callable[[Any], Any], name: str) -> Callable[[Any], bool | None]:
    def converts(value: Any) -> bool | None:
        return None if value is None else converter(value) is not None

    converts.__name__ = name
    converts.__doc__ = f"Whether ``{converter.__name__}`` gives a value; null for null."
    return converts


converts_to_boolean = _test(to_boolean, "converts_to_boolean")
converts_to_integer = _test(to_integer, "converts_to_integer")
converts_to_long = _test(to_long, "converts_to_long")
converts_to_decimal = _test(to_decimal, "converts_to_decimal")
converts_to_string = _test(to_string, "converts_to_string")
converts_to_date = _test(to_date, "converts_to_date")
converts_to_datetime = _test(to_datetime, "converts_to_datetime")
converts_to_time = _test(to_time, "converts_to_time")
converts_to_quantity = _test(to_quantity, "converts_to_quantity")
converts_to_ratio = _test(to_ratio, "converts_to_ratio")


# -- FHIR -------------------------------------------------------------------------------------------------------------


def fhir_decimal(value: Any) -> Decimal | None:
    """A FHIR decimal: the JSON number as it was written, as far as JSON reading keeps it."""
    if value is None or type(value) is Decimal:
        return value
    return _decimal_of(value if type(value) is not float else repr(value))


@lru_cache(maxsize=1 << 14)
def _decimal_of(value: str | int) -> Decimal | None:
    try:
        return fix_decimal(Decimal(value))
    except ArithmeticError:
        return None


def fhir_integer(value: Any) -> int | None:
    """A FHIR integer, positiveInt or unsignedInt; a JSON float without fraction counts."""
    if type(value) is int:
        return value if MIN_INTEGER <= value <= MAX_INTEGER else None
    if type(value) is float and value.is_integer():
        return fhir_integer(int(value))
    return to_integer(value) if isinstance(value, str) else None


def fhir_boolean(value: Any) -> bool | None:
    """A FHIR boolean."""
    return value if isinstance(value, bool) else None


def fhir_string(value: Any) -> str | None:
    """A FHIR string, code, id, uri, markdown or any other primitive that is text."""
    return value if isinstance(value, str) else None


def fhir_date(value: Any) -> Date | None:
    """A FHIR date."""
    return parse_date(value) if type(value) is str else None


def fhir_datetime(value: Any, offset: int = 0) -> DateTime | None:
    """A FHIR dateTime or instant; ``offset`` (minutes) where the text has none."""
    return fhir_datetime_cache(offset)[value] if type(value) is str else None


def fhir_time(value: Any) -> Time | None:
    """A FHIR time."""
    return parse_fhir_time(value) if type(value) is str else None


_PRIMITIVES: dict[str, Callable[[Any], Any]] = {
    "boolean": fhir_boolean,
    "integer": fhir_integer,
    "positiveInt": fhir_integer,
    "unsignedInt": fhir_integer,
    "decimal": fhir_decimal,
    "date": fhir_date,
    "time": fhir_time,
}


def fhir_primitive(kind: str, value: Any, offset: int = 0) -> Any:
    """The System value of a FHIR primitive of a type known at run time only; other types stay JSON."""
    if kind in ("dateTime", "instant"):
        return fhir_datetime(value, offset)
    converter = _PRIMITIVES.get(kind)
    return value if converter is None else converter(value)
