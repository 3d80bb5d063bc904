"""What the compiler asks about FHIR's types."""

from __future__ import annotations

import pytest

from cqlmeasure.errors import ContentError
from cqlmeasure.models import fhir_types
from cqlmeasure.typesys import BOOLEAN, DATE, DATETIME, DECIMAL, INTEGER, STRING, TIME, ListType, NamedType


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("string", "primitive"),
        ("positiveInt", "primitive"),
        ("EncounterStatus", "primitive"),
        ("xhtml", "primitive"),
        ("Quantity", "datatype"),
        ("Age", "datatype"),
        ("Extension", "datatype"),
        ("Element", "datatype"),
        ("Dosage.DoseAndRate", "backbone"),
        ("Encounter.Location", "backbone"),
        ("Encounter", "resource"),
        ("Resource", "resource"),
        ("DomainResource", "resource"),
        ("Nope", None),
    ],
)
def test_kind(name: str, kind: str | None) -> None:
    types = fhir_types()
    assert types.kind(name) == kind
    assert types.is_resource(name) == (kind == "resource")
    assert types.is_primitive(name) == (kind == "primitive")


def test_kinds_of_all() -> None:
    types = fhir_types()
    model = types.models.model("FHIR")
    assert model is not None
    kinds = [types.kind(name) for name in model.classes]
    assert kinds.count("resource") == 148
    assert kinds.count("primitive") == 267
    capitalised = {name for name in model.classes if types.is_primitive(name) and name[0].isupper()}
    assert len(capitalised) == 247, "every capitalised primitive is the type of a required binding"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("boolean", BOOLEAN),
        ("integer", INTEGER),
        ("positiveInt", INTEGER),
        ("decimal", DECIMAL),
        ("date", DATE),
        ("dateTime", DATETIME),
        ("instant", DATETIME),
        ("time", TIME),
        ("code", STRING),
        ("canonical", STRING),
        ("EncounterStatus", STRING),
        ("Quantity", None),
        ("Nope", None),
    ],
)
def test_value_type(name: str, value: NamedType | None) -> None:
    assert fhir_types().value_type(name) == value


def test_quantities() -> None:
    types = fhir_types()
    names = ("Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity")
    assert all(types.is_quantity(name) for name in names)
    assert not any(types.is_quantity(name) for name in ("Money", "Element", "Nope"))
    assert types.is_subtype("positiveInt", "integer")


def test_choice_keys() -> None:
    types = fhir_types()
    onset = types.element("Condition", "onset")
    assert onset is not None
    assert types.choice_keys("onset", onset.type) == {
        "onsetDateTime": "dateTime",
        "onsetAge": "Age",
        "onsetPeriod": "Period",
        "onsetRange": "Range",
        "onsetString": "string",
    }
    dose = types.element("Dosage.DoseAndRate", "dose")
    assert dose is not None
    assert types.choice_keys("dose", dose.type) == {"doseRange": "Range", "doseQuantity": "Quantity"}
    status = types.elements("Encounter")["status"]
    assert types.choice_keys("status", status.type) == {}


def test_path_type() -> None:
    types = fhir_types()
    assert types.path_type("Patient", "birthDate.value") == DATE
    assert types.path_type("Encounter", "location.location.reference") == NamedType("FHIR", "string")
    assert types.path_type("Patient", "name.given") == ListType(NamedType("FHIR", "string"))
    assert types.path_type("Patient", "nope.value") is None
    assert types.path_type("Condition", "onset.value") is None


def test_other_versions() -> None:
    assert fhir_types("4.0.1") is fhir_types("4.0.1")
    with pytest.raises(ContentError, match=r"FHIR 9 was not found"):
        fhir_types("9")
