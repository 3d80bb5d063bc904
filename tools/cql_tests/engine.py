"""The engine under test: from an expression to a value in the form of :mod:`cql_tests.values`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import takewhile
from typing import Any

from cql_tests.values import Amount, Number, Pair, Point, Span, Structure, Unreadable
from cqlmeasure.compiler import compile_library, library_key
from cqlmeasure.errors import CqlMeasureError, TerminologyError
from cqlmeasure.evaluation import Evaluator, environment
from cqlmeasure.runtime import Date, DateTime, Interval, Long, Quantity, Ratio, Time, Tuple, Uncertainty
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.runtime.values import ValueSet
from cqlmeasure.translator import SourceText, translate

NAME = "expression"
_LIBRARY = "library ConformanceTest version '1'\n{before}\ncontext Unfiltered\ndefine \"{name}\":\n{text}\n"
_SYNTAX = {"unexpected-token", "unexpected-end", "unknown-character", "malformed-date", "date-literal", "time-literal"}
_SYNTAX |= {"number-range", "unterminated-comment"}
_CODE = {"code", "system", "version", "display"}


class Failed(Exception):
    """The engine reported an error; ``phase`` is ``syntax``, ``semantic`` (translation) or ``execution``."""

    def __init__(self, phase: str, message: str) -> None:
        super().__init__(message)
        self.phase = phase


def evaluate(expression: str, now: DateTime, declarations: str = "") -> Any:
    """The engine's own value of an expression, which may use declarations.  Raises ``Failed``."""
    text = _LIBRARY.format(name=NAME, text=expression, before=declarations)
    try:
        found = translate(SourceText("ConformanceTest", "1", text))
        libraries = {library_key(*key): one.library for key, one in found.libraries.items()}
        program = compile_library(found.main.library, libraries)
    except CqlMeasureError as error:
        codes = {diagnostic.code for diagnostic in error.diagnostics}
        raise Failed("syntax" if codes & _SYNTAX else "semantic", str(error)) from error
    try:
        shared = environment(program, now=now, parameters={}, value_set=_no_value_set)
        return Evaluator(program, shared).subject(Subject("", [])).value(NAME)
    except CqlMeasureError as error:
        raise Failed("execution", str(error)) from error


def _no_value_set(url: str, version: str | None) -> ValueSet:
    raise TerminologyError(f"there is no value set {url}", code="missing-value-set")


def neutral(value: Any) -> Any:
    """An engine's value in the form that expected values have.  Raises ``Unreadable``."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return Number("Long" if isinstance(value, Long) else "Integer", Decimal(value))
    if isinstance(value, Decimal):
        return Number("Decimal", value)
    if isinstance(value, list | tuple):
        return [neutral(item) for item in value]
    if isinstance(value, dict):
        return _structure(value)
    return _system(value)


def _system(value: Any) -> Any:
    if isinstance(value, Date | DateTime | Time):
        known = takewhile(lambda part: part is not None, value.components)
        offset = value.offset if isinstance(value, DateTime) else None
        return Point(type(value).__name__, tuple(part for part in known if part is not None), offset)
    if isinstance(value, Quantity):
        return Amount(value.value, value.unit or "1")
    if isinstance(value, Ratio):
        return Pair(_system(value.numerator), _system(value.denominator))
    if isinstance(value, Interval):
        return Span(neutral(value.low), neutral(value.high), value.low_closed, value.high_closed)
    if isinstance(value, Uncertainty):
        return Span(neutral(value.low), neutral(value.high), uncertain=True)
    if isinstance(value, ValueSet):
        return Structure("ValueSet", {"id": value.url, **({"version": value.version} if value.version else {})})
    raise Unreadable(f"a value of class {type(value).__name__}: {value!r}")


def _structure(value: Mapping[str, Any]) -> Structure:
    if isinstance(value, Tuple):
        return Structure("Tuple", {name: neutral(element) for name, element in value.items()})
    if "coding" in value:
        elements = {"codes": neutral(value["coding"]), "display": value.get("text")}
        name = "Concept"
    elif set(value) <= _CODE:
        elements, name = dict(value), "Code"
    else:
        raise Unreadable(f"an object with {', '.join(value)}")
    return Structure(name, {key: element for key, element in elements.items() if element is not None})
