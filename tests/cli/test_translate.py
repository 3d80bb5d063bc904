"""``cqlmeasure translate``: forms of the ELM, translator options, the FHIR Library around it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cli_support import MEASURE, Command, Sample

from cqlmeasure.elm import from_json, from_xml, to_json

CQL = """library Demo version '1.0.0'
using FHIR version '4.0.1'
include FHIRHelpers version '4.4.000'
codesystem "LOINC": 'http://loinc.org' version '2.7'
valueset "Births": 'http://example.org/ValueSet/births'
valueset "Births again": 'http://example.org/ValueSet/births'
parameter "Measurement Period" Interval<DateTime>
parameter Limits List<Quantity>
context Patient
define Ages: { 1, 2 }
define Visits: [Encounter] E where E.period during "Measurement Period"
define Pair: Tuple { a: 1 }
define private Hidden: 1
define function f(x Integer): x
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Demo.cql"
    path.write_text(CQL)
    return path


def parameter(name: str, use: str, kind: str, largest: str = "1") -> dict[str, Any]:
    return {"name": name, "use": use, "min": 0, "max": largest, "type": kind}


def test_xml(command: Command, file: Path, tmp_path: Path) -> None:
    ran = command("translate", file)
    document = json.loads(ran.out)
    assert document["library"]["annotation"][0]["translatorOptions"].startswith("EnableAnnotations,EnableLocators")
    asked = command("translate", file, "--elm-format", "xml")
    assert to_json(from_xml(asked.out.encode())) == to_json(from_json(document))
    by_name = tmp_path / "Demo.xml"
    assert command("translate", file, "-o", by_name).status == 0
    assert by_name.read_text() == asked.out


def test_xml_that_cannot_hold_the_text(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "F.cql"
    file.write_text("library F\ndefine A: '\\f'\n")
    ran = command("translate", file, "--elm-format", "xml")
    assert (ran.status, "U+000C cannot be written in XML" in ran.err) == (2, True)


def test_options(command: Command, file: Path) -> None:
    names = "EnableResultTypes,EnableDateRangeOptimization,EnableListPromotion"
    ran = command("translate", file, "--options", names, "--signature-level", "All", "--compatibility-level", "1.4")
    library = json.loads(ran.out)["library"]
    info = library["annotation"][0]
    assert info["translatorOptions"].split(",") == [*names.split(",")[:2], "DisableListDemotion", "EnableListPromotion"]
    assert (info["signatureLevel"], info["compatibilityLevel"]) == ("All", "1.4")
    visits = next(item for item in library["statements"]["def"] if item["name"] == "Visits")
    assert visits["expression"]["source"][0]["expression"]["dateProperty"] == "period"
    assert "locator" not in visits
    assert "resultTypeSpecifier" in visits


def test_models_that_ship_can_be_left_out(command: Command, file: Path) -> None:
    ran = command("translate", file, "--options", "DisableDefaultModelInfoLoad")
    assert (ran.status, "there is no model FHIR 4.0.1" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--options", "EnableMagic"], "no translator option 'EnableMagic'"),
        (["--compatibility-level", "9"], "no compatibility level"),
        (["--library-resource", "--elm-format", "xml"], "leave --elm-format away"),
        (["--canonical", "http://example.org"], "--canonical is for --library-resource"),
    ],
)
def test_wrong_arguments(command: Command, file: Path, arguments: list[str], message: str) -> None:
    ran = command("translate", file, *arguments)
    assert (ran.status, message in ran.err) == (2, True)


def test_library_resource(command: Command, file: Path) -> None:
    ran = command("translate", file, "--library-resource", "--canonical", "http://example.org/fhir/")
    library = json.loads(ran.out)
    content = {item["contentType"]: base64.b64decode(item["data"]) for item in library.pop("content")}
    assert library == {
        "resourceType": "Library",
        "id": "Demo-1.0.0",
        "url": "http://example.org/fhir/Library/Demo",
        "version": "1.0.0",
        "name": "Demo",
        "title": "Demo",
        "status": "draft",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "logic-library"}]},
        "relatedArtifact": [
            {
                "type": "depends-on",
                "display": "Library FHIRHelpers",
                "resource": "http://example.org/fhir/Library/FHIRHelpers|4.4.000",
            },
            {"type": "depends-on", "display": "Code system LOINC", "resource": "http://loinc.org|2.7"},
            {
                "type": "depends-on",
                "display": "Value set Births",
                "resource": "http://example.org/ValueSet/births",
            },
        ],
        "parameter": [
            parameter("Measurement Period", "in", "Period"),
            parameter("Limits", "in", "Quantity", "*"),
            parameter("Ages", "out", "integer", "*"),
            parameter("Visits", "out", "Encounter", "*"),
            parameter("Pair", "out", "Any"),
        ],
    }
    assert content["text/cql"].decode() == CQL
    elm = from_json(json.loads(content["application/elm+json"]))
    assert from_xml(content["application/elm+xml"]) == elm


def test_library_resource_is_fhir(command: Command, sample: Sample) -> None:
    library = pytest.importorskip("fhir.resources.R4B.library")
    ran = command("translate", sample.cql, "--library-resource", "-c", sample.path)
    found = library.Library.model_validate_json(ran.out)
    assert (found.name, found.status) == (MEASURE, "draft")


def test_a_library_with_elm_in_xml_alone(command: Command, sample: Sample) -> None:
    """It gives the same result as its CQL."""
    with_cql = command("evaluate", MEASURE, "-c", sample.path)
    elm = command("translate", sample.cql, "--elm-format", "xml").out
    resource = sample.path / "input" / "resources" / "library" / f"{MEASURE}.json"
    library = json.loads(resource.read_text())
    library["content"] = [{"contentType": "application/elm+xml", "data": base64.b64encode(elm.encode()).decode()}]
    resource.write_text(json.dumps(library))
    sample.cql.unlink()
    assert command("evaluate", MEASURE, "-c", sample.path) == with_cql
