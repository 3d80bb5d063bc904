"""Faults of files, told alike by every room that reads them: the place, what is wrong there, the next step."""

from __future__ import annotations

import json
import os

from cqlmeasure.errors.diagnostic import Diagnostic, Span


def missing_path(path: str | os.PathLike[str], expected: str) -> Diagnostic:
    """Nothing lies at a path; ``expected`` says what was to be there, such as "a folder of Bundles"."""
    return Diagnostic(
        code="missing-path",
        message="no such file or folder",
        file=str(path),
        hint=f"expected {expected}; a path that does not start with / is looked for in {os.getcwd()}",
    )


def broken_json(error: json.JSONDecodeError, file: str, line: int = 1, hint: str | None = None) -> Diagnostic:
    """Text that is no JSON, with the line where reading stopped; ``line`` is where in the file the text starts."""
    start, end = error.doc.rfind("\n", 0, error.pos) + 1, error.doc.find("\n", error.pos)
    at = line - 1 + error.lineno
    return Diagnostic(
        code="broken-json",
        message=f"this is not valid JSON: {error.msg}",
        file=file,
        span=Span(at, error.colno, at, error.colno),
        source_line=error.doc[start : end if end >= 0 else None] or None,
        hint=hint or "was the file cut short, or is it no JSON at all?",
    )
