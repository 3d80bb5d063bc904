"""ELM as JSON: what we write we read back, what others publish we read, and what is no ELM is refused by name."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cqlmeasure.elm import ElmFormatError, Library, from_json, to_json, walk
from cqlmeasure.elm.library import ExpressionDef, UsingDef, VersionedIdentifier
from cqlmeasure.elm.literals import Interval, Literal, Null, Quantity
from cqlmeasure.elm.types import As
from cqlmeasure.typesys import INTEGER, STRING, DataType, IntervalType, ListType, NamedType, choice_of, tuple_of

SYSTEM = "{urn:hl7-org:elm-types:r1}"


def library(*statements: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {
        "library": {
            "identifier": {"id": "Test", "version": "1"},
            "statements": {"def": list(statements)},
            **{name: {"def": items} for name, items in sections.items()},
        }
    }


def expression(value: dict[str, Any]) -> Any:
    return from_json(library({"name": "X", "expression": value})).statements[0].expression


def test_nodes_by_tag_and_by_place() -> None:
    found = expression(
        {
            "type": "Query",
            "source": [{"alias": "A", "expression": {"type": "List", "element": []}}],
            "relationship": [
                {
                    "type": "With",
                    "alias": "B",
                    "expression": {"type": "Null"},
                    "suchThat": {"type": "InValueSet", "code": {"type": "Null"}, "valueset": {"name": "VS"}},
                }
            ],
            "return": {"distinct": False, "expression": {"type": "AliasRef", "name": "A"}},
        }
    )
    assert [type(node).__name__ for node in walk(found)] == [
        "Query",
        "AliasedQuerySource",
        "List",
        "With",
        "Null",
        "InValueSet",
        "Null",
        "ValueSetRef",
        "ReturnClause",
        "AliasRef",
    ]


TYPES: list[tuple[DataType, str]] = [
    (INTEGER, "asType"),
    (NamedType("FHIR", "Period"), "asType"),
    (ListType(STRING), "asTypeSpecifier"),
    (IntervalType(INTEGER), "asTypeSpecifier"),
    (choice_of(INTEGER, STRING), "asTypeSpecifier"),
    (tuple_of(a=INTEGER, b=ListType(STRING)), "asTypeSpecifier"),
]


@pytest.mark.parametrize(("kind", "attribute"), TYPES)
def test_types_are_names_or_specifiers(kind: DataType, attribute: str) -> None:
    node = As(operand=Null(), as_type=kind, result_type=kind)
    written = to_json(_library(node))["library"]["statements"]["def"][0]["expression"]
    assert attribute in written
    assert from_json(to_json(_library(node))) == _library(node)


def _library(node: Any) -> Library:
    return Library(
        identifier=VersionedIdentifier(id="Test"),
        usings=(UsingDef(local_identifier="FHIR", uri="http://hl7.org/fhir"),),
        statements=(ExpressionDef(name="X", expression=node),),
    )


def test_numbers_keep_their_digits() -> None:
    assert expression({"type": "Quantity", "value": 0.1, "unit": "mg"}) == Quantity(value=Decimal("0.1"), unit="mg")
    assert expression({"type": "Quantity", "value": 5, "unit": "mg"}).value == Decimal(5)


def test_defaults_of_flags() -> None:
    assert expression({"type": "Interval", "low": {"type": "Null"}}).low_closed is True
    opened = Interval(low=Null(), low_closed=False)
    assert from_json(to_json(_library(opened))) == _library(opened)


BROKEN: list[tuple[Any, str]] = [
    ({}, "identifier"),
    ({"library": []}, "not an ELM library"),
    (library({"name": "X", "expression": {"type": "Nonsense"}}), "Nonsense"),
    (library({"name": "X", "expression": {"type": "ExpressionDef", "name": "Y"}}), "ExpressionDef"),
    (library({"name": "X", "expression": {"type": "Literal", "value": "1"}}), "Literal"),
    (library({"name": "X", "expression": 5}), "int"),
    (library({"expression": {"type": "Null"}}), "name"),
    (library({"name": "X", "expression": {"type": "As", "operand": {"type": "Null"}, "asTypeSpecifier": {}}}), "None"),
    (library({"name": "X", "expression": {"type": "And", "operand": 3}}), "int"),
]


@pytest.mark.parametrize(("document", "message"), BROKEN)
def test_what_is_no_elm_is_refused(document: Any, message: str) -> None:
    with pytest.raises(ElmFormatError, match=message):
        from_json(document)


def test_depth_is_bounded_but_ample() -> None:
    def nested(levels: int) -> dict[str, Any]:
        value: dict[str, Any] = {"type": "Literal", "valueType": f"{SYSTEM}Boolean", "value": "true"}
        for _ in range(levels):
            value = {"type": "And", "operand": [value, {"type": "Null"}]}
        return value

    deep = from_json(library({"name": "X", "expression": nested(3000)}))
    again = from_json(to_json(deep))
    assert sum(isinstance(node, Literal) for node in walk(again)) == 1
    assert sum(1 for _ in walk(again)) == sum(1 for _ in walk(deep))
    with pytest.raises(ElmFormatError, match="levels deep"):
        from_json(library({"name": "X", "expression": nested(6000)}))


def test_published_elm_survives_reading_and_writing(shared: Path) -> None:
    for file in sorted((shared / "decks/qicore2025/libraries").glob("*.json"))[:12]:
        for content in json.loads(file.read_bytes())["content"]:
            if content["contentType"] == "application/elm+json":
                read = from_json(json.loads(base64.b64decode(content["data"])))
                assert from_json(to_json(read)) == read
