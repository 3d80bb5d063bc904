"""Type operators: CQL reference, appendix B, "Type Operators" (``is``, ``as``, ``Children``, ``Descendants``).

Owns run-time type tests.  Always holds: null is of no type; a test answers true or false.  FHIR values are told by the
type they carry: a choice value by its JSON key, a resource by ``resourceType``; other JSON by its shape, which is a
guess that accepts what the shape allows.  Subtypes are not known here: the caller passes every name that counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any

from cqlmeasure.runtime.equality import is_code_json, is_concept_json
from cqlmeasure.runtime.interval import INTERVAL_CLASSES, Interval
from cqlmeasure.runtime.numbers import Long
from cqlmeasure.runtime.quantity import Quantity, Ratio
from cqlmeasure.runtime.temporal import Date, DateTime, Time
from cqlmeasure.runtime.uncertainty import Uncertainty
from cqlmeasure.runtime.values import CodeSystem, CqlError, FhirValue, Tuple, ValueSet

Test = Callable[[Any], bool]


def is_any(value: Any) -> bool:
    """``is System.Any``: everything but null."""
    return value is not None


def is_boolean(value: Any) -> bool:
    """``is Boolean``."""
    return value is True or value is False


def is_integer(value: Any) -> bool:
    """``is Integer``; an uncertain duration is one."""
    kind = type(value)
    return kind is int or kind is Uncertainty


def is_long(value: Any) -> bool:
    """``is Long``."""
    return isinstance(value, Long)


def is_decimal(value: Any) -> bool:
    """``is Decimal``."""
    return isinstance(value, Decimal)


def is_string(value: Any) -> bool:
    """``is String``."""
    return isinstance(value, str)


def is_date(value: Any) -> bool:
    """``is Date``."""
    return isinstance(value, Date)


def is_datetime(value: Any) -> bool:
    """``is DateTime``."""
    return isinstance(value, DateTime)


def is_time(value: Any) -> bool:
    """``is Time``."""
    return isinstance(value, Time)


def is_quantity(value: Any) -> bool:
    """``is Quantity``."""
    return isinstance(value, Quantity)


def is_ratio(value: Any) -> bool:
    """``is Ratio``."""
    return isinstance(value, Ratio)


def is_code(value: Any) -> bool:
    """``is Code``: a JSON object with the shape of a Coding."""
    return type(value) is dict and is_code_json(value)


def is_concept(value: Any) -> bool:
    """``is Concept``: a JSON object with the shape of a CodeableConcept."""
    return type(value) is dict and is_concept_json(value)


def is_value_set(value: Any) -> bool:
    """``is ValueSet``."""
    return isinstance(value, ValueSet)


def is_code_system(value: Any) -> bool:
    """``is CodeSystem``."""
    return isinstance(value, CodeSystem)


def is_vocabulary(value: Any) -> bool:
    """``is Vocabulary``: a value set or a code system."""
    return isinstance(value, ValueSet | CodeSystem)


def is_tuple(value: Any, elements: Mapping[str, Test] | None = None) -> bool:
    """``is Tuple {..}``: elements of these names, each null or of its type; without elements any tuple."""
    if not isinstance(value, Tuple):
        return False
    if elements is None:
        return True
    if not elements.keys() >= value.keys():
        return False
    return all(value[name] is None or test(value[name]) for name, test in elements.items())


def is_list(value: Any) -> bool:
    """``is List<Any>``."""
    return isinstance(value, list)


def is_list_of(value: Any, test: Test) -> bool:
    """``is List<T>``: every element is null or passes the test for T."""
    return isinstance(value, list) and all(item is None or test(item) for item in value)


def is_interval(value: Any) -> bool:
    """``is Interval<Any>``."""
    return isinstance(value, Interval)


def is_interval_of(value: Any, test: Test) -> bool:
    """``is Interval<T>``: an end that is not null passes the test for T; without ends the class decides, if it can."""
    if not isinstance(value, Interval):
        return False
    point = value.low if value.low is not None else value.high
    if point is None:
        point = value.least
        if point is None:
            return type(value) is Interval or test(Quantity(Decimal(0)))
    return test(point)


def interval_test(point: type) -> type[Interval]:
    """The class that ``isinstance`` may ask for intervals of a class of points."""
    return INTERVAL_CLASSES.get(point, Interval)


# -- FHIR -------------------------------------------------------------------------------------------------------------

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_DATETIME = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?")
_PATTERNS = {"date": _DATE, "dateTime": _DATETIME, "instant": _INSTANT, "time": _TIME}
_TEXT_TYPES = frozenset(
    ("string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown", "base64Binary", "xhtml", *_PATTERNS)
)
_INTEGER_TYPES = frozenset(("integer", "positiveInt", "unsignedInt", "decimal", "integer64"))

_SHAPES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    # type: (elements of which one must be there, all elements there may be)
    "Period": (frozenset(("start", "end")), frozenset(("start", "end"))),
    "Range": (frozenset(("low", "high")), frozenset(("low", "high"))),
    "Ratio": (frozenset(("numerator", "denominator")), frozenset(("numerator", "denominator"))),
    "Quantity": (frozenset(("value",)), frozenset(("value", "comparator", "unit", "system", "code"))),
    "Money": (frozenset(("currency",)), frozenset(("value", "currency"))),
    "Coding": (frozenset(("code", "system")), frozenset(("system", "version", "code", "display", "userSelected"))),
    "CodeableConcept": (frozenset(("coding", "text")), frozenset(("coding", "text"))),
    "Reference": (
        frozenset(("reference", "identifier", "display")),
        frozenset(("reference", "type", "identifier", "display")),
    ),
    "Identifier": (
        frozenset(("value", "system")),
        frozenset(("use", "type", "system", "value", "period", "assigner")),
    ),
    "Annotation": (frozenset(("text",)), frozenset(("authorReference", "authorString", "time", "text"))),
    "Timing": (frozenset(("event", "repeat", "code")), frozenset(("event", "repeat", "code"))),
    "Attachment": (
        frozenset(("contentType", "data", "url")),
        frozenset(("contentType", "language", "data", "url", "size", "hash", "title", "creation")),
    ),
}
_ALWAYS_ALLOWED = frozenset(("id", "extension", "modifierExtension"))
_QUANTITY_TYPES = frozenset(("Age", "Duration", "Distance", "Count", "SimpleQuantity", "MoneyQuantity"))


def is_fhir(value: Any, names: Collection[str]) -> bool:
    """``is FHIR.T``; ``names`` are T and its subtypes, without model name."""
    if isinstance(value, FhirValue):
        return value.type in names
    if type(value) is dict:
        kind = value.get("resourceType")
        return kind in names if kind is not None else any(_has_shape(value, name) for name in names)
    return value is not None and _is_fhir_primitive(value, names)


def as_fhir(value: Any, names: Collection[str]) -> Any:
    """``as FHIR.T``: the bare JSON if the value is of the type, else null."""
    if isinstance(value, FhirValue):
        return value.json if value.type in names else None
    return value if is_fhir(value, names) else None


def _has_shape(value: dict[str, Any], name: str) -> bool:
    if name == "Element":
        return True
    shape = _SHAPES.get("Quantity" if name in _QUANTITY_TYPES else name)
    if shape is None:
        return False
    needed, allowed = shape
    keys = {key.removeprefix("_") for key in value} - _ALWAYS_ALLOWED
    if name == "Quantity" and isinstance(value.get("value"), str):
        return False
    if name == "Identifier" and not isinstance(value.get("value", ""), str):
        return False
    return keys <= allowed and not keys.isdisjoint(needed)


def _is_fhir_primitive(value: Any, names: Collection[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in names
    if isinstance(value, str):
        return any(
            name in _TEXT_TYPES and (name not in _PATTERNS or _PATTERNS[name].fullmatch(value) is not None)
            for name in names
        )
    if isinstance(value, int):
        return any(name in _INTEGER_TYPES for name in names)
    return isinstance(value, float | Decimal) and "decimal" in names


# -- casts ------------------------------------------------------------------------------------------------------------


def as_type(value: Any, test: Test) -> Any:
    """``value as T``: the value if it passes the test for T, else null."""
    return value if value is not None and test(value) else None


def cast_type(value: Any, test: Test, name: str) -> Any:
    """``cast value as T``: an error if the value is not null and fails the test for T."""
    if value is None or test(value):
        return value
    raise CqlError(f"a value of type {type_name(value)} cannot be cast to {name}")


def cast_fhir(value: Any, names: Collection[str], name: str) -> Any:
    """``cast value as FHIR.T``: the bare JSON; an error if the value is not null and not of the type."""
    if value is None or is_fhir(value, names):
        return as_fhir(value, names)
    raise CqlError(f"a value of type {type_name(value)} cannot be cast to {name}")


def type_name(value: Any) -> str:
    """The name of a value's type, for messages."""
    if isinstance(value, FhirValue):
        return value.type
    if type(value) is dict:
        kind = value.get("resourceType")
        return (
            kind if isinstance(kind, str) else "Code" if is_code(value) else "Concept" if is_concept(value) else "Tuple"
        )
    if isinstance(value, Interval):
        return "Interval"
    return _NAMES.get(type(value), type(value).__name__)


