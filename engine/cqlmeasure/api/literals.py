"""CQL values as text that people read: CQL literals and selectors, FHIR data as JSON.

Always holds: what has a literal in CQL is written as that literal, so that it can be pasted back into CQL.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from cqlmeasure.runtime import (
    Date,
    DateTime,
    FhirValue,
    Interval,
    Long,
    Quantity,
    Ratio,
    Time,
    Tuple,
    Uncertainty,
    ValueSet,
)

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"})
_CALENDAR = frozenset(
    word + plural
    for word in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for plural in ("", "s")
)
_CODE_KEYS = {"system", "code", "version", "display"}
_CONCEPT_KEYS = {"coding", "text"}


def cql_text(value: Any) -> str:
    """The value as CQL would write it; resources and other FHIR data as JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Long):
        return f"{int(value)}L"
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return f"{{ {', '.join(map(cql_text, value))} }}" if value else "{}"
    if isinstance(value, Tuple):
        return _selector("Tuple", value)
    if isinstance(value, dict):
        return _coded(value)
    return _system(value)


def _system(value: Any) -> str:
    if isinstance(value, Date):
        return f"@{value}"
    if isinstance(value, DateTime):
        text = str(value)
        return f"@{text}" if "T" in text else f"@{text}T"
    if isinstance(value, Time):
        return f"@T{str(value).removeprefix('T')}"
    if isinstance(value, Quantity):
        unit = value.unit
        return f"{_decimal(value.value)} {unit if unit in _CALENDAR else _string(unit)}"
    if isinstance(value, Ratio):
        return f"{cql_text(value.numerator)} : {cql_text(value.denominator)}"
    if isinstance(value, Interval):
        opening, closing = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
        return f"Interval{opening}{cql_text(value.low)}, {cql_text(value.high)}{closing}"
    if isinstance(value, Uncertainty):
        return f"Interval[{cql_text(value.low)}, {cql_text(value.high)}]"
    if isinstance(value, ValueSet):
        return f"ValueSet {{ id: {_string(value.url)} }}"
    if isinstance(value, FhirValue):
        return cql_text(value.json)
    return str(value)


def _coded(value: dict[str, Any]) -> str:
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
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=cql_text).decode()


def _selector(name: str, elements: dict[str, Any]) -> str:
    listed = ", ".join(f"{key}: {cql_text(value)}" for key, value in elements.items())
    return f"{name} {{ {listed} }}" if listed else f"{name} {{ : }}"


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0")
        return f"{text}0" if text.endswith(".") else text
    return f"{text}.0"


def _string(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"
