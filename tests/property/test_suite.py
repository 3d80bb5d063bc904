"""The expressions of the conformance suite: the compiled code and the reference evaluator give the same value."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from both_ways import agree, by_code, by_reference, compiled, elm_of, library

from cqlmeasure.errors import TranslationError
from reference import Unsupported

TAG = "{http://hl7.org/fhirpath/tests}expression"


def test_suite(shared: Path) -> None:
    compared = 0
    for file in sorted((shared / "cql-tests").glob("*.xml")):
        for expression in ElementTree.parse(file).iter(TAG):
            try:
                elm = elm_of(library({"X": expression.text or ""}))
                expected = by_reference(elm, "X")
            except (TranslationError, Unsupported):
                continue
            compared += 1
            assert agree(elm, by_code(compiled(elm), "X"), expected), f"{file.name}: {expression.text}"
    assert compared > 1500
