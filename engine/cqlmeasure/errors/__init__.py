"""Diagnostics and exceptions: what goes wrong, where, and what to do next.

Owns the shape of every message a user sees.  Always holds: a diagnostic has a code, and a message about source text
has a span; nothing here imports another room.
"""

from cqlmeasure.errors.diagnostic import Diagnostic, Severity, Span, render
from cqlmeasure.errors.exceptions import (
    ContentError,
    CqlMeasureError,
    DataError,
    EvaluationError,
    TerminologyError,
    TranslationError,
    UsageError,
)
from cqlmeasure.errors.files import broken_json, missing_path

__all__ = [
    "ContentError",
    "CqlMeasureError",
    "DataError",
    "Diagnostic",
    "EvaluationError",
    "Severity",
    "Span",
    "TerminologyError",
    "TranslationError",
    "UsageError",
    "broken_json",
    "missing_path",
    "render",
]
