"""ELM as XML: what is written is read back as an equal library; documents of others are read, bad ones refused."""

from __future__ import annotations

import base64
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from cqlmeasure.elm import ElmFormatError, ExpressionDef, Library, from_json, from_xml, literals, to_json, to_xml
from cqlmeasure.elm.library import VersionedIdentifier
from cqlmeasure.translator import SourceText, annotate, translate
from cqlmeasure.typesys import STRING, parse_type

CQL = """library Sample version '1.0.0'

using FHIR version '4.0.1'

codesystem "LOINC": 'http://loinc.org'
valueset "Births": 'http://example.org/ValueSet/births' version '2' codesystems { "LOINC" }
code "Birth": '73771-8' from "LOINC" display 'Date & time "x" < y'
concept "Birth concept": { "Birth" } display 'Birth'

parameter "Measurement Period" Interval<DateTime> default Interval[@2026-01-01T00:00:00.0, @2027-01-01T00:00:00.0)
parameter "Choice" Choice<Integer, String>

context Patient

define private "Tuples": { Tuple { a: 1, b: 'x' }, Tuple { a: null as Integer, b: '\\t\\n\\r é 😀 ]]> &amp;' } }
define "Small": 0.00000001 'mg'
define "Large": 12345678901234567890.5
define "Encounters": [Encounter] E with [Observation: "Birth"] O such that O.encounter.reference = E.id
  where E.period.start is not null return all E sort by period.start.value desc
define function "Double"(x Integer, y List<Interval<Quantity>>): x * 2
define fluent function "again"(x String): x + x
define "Case": case when true then 'a' else 'b'.again() end
define "Sum": ({ 1, 2, 3 }) X aggregate Total starting 0: Total + X
define "Sorted": (Tuples) T return T.a sort desc
"""

PUBLISHED = """<?xml version="1.0" encoding="UTF-8"?>
<elm:library xmlns:elm="urn:hl7-org:elm:r1" xmlns:sys="urn:hl7-org:elm-types:r1" xmlns:q="http://hl7.org/fhir"
   xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:n="urn:hl7-org:cql-annotations:r1">
  <elm:annotation xsi:type="n:CqlToElmInfo" translatorOptions="EnableAnnotations"/>
  <elm:annotation xsi:type="n:CqlToElmError" startLine="3" message="m" errorType="semantic"/>
  <elm:identifier id="P" version="1"/>
  <elm:usings><elm:def localIdentifier="FHIR" uri="http://hl7.org/fhir"/></elm:usings>
  <elm:statements>
    <!-- a comment -->
    <elm:def name="D" context="Patient">
      <elm:annotation xsi:type="n:Annotation"><n:s r="2">text <n:s r="1">of</n:s> it</n:s></elm:annotation>
      <elm:resultTypeSpecifier xsi:type="elm:ChoiceTypeSpecifier">
        <elm:type xsi:type="elm:NamedTypeSpecifier" name="sys:Integer"/>
        <elm:type xsi:type="elm:ListTypeSpecifier">
          <elm:elementType xsi:type="elm:NamedTypeSpecifier" name="q:Encounter"/>
        </elm:type>
      </elm:resultTypeSpecifier>
      <elm:expression xsi:type="elm:As" asType="q:Encounter" strict="true">
        <elm:operand xsi:type="elm:Null"/>
      </elm:expression>
    </elm:def>
  </elm:statements>
</elm:library>
"""


def joined(value: Any) -> Any:
    """The JSON form with the pieces of annotated text put together and without empty lists of tags."""
    if isinstance(value, dict):
        found = {key: joined(item) for key, item in value.items() if (key, item) != ("t", [])}
        if isinstance(found.get("value"), list):
            found["value"] = ["".join(found["value"])]
        return found
    return [joined(item) for item in value] if isinstance(value, list) else value


def text_library(value: str) -> Library:
    literal = literals.Literal(value_type=STRING, value=value)
    return Library(identifier=VersionedIdentifier(id="T"), statements=(ExpressionDef(name="X", expression=literal),))


def test_what_is_written_is_read_back() -> None:
    library = annotate(translate(SourceText("Sample", "1.0.0", CQL)).main.library, CQL)
    text = to_xml(library)
    assert from_xml(text) == library
    assert to_xml(from_xml(text)) == text


