"""Values as text that CQL reads: literals and selectors.

Always holds: the text is one line in the grammar of CQL's literals, so that it can be pasted back into CQL; FHIR data
are written as instances (``Patient { id: 'p1' }``), and as tuples where their JSON does not tell the type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cqlmeasure.runtime.interval import Interval
from cqlmeasure.runtime.numbers import Long
from cqlmeasure.runtime.quantity import Quantity, Ratio
from cqlmeasure.runtime.temporal import DAY, Date, DateTime, Time
from cqlmeasure.runtime.uncertainty import Uncertainty
from cqlmeasure.runtime.values import CodeSystem, FhirValue, Tuple, ValueSet

_NAMED = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
_ESCAPES = str.maketrans({**{chr(code): f"\\u{code:04x}" for code in (*range(32), 127)}, **_NAMED})
_CALENDAR = frozenset(
    word + plural
    for word in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for plural in ("", "s")
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPE = re.compile(r"[A-Z][A-Za-z]*")
_CODE_KEYS = {"system", "code", "version", "display"}
_CONCEPT_KEYS = {"coding", "text"}


def to_cql(value: Any) -> str:
    """The value as a CQL literal or selector, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Long):
        return f"{int(value)}L"
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, float):  # of FHIR's JSON
        return _decimal(Decimal(repr(value)))
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return f"{{ {', '.join(map(to_cql, value))} }}" if value else "{}"
    if isinstance(value, Tuple):
        return _selector("Tuple", value)
    if isinstance(value, Mapping):
        return _coded(value)
    return _system(value)


def _system(value: Any) -> str:
    if isinstance(value, Date):
        return f"@{value}"
    if isinstance(value, DateTime):
        return f"@{value}T" if value.precision <= DAY else f"@{value}"
    if isinstance(value, Time):
        return f"@T{str(value).removeprefix('T')}"
    if isinstance(value, Quantity):
        unit = value.unit
        return f"{_decimal(value.value)} {unit if unit in _CALENDAR else _string(unit)}"
    if isinstance(value, Ratio):
        return f"{to_cql(value.numerator)} : {to_cql(value.denominator)}"
    if isinstance(value, Interval):
        opening, closing = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
        return f"Interval{opening}{to_cql(value.low)}, {to_cql(value.high)}{closing}"
    if isinstance(value, Uncertainty):
        return f"Interval[{to_cql(value.low)}, {to_cql(value.high)}]"
    if isinstance(value, ValueSet | CodeSystem):
        elements = {"id": value.url, "version": value.version, "name": value.name}
        return _selector(type(value).__name__, {name: one for name, one in elements.items() if one is not None})
    if isinstance(value, FhirValue):
        if isinstance(value.json, Mapping) and _TYPE.fullmatch(value.type):
            return _selector(value.type, value.json)
        return to_cql(value.json)
    return str(value)


def _coded(value: Mapping[str, Any]) -> str:
    """A Code or a Concept (the JSON of a Coding or CodeableConcept), or other FHIR data."""
    keys = set(value)
    if "code" in keys and keys <= _CODE_KEYS and isinstance(value["code"], str):
        parts = {name: value.get(name) for name in ("code", "system", "version", "display")}
        return _selector("Code", {name: part for name, part in parts.items() if part is not None})
    if isinstance(value.get("coding"), list) and keys <= _CONCEPT_KEYS:
        concept: dict[str, Any] = {"codes": value["coding"]}
        if value.get("text") is not None:
            concept["display"] = value["text"]
        return _selector("Concept", concept)
    kind = value.get("resourceType")
    if isinstance(kind, str) and _TYPE.fullmatch(kind):
        return _selector(kind, {name: element for name, element in value.items() if name != "resourceType"})
    return _selector("Tuple", value)


def _selector(name: str, elements: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{_name(key)}: {to_cql(value)}" for key, value in elements.items())
    return f"{name} {{ {listed} }}" if listed else f"{name} {{ : }}"


def _name(name: str) -> str:
    if _IDENTIFIER.fullmatch(name):
        return name
    escaped = name.translate(_ESCAPES).replace("\\'", "'").replace('"', '\\"')
    return f'"{escaped}"'


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0")
        return f"{text}0" if text.endswith(".") else text
    return f"{text}.0"


def _string(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"
