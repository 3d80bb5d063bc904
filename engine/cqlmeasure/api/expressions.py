"""CQL outside of measures: a file to ELM, one expression to its value."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cqlmeasure.api.engine import Engine, Text
from cqlmeasure.api.libraries import Libraries
from cqlmeasure.api.periods import MEASUREMENT_PERIOD, UTC, PeriodLike, as_period
from cqlmeasure.api.sources import subjects
from cqlmeasure.content import Content
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import ContentError, Diagnostic, Span, TranslationError, UsageError
from cqlmeasure.runtime.subject import Subject

_Path = str | os.PathLike[str]
_NAME = "Expression"
_DEFAULT_MODEL = "FHIR 4.0.1"
# The FHIRHelpers that a model's conversions are written for.
_HELPERS = {"FHIR": "4.0.1"}
_NEWEST_HELPERS = "4.4.000"


class Elm(msgspec.Struct, frozen=True):
    """A translated library: its ELM as JSON, and what was doubtful about its text."""

    json: dict[str, Any]
    warnings: list[Diagnostic]


def translate(file: _Path, *content: _Path, any_version: bool = False) -> Elm:
    """Translate a CQL file to ELM; all errors of the file are in one ``TranslationError``.

    Included libraries and model infos are looked for in ``content``, without it in the folder of the file, and
    among the libraries that ship.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ContentError(f"cannot read {path}: {error.strerror}", code="unreadable-file", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path} is not UTF-8 text: {error}", code="not-utf8", file=str(path)) from error
    libraries = Libraries(Content(*(content or (path.resolve().parent,))))
    # The translator is loaded where ELM is wanted; evaluating from a warm cache does without it.
    from cqlmeasure.api.translation import elm_of

    json, warnings = elm_of(Text(path.stem, None, text, str(path)), libraries, any_version=any_version)
    return Elm(json, [*warnings, *libraries.warnings])


def evaluate_expression(
    expression: str,
    *content: _Path,
    data: _Path | SubjectData | None = None,
    using: str | None = None,
    includes: Iterable[str] = (),
    period: PeriodLike | None = None,
    timezone: str | None = None,
) -> Any:
    """The value of one CQL expression; ``cql_text`` writes it as CQL does.

    With ``data`` (one subject) the expression is evaluated in the Patient context.  ``using`` names a model and its
    version (``"QICore 6.0.0"``; ``FHIR 4.0.1`` if there is data).  ``includes`` are libraries of the content, each
    a name or a name and version (``"Hospice 6.18.000"``); ``period`` is the value of their "Measurement Period".
    """
    if not expression.strip():
        raise UsageError("there is no expression", code="no-expression")
    head = _head(using or (_DEFAULT_MODEL if data is not None else None), includes, data is not None)
    engine = Engine(Content(*content) if content else None)
    text = "\n".join((*head, expression, ""))
    try:
        library = engine.text(Text(_NAME, None, text, _NAME))
    except TranslationError as error:
        raise TranslationError(diagnostics=[_placed(found, len(head)) for found in error.diagnostics]) from None
    zone = timezone or UTC
    parameters = {} if period is None else {MEASUREMENT_PERIOD: as_period(period).interval(zone)}
    evaluator = library.evaluator(parameters, zone)
    subject = _subject(data)
    return evaluator.subject(Subject(subject.id, subject.resources)).value(_NAME)


def _head(using: str | None, includes: Iterable[str], patient: bool) -> list[str]:
    lines = [f"library {_NAME}"]
    if using is not None:
        model, version = _named(using)
        lines.append(f"using {_quoted(model)}{version}")
        helpers = _HELPERS.get(model, _NEWEST_HELPERS)
        if model != "System":
            lines.append(f"include FHIRHelpers version '{helpers}'")
    for include in includes:
        name, version = _named(include)
        lines.append(f"include {_quoted(name)}{version} called {_quoted(name.rpartition('.')[2])}")
    lines.append(f"context {'Patient' if patient else 'Unfiltered'}")
    lines.append(f"define {_NAME}:")
    return lines


def _named(text: str) -> tuple[str, str]:
    """Name and version clause of ``NAME VERSION``, ``NAME|VERSION`` or ``NAME``."""
    name, _, version = text.strip().replace("|", " ").partition(" ")
    version = version.strip().strip("'")
    if "'" in version or "\\" in version:
        raise UsageError(f"there is no version {version}", code="no-version")
    return name.strip('"'), f" version '{version}'" if version else ""


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return ".".join(f'"{part}"' for part in escaped.split("."))


def _placed(found: Diagnostic, lines: int) -> Diagnostic:
    """The finding with its place in the expression, without the lines that were put before it."""
    if found.span is None or found.span.line <= lines:
        return found
    span = found.span
    own = Span(span.line - lines, span.column, span.end_line - lines, span.end_column)
    return msgspec.structs.replace(found, span=own, library=None, file=None)


def _subject(data: _Path | SubjectData | None) -> SubjectData:
    if data is None:
        return SubjectData("", [], "")
    if isinstance(data, SubjectData):
        return data
    found: Sequence[SubjectData] = list(subjects(data))
    if len(found) != 1:
        some = ", ".join(one.id for one in found[:8])
        raise UsageError(
            f"{data} holds {len(found)} patients; an expression is evaluated for one",
            code="several-patients",
            hint=f"name the file of one of them ({some})" if found else None,
        )
    return found[0]
