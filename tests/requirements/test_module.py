"""The module-definition Library, by itself and in a Measure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.library import Library

from cqlmeasure.elm import ExpressionDef
from cqlmeasure.elm import Library as ElmLibrary
from cqlmeasure.elm.library import ExpressionRef, VersionedIdentifier
from cqlmeasure.errors import ContentError
from cqlmeasure.requirements import (
    MeasureLogic,
    Options,
    criteria_of,
    infer,
    into_measure,
    measure_requirements,
    module_definition,
)
from cqlmeasure.requirements.narrative import narrative, rows
from cqlmeasure.translator import SourceText, annotate, translate

from .support import HEAD, YEAR, Shipped, found, module

BODY = """
/* Long ago */
define "Done": [Encounter: "Visits"] E where E.status = 'finished'

define "Population": exists Done and exists ([Observation: "A1c"])
define "Unused": [Procedure: "Drugs"]
define fluent function twice(n Integer): n * 2
define "Value": 1.twice()
"""

MEASURE = {
    "resourceType": "Measure",
    "id": "Test",
    "url": "http://example.org/Measure/Test",
    "version": "3",
    "library": ["http://example.org/Library/Test"],
    "group": [
        {
            "population": [
                {
                    "code": {"coding": [{"code": "initial-population"}]},
                    "criteria": {"language": "text/cql-identifier", "expression": "Population"},
                }
            ],
            "stratifier": [{"component": [{"criteria": {"expression": "Value"}}]}],
        }
    ],
}


def logic(library: dict[str, Any]) -> list[dict[str, Any]]:
    """The logic definitions as flat dicts."""
    return [
        {part["url"]: part.get("valueString", part.get("valueInteger")) for part in one["extension"]}
        for one in library["extension"]
        if one["url"].endswith("logicDefinition")
    ]


def requirements(options: Options, **flags: bool) -> dict[str, Any]:
    """The requirements of the Measure above."""
    translation = translate(SourceText("Test", "1", HEAD + BODY), Shipped())
    libraries = [one.library for one in translation.libraries.values()]
    return measure_requirements([MeasureLogic(MEASURE, translation.main.library, libraries)], options, **flags)


def test_only_what_is_reached_is_there() -> None:
    library = requirements(Options(periods=YEAR, texts={"Test": HEAD + BODY}))
    Library.model_validate(library)
    assert [one["resource"] for one in library["relatedArtifact"]] == [
        "http://hl7.org/fhir/Library/FHIR-ModelInfo|4.0.1",
        "http://example.org/Library/FHIRHelpers|4.0.1",
        "http://loinc.org",
        "http://example.org/ValueSet/visits",
    ]
    assert [one["valueCoding"]["code"] for one in library["extension"] if "valueCoding" in one] == ["4548-4"]
    assert [(one["name"], one["use"], one["type"], one["max"]) for one in library["parameter"]] == [
        ("Population", "out", "boolean", "1"),
        ("Value", "out", "integer", "1"),
    ]
    assert {one["type"] for one in library["dataRequirement"]} == {"Encounter", "Observation"}
    assert library["url"] == "http://example.org/Library/Test-data-requirements"


def test_logic_has_dependencies_first_and_the_text_with_its_comments() -> None:
    definitions = logic(requirements(Options(texts={"Test": HEAD + BODY})))
    assert [(one["name"], one["displaySequence"]) for one in definitions] == [
        ("Done", 0),
        ("Population", 1),
        ("Value", 2),
        ("ToString", 3),
        ("twice", 4),
    ]
    assert definitions[0]["statement"].startswith('/* Long ago */\ndefine "Done": [Encounter')
    assert definitions[4]["statement"] == "define fluent function twice(n Integer): n * 2"


def test_texts_come_from_annotations_where_there_is_no_text() -> None:
    translation = translate(SourceText("Test", "1", HEAD + BODY), Shipped())
    libraries = [one.library for one in translation.libraries.values()]
    library = annotate(translation.main.library, HEAD + BODY)
    definitions = logic(module_definition(infer(library, libraries, ["Value"])))
    assert [one.get("statement") for one in definitions] == [
        'define "Value": 1.twice()',
        "define fluent function twice(n Integer): n * 2",
    ]


def test_what_every_member_has_is_selective() -> None:
    library = requirements(Options(periods=YEAR))
    selective = {
        one["type"]: any(extension["url"].endswith("isSelective") for extension in one["extension"])
        for one in library["dataRequirement"]
    }
    assert selective == {"Encounter": True, "Observation": True}


@pytest.mark.parametrize(
    "condition",
    [
        "exists A or exists B",
        "not exists A",
        "exists (A union B)",
        "Count(A) > 0 or exists B",
        "exists A = true",
    ],
)
def test_nothing_is_selective_that_a_member_can_lack(condition: str) -> None:
    body = f"define A: [Encounter]\ndefine B: [Procedure]\ndefine X: {condition}\n"
    assert not any(entry.necessary for entry in found(body, "X", membership=["X"]).entries)


def test_a_measure_contains_its_requirements_once() -> None:
    options = Options(periods=YEAR)
    once = requirements(options, contained=True)
    again = into_measure(once, once["contained"][0], options)
    assert again == once
    assert once["contained"][0]["id"] == "effective-data-requirements"
    assert "url" not in once["contained"][0]
    assert once["extension"][0]["valueReference"] == {"reference": "#effective-data-requirements"}
    assert "contained" not in MEASURE


def test_older_extension_names_by_option() -> None:
    made = requirements(Options(cqfm=True), contained=True)
    urls = {one["url"].rpartition("/")[2] for one in (*made["extension"], *made["contained"][0]["extension"])}
    assert urls == {"cqfm-effectiveDataRequirements", "cqfm-directReferenceCode", "cqfm-logicDefinition"}
    entry = made["contained"][0]["dataRequirement"][0]
    assert {one["url"].rpartition("/")[2] for one in entry["extension"]} == {
        "cqfm-isSelective",
        "cqfm-fhirQueryPattern",
    }


def test_several_artifacts_are_merged() -> None:
    first = found("define A: [Encounter: \"Visits\"] E where E.status = 'finished' and E.class is not null\n")
    second = found("define B: [Encounter: \"Visits\"] E where E.status = 'finished'\ndefine C: [Procedure]\n")
    library = module_definition([first, second])
    encounters = [one for one in library["dataRequirement"] if one["type"] == "Encounter"]
    assert [one["mustSupport"] for one in encounters] == [["type", "status", "class"]]
    assert [one["name"] for one in library["parameter"]] == ["A", "B", "C"]


def test_criteria_of_a_measure() -> None:
    criteria = criteria_of(MEASURE)
    assert (criteria.expressions, criteria.membership) == (("Population", "Value"), ("Population",))
    assert criteria_of({"group": [{"population": [{"criteria": {"expression": 3}}, None]}, "x"]}).expressions == ()


SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:]
from support import module
uses = "".join(f"define X{n}: [Encounter] E where E.status = 'a{n}' or E.status = 'b'\\n" for n in range(5))
print(module(uses + "define Y: ([Procedure] union [Encounter]) P where P.status = 'c' and P.id is not null\\n"))
"""


