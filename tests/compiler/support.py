"""From a few lines of CQL to values, through translator, compiler and evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cqlmeasure.compiler import Program, compile_library, library_key
from cqlmeasure.evaluation import Evaluator, SubjectEvaluation, environment
from cqlmeasure.runtime import DateTime
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.runtime.values import ValueSet
from cqlmeasure.translator import SourceText, translate

REPOSITORY = Path(__file__).resolve().parents[2]
NOW = DateTime.of(2026, 6, 15, 12, 0, 0, 0, offset=0)
FHIR = "using FHIR version '4.0.1'\ninclude FHIRHelpers version '4.4.000'\n"
QICORE = "using QICore version '6.0.0'\ninclude FHIRHelpers version '4.4.000'\n"


class Libraries:
    """Libraries by name; FHIRHelpers is the one that ships."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self.texts = texts or {}

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        text = self.texts.get(name)
        if text is None and name == "FHIRHelpers":
            text = (REPOSITORY / "libraries" / "FHIRHelpers" / f"FHIRHelpers-{version}.cql").read_text()
        return None if text is None else SourceText(name, version, text)

    def versions(self, name: str, /) -> Sequence[str]:
        return []


def program(text: str, others: Mapping[str, str] | None = None) -> Program:
    """The program of a library ``T`` with these statements."""
    found = translate(SourceText("T", "1", f"library T version '1'\n{text}"), Libraries(others))
    libraries = {library_key(*key): one.library for key, one in found.libraries.items()}
    return compile_library(found.main.library, libraries)


def evaluator(
    text: str,
    parameters: Mapping[Any, Any] | None = None,
    value_sets: Sequence[ValueSet] = (),
    others: Mapping[str, str] | None = None,
) -> Evaluator:
    """An evaluator of a library with these statements."""
    made = program(text, others)
    known = {one.url: one for one in value_sets}
    shared = environment(made, now=NOW, parameters=parameters or {}, value_set=lambda url, version: known[url])
    return Evaluator(made, shared)


def subject(text: str, resources: Sequence[Mapping[str, Any]] = (), **options: Any) -> SubjectEvaluation:
    """The evaluation of a library for a subject with these resources."""
    return evaluator(text, **options).subject(Subject("s", list(resources)))


def value(expression: str, resources: Sequence[Mapping[str, Any]] = (), before: str = "", **options: Any) -> Any:
    """The value of one expression."""
    context = "context Patient\n" if "using " in before else ""
    return subject(f"{before}{context}define X: {expression}", resources, **options).value("X")
