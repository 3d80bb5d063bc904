"""One finding about a piece of source text, and how it is printed."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How bad it is: an error stops, a warning and an information do not."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class Span(msgspec.Struct, frozen=True):
    """A range of source text.  Lines and columns count from 1; the end column is that of the last character."""

    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of ``other``."""
        return Span(self.line, self.column, other.end_line, other.end_column)

    @property
    def locator(self) -> str:
        """The form that ELM's ``locator`` attribute has: ``12:3-12:40``, or ``12:3`` for one character."""
        start = f"{self.line}:{self.column}"
        end = f"{self.end_line}:{self.end_column}"
        return start if start == end else f"{start}-{end}"

    @classmethod
    def from_locator(cls, locator: str) -> Span:
        """The span of an ELM locator; raises ``ValueError`` if the text is none."""
        start, _, end = locator.partition("-")
        line, column = (int(part) for part in start.split(":"))
        end_line, end_column = (int(part) for part in (end or start).split(":"))
        return cls(line, column, end_line, end_column)


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One finding.

    ``code`` is a stable name such as ``unknown-identifier``; ``message`` says what was found (and, where it is not
    plain, what was expected); ``hint`` is the next step; ``source_line`` is the text of ``span.line``.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    library: str | None = None
    file: str | None = None
    span: Span | None = None
    source_line: str | None = None
    hint: str | None = None


MAX_SHOWN = 160  # characters of a source line; of longer ones the part around the place is shown


def _excerpt(text: str, column: int) -> tuple[str, int]:
    """A line, or the part of a long one around a column, and the column's place in it."""
    text = "".join(mark if mark.isprintable() else " " for mark in text)
    if len(text) <= MAX_SHOWN:
        return text, column
    start = max(0, min(column - 1 - MAX_SHOWN // 2, len(text) - MAX_SHOWN))
    before, after = "... " if start else "", " ..." if start + MAX_SHOWN < len(text) else ""
    return f"{before}{text[start : start + MAX_SHOWN]}{after}", column - start + len(before)


def render(diagnostic: Diagnostic) -> str:
    """The plain-text form: ``file:line:column: error[code]: message``, the source line with carets, the hint.

    The carets show the range; where it ends on a later line, they are followed by its end.
    """
    place = diagnostic.file or diagnostic.library or ""
    span = diagnostic.span
    if span is not None:
        place = f"{place}:{span.line}:{span.column}" if place else f"{span.line}:{span.column}"
    lines = [f"{place + ': ' if place else ''}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    if span is not None and diagnostic.source_line is not None:
        number = str(span.line)
        text, column = _excerpt(diagnostic.source_line, span.column)
        width = span.end_column - span.column + 1 if span.end_line == span.line else len(text) - column + 1
        end = "" if span.end_line == span.line else f" to {span.end_line}:{span.end_column}"
        lines.append(f"  {number} | {text}")
        carets = "^" * max(1, min(width, len(text) - column + 1))
        lines.append(f"  {' ' * len(number)} | {' ' * (column - 1)}{carets}{end}")
    if diagnostic.hint:
        lines.append("  hint: " + "\n        ".join(diagnostic.hint.splitlines()))
    return "\n".join(lines)
