"""Patients of a FHIR server, with the data that a plan asks for.

Always holds: patients come in the order in which the server lists them (or they were named), whatever answers first;
the data of the next patients are fetched while those before are looked at; patients whose data cannot be had come with
that fault, and the others are whole; nothing is asked but what the plan says, and what it takes to ask.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from cqlmeasure.data.compartment import PATIENT_PATHS
from cqlmeasure.data.server.answers import Json, Request, ServerError
from cqlmeasure.data.server.capability import Server
from cqlmeasure.data.server.client import Client, Connection
from cqlmeasure.data.server.fetch import Fetcher
from cqlmeasure.data.server.paging import Found, pages, warning
from cqlmeasure.data.server.plan import ServerPlan
from cqlmeasure.data.subjects import Grouping, SubjectData, all_references, relative_reference
from cqlmeasure.errors import DataError, Diagnostic

_ROUNDS = 8  # of following references
_REFERENCE = re.compile(r"([A-Z][A-Za-z]{0,63})/([A-Za-z0-9\-._]{1,128})")


class ServerSubjects:
    """The patients of a server; it is a source of subjects.  ``patients``: only those with these ids."""

    def __init__(
        self,
        connection: Connection,
        plan: ServerPlan,
        patients: Sequence[str] | None = None,
        value_sets: str = "auto",
    ) -> None:
        self.connection = connection
        self.plan = plan
        self.patients = None if patients is None else tuple(dict.fromkeys(patients))
        self.warnings: list[Diagnostic] = []
        self._value_sets = value_sets

    @property
    def count(self) -> int | None:
        """How many there are, if they were named."""
        return None if self.patients is None else len(self.patients)

    def only(self, *subjects: str) -> ServerSubjects:
        """The same for these patients alone."""
        return ServerSubjects(self.connection, self.plan, subjects, self._value_sets)

    def __iter__(self) -> Iterator[SubjectData]:
        self.warnings.clear()
        client = Client(self.connection)
        pool = ThreadPoolExecutor(self.connection.limits.workers, thread_name_prefix="fhir")
        try:
            yield from _Run(self, client, pool).subjects()
        finally:
            client.close()
            pool.shutdown(wait=False, cancel_futures=True)


class _Run:
    """One pass over the patients."""

    def __init__(self, source: ServerSubjects, client: Client, pool: ThreadPoolExecutor) -> None:
        self.source = source
        self.client = client
        self.pool = pool
        self.fetcher = Fetcher(Server(client), source.plan.searches, source._value_sets)
        self.failed = 0
        for kind in self.fetcher.missing_types:
            text = f"the server has no {kind}, which the measures ask for"
            self.note([warning("server-search", text, Request(client.base))])

    def note(self, warnings: Iterable[Diagnostic]) -> None:
        """Keeps warnings, each once."""
        self.source.warnings.extend(one for one in warnings if one not in self.source.warnings)

    def subjects(self) -> Iterator[SubjectData]:
        """The patients in order; the searches for one batch more than is looked at are under way."""
        waiting: deque[tuple[list[Json], list[Future[Found]]]] = deque()
        listed = self.listed()
        while batch := list(islice(listed, self.client.limits.batch)):
            waiting.append((batch, self.start(batch)))
            if len(waiting) > 1:
                yield from self.finished(*waiting.popleft())
        while waiting:
            yield from self.finished(*waiting.popleft())

    def listed(self) -> Iterator[Json]:
        """The Patient resources."""
        wanted = self.source.patients
        if wanted is not None:
            for chunk in (wanted[at : at + 100] for at in range(0, len(wanted), 100)):
                found = self.fetcher.read("Patient", chunk)
                self.note(found.warnings)
                by_id = {one["id"]: one for one in found.resources if _is_patient(one)}
                yield from (by_id[identity] for identity in chunk if identity in by_id)
            return
        seen: set[str] = set()
        for page in pages(self.client, Request(f"{self.client.base}/Patient?_count={self.client.limits.page}")):
            self.note(page.warnings)
            for patient in page.matches:
                # A list that changes while it is read may show a patient twice.
                if _is_patient(patient) and patient["id"] not in seen:
                    seen.add(patient["id"])
                    yield patient

    def start(self, batch: Sequence[Json]) -> list[Future[Found]]:
        """Sends the searches for some patients."""
        ids = [patient["id"] for patient in batch]
        return [self.pool.submit(self.fetcher.fetch, number, ids) for number in range(len(self.fetcher.searches))]

    def finished(self, batch: Sequence[Json], searches: Sequence[Future[Found]]) -> Iterator[SubjectData]:
        """The patients of a batch; if their data cannot be had together, one by one."""
        try:
            found = self.collected(batch, searches)
        except ServerError as error:
            if error.fatal:
                raise
            if len(batch) == 1:
                yield self.failure(batch[0], error)
                return
            for patient in batch:
                yield from self.finished([patient], self.start([patient]))
            return
        self.failed = 0
        yield from found

    def failure(self, patient: Json, error: ServerError) -> SubjectData:
        """A patient without data; when nobody's come any more, it is the server that fails."""
        self.failed += 1
        if self.failed >= self.client.limits.failures:
            text = f"the data of {self.failed} patients in a row cannot be had; the last fault:"
            raise DataError(text, code="server-failing", file=self.client.base, diagnostics=error.diagnostics)
        return SubjectData(patient["id"], [patient], self.client.base, faults=error.diagnostics)

    def collected(self, batch: Sequence[Json], searches: Sequence[Future[Found]]) -> list[SubjectData]:
        """The results of a batch, by patient."""
        faults = [error for one in searches if (error := one.exception()) is not None]
        if faults:
            raise next((error for error in faults if getattr(error, "fatal", False)), faults[0])
        by_name: dict[tuple[str, str], Json] = {}
        anonymous: list[Json] = []
        self.take(by_name, anonymous, [one.result() for one in searches])
        self.follow(by_name, anonymous)
        # In the order of their ids: in which order servers answer, and by which search, must not show in a result.
        resources = [*batch, *(by_name[name] for name in sorted(by_name)), *anonymous]
        grouping = Grouping(((one, None) for one in resources), self.client.base, lone_owns=False)
        subjects = list(grouping.subjects())
        lost = [one for one in grouping.unclaimed if one["resourceType"] in PATIENT_PATHS]
        if lost:
            text = f"{lost[0]['resourceType']}/{lost[0].get('id')} and others belong to no patient that was asked for"
            self.note([warning("unclaimed-resources", f"{text}: left out", Request(self.client.base))])
        return subjects

    def take(self, by_name: dict[tuple[str, str], Json], anonymous: list[Json], parts: Iterable[Found]) -> None:
        """Adds resources that were not there; Patients other than the batch's are none of its data."""
        for part in parts:
            self.note(part.warnings)
            for one in part.resources:
                if one["resourceType"] == "Patient":
                    continue
                if isinstance(one.get("id"), str):
                    by_name.setdefault((one["resourceType"], one["id"]), one)
                else:
                    anonymous.append(one)

    def follow(self, by_name: dict[tuple[str, str], Json], anonymous: list[Json]) -> None:
        """Reads what the resources refer to and no search by patient finds, and what that refers to in turn."""
        asked = set(by_name)
        looked = 0
        for _ in range(_ROUNDS):
            fresh = list(by_name.values())[looked:]
            looked = len(by_name)
            wanted: dict[str, dict[str, None]] = {}
            for reference in (reference for one in fresh for reference in all_references(one)):
                kind, identity = self.own(reference)
                if self.follows(kind) and (kind, identity) not in asked:
                    asked.add((kind, identity))
                    wanted.setdefault(kind, {}).setdefault(identity)
            if not wanted:
                return
            reads = [self.pool.submit(self.fetcher.read, kind, list(ids)) for kind, ids in sorted(wanted.items())]
            self.take(by_name, anonymous, [one.result() for one in reads])

    def follows(self, kind: str) -> bool:
        """Whether resources of a type are read when something refers to them."""
        followed = self.source.plan.followed
        return bool(kind) and kind != "Patient" and (followed is None or kind in followed)

    def own(self, reference: str) -> tuple[str, str]:
        """Type and id of a reference to this server; empty for others."""
        if "://" in reference and not reference.startswith(f"{self.client.base}/"):
            return "", ""
        # It becomes a part of an address: nothing but a type and an id may.
        found = _REFERENCE.fullmatch(relative_reference(reference))
        return (found[1], found[2]) if found is not None else ("", "")


def _is_patient(resource: Json) -> bool:
    return resource["resourceType"] == "Patient" and isinstance(resource.get("id"), str)
