"""What a FHIR server answers: a resource as JSON, or a fault that names the address and the status.

Always holds: text of a server reaches messages cut and without control characters; what is no
FHIR is a ``ServerError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from cqlmeasure.errors import DataError

if TYPE_CHECKING:
    import requests

Json = dict[str, Any]
_PASSING = frozenset({408, 429, 502, 503, 504})
_SHOWN = 300


class Request(msgspec.Struct, frozen=True):
    """A request: GET, or with a ``form`` POST."""

    url: str
    form: str | None = None

    @property
    def shown(self) -> str:
        """The address for messages."""
        return printable(self.url if self.form is None else f"{self.url} with {self.form}")


class ServerError(DataError):
    """What a server did not give.  ``status``: of its answer, if there was one; ``fatal``: it is the same for all."""

    default_code = "server-answer"

    def __init__(
        self,
        message: str,
        *,
        code: str,
        request: Request,
        hint: str | None = None,
        status: int | None = None,
        fatal: bool = False,
    ) -> None:
        super().__init__(message, code=code, file=request.shown, hint=hint)
        self.status = status
        self.fatal = fatal


class Passing(Exception):
    """A fault that may be gone later; ``wait``: seconds that the server asks for."""

    def __init__(self, error: ServerError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


def printable(text: str) -> str:
    """Text of a server for a message: cut, and without control characters."""
    text = "".join(mark if mark.isprintable() else " " for mark in text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def outcome_text(resource: Mapping[str, Any]) -> str:
    """What an OperationOutcome says."""
    found = []
    issues = resource.get("issue")
    for issue in issues if isinstance(issues, list) else ():
        if isinstance(issue, Mapping):
            details = issue.get("details")
            text = details.get("text") if isinstance(details, Mapping) else None
            found.append(str(issue.get("diagnostics") or text or issue.get("code") or "no reason"))
    return printable("; ".join(found) or "no reason")


def resource_of(request: Request, response: requests.Response, body: bytes) -> Json:
    """The FHIR resource that an answer holds; anything else is a fault."""
    kind = response.headers.get("Content-Type", "").lower()
    found = _parsed(body) if "json" in kind else None
    outcome = found is not None and found.get("resourceType") == "OperationOutcome"
    if response.status_code != 200:
        raise _refused(request, response, outcome_text(found) if outcome and found is not None else None)
    if "json" not in kind:
        named = printable(kind.partition(";")[0]) or "nothing said"
        hint = "the address must be the server's FHIR base, and the server must speak FHIR as JSON"
        raise no_answer(request, f"the answer is no FHIR as JSON, but {named}", hint)
    if found is None:
        raise no_answer(request, "the answer is broken JSON")
    if outcome:
        raise no_answer(request, f"the server says: {outcome_text(found)}")
    if not isinstance(found.get("resourceType"), str):
        raise no_answer(request, "the answer is no FHIR: it has no resourceType")
    return found


def _parsed(body: bytes) -> Json | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else {}


def _refused(request: Request, response: requests.Response, reason: str | None) -> Exception:
    status = response.status_code
    wait = _retry_after(response.headers.get("Retry-After"))
    text = f"the server answers {status} {printable(response.reason or '')}".rstrip()
    hint = None
    if status == 401:
        hint = "give a bearer token that the server accepts (--token-file, token=)"
    elif 300 <= status < 400:
        hint = f"redirects are not followed; it leads to {printable(response.headers.get('Location', ''))}"
    elif wait is not None:
        hint = f"it asks to wait {wait:.0f} seconds"
    error = ServerError(
        f"{text}: {reason}" if reason else text,
        code="server-status",
        request=request,
        hint=hint,
        status=status,
        fatal=status == 401,
    )
    if status not in _PASSING:
        return error
    return Passing(error, wait)


def _retry_after(text: str | None) -> float | None:
    """The seconds of a Retry-After: a number, or a date."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    # A date is rare, and the email package takes long to load.
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def no_answer(request: Request, text: str, hint: str | None = None) -> ServerError:
    return ServerError(text, code="server-answer", request=request, hint=hint)


def broken_off(request: Request) -> ServerError:
    return ServerError("the answer breaks off", code="server-unreachable", request=request)


def late(request: Request) -> ServerError:
    hint = "a longer time can be allowed: ServerLimits(timeout=..., deadline=...)"
    return ServerError("the server does not answer in time", code="server-unreachable", request=request, hint=hint)


def unreachable(request: Request, text: str) -> ServerError:
    hint = "check the address, and that the server runs"
    return ServerError(text, code="server-unreachable", request=request, hint=hint, fatal=True)
