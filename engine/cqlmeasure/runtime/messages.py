"""Errors and messages: CQL reference, appendix B, "Errors and Messaging".

Owns ``Message``.  Always holds: only severity Error stops evaluation; messages come in the order in which they arose.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Any

import msgspec

from cqlmeasure.runtime.values import CqlError

_SEVERITIES = {"trace": "Trace", "message": "Message", "information": "Message", "warning": "Warning", "error": "Error"}


class Message(msgspec.Struct, frozen=True):
    """One message that an expression produced; ``source`` is kept for traces only, as it may be personal data."""

    severity: str
    code: str | None
    text: str | None
    source: Any = None


def message(
    source: Any,
    condition: bool | None,
    code: str | None,
    severity: str | None,
    text: str | None,
    collected: MutableSequence[Message] | None = None,
) -> Any:
    """``Message``: gives the source back; a true condition adds a message, or raises if the severity is Error."""
    if condition is True:
        level = _SEVERITIES.get((severity or "Message").strip().lower(), "Message")
        if level == "Error":
            raise CqlError(": ".join(part for part in (code, text) if part) or "the library reported an error")
        if collected is not None:
            collected.append(Message(level, code, text, source if level == "Trace" else None))
    return source
