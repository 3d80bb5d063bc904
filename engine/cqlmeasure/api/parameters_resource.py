"""Results of expressions as FHIR Parameters, as the ``$cql`` operation returns them.

Always holds: a list is one parameter for each of its items, a tuple has a part for each of its elements, null and the
empty list are said by extension; where FHIR's type does not tell the CQL type, the extension ``cqf-cqlType`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from cqlmeasure.measure import values as fhir_values
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
from cqlmeasure.runtime.text import to_cql
from cqlmeasure.typesys import CODE, CONCEPT, ChoiceType, DataType, ListType, NamedType, TupleType

Json = dict[str, Any]
_EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
_CQL_TYPE = _EXTENSIONS + "cqf-cqlType"
_EMPTY_LIST = _EXTENSIONS + "cqf-isEmptyList"
_EMPTY_TUPLE = _EXTENSIONS + "cqf-isEmptyTuple"
_ABSENT = _EXTENSIONS + "data-absent-reason"


def parameters(values: Iterable[tuple[str, Any, DataType | None]]) -> Json:
    """The Parameters resource of named values with their static types."""
    found = [one for name, value, kind in values for one in _parameters(name, value, kind)]
    return {"resourceType": "Parameters", "parameter": found}


def _parameters(name: str, value: Any, kind: DataType | None) -> list[Json]:
    if isinstance(value, list):
        inner = kind.element if isinstance(kind, ListType) else None
        if not value:
            return [{"name": name, "_valueBoolean": {"extension": [{"url": _EMPTY_LIST, "valueBoolean": True}]}}]
        return [one for item in value for one in _item(name, item, inner)]
    return [_parameter(name, value, kind)]


def _item(name: str, item: Any, kind: DataType | None) -> list[Json]:
    """An item of a list; a list in a list is a parameter with parts."""
    if isinstance(item, list):
        return [{"name": name, "part": _parameters("element", item, kind)}]
    return [_parameter(name, item, kind)]


def _parameter(name: str, value: Any, kind: DataType | None) -> Json:
    if value is None:
        return {"name": name, "_valueBoolean": {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}}
    if isinstance(value, Tuple):
        return _tuple(name, value, kind)
    if isinstance(value, Mapping) and isinstance(value.get("resourceType"), str):
        return {"name": name, "resource": value}
    key, json, type_name = _value(value, kind)
    found: Json = {"name": name, key: json}
    if type_name is not None:
        found["extension"] = [{"url": _CQL_TYPE, "valueString": type_name}]
    return {"name": name, **{key: part for key, part in sorted(found.items()) if key != "name"}}


def _tuple(name: str, value: Tuple, kind: DataType | None) -> Json:
    if not value:
        return {"name": name, "_valueBoolean": {"extension": [{"url": _EMPTY_TUPLE, "valueBoolean": True}]}}
    types = dict(kind.elements) if isinstance(kind, TupleType) else {}
    parts = [part for key, item in value.items() for part in _parameters(key, item, types.get(key))]
    return {"name": name, "part": parts}


def _value(value: Any, kind: DataType | None) -> tuple[str, Any, str | None]:
    """Name and JSON of ``value[x]``, and the CQL type where they do not tell."""
    if isinstance(value, FhirValue):
        return f"value{value.type[0].upper()}{value.type[1:]}", value.json, None
    if isinstance(kind, NamedType) and kind.model not in ("System", "Any"):
        return f"value{kind.name[0].upper()}{kind.name[1:]}", value, None
    if isinstance(value, Long):
        return "valueString", str(int(value)), "System.Long"
    if isinstance(value, Decimal):
        return "valueDecimal", fhir_values.number(value), None
    if isinstance(value, Date):
        return "valueDate", str(value), None
    if isinstance(value, DateTime):
        return "valueDateTime", str(value), None
    if isinstance(value, Time):
        return "valueTime", str(value).removeprefix("T"), None
    if isinstance(value, Interval | Uncertainty):
        return _interval(value, kind)
    if isinstance(value, Quantity | Ratio | bool | int):
        name, json = fhir_values.observation_value(value)
        return name, json, None
    if isinstance(value, ValueSet):
        return "valueString", value.url, "System.ValueSet"
    if isinstance(value, dict):
        return _coded(value, kind)
    return "valueString", str(value), None


def _interval(value: Interval | Uncertainty, kind: DataType | None) -> tuple[str, Any, str | None]:
    if isinstance(value, Interval):
        name, json = fhir_values.observation_value(value)
        if name != "valueString":
            return name, json, None
    return "valueString", to_cql(value), str(kind) if kind is not None else "System.Any"


def _coded(value: dict[str, Any], kind: DataType | None) -> tuple[str, Any, str | None]:
    if kind == CODE or (not isinstance(kind, ChoiceType) and kind != CONCEPT and "code" in value):
        return "valueCoding", value, None
    if kind == CONCEPT or "coding" in value:
        return "valueCodeableConcept", {name: part for name, part in value.items() if part is not None}, None
    return "valueString", orjson.dumps(value).decode(), None
