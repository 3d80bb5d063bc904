"""HTTP to one FHIR server: one request and its answer, as JSON.

Always holds: the token and headers go to the named server alone (redirects are not followed); an answer is bounded in
size and time; what passes (429, 502, 503, 504, time-outs, broken connections) is tried again, waiting longer each
time; every fault is a ``ServerError`` that names the address and the status.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec
import orjson

from cqlmeasure.errors import DataError

if TYPE_CHECKING:
    import requests

Json = dict[str, Any]
_PASSING = frozenset({408, 429, 502, 503, 504})
_SHOWN = 300
_LONGEST_BACKOFF = 30.0


class ServerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is asked; times are seconds.

    ``timeout``: without a byte; ``deadline``: for a whole answer.  ``retries``: of a request that may go through later,
    the first after ``backoff``, each after twice that; ``longest_wait``: that a server may ask for.  ``workers``:
    requests at the same time.  ``batch``: patients of a search.  ``page``: resources of an answer that are asked for.
    ``url``, ``form``: characters of the longest address and body.  ``failures``: subjects that fail one after the
    other before the whole run does.
    """

    timeout: float = 60.0
    deadline: float = 300.0
    retries: int = 4
    backoff: float = 0.5
    longest_wait: float = 120.0
    workers: int = 4
    batch: int = 20
    page: int = 500
    pages: int = 10_000
    bytes: int = 256 << 20
    url: int = 1900
    form: int = 60_000
    failures: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A server: its base address, what it is told of who asks, and limits.  Secrets are not shown."""

    url: str
    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: ServerLimits = field(default_factory=ServerLimits)


class Request(msgspec.Struct, frozen=True):
    """A request: GET, or with a ``form`` POST."""

    url: str
    form: str | None = None

    @property
    def shown(self) -> str:
        """The address for messages."""
        text = self.url if self.form is None else f"{self.url} with {self.form}"
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


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


class _Passing(Exception):
    """A fault that may be gone later; ``wait``: seconds that the server asks for."""

    def __init__(self, error: ServerError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


class Client:
    """Asks one server; used by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self.limits = connection.limits
        self.base = connection.url.rstrip("/")
        self._origin = origin(urlsplit(self.base))
        self._headers = {
            "Accept": "application/fhir+json",
            "Prefer": "handling=strict",
            **connection.headers,
            **({"Authorization": f"Bearer {connection.token}"} if connection.token else {}),
        }
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._closed = threading.Event()

    def close(self) -> None:
        """Waits for nothing any more, and closes connections."""
        self._closed.set()
        for session in self._sessions:
            session.close()

    def linked(self, request: Request, link: str) -> Request:
        """The request of a link in an answer; only to the same server."""
        url = urljoin(request.url, link)
        if origin(urlsplit(url)) != self._origin:
            raise ServerError(
                f"the answer links to another server: {printable(url)}",
                code="server-paging",
                request=request,
                hint="nothing is asked of servers that are not named; the server's own base address may be set wrong",
            )
        return Request(url)

    def ask(self, request: Request) -> Json:
        """The answer as a FHIR resource."""
        attempt = 0
        while True:
            try:
                return self._once(request)
            except _Passing as fault:
                wait = fault.wait
                if wait is None:
                    wait = min(self.limits.backoff * 2**attempt, _LONGEST_BACKOFF)
                if attempt >= self.limits.retries or wait > self.limits.longest_wait:
                    raise fault.error from None
                attempt += 1
                if self._closed.wait(wait):
                    raise fault.error from None

    def _session(self) -> requests.Session:
        found: requests.Session | None = getattr(self._local, "session", None)
        if found is None:
            # Loaded for those only who ask a server.
            import requests

            found = requests.Session()
            # Without one of ours, the user's .netrc would be asked for a password.
            found.auth = lambda request: request
            found.headers.update(self._headers)
            self._local.session = found
            self._sessions.append(found)
        return found

    def _once(self, request: Request) -> Json:
        import requests
        import urllib3

        form = {} if request.form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        started = time.monotonic()
        try:
            response = self._session().request(
                "GET" if request.form is None else "POST",
                request.url,
                data=request.form,
                headers=form,
                timeout=self.limits.timeout,
                stream=True,
                allow_redirects=False,
            )
            with response:
                body = self._read(response, request, started)
        except requests.exceptions.SSLError as error:
            raise _unreachable(request, f"the server's certificate is not accepted: {printable(str(error))}") from error
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise _Passing(_late(request)) from error
        except (requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError) as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            none = isinstance(reason, urllib3.exceptions.NewConnectionError)
            raise _Passing(_unreachable(request, "there is no connection") if none else _broken(request)) from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise _answer(request, f"the request failed: {printable(str(error))}") from error
        return _resource(request, response, body)

    def _read(self, response: requests.Response, request: Request, started: float) -> bytes:
        """The body.  Bytes are taken as they come, so that an answer that drips is noticed."""
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(1 << 16, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > self.limits.bytes:
                raise _answer(request, f"the answer is larger than {self.limits.bytes >> 20} MiB")
            if time.monotonic() - started > self.limits.deadline:
                raise _Passing(_late(request))
        return b"".join(parts)


def origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: what makes it the same server."""
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


def printable(text: str) -> str:
    """Text of a server for a message: cut, and without control characters."""
    text = "".join(mark if mark.isprintable() else " " for mark in text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def outcome_text(resource: Mapping[str, Any]) -> str:
    """What an OperationOutcome says."""
    found = []
    for issue in resource.get("issue") or ():
        if isinstance(issue, Mapping):
            details = issue.get("details")
            text = details.get("text") if isinstance(details, Mapping) else None
            found.append(str(issue.get("diagnostics") or text or issue.get("code") or "no reason"))
    return printable("; ".join(found) or "no reason")


def _resource(request: Request, response: requests.Response, body: bytes) -> Json:
    """The FHIR resource that an answer holds; anything else is a fault."""
    kind = response.headers.get("Content-Type", "").lower()
    found = _parsed(body) if "json" in kind else None
    outcome = found is not None and found.get("resourceType") == "OperationOutcome"
    if response.status_code != 200:
        raise _refused(request, response, outcome_text(found) if outcome and found is not None else None)
    if "json" not in kind:
        named = printable(kind.partition(";")[0]) or "nothing said"
        hint = "the address must be the server's FHIR base, and the server must speak FHIR as JSON"
        raise _answer(request, f"the answer is no FHIR as JSON, but {named}", hint)
    if found is None:
        raise _answer(request, "the answer is broken JSON")
    if outcome:
        raise _answer(request, f"the server says: {outcome_text(found)}")
    if not isinstance(found.get("resourceType"), str):
        raise _answer(request, "the answer is no FHIR: it has no resourceType")
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
    return _Passing(error, wait)


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


def _answer(request: Request, text: str, hint: str | None = None) -> ServerError:
    return ServerError(text, code="server-answer", request=request, hint=hint)


def _broken(request: Request) -> ServerError:
    return ServerError("the answer breaks off", code="server-unreachable", request=request)


def _late(request: Request) -> ServerError:
    hint = "a longer time can be allowed: ServerLimits(timeout=..., deadline=...)"
    return ServerError("the server does not answer in time", code="server-unreachable", request=request, hint=hint)


def _unreachable(request: Request, text: str) -> ServerError:
    hint = "check the address, and that the server runs"
    return ServerError(text, code="server-unreachable", request=request, hint=hint, fatal=True)
