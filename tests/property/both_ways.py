"""One library, two evaluations: the compiled code, and the reference evaluator on the same ELM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cqlmeasure.compiler import compile_library, library_key
from cqlmeasure.elm.library import Library
from cqlmeasure.elm.logical import And, Implies, Or
from cqlmeasure.elm.queries import Query
from cqlmeasure.elm.walk import walk
from cqlmeasure.errors import EvaluationError
from cqlmeasure.evaluation import Evaluator, SubjectEvaluation, environment
from cqlmeasure.runtime import DateTime
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.runtime.values import ValueSet
from cqlmeasure.translator import SourceText, translate
from reference import CqlFailure, evaluate, of_runtime, same
from reference.values import Point

NAME = "Generated"
NOW = (2026, 6, 15, 12, 0, 0, 0)


@dataclass(frozen=True)
class Failure:
    """An error where a value was expected."""

    message: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Failure)

    __hash__ = None  # type: ignore[assignment]


def library(definitions: dict[str, str], head: str = "") -> str:
    """The text of a library."""
    body = "\n".join(f'define "{name}":\n  {text}' for name, text in definitions.items())
    return f"library {NAME} version '1'\n{head}\n{body}\n"


def elm_of(text: str) -> Library:
    """The typed ELM of a library that stands alone."""
    return translate(SourceText(NAME, "1", text)).main.library


def compiled(elm: Library) -> SubjectEvaluation:
    """An evaluation by compiled code."""
    program = compile_library(elm, {library_key(NAME, "1"): elm})
    shared = environment(program, now=DateTime.of(*NOW, offset=0), parameters={}, value_set=_none)
    return Evaluator(program, shared).subject(Subject("", []))


def _none(url: str, version: str | None) -> ValueSet:
    raise LookupError(url)


def by_code(evaluation: SubjectEvaluation, name: str) -> Any:
    """The value of a definition by compiled code, or a ``Failure``.

    An error that CQL does not know (a value of unexpected form) is none that the reference may share: it is raised.
    """
    try:
        return of_runtime(evaluation.value(name))
    except EvaluationError as error:
        if any(diagnostic.code != "runtime-error" for diagnostic in error.diagnostics):
            raise
        return Failure(str(error))


def by_reference(elm: Library, name: str) -> Any:
    """The value of a definition by the reference evaluator, or a ``Failure``.  Raises ``Unsupported``."""
    try:
        return evaluate({NAME: elm}, NAME, name, Point("DateTime", NOW, 0))
    except CqlFailure as error:
        return Failure(str(error))


def agree(elm: Library, left: Any, right: Any) -> bool:
    """Whether both are errors, or the same value.

    Where there is ``and``, ``or``, ``implies`` or a query, one may have found an error that the other did not come to:
    CQL leaves open how much of their operands is evaluated, and when a condition on one of several sources is.
    """
    if isinstance(left, Failure) or isinstance(right, Failure):
        return left == right or any(isinstance(node, And | Or | Implies | Query) for node in walk(elm))
    return same(left, right)
