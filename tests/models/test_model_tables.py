"""The tables that ship: what is there, that they say what the published files say, and refusal of anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from cqlmeasure.errors import ContentError
from cqlmeasure.models import builtin, builtin_for_url, builtin_versions, load_modelinfo
from cqlmeasure.models.builtin import SHIPPED, table_file
from cqlmeasure.models.table import dump_table, load_table
from cqlmeasure.typesys import ANY, DATETIME, STRING, IntervalType, ListType, NamedType, TupleType

ALL = [(name, version) for name, versions in SHIPPED.items() for version in versions]


def test_every_file_is_announced_and_there() -> None:
    announced = {table_file(name, version) for name, version in ALL}
    assert set(table_file("System", "1.0.0").parent.glob("*.json")) == announced


@pytest.mark.parametrize(("name", "version"), ALL)
def test_table_is_what_the_file_says(shared: Path, name: str, version: str) -> None:
    read = load_modelinfo(shared / "modelinfo" / f"{name.lower()}-modelinfo-{version}.xml")
    model = builtin(name, version)
    assert model is not None
    assert model.header == read.header
    assert dict(model.classes) == dict(read.classes)
    assert table_file(name, version).read_bytes() == dump_table(read)


@pytest.mark.parametrize(("name", "version"), ALL)
def test_table_survives_a_round(name: str, version: str) -> None:
    model = builtin(name, version)
    assert model is not None
    assert (model.name, model.version) == (name, version)
    assert dump_table(model) == table_file(name, version).read_bytes()


@pytest.mark.parametrize(
    ("name", "classes", "retrievable", "conversions", "contexts"),
    [
        ("System", 16, 0, 0, 0),
        ("FHIR", 931, 147, 264, 5),
        ("QICore", 315, 80, 0, 5),
        ("USCore", 206, 51, 0, 1),
    ],
)
def test_counts(name: str, classes: int, retrievable: int, conversions: int, contexts: int) -> None:
    model = builtin(name)
    assert model is not None
    assert len(model.classes) == classes
    assert sum(facts.retrievable for facts in model.classes.values()) == retrievable
    assert (len(model.conversions), len(model.contexts)) == (conversions, contexts)


def test_one_class_per_line() -> None:
    lines = table_file("FHIR", "4.0.1").read_text().splitlines()
    assert sum(line.startswith('"Encounter":{') for line in lines) == 1
    assert sum(line.startswith('"Encounter.Location":{') for line in lines) == 1


def test_facts() -> None:
    qicore = builtin("QICore", "6.0.0")
    assert qicore is not None
    condition = qicore.class_named("ConditionEncounterDiagnosis")
    assert condition is not None
    assert (condition.target, condition.primary_code_path, condition.retrievable) == ("Condition", "code", True)
    assert condition.base == NamedType("QICore", "DomainResource")
    assert (
        condition.identifier == "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-condition-encounter-diagnosis"
    )
    assert qicore.class_named("QICore Condition Encounter Diagnosis") is condition
    assert qicore.class_identified(condition.identifier) is condition
    period = qicore.classes["Encounter"].elements["period"]
    assert (period.type, period.target) == (IntervalType(DATETIME), "FHIRHelpers.ToInterval(%value)")
    line = qicore.classes["Address"].elements["line"]
    assert (line.type, line.target) == (ListType(STRING), "%value.value")


def test_kept_for_the_process() -> None:
    assert builtin("FHIR", "4.0.1") is builtin("FHIR")
    model = builtin("FHIR")
    assert model is not None
    assert model.classes["Encounter"] is model.classes["Encounter"]
    assert model.classes.get("Nothing") is None


@pytest.mark.parametrize(("name", "version"), [("FHIR", "4.0.0"), ("FHIR", ""), ("Nope", None), ("fhir", None)])
def test_unknown(name: str, version: str | None) -> None:
    assert builtin(name, version) is None


def test_versions() -> None:
    assert builtin_versions("QICore") == ["4.1.1", "6.0.0"]
    assert builtin_versions("Nope") == []
    newest = builtin("QICore")
    assert newest is not None
    assert newest.version == "6.0.0"


def test_for_url() -> None:
    assert builtin_for_url("http://hl7.org/fhir") is builtin("FHIR")
    assert builtin_for_url("urn:hl7-org:elm-types:r1") is builtin("System")
    assert builtin_for_url("http://hl7.org/fhir", "9") is None
    assert builtin_for_url("http://example.org") is None


def test_only_any_has_no_base() -> None:
    system = builtin("System")
    assert system is not None
    assert [name for name, facts in system.classes.items() if facts.base is None] == ["Any"]
    assert system.classes["ValueSet"].base == NamedType("System", "Vocabulary")
    assert system.classes["Boolean"].simple
    assert system.classes["Boolean"].base == ANY


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format":2}', b'{"format":1,"model":{}}', b'{"format":1}'])
def test_broken_table(data: bytes) -> None:
    with pytest.raises(ContentError, match="not a model table"):
        load_table(data, "broken.json")


def test_what_no_table_holds(own: bytes) -> None:
    model = load_modelinfo(own)
    assert isinstance(model.classes["Person"].elements["tuple"].type, TupleType)
    with pytest.raises(ValueError, match="cannot hold the type Tuple"):
        dump_table(model)
    foreign = own.replace(b'<contextType namespace="Own"', b'<contextType namespace="Other"').replace(
        b'<element name="tuple">', b'<element name="tuple" elementType="System.Any">'
    )
    with pytest.raises(ValueError, match="context about a class of another model"):
        dump_table(load_modelinfo(foreign))
