"""Several models together: names, inheritance, conversions, type names of ELM, required models."""

from __future__ import annotations

from pathlib import Path

import pytest

from cqlmeasure.errors import ContentError
from cqlmeasure.models import Model, ModelSet, builtin, load_modelinfo
from cqlmeasure.typesys import (
    ANY,
    CODE,
    CONCEPT,
    DATETIME,
    QUANTITY,
    STRING,
    ChoiceType,
    IntervalType,
    ListType,
    NamedType,
)

CLASS = '<typeInfo xsi:type="ClassInfo" name="{}" baseType="{}"/>'


def wrap(body: str, name: str = "M") -> bytes:
    head = 'xmlns="urn:hl7-org:elm-modelinfo:r1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return f'<modelInfo {head} name="{name}">{body}</modelInfo>'.encode()


def shipped(name: str, version: str | None = None) -> Model:
    model = builtin(name, version)
    assert model is not None
    return model


def fhir(name: str) -> NamedType:
    return NamedType("FHIR", name)


def qicore(name: str) -> NamedType:
    return NamedType("QICore", name)


@pytest.fixture(scope="module")
def both() -> ModelSet:
    return ModelSet([shipped("QICore", "6.0.0"), shipped("USCore", "6.1.0")], aliases={"QC": "QICore"})


@pytest.fixture(scope="module")
def r4() -> ModelSet:
    return ModelSet([shipped("FHIR")])


@pytest.mark.parametrize(
    ("name", "model", "expected"),
    [
        ("Encounter", None, qicore("Encounter")),
        ("Encounter", "QICore", qicore("Encounter")),
        ("Encounter", "QC", qicore("Encounter")),
        ("QICore.Encounter", None, qicore("Encounter")),
        ("QC.Encounter", None, qicore("Encounter")),
        ("Encounter", "USCore", None),
        ("Encounter", "Nope", None),
        ("encounter", None, None),
        ("Claim.Item", None, qicore("Claim.Item")),
        ("QICore.Encounter.Location", None, qicore("Encounter.Location")),
        ("QICore Condition Problems Health Concerns", None, qicore("ConditionProblemsHealthConcerns")),
        ("QICore Condition Problems Health Concerns", "QICore", qicore("ConditionProblemsHealthConcerns")),
        ("PatientProfile", None, NamedType("USCore", "PatientProfile")),
        ("Quantity", None, QUANTITY),
        ("System.Quantity", None, QUANTITY),
        ("QICore.Nope", None, None),
    ],
)
def test_names(both: ModelSet, name: str, model: str | None, expected: NamedType | None) -> None:
    assert both.resolve(name, model) == expected


def test_ambiguous_names(both: ModelSet, r4: ModelSet) -> None:
    assert both.find_types("Timing") == (qicore("Timing"), NamedType("USCore", "Timing"))
    assert r4.find_types("Quantity") == (QUANTITY, fhir("Quantity"))
    with pytest.raises(ContentError, match=r"'Quantity' is ambiguous: System.Quantity or FHIR.Quantity") as caught:
        r4.resolve("Quantity")
    assert caught.value.diagnostics[0].code == "ambiguous-type"
    assert r4.resolve("Quantity", "FHIR") == fhir("Quantity")


def test_system_alone() -> None:
    models = ModelSet()
    assert [model.name for model in models.models] == ["System"]
    assert models.resolve("Integer") == NamedType("System", "Integer")


def test_inheritance(r4: ModelSet) -> None:
    assert r4.ancestors(fhir("Age")) == (fhir("Quantity"), fhir("Element"), ANY)
    assert r4.base(fhir("Age")) == fhir("Quantity")
    assert r4.base(ANY) is None
    assert r4.base(STRING) == ANY
    assert r4.base(ListType(STRING)) == ANY
    assert r4.base(NamedType("Nope", "Nope")) == ANY
    assert r4.is_subtype(fhir("Encounter"), fhir("Resource"))
    assert r4.is_subtype(fhir("Encounter"), ANY)
    assert not r4.is_subtype(fhir("Resource"), fhir("Encounter"))


