"""Reading ModelInfo XML: both styles of writing, what is left open, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cqlmeasure.errors import ContentError
from cqlmeasure.models import ContextFacts, Conversion, RelationshipFacts, SearchFacts, load_modelinfo, xmltree
from cqlmeasure.typesys import (
    ANY,
    DATETIME,
    INTEGER,
    QUANTITY,
    STRING,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
)

HEAD = 'xmlns="urn:hl7-org:elm-modelinfo:r1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def wrap(body: str, attributes: str = 'name="M"') -> bytes:
    return f"<modelInfo {HEAD} {attributes}>{body}</modelInfo>".encode()


def test_header(own: bytes) -> None:
    model = load_modelinfo(own)
    assert (model.name, model.version) == ("Own", "1.2")
    assert (model.url, model.target_url, model.elm_url) == (
        "http://example.org/own",
        "http://hl7.org/fhir",
        "http://hl7.org/fhir",
    )
    assert (model.header.target_version, model.header.target_qualifier) == ("4.0.1", "own")
    assert model.required == (("System", "1.0.0"), ("FHIR", "4.0.1"))
    assert model.patient_class == NamedType("Own", "Person")
    assert model.birth_date_path() == "born"
    assert model.conversions == (Conversion(NamedType("Own", "Gender"), IntervalType(DATETIME), "Helpers.Two"),)
    assert (model.conversions[0].library, model.conversions[0].function_name) == ("Helpers", "Two")
    assert model.contexts == {"Patient": ContextFacts("Patient", NamedType("Own", "Person"), "id", "born")}


def test_classes(own: bytes) -> None:
    model = load_modelinfo(own)
    assert list(model.classes) == ["Person", "Person.Name", "Gender", "Mixed"]
    person = model.classes["Person"]
    assert person.base == NamedType("FHIR", "Patient")
    assert (person.identifier, person.label) == ("http://example.org/own/Person", "A Person")
    assert (person.retrievable, person.simple, person.primary_code_path, person.target) == (
        True,
        False,
        "kind",
        "Patient",
    )
    assert person.relationships == (RelationshipFacts("Patient", "subject"),)
    assert person.searches == {
        "when": SearchFacts("when", "times", DATETIME),
        "who": SearchFacts("who", "subject", None),
    }
    assert model.classes["Person.Name"].base == ANY
    assert model.classes["Gender"].simple
    assert model.classes["Mixed"].base == ChoiceType((QUANTITY, STRING))


NAME = NamedType("Own", "Person.Name")


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("new", NamedType("FHIR", "CodeableConcept")),
        ("old", STRING),
        ("texts", ListType(STRING)),
        ("times", ListType(IntervalType(DATETIME))),
        ("either", ChoiceType((STRING, IntervalType(DATETIME)))),
        ("list", ListType(NAME)),
        ("nested", ListType(NAME)),
        ("choice", ChoiceType((QUANTITY, IntervalType(DATETIME)))),
        ("tuple", TupleType((("a", INTEGER),))),
        ("open", ANY),
        ("bare", NAME),
    ],
)
def test_element_types(own: bytes, element: str, expected: DataType) -> None:
    assert load_modelinfo(own).classes["Person"].elements[element].type == expected


def test_target_is_kept(own: bytes) -> None:
    elements = load_modelinfo(own).classes["Person"].elements
    assert elements["new"].target == "FHIRHelpers.ToConcept(%value)"
    assert elements["old"].target is None
    assert "hidden" not in elements


def test_class_lookups(own: bytes) -> None:
    model = load_modelinfo(own)
    person = model.classes["Person"]
    assert model.class_named("Person") is person
    assert model.class_named("Own.Person") is person
    assert model.class_named("A Person") is person
    assert model.class_identified("http://example.org/own/Person") is person
    assert model.class_named("person") is None
    assert model.class_identified("http://example.org/own/person") is None


def test_file_and_prefix(tmp_path: Path) -> None:
    path = tmp_path / "m.xml"
    path.write_text(
        '<m:modelInfo xmlns:m="urn:hl7-org:elm-modelinfo:r1" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'name="M" patientClassName="P"><m:typeInfo i:type="m:ClassInfo" name="M.P"/></m:modelInfo>'
    )
    model = load_modelinfo(path)
    assert list(model.classes) == ["P"]
    assert model.version is None
    context = model.context("Patient")
    assert context is not None
    assert context.type == NamedType("M", "P")
    assert model.context("Practitioner") is None


CLASS = '<typeInfo xsi:type="ClassInfo" name="{}" baseType="{}"/>'
DEEP = "<a>" * 70 + "</a>" * 70


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not well-formed XML"),
        (b"{}", "not well-formed XML"),
        (b"<modelInfo", "not well-formed XML"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "XML"),
        (b"<modelInfo/>", "not a model info: the root element is 'modelInfo'"),
        (b'<library xmlns="urn:hl7-org:elm:r1"/>', "not a model info: the root element is 'library'"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
        (wrap("", ""), "the modelInfo has no 'name'"),
        (wrap(DEEP), "nested more than"),
        (wrap(f"<binding>{DEEP}</binding>"), "nested more than"),
        (wrap("<requiredModelInfo/>"), "the requiredModelInfo has no 'name'"),
        (wrap('<typeInfo xsi:type="ClassInfo"/>'), "the typeInfo has no 'name'"),
        (wrap('<typeInfo xsi:type="OddInfo" name="A"/>'), "unknown kind 'OddInfo'"),
        (wrap('<typeInfo name="A"/>'), "unknown kind 'None'"),
        (wrap(CLASS.format("A", "System.Any") * 2), "'A' is declared twice"),
        (wrap(CLASS.format("A", "M.B") + CLASS.format("B", "M.A")), "among its own bases"),
        (wrap(CLASS.format("A", "M.A")), "among its own bases"),
        (wrap(CLASS.format("A", "list&lt;System.Any")), "is not the name of a type"),
        (wrap('<conversionInfo functionName="F" toType="System.Any"/>'), "neither 'fromType' nor 'fromTypeSpecifier'"),
        (wrap('<contextInfo name="Patient"/>'), "without a contextType"),
        (
            wrap(
                '<typeInfo xsi:type="ClassInfo" name="A"><element name="e">'
                '<elementTypeSpecifier xsi:type="ParameterTypeSpecifier" name="T"/></element></typeInfo>'
            ),
            "unknown kind 'ParameterTypeSpecifier'",
        ),
    ],
)
def test_refused(data: bytes, said: str) -> None:
    with pytest.raises(ContentError) as caught:
        load_modelinfo(data, file="mine.xml")
    assert said in str(caught.value)
    assert caught.value.diagnostics[0].code == "model-info"
    assert caught.value.diagnostics[0].file == "mine.xml"


def test_place_of_the_error() -> None:
    with pytest.raises(ContentError) as caught:
        load_modelinfo(wrap('\n  <typeInfo xsi:type="ClassInfo"/>'), file="mine.xml")
    span = caught.value.diagnostics[0].span
    assert span is not None
    assert (span.line, span.column) == (2, 3)


def test_size_is_bounded(own: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xmltree, "MAX_BYTES", 10)
    with pytest.raises(ContentError, match="limit of 10"):
        load_modelinfo(own)
    monkeypatch.undo()
    monkeypatch.setattr(xmltree, "MAX_NODES", 10)
    with pytest.raises(ContentError, match="more than 10 elements"):
        load_modelinfo(own)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="cannot read the model info"):
        load_modelinfo(tmp_path / "none.xml")
    with pytest.raises(ContentError, match="cannot read the model info"):
        load_modelinfo(tmp_path)