def test_form() -> None:
    text = to_xml(translate(SourceText("Sample", "1.0.0", CQL)).main.library).decode()
    assert '<identifier localId="' not in text
    assert 'dataType="fhir:Encounter"' in text
    assert 'valueType="t:Integer"' in text
    assert 'value="0.00000001" unit="mg"' in text
    assert '<operandTypeSpecifier xsi:type="ListTypeSpecifier">' in text


@pytest.mark.parametrize(
    "value", ["", " ", "\t\n\r\r\n", "<&>\"'", "]]>", "é😀\ufffd", "{http://hl7.org/fhir}x", "t:Any"]
)
def test_any_text(value: str) -> None:
    library = text_library(value)
    assert from_xml(to_xml(library)) == library


@pytest.mark.parametrize("value", ["\f", "\x00", "\x1b", "\ufffe"])
def test_text_that_xml_cannot_hold(value: str) -> None:
    with pytest.raises(ElmFormatError, match="cannot be written in XML; write the ELM as JSON"):
        to_xml(text_library(value))


def test_documents_of_others() -> None:
    found = from_xml(PUBLISHED.encode())
    statement = found.statements[0]
    assert statement.result_type == parse_type("Choice<Integer,List<FHIR.Encounter>>")
    assert to_json(found)["library"]["statements"]["def"][0]["expression"] == {
        "type": "As",
        "operand": {"type": "Null"},
        "asType": "{http://hl7.org/fhir}Encounter",
        "strict": True,
    }
    assert found.annotation[1]["startLine"] == 3
    narrative = [{"value": ["text "]}, {"r": "1", "value": ["of"]}, {"value": [" it"]}]
    assert statement.annotation[0] == {"type": "Annotation", "s": {"r": "2", "s": narrative}}


def test_decimals_keep_their_digits() -> None:
    quantity = '<expression xsi:type="Quantity" value="0.10" unit="g"/>'
    text = (
        '<library xmlns="urn:hl7-org:elm:r1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<identifier id="Q"/><statements><def name="Q">{quantity}</def></statements></library>'
    )
    found = from_xml(text.encode()).statements[0].expression
    assert isinstance(found, literals.Quantity)
    assert found.value == Decimal("0.1")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999999", "1e-999999", "x"])
def test_numbers_that_are_none(value: str) -> None:
    quantity = {"type": "Quantity", "value": value, "unit": "g"}
    statements = {"def": [{"name": "Q", "expression": quantity}]}
    with pytest.raises(ElmFormatError):
        from_json({"library": {"identifier": {"id": "Q"}, "statements": statements}})


DEEP = "<operand>" * 5000
HEAD = '<library xmlns="urn:hl7-org:elm:r1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><identifier id="X"/>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not well-formed"),
        ("<library", "not well-formed"),
        ("<other/>", "the document's element is not 'library'"),
        ('<!DOCTYPE library [<!ENTITY a "b">]><library>&a;</library>', "document type declaration is not allowed"),
        ('<library xmlns="urn:hl7-org:elm:r1"/>', "no 'library' with an 'identifier'"),
        (f"{HEAD}{DEEP}", "nested more than"),
        (
            f'{HEAD}<statements><def name="A"><expression xsi:type="Nope"/></def></statements></library>',
            "'Nope' is not",
        ),
        (f'{HEAD}<parameters><def name="A" parameterType="zz:Integer"/></parameters></library>', "prefix that is not"),
        (f'{HEAD}<statements><def context="A"/></statements></library>', "name"),
        ('<?xml version="1.0" encoding="klingon"?><library/>', "not"),
    ],
)
def test_documents_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(ElmFormatError, match=message):
        from_xml(text.encode())


def test_published_libraries(shared: Path) -> None:
    """Every published library is the same after a way through XML."""
    count = 0
    for file in sorted(shared.glob("decks/qicore2025/libraries/*.json")):
        for content in orjson.loads(file.read_bytes()).get("content", ()):
            if content["contentType"] == "application/elm+json":
                document = to_json(from_json(orjson.loads(base64.b64decode(content["data"]))))
                assert joined(to_json(from_xml(to_xml(from_json(document))))) == joined(document), file.name
                count += 1
    assert count > 20
