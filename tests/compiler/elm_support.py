"""From ELM JSON of one expression to its value, as from ELM that others published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from support import NOW

from cqlmeasure.compiler import compile_library
from cqlmeasure.elm import from_json
from cqlmeasure.evaluation import Evaluator, environment
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.runtime.values import ValueSet
from cqlmeasure.translator import infer_types

VALUE_SETS = {"urn:flu": ValueSet("urn:flu", members=[{"system": "s", "code": "flu"}])}
DEFINITIONS: dict[str, Any] = {
    "identifier": {"id": "T"},
    "usings": {"def": [{"localIdentifier": "FHIR", "uri": "http://hl7.org/fhir", "version": "4.0.1"}]},
    "valueSets": {"def": [{"name": "Flu", "id": "urn:flu"}]},
}


def integer(value: int) -> dict[str, Any]:
    """A literal."""
    return {"type": "Literal", "valueType": "{urn:hl7-org:elm-types:r1}Integer", "value": str(value)}


def string(value: str) -> dict[str, Any]:
    """A literal."""
    return {"type": "Literal", "valueType": "{urn:hl7-org:elm-types:r1}String", "value": value}


def integers(*values: int) -> dict[str, Any]:
    """A list of literals."""
    return {"type": "List", "element": [integer(value) for value in values]}


def operator(kind: str, *operands: Mapping[str, Any]) -> dict[str, Any]:
    """An operator with operands."""
    return {"type": kind, "operand": list(operands) if len(operands) > 1 else operands[0]}


def elm_value(expression: Mapping[str, Any], resources: Sequence[Mapping[str, Any]] = (), subject: str = "p1") -> Any:
    """The value of an expression, for a subject with these resources."""
    statements = {"def": [{"name": "X", "context": "Patient", "expression": expression}]}
    library = infer_types(from_json({"library": {**DEFINITIONS, "statements": statements}}), {})
    program = compile_library(library)
    shared = environment(program, now=NOW, parameters={}, value_set=lambda url, version: VALUE_SETS[url])
    return Evaluator(program, shared).subject(Subject(subject, list(resources))).value("X")