def test_the_same_input_gives_the_same_output_in_every_process(repository: Path) -> None:
    paths = [str(repository / "tests" / "requirements"), str(repository / "engine")]
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, *paths],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_a_criterion_that_is_not_there_is_named() -> None:
    with pytest.raises(ContentError, match="Nowhere"):
        found(BODY, "Nowhere")


def test_reference_compatible_entries() -> None:
    body = """
define function Status(item Encounter): item.status.value
define X: [Encounter: "Visits"] E where Status(E) = 'finished'
"""
    made = module(body, options=Options(reference=True))["dataRequirement"]
    assert [(len(one.get("codeFilter", [])), one["mustSupport"]) for one in made] == [
        (1, ["type"]),
        (0, ["status", "status.value"]),
    ]


def test_the_narrative_is_a_table_in_which_nothing_is_markup() -> None:
    body = "define X: [Encounter] E where E.status = 'a <b>' and E.period during \"Measurement Period\"\n"
    library = module(body)
    assert rows(library) == [
        ("Encounter", "Encounter", "status = a <b>; period 2026-01-01 to 2026-12-31", "status, period", "")
    ]
    assert "a &lt;b&gt;" in narrative(library)["div"]
    Library.model_validate({**library, "text": narrative(library)})
    assert rows(module(body, options=Options()))[0][2].endswith('period during "Measurement Period"')


def test_a_definition_that_uses_itself_is_an_error() -> None:
    loop = ExpressionDef(name="A", expression=ExpressionRef(name="A"))
    library = ElmLibrary(identifier=VersionedIdentifier(id="Loop"), statements=(loop,))
    with pytest.raises(ContentError, match=r"Loop\.A is defined by itself"):
        infer(library)
