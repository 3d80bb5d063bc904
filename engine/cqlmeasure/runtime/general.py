"""Operators that generated code needs where types are only known at run time, and selectors of values.

Always holds: a general operator gives what the typed one gives for the types it finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from cqlmeasure.runtime import (
    arithmetic,
    comparison,
    interval,
    interval_compare,
    interval_sets,
    lists,
    strings,
)
from cqlmeasure.runtime.context import Context
from cqlmeasure.runtime.fhir import primitive
from cqlmeasure.runtime.fhir_helpers import to_interval_period, to_interval_quantity, to_interval_range, typed_value
from cqlmeasure.runtime.interval import DateTimeInterval, Interval
from cqlmeasure.runtime.numbers import MAX_DECIMAL, MAX_INTEGER, MAX_LONG, MIN_DECIMAL, MIN_INTEGER, MIN_LONG, Long
from cqlmeasure.runtime.quantity import Quantity, Ratio
from cqlmeasure.runtime.temporal import (
    MAX_DATE,
    MAX_DATETIME,
    MAX_TIME,
    MIN_DATE,
    MIN_DATETIME,
    MIN_TIME,
    Date,
    DateTime,
    Time,
)
from cqlmeasure.runtime.temporal_parse import DateTimeCache, date_of, datetime_of, time_of
from cqlmeasure.runtime.values import CqlError, FhirValue, ValueSet


def fail(message: str) -> Any:
    """Raises: for what cannot be compiled, when it is reached."""
    raise CqlError(message)


# -- selectors --------------------------------------------------------------------------------------------------------


def quantity_of(value: Any, unit: str | None) -> Quantity | None:
    """``System.Quantity { value, unit }``; null without a value."""
    number = arithmetic.as_decimal(value)
    return None if number is None else Quantity(number, "1" if unit is None else unit)


def ratio_of(numerator: Quantity | None, denominator: Quantity | None) -> Ratio | None:
    """``System.Ratio { numerator, denominator }``; null unless both are there."""
    return None if numerator is None or denominator is None else Ratio(numerator, denominator)


def value_set_of(url: str | None, version: str | None = None) -> ValueSet | None:
    """``System.ValueSet { id, version }``: its identity only."""
    return None if url is None else ValueSet(url, version)


def without_nulls(elements: dict[str, Any]) -> dict[str, Any]:
    """The elements of an instance that have a value, as JSON has them."""
    return {name: value for name, value in elements.items() if value is not None}


def fhir_json(value: Any) -> Any:
    """The JSON of a System value that becomes a FHIR primitive."""
    if isinstance(value, Date | DateTime | Time):
        return str(value)
    return value


def constant_interval(
    kind: type[Interval], low: Any, high: Any, low_closed: bool | None = True, high_closed: bool | None = True
) -> Interval:
    """An interval of constant ends: an error if it ends before it starts.  ``kind`` as for a computed one."""
    if low is None and high is None:
        return kind(None, None, bool(low_closed), bool(high_closed))
    return interval.interval(low, high, low_closed, high_closed)


def computed_interval(
    kind: type[Interval], low: Any, high: Any, low_closed: bool | None = True, high_closed: bool | None = True
) -> Interval | None:
    """An interval of ends that come from data: null if it ends before it starts.

    With constant ends that is an error of the author; here one subject's data would end the evaluation.  ``kind`` is
    the class for the static type of the points: it counts where both ends are null.
    """
    if low is None and high is None:
        return kind(None, None, bool(low_closed), bool(high_closed))
    if (
        type(low) is DateTime
        and type(high) is DateTime
        and low_closed is True
        and high_closed is True
        and low.low <= high.low
        and low.offset == high.offset
    ):
        return DateTimeInterval(low, high)  # certainly in order
    try:
        return interval.interval(low, high, low_closed, high_closed)
    except CqlError:
        return None


def datetime_selector(offset: Decimal | None, *parts: int | None) -> DateTime | None:
    """``DateTime(year, month, ...)``; the offset is in hours.  An impossible date is an error."""
    given: list[int | None] = [*parts, *[None] * (7 - len(parts))]
    year, month, day, hour, minute, second, millisecond = given
    minutes = 0 if offset is None else int(offset * 60)
    try:
        return datetime_of(year, month, day, hour, minute, second, millisecond, minutes)
    except ValueError as error:
        raise CqlError(f"not a DateTime: {error}") from None


def date_selector(*parts: int | None) -> Date | None:
    """``Date(year, month, day)``."""
    try:
        return date_of(*parts) if parts else None
    except ValueError as error:
        raise CqlError(f"not a Date: {error}") from None


def time_selector(*parts: int | None) -> Time | None:
    """``Time(hour, minute, second, millisecond)``."""
    try:
        return time_of(*parts) if parts else None
    except ValueError as error:
        raise CqlError(f"not a Time: {error}") from None


_LIMITS: dict[str, tuple[Any, Any]] = {
    "Integer": (MIN_INTEGER, MAX_INTEGER),
    "Long": (Long(MIN_LONG), Long(MAX_LONG)),
    "Decimal": (MIN_DECIMAL, MAX_DECIMAL),
    "Quantity": (Quantity(MIN_DECIMAL), Quantity(MAX_DECIMAL)),
    "Date": (MIN_DATE, MAX_DATE),
    "DateTime": (MIN_DATETIME, MAX_DATETIME),
    "Time": (MIN_TIME, MAX_TIME),
}


def limit(name: str, greatest: bool) -> Any:
    """``minimum T`` and ``maximum T``; an error for a type without an order."""
    found = _LIMITS.get(name)
    if found is None:
        raise CqlError(f"the type {name} has no {'maximum' if greatest else 'minimum'}")
    return found[greatest]


# -- FHIR -------------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """The JSON of a choice value; other values as they are."""
    return value.json if type(value) is FhirValue else value


_KINDS = {"DateTime": "dateTime", "Date": "date", "Time": "time", "Decimal": "decimal"}


def primitive_value(value: Any, name: str, date_times: DateTimeCache) -> Any:
    """A primitive's JSON, or a System value already, as a System type."""
    value = plain(value)
    if isinstance(value, str | int | float | Decimal):
        return primitive(value, _KINDS.get(name, "string"), date_times)
    return value


