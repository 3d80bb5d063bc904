"""Target maps: every published form, and refusal of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from cqlmeasure.errors import ContentError
from cqlmeasure.models import (
    TargetCall,
    TargetCase,
    TargetCases,
    TargetCriterion,
    TargetMap,
    TargetPath,
    TargetStep,
    builtin,
    load_modelinfo,
    parse_target,
)
from cqlmeasure.typesys import CONCEPT, VALUE_SET

URL = "http://example.org/x;y:z[1],(a)"


def value(*names: str) -> TargetPath:
    return TargetPath("value", tuple(map(TargetStep, names)))


def extension(*names: str) -> TargetPath:
    step = TargetStep("extension", (TargetCriterion(("url",), URL),))
    return TargetPath("parent", (step, *map(TargetStep, names)))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("%value", value()),
        ("%value.value", value("value")),
        ("FHIRHelpers.ToConcept(%value)", TargetCall("FHIRHelpers", "ToConcept", value())),
        (f"%parent.extension[url='{URL}']", extension()),
        (f"%parent.extension[url='{URL}'].value.value", extension("value", "value")),
        (
            f"FHIRHelpers.ToCode(%parent.extension[url='{URL}'].value)",
            TargetCall("FHIRHelpers", "ToCode", extension("value")),
        ),
        (
            "FHIRHelpers.ToConcept(%parent.category[coding.system='S',coding.code='C'])",
            TargetCall(
                "FHIRHelpers",
                "ToConcept",
                TargetPath(
                    "parent",
                    (
                        TargetStep(
                            "category",
                            (TargetCriterion(("coding", "system"), "S"), TargetCriterion(("coding", "code"), "C")),
                        ),
                    ),
                ),
            ),
        ),
        (
            f"System.Concept:FHIRHelpers.ToConcept(%value);"
            f"System.ValueSet:FHIRHelpers.ToValueSet(%parent.medication[x].extension[url='{URL}'].value.value)",
            TargetCases(
                (
                    TargetCase(CONCEPT, TargetCall("FHIRHelpers", "ToConcept", value())),
                    TargetCase(
                        VALUE_SET,
                        TargetCall(
                            "FHIRHelpers",
                            "ToValueSet",
                            TargetPath("parent", (TargetStep("medication"), *extension("value", "value").steps)),
                        ),
                    ),
                )
            ),
        ),
        ("System.Concept:%value", TargetCases((TargetCase(CONCEPT, value()),))),
    ],
)
def test_forms(text: str, tree: TargetMap) -> None:
    assert parse_target(text) == tree


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a name, found the end"),
        ("Condition", "not qualified"),
        ("%other.value", "neither %value nor %parent"),
        ("%value.", "expected a name, found the end"),
        ("%value.%parent", "in the middle of a path"),
        ("%value value", "unexpected 'value'"),
        ("F.G(%value", "expected ')', found the end"),
        ("F.G%value", "expected '('"),
        ("%parent.a[b=c]", "a text in single quotes"),
        ("%parent.a[b='c'", "expected ']', found the end"),
        ("%parent.a[b='c]", "is not understood"),
        ("%parent.a[b!='c']", "is not understood"),
        ("System.Concept:%value;%value", "without a type"),
        ("F.G(System.Concept:%value)", "cases inside a map"),
    ],
)
def test_refused(text: str, said: str) -> None:
    with pytest.raises(ContentError) as caught:
        parse_target(text)
    assert said in str(caught.value)
    assert caught.value.diagnostics[0].code == "target-map"


def targets(elements: list[str | None]) -> int:
    return len([parse_target(text) for text in elements if text is not None])


@pytest.mark.parametrize(
    ("name", "version", "count"),
    [("QICore", "4.1.1", 1154), ("QICore", "6.0.0", 1312), ("USCore", "3.1.1", 621), ("USCore", "6.1.0", 797)],
)
def test_all_shipped(name: str, version: str, count: int) -> None:
    model = builtin(name, version)
    assert model is not None
    assert targets([e.target for facts in model.classes.values() for e in facts.elements.values()]) == count


@pytest.mark.parametrize(("file", "count"), [("qicore-modelinfo-5.0.0", 1306), ("qicore-modelinfo-7.0.2", 0)])
def test_others(shared: Path, file: str, count: int) -> None:
    model = load_modelinfo(shared / "modelinfo" / f"{file}.xml")
    assert targets([e.target for facts in model.classes.values() for e in facts.elements.values()]) == count
