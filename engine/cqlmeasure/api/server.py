"""A FHIR server as data, once a run says what its measures need.

Always holds: a server is asked only because the user named it, and only for what the measures of the run need; its
token and headers are shown nowhere.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from cqlmeasure.api.others import expanded
from cqlmeasure.data.server.answers import Request, ServerError, printable
from cqlmeasure.data.server.client import Client, Connection, ServerLimits
from cqlmeasure.errors import Diagnostic, Severity, UsageError
from cqlmeasure.measure import group_members

if TYPE_CHECKING:
    from cqlmeasure.api.measures import CompiledMeasure
    from cqlmeasure.api.runs import Settings
    from cqlmeasure.data.server.source import ServerSubjects

ValueSets = Literal["auto", "codes", "in"]
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")


class FhirServer:
    """A FHIR server to evaluate patients of: ``measure.evaluate(server)``; nothing is asked before that."""

    def __init__(self, connection: Connection, value_sets: ValueSets = "auto") -> None:
        self.connection = connection
        self._value_sets = value_sets
        self._asked: ServerSubjects | None = None

    def __repr__(self) -> str:
        return f"FhirServer({self.connection.url!r})"

    @property
    def warnings(self) -> list[Diagnostic]:
        """What is doubtful about the connection, and what the last evaluation could not ask as it should."""
        found = list(self._asked.warnings) if self._asked is not None else []
        url = urlsplit(self.connection.url)
        if self.connection.token is None or url.scheme == "https" or _is_loopback(url.hostname or ""):
            return found
        text = "the token goes to the server in the clear"
        hint = "name the server by https"
        clear = Diagnostic(code="server-url", message=text, severity=Severity.WARNING, file=url.geturl(), hint=hint)
        return [clear, *found]

    def subjects(
        self, wanted: Sequence[tuple[CompiledMeasure, Settings]], chosen: Iterable[str] | None = None
    ) -> ServerSubjects:
        """The patients, each with the data that these measures need for these settings.

        ``chosen``: only these patients, by their ids, and the members of these Groups (``Group/ID``).
        """
        # The inferencer and threads are loaded for those only who ask a server.
        from cqlmeasure.api.server_plan import server_plan
        from cqlmeasure.data.server.source import ServerSubjects

        for measure, settings in wanted:
            if settings.attribution is not None and settings.attribution.rules:
                raise UsageError(
                    "patients of a server are a provider's by what the Patient says, not by other rules",
                    code="attribution",
                    hint="evaluate files, or choose the patients by a Group",
                )
            if measure.subject_type != "Patient":
                raise UsageError(
                    f"a server is asked for patients, and {measure.name} is about the type {measure.subject_type}",
                    code="subject-type",
                    hint="evaluate it for files with all resources",
                )
        patients = None if chosen is None else [_patient(one) for one in self.expanded(chosen)]
        self._asked = ServerSubjects(self.connection, server_plan(wanted), patients, self._value_sets)
        return self._asked

    def expanded(self, chosen: Iterable[str]) -> list[str]:
        """The subjects, Groups (``Group/ID`` on the server, or a JSON file) replaced by their members."""
        found: list[str] = []
        for name in chosen:
            if name.lower().endswith(".json") or not name.startswith("Group/"):
                found += expanded([name], "Patient")
                continue
            client = Client(self.connection)
            try:
                found += group_members(client.ask(Request(f"{client.base}/Group/{_checked(name[6:])}")))
            except ServerError as error:
                if error.status not in (404, 410):
                    raise
                raise UsageError(f"there is no {name} on the server", code="unknown-subject") from error
            finally:
                client.close()
        return list(dict.fromkeys(found))


def fhir_server(
    url: str,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
    value_sets: ValueSets = "auto",
    limits: ServerLimits | None = None,
) -> FhirServer:
    """A FHIR server (R4) as data of an evaluation; it is asked when the evaluation runs, for what it needs.

    ``url``: the base address, such as ``https://server/fhir``.  ``token``: a bearer token; it and the ``headers`` are
    sent to this server only.  ``value_sets``: ``"in"`` searches by value set, ``"codes"`` by the codes of the content's
    own expansions, ``"auto"`` by value set where the server says that it can and knows the same version.  ``limits``:
    times, retries, sizes, patients of a search.  ``UsageError`` for what is no address of a server.

    The evidence of reports is what was asked for: resources that a condition of the measure drops are not among it.
    """
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine or parts.query or parts.fragment:
        raise UsageError(f"{printable(url)!r} is no base address of a server", code="server-url", hint=_EXAMPLE)
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "the address of a server must not hold a password", code="server-url", hint="send it as a header or token"
        )
    if value_sets not in ("auto", "codes", "in"):
        raise UsageError(f"value_sets is {value_sets!r}", code="usage", hint="one of auto, codes, in")
    found = {str(name).strip(): str(value).strip() for name, value in (headers or {}).items()}
    texts = [*found.values(), *([token] if token is not None else [])]
    if not all(map(_HEADER.fullmatch, found)) or not all(one.isascii() and one.isprintable() for one in texts):
        # The value may be a secret: it is not shown.
        raise UsageError("a header or the token holds what no header can", code="server-url", hint="one line of ASCII")
    connection = Connection(url=url.rstrip("/"), token=token or None, headers=found, limits=limits or ServerLimits())
    return FhirServer(connection, value_sets)


_EXAMPLE = "such as https://server/fhir"


def _patient(name: str) -> str:
    kind, _, identity = name.rpartition("/")
    if kind not in ("", "Patient"):
        raise UsageError(f"{printable(name)} is no patient", code="unknown-subject", hint="such as Patient/1 or 1")
    return _checked(identity)


def _checked(identity: str) -> str:
    if not _ID.fullmatch(identity):
        raise UsageError(
            f"{printable(identity)!r} is no id of a resource", code="unknown-subject", hint="letters, digits, - and ."
        )
    return identity


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