def value_of_type(kind: str, json: Any, date_times: DateTimeCache) -> Any:
    """``ToValue`` of a value of a statically known FHIR type."""
    return None if json is None else typed_value(kind, json, date_times)


def to_interval_any(value: Any, date_times: DateTimeCache) -> Interval | None:
    """``ToInterval`` of a period, range or quantity that is told by its shape."""
    if value is None or isinstance(value, Interval):
        return value
    if "low" in value or "high" in value:
        return to_interval_range(value)
    if "value" in value:
        return to_interval_quantity(value)
    return to_interval_period(value, date_times)


def element_of_type(resource: Mapping[str, Any] | None, table: Mapping[str, Mapping[str, str | None]]) -> Any:
    """An element whose type depends on the type of the resource; primitives come with their type."""
    if resource is None:
        return None
    for key, kind in table.get(resource.get("resourceType", ""), {}).items():
        if key in resource:
            value = resource[key]
            return value if kind is None else FhirValue(kind, value)
    return None


def resolve(context: Context, reference: Any) -> Any:
    """``resolve()``: the subject's resource that a Reference or its text names."""
    reference = plain(reference)
    if isinstance(reference, dict):
        reference = reference.get("reference")
    return context.subject.resolve(reference)


def reference(value: Any) -> dict[str, Any] | None:
    """``reference()``: a Reference to a resource, or of a text."""
    if value is None:
        return None
    return {"reference": value if isinstance(value, str) else f"{value.get('resourceType')}/{value.get('id')}"}


