"""What a library that is only ELM offers to CQL."""

from __future__ import annotations

from typing import Any

import pytest

from cqlmeasure.elm import from_json
from cqlmeasure.translator.elm_symbols import symbols_of
from cqlmeasure.translator.infer import infer_types
from cqlmeasure.translator.symbols import Kind, LibrarySymbols

FHIR = "{http://hl7.org/fhir}"
_ENCOUNTERS = {"type": "Retrieve", "dataType": FHIR + "Encounter"}
_CONDITIONS = {"type": "Retrieve", "dataType": FHIR + "Condition"}


def _operand(name: str) -> dict[str, Any]:
    return {"name": "x", "operandTypeSpecifier": {"type": "NamedTypeSpecifier", "name": FHIR + name}}


def _call(name: str, kind: str, **fields: Any) -> dict[str, Any]:
    body = {"type": "SingletonFrom", "operand": _ENCOUNTERS}
    return {"type": "FunctionDef", "name": name, "operand": [_operand(kind)], "expression": body, **fields}


def _symbols(model: str, version: str) -> LibrarySymbols:
    elm = {
        "identifier": {"id": "Common", "version": "1.2"},
        "usings": {"def": [{"localIdentifier": model, "uri": "http://hl7.org/fhir", "version": version}]},
        "parameters": {"def": [{"name": "P", "default": {"type": "Now"}}]},
        "codeSystems": {"def": [{"name": "S", "id": "urn:s"}]},
        "valueSets": {"def": [{"name": "V", "id": "urn:v", "accessLevel": "Private"}]},
        "codes": {"def": [{"name": "C", "id": "c"}]},
        "concepts": {"def": [{"name": "K"}]},
        "statements": {
            "def": [
                {"name": "Encounters", "context": "Patient", "expression": _ENCOUNTERS},
                {"name": "Conditions", "context": "Patient", "expression": _CONDITIONS},
                _call("f", "Condition", fluent=True),
                _call("f", "ConditionEncounterDiagnosis"),
                _call("g", "Encounter", accessLevel="Private"),
            ]
        },
    }
    return symbols_of(infer_types(from_json({"library": elm})))


def test_values_have_kind_access_and_context() -> None:
    symbols = _symbols("QICore", "6.0.0")
    assert (symbols.name, symbols.version) == ("Common", "1.2")
    assert {name: symbol.kind for name, symbol in symbols.values.items()} == {
        "S": Kind.CODE_SYSTEM,
        "V": Kind.VALUE_SET,
        "C": Kind.CODE,
        "K": Kind.CONCEPT,
        "P": Kind.PARAMETER,
        "Encounters": Kind.EXPRESSION,
        "Conditions": Kind.EXPRESSION,
    }
    assert [name for name, symbol in symbols.values.items() if symbol.private] == ["V"]
    assert symbols.values["Encounters"].context == "Patient"
    assert str(symbols.values["P"].type) == "System.DateTime"


@pytest.mark.parametrize(
    ("model", "version", "encounters", "conditions"),
    [
        ("FHIR", "4.0.1", "List<FHIR.Encounter>", "List<FHIR.Condition>"),
        (
            "QICore",
            "6.0.0",
            "List<QICore.Encounter>",
            "List<Choice<QICore.ConditionEncounterDiagnosis, QICore.ConditionProblemsHealthConcerns>>",
        ),
    ],
)
def test_results_have_the_types_of_the_model(model: str, version: str, encounters: str, conditions: str) -> None:
    symbols = _symbols(model, version)
    assert str(symbols.values["Encounters"].type) == encounters
    assert str(symbols.values["Conditions"].type) == conditions


def test_functions_take_the_types_of_the_data_and_collapse_with_them() -> None:
    symbols = _symbols("QICore", "6.0.0")
    assert [[str(kind) for kind in symbol.operands] for symbol in symbols.functions["f"]] == [["FHIR.Condition"]]
    assert symbols.functions["f"][0].fluent
    assert str(symbols.functions["f"][0].result) == "QICore.Encounter"
    assert symbols.functions["g"][0].private