def test_elements(r4: ModelSet) -> None:
    value = r4.element(fhir("Age"), "value")
    assert value is not None
    assert value.type == fhir("decimal")
    meta = r4.element(fhir("Encounter"), "meta")
    assert meta is not None
    assert meta.type == fhir("Meta")
    onset = r4.element(fhir("Condition"), "onset")
    assert onset is not None
    assert onset.type == ChoiceType(tuple(map(fhir, ("dateTime", "Age", "Period", "Range", "string"))))
    assert r4.element(fhir("Encounter"), "nope") is None
    assert r4.element(fhir("Nope"), "id") is None
    assert r4.element(ListType(fhir("Encounter")), "id") is None
    names = list(r4.elements(fhir("Encounter")))
    assert names[0] == "id"
    assert names.index("meta") < names.index("extension") < names.index("status")
    assert r4.elements(ListType(STRING)) == {}
    codes = r4.element(CONCEPT, "codes")
    assert codes is not None
    assert codes.type == ListType(CODE)


def test_base_in_system(both: ModelSet) -> None:
    assert both.ancestors(qicore("EncounterStatus")) == (STRING, ANY)
    abatement = both.base(qicore("abatement"))
    assert isinstance(abatement, ChoiceType)
    assert both.ancestors(qicore("abatement")) == (abatement, ANY)


def test_conversions(r4: ModelSet, both: ModelSet) -> None:
    found = r4.conversion(fhir("CodeableConcept"), CONCEPT)
    assert found is not None
    assert (found.library, found.function_name) == ("FHIRHelpers", "ToConcept")
    inherited = r4.conversion(fhir("Age"), QUANTITY)
    assert inherited is not None
    assert inherited.source == fhir("Quantity")
    period = r4.conversion(fhir("Period"), IntervalType(DATETIME))
    assert period is not None
    assert period.function == "FHIRHelpers.ToInterval"
    assert r4.conversion(fhir("Period"), STRING) is None
    assert [c.target for c in r4.conversions_from(fhir("AccountStatus"))] == [STRING]
    assert r4.conversions_from(ListType(fhir("Period"))) == ()
    assert both.conversions == ()


def test_contexts(both: ModelSet) -> None:
    patient = both.context("Patient")
    assert patient is not None
    assert (patient.type, patient.birth_date_element) == (qicore("Patient"), "birthDate")
    other = both.context("Patient", "USCore")
    assert other is not None
    assert other.type == NamedType("USCore", "PatientProfile")
    assert both.context("Nope") is None
    assert both.context("Patient", "Nope") is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (QUANTITY, "{urn:hl7-org:elm-types:r1}Quantity"),
        (qicore("Encounter"), "{http://hl7.org/fhir}Encounter"),
        (qicore("ConditionEncounterDiagnosis"), "{http://hl7.org/fhir}Condition"),
        (qicore("Encounter.Location"), "{http://hl7.org/fhir}Encounter.Location"),
        (NamedType("USCore", "PatientProfile"), "{http://hl7.org/fhir}Patient"),
    ],
)
def test_qname(both: ModelSet, kind: NamedType, text: str) -> None:
    assert both.qname(kind) == text


def test_from_qname(both: ModelSet, r4: ModelSet) -> None:
    assert r4.from_qname("{http://hl7.org/fhir}Encounter") == fhir("Encounter")
    assert r4.from_qname("{urn:hl7-org:elm-types:r1}Integer") == NamedType("System", "Integer")
    assert both.from_qname("{http://hl7.org/fhir}Encounter") == qicore("Encounter")
    assert both.from_qname("{http://hl7.org/fhir}Condition") is None
    mixed = ModelSet([*both.used, shipped("FHIR")])
    assert mixed.from_qname("{http://hl7.org/fhir}Encounter") == fhir("Encounter")
    assert r4.from_qname("Encounter") is None
    assert r4.from_qname("{http://example.org}Encounter") is None


def test_every_type_goes_there_and_back(r4: ModelSet) -> None:
    for model in r4.models:
        for facts in model.classes.values():
            assert r4.from_qname(r4.qname(facts.type)) == facts.type


# required models


