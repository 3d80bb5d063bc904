"""Trying CQL out: definitions that are kept, expressions that are evaluated one after the other.

Always holds: a definition is kept only if it translates; what goes wrong in an expression is reported with its place
in the text that the caller gave, not in the library that is made of it.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cqlmeasure.api.engine import Engine, PreparedLibrary, Text
from cqlmeasure.api.literals import cql_of
from cqlmeasure.api.parameters import check_reserved, known_parameters
from cqlmeasure.api.periods import MEASUREMENT_PERIOD, UTC, NowLike, PeriodLike, as_period
from cqlmeasure.api.sources import subjects
from cqlmeasure.content import Content
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import CqlMeasureError, Diagnostic, EvaluationError, Span, TranslationError, UsageError
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.typesys import DataType

_Path = str | os.PathLike[str]
_LIBRARY = "Expression"
_RESULT = "Expression"
_DEFAULT_MODEL = "FHIR 4.0.1"
# The FHIRHelpers that a model's conversions are written for.
_HELPERS = {"FHIR": "4.0.1"}
_NEWEST_HELPERS = "4.4.000"
_DECLARATION = re.compile(r"(codesystem|valueset|code|concept|parameter|include|using)\b")
_DEFINITION = re.compile(r"define\s+(?:(?:public|private)\s+)?(?P<kind>(?:fluent\s+)?function\s+)?")
_NAME = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)+)"|(?P<plain>[A-Za-z_]\w*)')
_SECTIONS = ("using", "include", "codesystem", "valueset", "code", "concept", "parameter")


class Value(msgspec.Struct, frozen=True):
    """The value of an expression, and its static type."""

    value: Any
    type: DataType | None


class _Piece(msgspec.Struct, frozen=True):
    """A part of the library: its text, whose place is counted from its own start; ``name`` if it defines one."""

    section: str
    text: str
    name: str | None = None
    file: str | None = None


class Session:
    """A library that grows: declarations and definitions are kept, expressions are evaluated in it.

    With ``data`` (one subject) expressions are evaluated in the Patient context.  ``using`` names a model and its
    version (``"QICore 6.0.0"``; ``FHIR 4.0.1`` if there is data).  ``includes`` are libraries of the content, each a
    name or a name and version (``"Hospice|6.18.000"``); ``period`` is the value of their "Measurement Period".
    ``parameters`` are values by name, Python's or ``Cql``: those of the libraries, and others that become parameters
    here.
    """

    def __init__(
        self,
        *content: _Path,
        data: _Path | SubjectData | None = None,
        using: str | None = None,
        includes: Iterable[str] = (),
        period: PeriodLike | None = None,
        timezone: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        now: NowLike | None = None,
    ) -> None:
        self._engine = Engine(Content(*content) if content else None)
        self._using = using
        self._includes = list(includes)
        self._zone = timezone or UTC
        self._fixed = {} if period is None else {MEASUREMENT_PERIOD: as_period(period).interval(self._zone)}
        self._given = dict(parameters or {})
        self._now = now
        self._kept: list[_Piece] = []
        self._used: set[str] = set()
        self._subject: SubjectData | None = None
        if period is not None:
            check_reserved(self._given, {MEASUREMENT_PERIOD: "the period"})
        if data is not None:
            self.load_data(data)

    @property
    def subject(self) -> SubjectData | None:
        """The subject, if there is one."""
        return self._subject

    @property
    def definitions(self) -> list[str]:
        """The names that have been defined."""
        return [piece.name for piece in self._kept if piece.name is not None]

    def load_data(self, data: _Path | SubjectData) -> SubjectData:
        """Take another subject."""
        self._subject = one_subject(data)
        return self._subject

    def is_definition(self, text: str) -> bool:
        """Whether the text is a definition or a declaration, and no expression."""
        return _DEFINITION.match(text.lstrip()) is not None or _DECLARATION.match(text.lstrip()) is not None

    def define(self, text: str, file: str | None = None) -> str | None:
        """Keep a definition or a declaration, in place of one of the same name; its name."""
        piece = _piece(text, file)
        before = self._kept
        self._kept = [one for one in before if piece.name is None or one.name != piece.name or "(" in one.section]
        self._kept.append(piece)
        try:
            self._library("null")
        except CqlMeasureError:
            self._kept = before
            raise
        return piece.name

    def evaluate(self, expression: str) -> Value:
        """The value of an expression for the subject."""
        library = self._library(expression)
        evaluator = library.evaluator(self._fixed, self._zone, given=self._others(library), now=self._now)
        subject = self._subject or SubjectData("", [], "")
        try:
            value = evaluator.subject(Subject(subject.id, subject.resources)).value(_RESULT)
        except EvaluationError as error:
            raise CqlMeasureError(
                diagnostics=[self._placed(library.placed(one)) for one in error.diagnostics]
            ) from None
        return Value(value, evaluator.definition_type(_RESULT))

    def type_of(self, expression: str) -> DataType | None:
        """The static type of an expression."""
        entry = self._library(expression).program.expressions[_RESULT]
        found: DataType | None = entry.type
        return found

    def elm_of(self, expression: str) -> dict[str, Any]:
        """The ELM of an expression."""
        statements = self._library(expression).elm["library"]["statements"]["def"]
        found: dict[str, Any] = next(one for one in statements if one["name"] == _RESULT)
        return dict(found.get("expression", found))

    def python_of(self, expression: str) -> str:
        """The Python that an expression becomes: its functions and constants."""
        program = self._library(expression).program
        lines = program.source.splitlines()
        found = []
        for node in ast.parse(program.source).body:
            place = program.place(node.lineno)
            if place is not None and (place.library, place.definition) == (_LIBRARY, _RESULT):
                found.append("\n".join(lines[node.lineno - 1 : node.end_lineno]))
        return "\n\n".join(found)

    def check_parameters(self) -> None:
        """``UsageError`` if a parameter was given that nothing evaluated so far has used."""
        for name in self._given:
            if name not in self._used:
                raise UsageError(
                    f"no expression uses the parameter {name!r}",
                    code="unknown-parameter",
                    hint=known_parameters(name, (one for one in self._used if one not in self._given)),
                )

    # -- the library --------------------------------------------------------------------------------------------------

    def _library(self, expression: str) -> PreparedLibrary:
        if not expression.strip():
            raise UsageError("there is no expression", code="no-expression")
        pieces = self._pieces(expression)
        text = "\n".join((*(piece.text for piece in pieces), ""))
        self._last = pieces
        try:
            return self._engine.text(Text(_LIBRARY, None, text, _LIBRARY))
        except TranslationError as error:
            raise TranslationError(diagnostics=list(map(self._placed, error.diagnostics))) from None

    def _pieces(self, expression: str) -> list[_Piece]:
        using = self._using or (_DEFAULT_MODEL if self._subject is not None else None)
        given = [
            _Piece("parameter", text, name)
            for name, value in self._given.items()
            for text in (f"parameter {_quoted(name, whole=True)} default (", cql_of(value), ")")
        ]
        parts = [*_head(using, self._includes), *given, *self._kept]
        pieces = [_Piece("", f"library {_LIBRARY}")]
        pieces += [part for section in _SECTIONS for part in parts if part.section == section]
        pieces.append(_Piece("", f"context {'Patient' if self._subject is not None else 'Unfiltered'}"))
        pieces += [part for part in parts if part.section not in _SECTIONS]
        return [*pieces, _Piece("", f'define "{_RESULT}":'), _Piece("expression", expression)]

    def _others(self, library: PreparedLibrary) -> dict[str, Any]:
        """The given parameters that included libraries have; those of the expression itself are in its text."""
        self._used.update(one for owner, name, _ in library.parameters for one in (name, f"{owner}.{name}"))
        theirs = [(owner, name) for owner, name, _ in library.parameters if owner != _LIBRARY]
        names = {name for _, name in theirs} | {f"{owner}.{name}" for owner, name in theirs}
        return {name: value for name, value in self._given.items() if name in names}

    def _placed(self, found: Diagnostic) -> Diagnostic:
        """The finding with its place in what the caller gave."""
        span = found.span
        if span is None or found.file != _LIBRARY:
            return found
        start = 0
        for piece in self._last:
            lines = piece.text.count("\n") + 1
            if span.line <= start + lines:
                break
            start += lines
        line = span.line - start
        own = Span(line, span.column, min(span.end_line - start, piece.text.count("\n") + 1), span.end_column)
        if piece.section == "expression" or piece.file is not None:
            return msgspec.structs.replace(found, span=own, library=None, file=piece.file)
        where = f"parameter {piece.name!r}: " if piece.section == "parameter" and piece.name in self._given else ""
        return msgspec.structs.replace(found, span=own, library=None, file=None, message=where + found.message)


def _piece(text: str, file: str | None) -> _Piece:
    stripped = text.strip()
    match = _DECLARATION.match(stripped)
    if match is not None:
        return _Piece(match[1], text, _name(stripped[match.end() :]), file)
    match = _DEFINITION.match(stripped)
    if match is None:
        raise UsageError("that is no definition", code="no-definition", hint='write it as: define "Name": expression')
    # Functions may have the same name and other operands, so a new one takes no other's place.
    section = "function()" if match["kind"] else "define"
    return _Piece(section, text, _name(stripped[match.end() :]), file)


def _name(text: str) -> str | None:
    match = _NAME.match(text.lstrip())
    return None if match is None else match["quoted"] or match["plain"]


def _head(using: str | None, includes: Iterable[str]) -> list[_Piece]:
    found = []
    if using is not None:
        model, version = _named(using)
        found.append(_Piece("using", f"using {_quoted(model)}{version}"))
        if model != "System":
            helpers = _HELPERS.get(model, _NEWEST_HELPERS)
            found.append(_Piece("include", f"include FHIRHelpers version '{helpers}'"))
    for include in includes:
        name, version = _named(include)
        found.append(_Piece("include", f"include {_quoted(name)}{version} called {_quoted(name.rpartition('.')[2])}"))
    return found


def _named(text: str) -> tuple[str, str]:
    """Name and version clause of ``NAME VERSION``, ``NAME|VERSION`` or ``NAME``."""
    name, _, version = text.strip().replace("|", " ").partition(" ")
    version = version.strip().strip("'")
    if "'" in version or "\\" in version:
        raise UsageError(f"there is no version {version}", code="no-version")
    return name.strip('"'), f" version '{version}'" if version else ""


def _quoted(name: str, whole: bool = False) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return ".".join(f'"{part}"' for part in ([escaped] if whole else escaped.split(".")))


def one_subject(data: _Path | SubjectData) -> SubjectData:
    """The one subject of a file or folder."""
    if isinstance(data, SubjectData):
        return data
    found: Sequence[SubjectData] = list(subjects(data))
    if len(found) != 1:
        some = ", ".join(one.id for one in found[:8])
        raise UsageError(
            f"{Path(data)} holds {len(found)} patients; an expression is evaluated for one",
            code="several-patients",
            hint=f"name the file of one of them ({some})" if found else None,
        )
    return found[0]
