"""What is warned of, and what is not: correct CQL that looks like suspicious CQL; published libraries."""

from __future__ import annotations

import base64
from collections import Counter
from pathlib import Path

import orjson
import pytest

from cqlmeasure.errors import TranslationError
from cqlmeasure.translator import SourceText, translate

CLEAN = [
    "define A: 1 ~ null",
    "define A: (null) is null",
    "define A: (null as Integer) = 1",
    "define A: 7 between 5 and 5",
    "define A: Interval[5, 5]",
    "define A: Interval[@2026, @2026-06-01]",
    "define A: Interval[@2026-01-01T10:00+02:00, @2026-01-01T09:00Z]",
    "define A: Interval[5 'mg', 3 'g']",
    "define A: Interval[-5, -3]",
    "define A: Interval[1, null]",
    "define A: 1 + 1",
    "define A: 2 = 2",
    "define A: ({1, 2}) X with ({3}) Y such that X > Y",
    "define A: ({1, 2}) X where X > 1 and exists (({3}) Y where Y > X)",
    "define A: {1} intersect {1.0}",
    "define A: (null) as Integer",
    "define A: case 1 when 1.0 then true else false end",
    "define A: @2026-01-01 + 5 days",
    "define A: 5 'mg' > 0",
    "define A: 5 'mg' > 3 'mg'",
    "define A: from ({1}) X, ({2}) Y where X > Y",
    'parameter "Measurement Period" Interval<DateTime>\ndefine A: 1',
    "valueset \"For others\": 'http://example.org/v'\ndefine function F(x Integer): x",
]


@pytest.mark.parametrize("text", CLEAN)
def test_clean(text: str) -> None:
    found = translate(SourceText("Clean", None, text), warn=True).diagnostics
    assert [(one.code, one.message) for one in found] == []


def test_only_when_asked() -> None:
    assert translate(SourceText("Any", None, "define A: 1 = null")).diagnostics == ()


class Included:
    """A provider with one library, which deserves a warning."""

    def find(self, name: str, version: str | None, /) -> SourceText:
        return SourceText(name, version, f"library {name}\ndefine B: 1 = null")

    def versions(self, name: str, /) -> list[str]:
        return []


def test_included_libraries_are_left_alone() -> None:
    text = "include Other\ndefine A: Other.B"
    assert translate(SourceText("Any", None, text), Included(), warn=True).diagnostics == ()


def test_definitions_that_nobody_reaches() -> None:
    text = """define A: B + F(1)
define B: 1
define C: B
define function F(x Integer): G(x)
define function G(x Integer): x
define function H(x Integer): C
"""
    found = translate(SourceText("Any", None, text), warn=True, roots=["A"]).diagnostics
    assert [(one.code, one.span.locator if one.span else None) for one in found] == [
        ("unreached-definition", "3:1-3:11"),
        ("unreached-definition", "6:1-6:31"),
    ]


def test_unknown_roots_are_errors() -> None:
    with pytest.raises(TranslationError) as caught:
        translate(SourceText("Any", None, "define Alpha: 1"), warn=True, roots=["Alpa"])
    assert [(one.code, one.hint) for one in caught.value.diagnostics] == [
        ("unknown-definition", "did you mean 'Alpha'?")
    ]


class Published:
    """The libraries of a folder of FHIR Libraries."""

    def __init__(self, folder: Path) -> None:
        self.libraries: dict[tuple[str, str | None], SourceText] = {}
        for file in sorted(folder.glob("*.json")):
            library = orjson.loads(file.read_bytes())
            for content in library.get("content", []):
                if content["contentType"] == "text/cql":
                    text = base64.b64decode(content["data"]).decode()
                    key = (library["name"], library["version"])
                    self.libraries[key] = SourceText(*key, text, file=file.name)

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        return self.libraries.get((name, version))

    def versions(self, name: str, /) -> list[str]:
        return [version or "" for known, version in self.libraries if known == name]


def test_published_libraries_get_few_warnings(shared: Path) -> None:
    published = Published(shared / "decks" / "qicore2025" / "libraries")
    found = [one for text in published.libraries.values() for one in translate(text, published, warn=True).diagnostics]
    counts = Counter(one.code for one in found)
    assert len(published.libraries) > 40
    # All of these were looked at: each says what is so.  More than these need another look.
    unused = counts["unused-declaration"] + counts["unused-include"]
    assert unused / len(published.libraries) < 2
    assert sum(counts.values()) - unused < 20
    assert counts["never-equal"] == counts["impossible-type"] == counts["constant-condition"] == 0


class Helpers:
    """FHIRHelpers with the two conversions that the test needs."""

    text = """library FHIRHelpers version '4.0.1'
using FHIR version '4.0.1'
define function ToConcept(concept FHIR.CodeableConcept) returns System.Concept: null as System.Concept
define function ToCode(coding FHIR.Coding) returns System.Code: null as System.Code
"""

    def find(self, name: str, version: str | None, /) -> SourceText:
        return SourceText(name, "4.0.1", self.text)

    def versions(self, name: str, /) -> list[str]:
        return ["4.0.1"]


def test_types_that_both_convert_to_a_third_can_be_equal() -> None:
    text = """using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
codesystem "S": 'http://example.org/s'
code "C": 'c' from "S"
context Patient
define A: [Encounter] E where E.serviceType ~ "C" and E.class ~ "C"
"""
    assert translate(SourceText("Clean", None, text), Helpers(), warn=True).diagnostics == ()
