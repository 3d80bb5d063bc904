"""Diagnostics for machines: JSON records, and SARIF 2.1.0, which editors and code review tools read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any, Final

from cqlmeasure.errors.diagnostic import Diagnostic, Severity, Span

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note"}


def to_records(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """One flat record for each diagnostic; what is not known is left out.  Ends are those of the last character."""
    return [_record(one) for one in diagnostics]


def _record(one: Diagnostic) -> dict[str, Any]:
    span = one.span
    fields = {
        "code": one.code,
        "severity": one.severity.value,
        "message": one.message,
        "library": one.library,
        "file": one.file,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "endLine": span.end_line if span else None,
        "endColumn": span.end_column if span else None,
        "sourceLine": one.source_line,
        "hint": one.hint,
    }
    return {name: value for name, value in fields.items() if value is not None}


def to_sarif(
    diagnostics: Sequence[Diagnostic], *, version: str, summaries: dict[str, str] | None = None
) -> dict[str, Any]:
    """A SARIF log with one run.  ``summaries`` are short descriptions of codes."""
    known = summaries or {}
    codes = list(dict.fromkeys(one.code for one in diagnostics))
    rules = [{"id": code, **({"shortDescription": {"text": known[code]}} if code in known else {})} for code in codes]
    driver = {"name": "cqlmeasure", "version": version, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes.index(one.code)) for one in diagnostics],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(one: Diagnostic, rule: int) -> dict[str, Any]:
    text = f"{one.message}\n{one.hint}" if one.hint else one.message
    result: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": _LEVELS[one.severity],
        "message": {"text": text},
    }
    location: dict[str, Any] = {}
    if one.file is not None:
        location["physicalLocation"] = {"artifactLocation": {"uri": PurePath(one.file).as_posix()}}
        if one.span is not None:
            location["physicalLocation"]["region"] = _region(one.span, one.source_line)
    if one.library is not None:
        location["logicalLocations"] = [{"name": one.library, "kind": "module"}]
    if location:
        result["locations"] = [location]
    return result


def _region(span: Span, source_line: str | None) -> dict[str, Any]:
    # In SARIF the end column is that after the last character.
    region: dict[str, Any] = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column + 1,
    }
    if source_line is not None and span.line == span.end_line:
        region["snippet"] = {"text": source_line[span.column - 1 : span.end_column]}
    return region
