"""Values of CQL parameters as callers give them: CQL text or Python values, checked against the declared type.

Always holds: a value has the type that the library declares, converted where CQL converts implicitly; a name that no
library has, and a value of another type, are ``UsageError``s before the first subject is evaluated.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from cqlmeasure.api.literals import cql_of
from cqlmeasure.api.text import Text
from cqlmeasure.errors import CqlMeasureError, Diagnostic, Span, UsageError
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.runtime.temporal import DateTime
from cqlmeasure.typesys import SYSTEM, ChoiceType, DataType, IntervalType, ListType, NamedType, TupleType

if TYPE_CHECKING:
    from cqlmeasure.api.engine import Engine

Declared = tuple[str, str, DataType | None]
"""A parameter: library, name, type."""
Parameters = Mapping[str, Any]
_LIBRARY = "ParameterValue"


def parameter_values(
    engine: Engine, declared: Sequence[Declared], given: Parameters, timezone: str, now: DateTime
) -> dict[tuple[str, str], Any]:
    """The values by library and name; a name without a library means that of all libraries.

    A name may be qualified: ``Library.Name``.
    """
    found: dict[tuple[str, str], Any] = {}
    for name, value in given.items():
        meant = [one for one in declared if name in (one[1], f"{one[0]}.{one[1]}", f'{one[0]}."{one[1]}"')]
        if not meant:
            raise UsageError(
                f"there is no parameter {name!r}",
                code="unknown-parameter",
                hint=known_parameters(name, [n for _, n, _ in declared]),
            )
        text = cql_of(value)
        for library, own, kind in meant:
            found[library, own] = _value(engine, name, kind, text, timezone, now)
    return found


def check_reserved(given: Parameters, reserved: Mapping[str, str]) -> None:
    """Parameters that another option sets cannot be given twice."""
    for name, option in reserved.items():
        if name in given:
            raise UsageError(
                f"the parameter {name!r} is set by {option}", code="reserved-parameter", hint=f"use {option}"
            )


def known_parameters(name: str, names: Iterable[str]) -> str:
    """A hint that names the parameters that there are."""
    known = sorted(set(names))
    close = difflib.get_close_matches(name, known, 3, 0.5)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"parameters that are used: {', '.join(map(repr, known)) or 'none'}"


def _value(engine: Engine, name: str, kind: DataType | None, text: str, timezone: str, now: DateTime) -> Any:
    model = _models(kind)
    head = [f"library {_LIBRARY}", *(f"using {one}" for one in sorted(model) if one != SYSTEM)]
    lines = text.count("\n") + 1
    body = [f'parameter "Value" {kind if kind is not None else ""} default (', text, ")", "context Unfiltered"]
    cql = "\n".join([*head, *body, 'define "Given": "Value"', ""])
    try:
        library = engine.text(Text(_LIBRARY, None, cql))
        evaluator = library.evaluator({}, timezone, now=now)
        return evaluator.subject(Subject("", [])).value("Given")
    except CqlMeasureError as error:
        start = len(head) + 1
        raise UsageError(
            diagnostics=[_about(found, name, kind, text, start, start + lines) for found in error.diagnostics]
        ) from None


def _about(found: Diagnostic, name: str, kind: DataType | None, text: str, start: int, end: int) -> Diagnostic:
    """The finding with the parameter in its message, and its place in the value."""
    span = found.span
    if span is not None and start < span.line <= end:
        line = span.line - start
        placed = Span(line, span.column, min(span.end_line - start, end - start), span.end_column)
        source = text.splitlines()[line - 1] if text else None
        return msgspec.structs.replace(
            found,
            span=placed,
            source_line=source,
            library=None,
            file=None,
            message=f"parameter {name!r}: {found.message}",
        )
    return Diagnostic(
        code=found.code,
        message=f"parameter {name!r}: {found.message}",
        hint=found.hint or f"write the value as CQL does; the parameter is {kind}{_instance(kind)}",
    )


def _instance(kind: DataType | None) -> str:
    """How values of a model's classes are written."""
    if not isinstance(kind, NamedType) or kind.model == SYSTEM:
        return ""
    return f", written as an instance: {kind} {{ ... }}"


def _models(kind: DataType | None) -> set[str]:
    match kind:
        case NamedType(model, _):
            return {model}
        case ListType(inner) | IntervalType(inner):
            return _models(inner)
        case ChoiceType(alternatives):
            return set().union(*map(_models, alternatives))
        case TupleType(elements):
            return set().union(*(_models(one) for _, one in elements))
    return set()
