"""Published libraries and conformance tests parse; where ELM is published, its places are places of our tree."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson

from cqlmeasure.errors import render
from cqlmeasure.translator import syntax
from cqlmeasure.translator.parser import parse_expression, parse_library

# The reference gives the tail of a fluent call, a clause with its keyword, a boundary word or an offset as a place.
CLAUSES = ("where", "such that", "return", "start", "end")
TAILS = {"In", "Interval", "Not", "IsNull", "Literal", "Start", "End", "Add", "Subtract"}


def libraries(shared: Path) -> Iterator[tuple[Path, dict[str, bytes]]]:
    for file in sorted(shared.glob("decks/*/libraries/*.json")):
        content = orjson.loads(file.read_bytes()).get("content", [])
        parts = {part["contentType"]: base64.b64decode(part["data"]) for part in content}
        if "text/cql" in parts:
            yield file, parts


def locators(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if "locator" in value:
            yield value.get("type", ""), value["locator"]
        for name, child in value.items():
            if name != "annotation":
                yield from locators(child)
    elif isinstance(value, list):
        for child in value:
            yield from locators(child)


def spans(value: Any) -> Iterator[str]:
    if isinstance(value, syntax.Node):
        yield value.span.locator
        for field in value.__struct_fields__:
            yield from spans(getattr(value, field))
    elif isinstance(value, tuple):
        for child in value:
            yield from spans(child)


def test_published_libraries(shared: Path) -> None:
    compared, unexplained = 0, []
    for file, parts in libraries(shared):
        text = parts["text/cql"].decode()
        result = parse_library(text, file=file.name)
        assert not result.diagnostics, "\n".join(map(render, result.diagnostics))
        elm = parts.get("application/elm+json")
        if elm is None:
            continue
        lines, places = text.splitlines(), set(spans(result.library))
        for kind, locator in locators(orjson.loads(elm)["library"]):
            compared += 1
            if locator not in places:
                line, column = map(int, locator.split("-")[0].split(":"))
                if kind not in TAILS and not lines[line - 1][column - 1 :].startswith(CLAUSES):
                    unexplained.append((file.name, kind, locator))
    assert compared > 30_000
    assert unexplained == []


def test_conformance_expressions(shared: Path) -> None:
    namespace = "{http://hl7.org/fhirpath/tests}"
    refused = []
    for file in sorted(shared.glob("cql-tests/*.xml")):
        for test in ElementTree.parse(file).getroot().iter(f"{namespace}test"):
            expression = test.find(f"{namespace}expression")
            assert expression is not None
            if parse_expression((expression.text or "").strip()).diagnostics:
                refused.append((test.get("name"), expression.get("invalid")))
    assert refused == [("TimeDurationBetweenHourDiffPrecision", "true")]