_NAMES = {bool: "Boolean", int: "Integer", str: "String", list: "List", float: "Decimal", Uncertainty: "Integer"}


# -- structure --------------------------------------------------------------------------------------------------------


def children(value: Any) -> list[Any] | None:
    """``Children``: the values of the elements; lists are expanded, missing elements give nothing."""
    if value is None:
        return None
    if isinstance(value, list):
        return [child for item in value for child in children(item) or ()]
    parts: Collection[Any]
    if isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, FhirValue):
        parts = value.json.values() if isinstance(value.json, Mapping) else ()
    elif isinstance(value, Interval):
        parts = (value.low, value.high, value.low_closed, value.high_closed)
    elif isinstance(value, Quantity):
        parts = (value.value, value.unit)
    elif isinstance(value, Ratio):
        parts = (value.numerator, value.denominator)
    else:
        parts = ()
    found: list[Any] = []
    for part in parts:
        if isinstance(part, list):
            found += part
        elif part is not None:
            found.append(part)
    return found


def descendants(value: Any) -> list[Any] | None:
    """``Descendants``: the children, and their children, and so on."""
    level = children(value)
    if level is None:
        return None
    found: list[Any] = []
    while level:
        found += level
        level = children(level) or []
    return found


descendents = descendants
"""ELM spells it so."""
