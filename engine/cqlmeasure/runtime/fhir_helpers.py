"""The conversions of the FHIRHelpers library, as functions.

Always holds: each does what the CQL text of FHIRHelpers 4.x defines, for JSON; CodeableConcept and Coding JSON already
are Concept and Code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cqlmeasure.runtime.conversion import fhir_decimal
from cqlmeasure.runtime.fhir import primitive
from cqlmeasure.runtime.interval import DateTimeInterval, Interval, QuantityInterval, interval
from cqlmeasure.runtime.quantity import Quantity, Ratio
from cqlmeasure.runtime.temporal_parse import CACHE_SIZE, DateTimeCache
from cqlmeasure.runtime.values import CqlError, FhirValue, ValueSet

Json = Mapping[str, Any]

_SYSTEMS = frozenset({None, "http://unitsofmeasure.org", "http://hl7.org/fhirpath/CodeSystem/calendar-units"})
_CALENDAR_UNITS = {
    "ms": "millisecond",
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month",
    "a": "year",
}


def same(value: Any) -> Any:
    """The value: for conversions that have nothing to do on JSON."""
    return value


def to_calendar_unit(unit: str | None) -> str | None:
    """``ToCalendarUnit``: the calendar word of a definite duration unit, other units as they are."""
    return unit if unit is None else _CALENDAR_UNITS.get(unit, unit)


def to_quantity(quantity: Json | None) -> Quantity | None:
    """``ToQuantity(FHIR.Quantity)``: an error for a comparator and for a system that is not UCUM."""
    if quantity is None or quantity.get("value") is None:
        return None
    if quantity.get("comparator") is not None:
        raise CqlError(
            "FHIRHelpers.ToQuantity.ComparatorQuantityNotSupported: "
            "FHIR Quantity value has a comparator and cannot be converted to a System.Quantity value."
        )
    return to_quantity_ignoring_comparator(quantity)


def to_quantity_ignoring_comparator(quantity: Json | None) -> Quantity | None:
    """``ToQuantityIgnoringComparator``."""
    if quantity is None:
        return None
    value = fhir_decimal(quantity.get("value"))
    if value is None:
        return None
    unit, system, code = quantity.get("unit"), quantity.get("system"), quantity.get("code")
    if system not in _SYSTEMS:
        raise CqlError(
            "FHIRHelpers.ToQuantity.InvalidFHIRQuantity: "
            f"Invalid FHIR Quantity code: {unit or ''} ({system or ''}|{code or ''})"
        )
    word = code if code is not None else unit if unit is not None else "1"
    return Quantity(value, _CALENDAR_UNITS.get(word, word))


def to_interval_period(period: Json | None, date_times: DateTimeCache) -> Interval | None:
    """``ToInterval(FHIR.Period)``: without a start the lower boundary is open."""
    if period is None:
        return None
    start, end = key = period.get("start"), period.get("end")
    known: Interval | None = date_times.intervals.get(key)
    if known is not None:
        return known
    found = _interval_of_texts(start, end, date_times)
    if len(date_times.intervals) >= CACHE_SIZE:
        date_times.intervals.clear()
    date_times.intervals[key] = found
    return found


def _interval_of_texts(start: str | None, end: str | None, date_times: DateTimeCache) -> Interval | None:
    low = None if start is None else date_times[start]
    high = None if end is None else date_times[end]
    if low is None or high is None:
        # the text tests the element, not its value: a start that is no date still closes the interval
        return DateTimeInterval(low, high, start is not None, True)
    return _interval(low, high)


def to_interval_range(value: Json | None) -> Interval | None:
    """``ToInterval(FHIR.Range)``."""
    if value is None:
        return None
    low, high = to_quantity(value.get("low")), to_quantity(value.get("high"))
    return _interval(low, high) if low is not None and high is not None else QuantityInterval(low, high)


def to_interval_quantity(quantity: Json | None) -> Interval | None:
    """``ToInterval(FHIR.Quantity)``: a comparator makes one side boundless."""
    if quantity is None:
        return None
    comparator = quantity.get("comparator")
    if comparator not in ("<", "<=", ">=", ">"):
        value = to_quantity(quantity)
        return QuantityInterval(value, value)
    value = to_quantity_ignoring_comparator(quantity)
    if comparator[0] == "<":
        return QuantityInterval(None, value, True, comparator == "<=")
    return QuantityInterval(value, None, comparator == ">=", True)


def to_ratio(ratio: Json | None) -> Ratio | None:
    """``ToRatio``; null where a part has no value."""
    if ratio is None:
        return None
    numerator, denominator = to_quantity(ratio.get("numerator")), to_quantity(ratio.get("denominator"))
    return None if numerator is None or denominator is None else Ratio(numerator, denominator)


def to_value_set(url: str | None) -> ValueSet | None:
    """``ToValueSet``: a value set that only has its identity."""
    return None if url is None else ValueSet(url)


def _interval(low: Any, high: Any) -> Interval | None:
    """Null for data that end before they start."""
    try:
        return interval(low, high)
    except CqlError:
        return None


_QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity")
_COMPLEX: dict[str, Callable[[Any, DateTimeCache], Any]] = {
    **dict.fromkeys(_QUANTITIES, lambda value, _: to_quantity(value)),
    "CodeableConcept": lambda value, _: value,
    "Coding": lambda value, _: value,
    "Range": lambda value, _: to_interval_range(value),
    "Period": to_interval_period,
    "Ratio": lambda value, _: to_ratio(value),
}


def to_value(value: Any, date_times: DateTimeCache) -> Any:
    """``ToValue``: the System value of a choice value; types that have none stay choice values."""
    if type(value) is not FhirValue:
        return value
    return typed_value(value.type, value.json, date_times, value)


def typed_value(kind: str, json: Any, date_times: DateTimeCache, whole: FhirValue | None = None) -> Any:
    """The System value of FHIR JSON of a type."""
    convert = _COMPLEX.get(kind)
    if convert is not None:
        return convert(json, date_times)
    if isinstance(json, dict):
        return whole if whole is not None else FhirValue(kind, json)
    return primitive(json, kind, date_times)


def choice_value(owner: Json | None, keys: Mapping[str, str], date_times: DateTimeCache) -> Any:
    """``ToValue`` of a choice element, in one step."""
    if owner is None:
        return None
    if len(keys) <= len(owner):
        for key, kind in keys.items():
            if key in owner:
                return typed_value(kind, owner[key], date_times)
    else:
        for key in owner:
            found = keys.get(key)
            if found is not None:
                return typed_value(found, owner[key], date_times)
    return None