def test_own_model_on_fhir(own: bytes) -> None:
    models = ModelSet([load_modelinfo(own)])
    assert [model.name for model in models.models] == ["System", "Own", "FHIR"]
    person = NamedType("Own", "Person")
    assert models.ancestors(person)[:2] == (fhir("Patient"), fhir("DomainResource"))
    gender = models.element(person, "gender")
    assert gender is not None
    assert gender.type == fhir("AdministrativeGender")
    assert "old" in models.elements(person)
    assert models.resolve("Account") is None, "a required model is not a used one"
    assert models.resolve("FHIR.Account") == fhir("Account")
    assert models.conversion(fhir("Coding"), CODE) is not None


def test_required_but_missing() -> None:
    asking = load_modelinfo(wrap('<requiredModelInfo name="FHIR" version="9.9"/>'))
    with pytest.raises(
        ContentError, match=r"the model FHIR 9.9, which the model M None requires, was not found"
    ) as caught:
        ModelSet([asking])
    assert caught.value.diagnostics[0].code == "unknown-model"
    assert "4.0.1" in (caught.value.diagnostics[0].hint or "")


def test_two_versions() -> None:
    with pytest.raises(ContentError, match=r"QICore is needed in two versions, 4.1.1 and 6.0.0"):
        ModelSet([shipped("QICore", "4.1.1"), shipped("QICore", "6.0.0")])
    asking = load_modelinfo(wrap('<requiredModelInfo name="QICore" version="4.1.1"/>'))
    with pytest.raises(ContentError, match=r"two versions, 6.0.0 and 4.1.1"):
        ModelSet([shipped("QICore", "6.0.0"), asking])


def test_bases_in_a_circle_across_models() -> None:
    one = wrap('<requiredModelInfo name="N"/>' + CLASS.format("A", "N.B"))
    other = wrap('<requiredModelInfo name="M"/>' + CLASS.format("B", "M.A"), "N")
    models = ModelSet([load_modelinfo(one), load_modelinfo(other)])
    with pytest.raises(ContentError, match="among its own bases"):
        models.base(NamedType("M", "A"))


def provider(shared: Path, versions: dict[tuple[str, str | None], str]) -> object:
    def find(name: str, version: str | None = None, /) -> Model | None:
        file = versions.get((name, version))
        return load_modelinfo(shared / "modelinfo" / file) if file else builtin(name, version)

    return find


def test_derived_models(shared: Path) -> None:
    read = load_modelinfo(shared / "modelinfo" / "qicore-modelinfo-7.0.2.xml")
    find = provider(shared, {("USCore", "7.0.0"): "uscore-modelinfo-7.0.0.xml"})
    models = ModelSet([read], provider=find)  # type: ignore[arg-type]
    assert [model.name for model in models.models] == ["System", "QICore", "FHIR", "USCore"]
    assert models.base(qicore("AdverseEvent")) == fhir("AdverseEvent")
    patient = models.ancestors(qicore("Patient"))
    assert patient[:2] == (NamedType("USCore", "PatientProfile"), fhir("Patient"))
    inherited = models.element(qicore("Patient"), "text")
    assert inherited is not None
    assert inherited.type == fhir("Narrative")
    assert models.conversion(fhir("Period"), IntervalType(DATETIME)) is not None
    assert models.qname(fhir("Patient")) == "{http://hl7.org/fhir}Patient"
    for model in models.models:
        for facts in model.classes.values():
            assert models.ancestors(facts.type)[-1:] == (() if facts.type == ANY else (ANY,))


def test_quality_core(shared: Path) -> None:
    read = load_modelinfo(shared / "modelinfo" / "usqualitycore-modelinfo-0.1.0-cibuild.xml")
    with pytest.raises(ContentError, match=r"the model USCore 6.1.0-derived, which the model USQualityCore"):
        ModelSet([read])
    find = provider(shared, {("USCore", "6.1.0-derived"): "uscore-modelinfo-7.0.0.xml"})
    models = ModelSet([read], provider=find)  # type: ignore[arg-type]
    event = NamedType("USQualityCore", "AdverseEvent")
    assert models.base(event) == fhir("AdverseEvent")
    assert models.resolve("US Quality Core AdverseEvent") == event
    assert models.element(event, "meta") is not None
