"""From the library that a measure names to an evaluator: translate, compile, resolve terminology, load.

Always holds: a library is translated and compiled once per engine; all value sets that its code refers to are
resolved before the first subject is evaluated, and those that cannot be are named together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from cqlmeasure.api.libraries import Libraries
from cqlmeasure.compiler import Program, compile_library, library_key
from cqlmeasure.content import Content
from cqlmeasure.errors import Diagnostic, UsageError
from cqlmeasure.evaluation import Evaluator, environment
from cqlmeasure.runtime import DateTime, Interval
from cqlmeasure.runtime.conversion import to_date
from cqlmeasure.runtime.interval import interval as make_interval
from cqlmeasure.terminology import MemoryLookup, Terminology
from cqlmeasure.translator.translate import LibraryKey, SourceText, Translation, translate
from cqlmeasure.typesys import DATE, IntervalType

_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


class Engine:
    """The libraries and the terminology of a content, and what has been made of them so far."""

    def __init__(
        self, content: Content | None = None, *, any_version: bool = False, lenient_terminology: bool = False
    ) -> None:
        self._any_version = any_version
        self._libraries = Libraries(content)
        lookup = content if content is not None else MemoryLookup(())
        self._terminology = Terminology(lookup, lenient=lenient_terminology)
        self._known: dict[str, PreparedLibrary] = {}

    @property
    def warnings(self) -> list[Diagnostic]:
        """What was doubtful about model infos and value sets."""
        return [*self._libraries.warnings, *self._terminology.warnings]

    def library(self, reference: str) -> PreparedLibrary:
        """The library of a canonical url or a name, with all that it includes."""
        if reference not in self._known:
            self._known[reference] = self.text(self._libraries.primary(reference))
        return self._known[reference]

    def text(self, source: SourceText) -> PreparedLibrary:
        """A library that is not in the content."""
        translation = translate(source, self._libraries, models=self._libraries.model, any_version=self._any_version)
        return PreparedLibrary(source, translation, self._libraries, self._terminology)


class PreparedLibrary:
    """A translated library, ready to be given parameters."""

    def __init__(
        self, source: SourceText, translation: Translation, libraries: Libraries, terminology: Terminology
    ) -> None:
        self.translation = translation
        self._source = source
        self._libraries = libraries
        self._terminology = terminology

    @property
    def warnings(self) -> list[Diagnostic]:
        """What was doubtful about the text of the library and its includes."""
        return list(self.translation.diagnostics)

    def placed(self, found: Diagnostic) -> Diagnostic:
        """What went wrong while the library ran, with the file and line of its CQL."""
        name, _, version = (found.library or "").partition("|")
        known = self.translation.libraries.get((name, version or None))
        if known is None or found.file is not None:
            return found
        lines = (self._text(known.key) or "").splitlines()
        line = lines[found.span.line - 1] if found.span is not None and found.span.line <= len(lines) else None
        return msgspec.structs.replace(
            found,
            library=name,
            file=known.file,
            source_line=line,
            message=found.message.replace(f"{found.library}.", f"{name}."),
        )

    def _text(self, key: LibraryKey) -> str | None:
        if key == self.translation.primary:
            return self._source.cql
        found = self._libraries.find(*key)
        return found.cql if found is not None else None

    @cached_property
    def program(self) -> Program:
        """The generated Python."""
        libraries = {library_key(*key): found.library for key, found in self.translation.libraries.items()}
        return compile_library(self.translation.main.library, libraries)

    def evaluator(self, parameters: Mapping[str, Any], timezone: str) -> Evaluator:
        """An evaluator for these parameters; "now" is fixed here, in the time zone of the caller."""
        now = _now(timezone)
        program = self.program
        self._terminology.check(program.value_sets)
        fixed = dict(parameters)
        for _, name, kind in program.parameters:
            if kind == IntervalType(DATE) and isinstance(fixed.get(name), Interval):
                fixed[name] = _dates(fixed[name])
        shared = environment(program, now=now, parameters=fixed, value_set=self._terminology.value_set)
        return Evaluator(program, shared)


def _dates(interval: Interval) -> Interval:
    return make_interval(to_date(interval.low), to_date(interval.high), interval.low_closed, interval.high_closed)


def _now(timezone: str) -> DateTime:
    match = _OFFSET.fullmatch("+00:00" if timezone == "Z" else timezone)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        raise UsageError(
            f"there is no time zone offset {timezone!r}", code="timezone", hint="write it as +02:00, -05:00 or Z"
        )
    minutes = (int(match[2]) * 60 + int(match[3])) * (-1 if match[1] == "-" else 1)
    local = datetime.now(UTC) + timedelta(minutes=minutes)
    return DateTime.of(
        local.year,
        local.month,
        local.day,
        local.hour,
        local.minute,
        local.second,
        local.microsecond // 1000,
        minutes,
    )
