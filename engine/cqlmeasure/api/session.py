"""Trying CQL out: definitions that are kept, expressions that are evaluated one after the other.

Always holds: a definition is kept only if it translates; what goes wrong in an expression is reported with its place
in the text that the caller gave, not in the library that is made of it.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cqlmeasure.api.engine import Engine, PreparedLibrary
from cqlmeasure.api.literals import cql_of
from cqlmeasure.api.parameters import check_reserved, known_parameters
from cqlmeasure.api.periods import MEASUREMENT_PERIOD, UTC, NowLike, PeriodLike, as_period
from cqlmeasure.api.pieces import SECTIONS, Piece, head, placed, quoted, read_pieces
from cqlmeasure.api.sources import read_text, subjects
from cqlmeasure.api.text import Text
from cqlmeasure.content import Content
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import CqlMeasureError, Diagnostic, EvaluationError, TranslationError, UsageError
from cqlmeasure.runtime.external import Functions
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.typesys import DataType

_Path = str | os.PathLike[str]
_LIBRARY = "Expression"
_RESULT = "Expression"
_DEFAULT_MODEL = "FHIR 4.0.1"


class Value(msgspec.Struct, frozen=True):
    """The value of an expression, and its static type."""

    value: Any
    type: DataType | None


class Session:
    """A library that grows: declarations and definitions are kept, expressions are evaluated in it.

    With ``data`` (one subject) expressions are evaluated in the Patient context.  ``using`` names a model and its
    version (``"QICore 6.0.0"``; ``FHIR 4.0.1`` if there is data).  ``includes`` are libraries of the content, each a
    name or a name and version (``"Hospice|6.18.000"``); ``period`` is the value of their "Measurement Period".
    ``functions`` are behind those that CQL declares as external.
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
        functions: Functions | None = None,
    ) -> None:
        self._engine = Engine(Content(*content) if content else None, functions=functions)
        self._using = using
        self._includes = list(includes)
        self._zone = timezone or UTC
        self._fixed = {} if period is None else {MEASUREMENT_PERIOD: as_period(period).interval(self._zone)}
        self._given = dict(parameters or {})
        self._now = now
        self._kept: list[Piece] = []
        self._last: list[Piece] = []
        self._used: set[str] = set()
        self._subject: SubjectData | None = None
        if period is not None:
            check_reserved(self._given, {MEASUREMENT_PERIOD: "the period"})
        if data is not None:
            self.load_data(data)

    def __repr__(self) -> str:
        about = "" if self._subject is None else f", subject {self._subject.id!r}"
        return f"Session({len(self.definitions)} definitions{about})"

    @property
    def subject(self) -> SubjectData | None:
        """The subject, if there is one."""
        return self._subject

    @property
    def definitions(self) -> list[str]:
        """The names that have been defined."""
        return [piece.key for piece in self._kept if piece.key is not None]

    def load_data(self, data: _Path | SubjectData) -> SubjectData:
        """Take another subject."""
        self._subject = one_subject(data)
        return self._subject

    def define(self, text: str, file: str | None = None) -> list[str]:
        """Keep definitions and declarations, in place of those of the same name; their names.

        A text that is a whole library is taken as its definitions.
        """
        new = read_pieces(text, file)
        names = {(piece.section, piece.key) for piece in new}
        before = self._kept
        self._kept = [*(one for one in before if (one.section, one.key) not in names), *new]
        try:
            self._library("null")
        except CqlMeasureError:
            self._kept = before
            raise
        return [piece.key for piece in new if piece.key is not None]

    def load(self, file: _Path) -> list[str]:
        """Keep what a CQL file declares and defines; the names."""
        return self.define(read_text(file), str(file))

    def evaluate(self, expression: str) -> Value:
        """The value of an expression for the subject."""
        library = self._library(expression)
        evaluator = library.evaluator(self._fixed, self._zone, given=self._others(library), now=self._now)
        subject = self._subject or SubjectData("", [], "")
        try:
            value = evaluator.subject(Subject(subject.id, subject.resources)).value(_RESULT)
        except EvaluationError as error:
            raise error.told([self._placed(library.placed(one)) for one in error.diagnostics]) from None
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

    def _pieces(self, expression: str) -> list[Piece]:
        using = self._using or (_DEFAULT_MODEL if self._subject is not None else None)
        if any(piece.section == "using" for piece in self._kept):
            using = None
        given = [
            Piece(section="parameter", text=text, key=name, kind="given")
            for name, value in self._given.items()
            for text in (f"parameter {quoted(name, whole=True)} default (", cql_of(value), ")")
        ]
        kept = {(piece.section, piece.key) for piece in self._kept}
        own = [piece for piece in (*head(using, self._includes), *given) if (piece.section, piece.key) not in kept]
        context = f"context {'Patient' if self._subject is not None else 'Unfiltered'}"
        parts = [*own, Piece(section="context", text=context), *self._kept]
        return [
            Piece(section="", text=f"library {_LIBRARY}"),
            *(part for section in SECTIONS for part in parts if part.section == section),
            Piece(section="", text=f'define "{_RESULT}":'),
            Piece(section="", text=expression, kind="own"),
        ]

    def _others(self, library: PreparedLibrary) -> dict[str, Any]:
        """The given parameters that this library uses, or those that it includes."""
        names = {one for owner, name, _ in library.parameters for one in (name, f"{owner}.{name}")}
        self._used |= names
        return {name: value for name, value in self._given.items() if name in names}

    def _placed(self, found: Diagnostic) -> Diagnostic:
        """The finding with its place in what the caller gave."""
        return placed(found, self._last) if found.file == _LIBRARY else found


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
