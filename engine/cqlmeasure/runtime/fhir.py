"""FHIR data as CQL values: elements of JSON objects, choice elements, the System values of primitives.

Owns what generated code needs to read plain JSON.  Always holds: JSON is never changed; a value of a choice element is
a ``FhirValue`` that knows its type, everything else is the JSON itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cqlmeasure.runtime.conversion import fhir_decimal
from cqlmeasure.runtime.interval import Interval
from cqlmeasure.runtime.quantity import Quantity, Ratio
from cqlmeasure.runtime.temporal_parse import DateTimeCache, parse_date, parse_fhir_time
from cqlmeasure.runtime.values import CodeSystem, FhirValue, ValueSet

_DATE_TIMES = frozenset({"dateTime", "instant"})
_PRIMITIVES = frozenset(
    (
        *("base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id", "instant", "integer"),
        *("markdown", "oid", "positiveInt", "string", "time", "unsignedInt", "uri", "url", "uuid"),
    )
)


def element(owner: Mapping[str, Any] | None, name: str) -> Any:
    """The JSON of an element; null of null."""
    return None if owner is None else owner.get(name)


def choice(owner: Mapping[str, Any] | None, keys: Mapping[str, str]) -> FhirValue | None:
    """The value of a choice element; ``keys`` are its JSON names and the type that each stands for."""
    if owner is None:
        return None
    if len(keys) <= len(owner):
        for key, kind in keys.items():
            if key in owner:
                return FhirValue(kind, owner[key])
    else:
        for key in owner:
            found = keys.get(key)
            if found is not None:
                return FhirValue(found, owner[key])
    return None


def wrap(value: Any, kind: str) -> Any:
    """A FHIR value on its way into a choice, so that its type is not lost."""
    return value if value is None or type(value) is FhirValue else FhirValue(kind, value)


def primitive(value: Any, kind: str, date_times: DateTimeCache) -> Any:
    """The System value of a primitive's JSON."""
    if value is None:
        return None
    if kind in _DATE_TIMES:
        return date_times[value]
    if kind == "date":
        return parse_date(value)
    if kind == "time":
        return parse_fhir_time(value)
    if kind == "decimal":
        return fhir_decimal(value)
    return value


def dynamic(value: Any, name: str, date_times: DateTimeCache) -> Any:
    """An element of a value whose type is only known now."""
    if value is None:
        return None
    if type(value) is FhirValue:
        if value.type in _PRIMITIVES:
            return primitive(value.json, value.type, date_times) if name == "value" else None
        value = value.json
    if isinstance(value, dict):
        return value[name] if name in value else _absent(value, name)
    if isinstance(value, Interval):
        return getattr(value, {"lowClosed": "low_closed", "highClosed": "high_closed"}.get(name, name), None)
    if isinstance(value, Quantity | Ratio):
        return getattr(value, name, None)
    if isinstance(value, ValueSet | CodeSystem):
        return getattr(value, {"id": "url"}.get(name, name), None)
    if name == "value" and isinstance(value, str | bool | int | float | Decimal):
        return fhir_decimal(value) if isinstance(value, float) else value
    return None


def _absent(owner: Mapping[str, Any], name: str) -> Any:
    if name == "codes":
        return owner.get("coding")
    if name == "display" and "coding" in owner:
        return owner.get("text")
    length = len(name)
    for key, found in owner.items():
        if key.startswith(name) and len(key) > length and key[length].isupper():
            kind = key[length:]
            plain = kind[0].lower() + kind[1:]
            return FhirValue(plain if plain in _PRIMITIVES else kind, found)
    return None


def extensions(owner: Any, url: str | None, key: str = "extension") -> list[Any] | None:
    """The extensions of an element with a url."""
    if type(owner) is FhirValue:
        owner = owner.json
    if not isinstance(owner, dict) or url is None:
        return None
    return [found for found in owner.get(key) or () if found.get("url") == url]
