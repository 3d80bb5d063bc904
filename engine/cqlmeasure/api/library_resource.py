"""A translated library as a FHIR R4 Library: CQL and ELM as content, what it depends on, what goes in and comes out.

Always holds: the same library gives the same bytes; nothing is said that the CQL does not say (there is no date, and a
canonical url only if there is a base for it).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import orjson

from cqlmeasure.elm import FunctionDef, Library, to_json, to_xml
from cqlmeasure.models import fhir_types
from cqlmeasure.typesys import (
    BOOLEAN,
    CODE,
    CONCEPT,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    LONG,
    QUANTITY,
    RATIO,
    STRING,
    TIME,
    DataType,
    IntervalType,
    ListType,
    NamedType,
)

_TYPES: dict[DataType, str] = {
    BOOLEAN: "boolean",
    INTEGER: "integer",
    LONG: "integer",
    DECIMAL: "decimal",
    STRING: "string",
    DATE: "date",
    DATETIME: "dateTime",
    TIME: "time",
    QUANTITY: "Quantity",
    RATIO: "Ratio",
    CODE: "Coding",
    CONCEPT: "CodeableConcept",
    IntervalType(DATE): "Period",
    IntervalType(DATETIME): "Period",
    IntervalType(QUANTITY): "Range",
}
_ANY = "Any"
_LIBRARY_TYPES = "http://terminology.hl7.org/CodeSystem/library-type"


def library_resource(
    written: Library, typed: Library, cql: str, *, canonical: str | None = None, urls: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The Library of ELM as it is ``written``; ``typed`` is the same with result types.

    ``canonical`` is the base of its url (``http://example.org/fhir``); ``urls`` are those of included libraries by
    path, as far as they are known.
    """
    name = written.identifier.id or "Library"
    version = written.identifier.version
    found: dict[str, Any] = {"resourceType": "Library", "id": _id(name, version)}
    if canonical is not None:
        found["url"] = f"{canonical.rstrip('/')}/Library/{name}"
    if version is not None:
        found["version"] = version
    found |= {
        "name": re.sub(r"\W", "_", name),
        "title": name,
        "status": "draft",
        "type": {"coding": [{"system": _LIBRARY_TYPES, "code": "logic-library"}]},
    }
    related = _related(written, canonical, urls or {})
    if related:
        found["relatedArtifact"] = related
    parameters = _parameters(typed)
    if parameters:
        found["parameter"] = parameters
    found["content"] = [
        _content("text/cql", cql.encode()),
        _content("application/elm+xml", to_xml(written)),
        _content("application/elm+json", orjson.dumps(to_json(written))),
    ]
    return found


def _id(name: str, version: str | None) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{name}-{version}" if version else name)[:64]


def _content(kind: str, data: bytes) -> dict[str, str]:
    return {"contentType": kind, "data": base64.b64encode(data).decode()}


def _related(written: Library, canonical: str | None, urls: Mapping[str, str]) -> list[dict[str, str]]:
    base = f"{canonical.rstrip('/')}/" if canonical is not None else ""
    wanted: dict[str, str] = {}
    for include in written.includes:
        name = include.path.rpartition("/")[2].rpartition(".")[2]
        url = urls.get(include.path) or f"{base}Library/{name}"
        wanted.setdefault(_versioned(url, include.version), f"Library {include.local_identifier}")
    for system in written.code_systems:
        wanted.setdefault(_versioned(system.id, system.version), f"Code system {system.name}")
    for value_set in written.value_sets:
        wanted.setdefault(_versioned(value_set.id, value_set.version), f"Value set {value_set.name}")
    return [{"type": "depends-on", "display": display, "resource": url} for url, display in wanted.items()]


def _versioned(url: str, version: str | None) -> str:
    return f"{url}|{version}" if version and "|" not in url else url


def _parameters(typed: Library) -> list[dict[str, Any]]:
    """Parameters go in; public definitions come out."""
    found = [
        _parameter(item.name, "in", item.parameter_type or item.result_type)
        for item in typed.parameters
        if item.access_level == "Public"
    ]
    contexts = {context.name for context in typed.contexts}
    found += [
        _parameter(item.name, "out", item.result_type)
        for item in typed.statements
        if not isinstance(item, FunctionDef) and item.access_level == "Public" and item.name not in contexts
    ]
    return found


def _parameter(name: str, use: str, kind: DataType | None) -> dict[str, Any]:
    many = isinstance(kind, ListType)
    item = kind.element if isinstance(kind, ListType) else kind
    return {"name": name, "use": use, "min": 0, "max": "*" if many else "1", "type": _fhir_type(item)}


def _fhir_type(kind: DataType | None) -> str:
    """The FHIR type that stands for a CQL type; ``Any`` for what FHIR has no type for."""
    if kind in _TYPES:
        return _TYPES[kind]
    if isinstance(kind, NamedType) and kind.model != "System" and fhir_types().kind(kind.name) is not None:
        return kind.name if "." not in kind.name else _ANY
    return _ANY