def has_value(value: Any) -> bool:
    """``hasValue()``: whether an element is a primitive with a value."""
    value = plain(value)
    return value is not None and not isinstance(value, dict | list)


def conforms_to(resource: Mapping[str, Any] | None, profile: str | None) -> bool | None:
    """``conformsTo()``: whether a resource declares a profile."""
    if resource is None or profile is None:
        return None
    declared = (resource.get("meta") or {}).get("profile") or ()
    return any(url.partition("|")[0] == profile for url in declared)


def as_items(value: Any) -> Sequence[Any]:
    """The items of a list; a single value as one, nothing for null."""
    if value is None:
        return ()
    return value if type(value) is list else (value,)


def is_new(seen: list[Any], item: Any) -> bool:
    """Whether no item like this has been seen; notes it."""
    if any(comparison.equal_list(list(one), list(item)) is True for one in seen):
        return False
    seen.append(item)
    return True


# -- operators --------------------------------------------------------------------------------------------------------


def _is_list(*values: Any) -> bool:
    return any(isinstance(value, list) for value in values)


def in_(element: Any, container: Any, precision: int | None = None) -> bool | None:
    """``element in container``."""
    if isinstance(container, Interval):
        return interval_compare.in_interval(element, container, precision)
    return lists.in_list(element, container)


def contains(container: Any, element: Any, precision: int | None = None) -> bool | None:
    """``container contains element``."""
    return in_(element, container, precision)


def proper_in(element: Any, container: Any, precision: int | None = None) -> bool | None:
    """``element properly included in container``."""
    if isinstance(container, Interval):
        return interval_compare.proper_in_interval(element, container, precision)
    return lists.proper_in_list(element, container)


def proper_contains(container: Any, element: Any, precision: int | None = None) -> bool | None:
    """``container properly includes element``."""
    return proper_in(element, container, precision)


def included_in(left: Any, right: Any, precision: int | None = None) -> bool | None:
    """``left included in right``."""
    if _is_list(left, right):
        return lists.included_in_list(left, right)
    return interval_compare.included_in_interval(left, right, precision)


def includes(left: Any, right: Any, precision: int | None = None) -> bool | None:
    """``left includes right``."""
    return included_in(right, left, precision)


def proper_included_in(left: Any, right: Any, precision: int | None = None) -> bool | None:
    """``left properly included in right``."""
    if _is_list(left, right):
        return lists.proper_included_in_list(left, right)
    return interval_compare.proper_included_in_interval(left, right, precision)


def proper_includes(left: Any, right: Any, precision: int | None = None) -> bool | None:
    """``left properly includes right``."""
    return proper_included_in(right, left, precision)


def union_any(*operands: Any) -> Any:
    """``union`` of lists or of intervals."""
    if any(isinstance(one, Interval) for one in operands):
        result = operands[0]
        for one in operands[1:]:
            result = interval_sets.union_interval(result, one)
        return result
    return lists.union_lists(*operands)


def intersect(left: Any, right: Any) -> Any:
    """``left intersect right``."""
    if isinstance(left, Interval) or isinstance(right, Interval):
        return interval_sets.intersect_interval(left, right)
    return lists.intersect_list(left, right)


def except_(left: Any, right: Any) -> Any:
    """``left except right``."""
    if isinstance(left, Interval) or isinstance(right, Interval):
        return interval_sets.except_interval(left, right)
    return lists.except_list(left, right)


def length(value: Any) -> int | None:
    """``Length`` of a string or a list."""
    return strings.length_string(value) if isinstance(value, str) else lists.length_list(value)


def indexer(value: Any, index: int | None) -> Any:
    """``value[index]`` of a string or a list."""
    return strings.indexer_string(value, index) if isinstance(value, str) else lists.indexer_list(value, index)


def start(value: Any) -> Any:
    """``start of``."""
    return interval.start_interval(value)


def end(value: Any) -> Any:
    """``end of``."""
    return interval.end_interval(value)
