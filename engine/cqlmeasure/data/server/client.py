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
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec

from cqlmeasure.data.server.answers import (
    Json,
    Passing,
    Request,
    ServerError,
    broken_off,
    late,
    no_answer,
    printable,
    resource_of,
    unreachable,
)

if TYPE_CHECKING:
    import requests

_LONGEST_BACKOFF = 30.0


class ServerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is asked; times are seconds.

    ``timeout``: without a byte; ``deadline``: for a whole answer.  ``retries``: of a request that may go through later,
    the first after ``backoff``, each after twice that; ``longest_wait``: that a server may ask for.  ``workers``:
    requests at the same time.  ``batch``: patients of a search.  ``page``: resources of an answer that are asked for.
    ``pages`` of a search and ``bytes`` of an answer are bounded, too.  ``url``, ``form``: characters of the longest
    address and body.  ``failures``: subjects that fail one after the
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
        try:
            url = urljoin(request.url, link)
            same = origin(urlsplit(url)) == self._origin
        except ValueError:
            url, same = link, False
        if not same:
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
            except Passing as fault:
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
            raise unreachable(request, f"the server's certificate is not accepted: {printable(str(error))}") from error
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise Passing(late(request)) from error
        except (requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError) as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            none = isinstance(reason, urllib3.exceptions.NewConnectionError)
            raise Passing(unreachable(request, "there is no connection") if none else broken_off(request)) from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise no_answer(request, f"the request failed: {printable(str(error))}") from error
        return resource_of(request, response, body)

    def _read(self, response: requests.Response, request: Request, started: float) -> bytes:
        """The body.  Bytes are taken as they come, so that an answer that drips is noticed."""
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(1 << 16, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > self.limits.bytes:
                raise no_answer(request, f"the answer is larger than {self.limits.bytes >> 20} MiB")
            if time.monotonic() - started > self.limits.deadline:
                raise Passing(late(request))
        return b"".join(parts)


def origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: what makes it the same server."""
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)
