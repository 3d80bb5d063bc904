"""A compiled library set: what it takes to load it, and how to load it.

Always holds: a program is plain data that ``marshal`` and ``msgspec`` can write; loading one needs neither ELM nor the
compiler's other modules; the source is in ``linecache`` under a stable name as long as the program is in use.
"""

from __future__ import annotations

import linecache
import warnings
from types import CodeType, TracebackType
from typing import Any

import msgspec

from cqlmeasure.runtime.context import Environment
from cqlmeasure.runtime.temporal import Date, Time
from cqlmeasure.runtime.temporal_parse import fhir_datetime_cache

_SLOT_NAME = "<cql {}>"


class Line(msgspec.Struct, frozen=True, array_like=True):
    """Where a generated line comes from."""

    library: str
    definition: str
    locator: str | None = None


class ExpressionEntry(msgspec.Struct, frozen=True, array_like=True):
    """An expression definition of the primary library."""

    function: str
    slot: int
    type: Any = None
    context: str | None = None


class FunctionEntry(msgspec.Struct, frozen=True, array_like=True):
    """A function of the primary library."""

    function: str
    operands: tuple[Any, ...] = ()
    type: Any = None


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """The generated module of a primary library and all that it reaches.

    ``places`` are the distinct origins of lines, ``lines`` the index of each line's origin (-1: none); ``value_sets``
    the canonical urls and versions that the code refers to, with the name that the CQL gives them.
    """

    name: str
    source: str
    slots: int
    places: tuple[Line, ...]
    lines: tuple[int, ...]
    expressions: dict[str, ExpressionEntry]
    functions: dict[str, tuple[FunctionEntry, ...]]
    value_sets: tuple[tuple[str, str | None, str], ...]
    parameters: tuple[tuple[str, str, Any], ...] = ()

    @property
    def file(self) -> str:
        """The name of the source in tracebacks."""
        return _SLOT_NAME.format(self.name)

    def compile(self) -> CodeType:
        """The code object of the module."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of comparisons that the types decide
            return compile(self.source, self.file, "exec", dont_inherit=True, optimize=1)

    def place(self, line: int) -> Line | None:
        """Where a line of the module comes from."""
        index = self.lines[line - 1] if 0 < line <= len(self.lines) else -1
        return self.places[index] if index >= 0 else None

    def place_of(self, trace: TracebackType | None) -> Line | None:
        """The place of the innermost generated code in a traceback."""
        found = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.file:
                found = self.place(trace.tb_lineno) or found
            trace = trace.tb_next
        return found

    def load(self, environment: Environment, code: CodeType | None = None) -> dict[str, Any]:
        """The module's names, its constants evaluated in an environment; ``FAILED`` holds the errors of those that
        could not be.
        """
        linecache.cache[self.file] = (len(self.source), None, self.source.splitlines(True), self.file)
        now = environment.now
        namespace: dict[str, Any] = {
            "__name__": f"cql.{self.name}",
            "ENV": environment,
            "FAILED": {},
            "NOW": now,
            "TODAY": Date.of_day(now.day),
            "TIME_OF_DAY": Time.of_ms(now.local % 86_400_000),
            "OFFSET": environment.offset,
            "OFFSET_HOURS": environment.offset_hours,
            "DATE_TIMES": fhir_datetime_cache(environment.offset),
        }
        exec(code or self.compile(), namespace)
        return namespace
