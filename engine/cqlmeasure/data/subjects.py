"""A subject's data, the protocol of sources, and grouping resources by patient.

Always holds: of resources with the same type, id and content one is kept, of those that differ in content all are (the
data is as written); resources of one patient never reach another except through an element of the compartment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from cqlmeasure.data.compartment import compartment_references
from cqlmeasure.data.selection import Answers, Selection
from cqlmeasure.errors import DataError, Diagnostic

Json = dict[str, Any]
T = TypeVar("T")


class SubjectData(msgspec.Struct, frozen=True):
    """One subject: the id of its Patient, its resources (the Patient among them), and the file they come from.

    ``ruled_out``: the purposes of a ``Selection``, by number, in which the subject cannot count; if these are all that
    there are, the resources may be the Patient alone.
    ``faults``: why its data could not be read; then it cannot be scored.
    """

    id: str
    resources: list[Json]
    source: str
    ruled_out: frozenset[int] = frozenset()
    faults: tuple[Diagnostic, ...] = ()

    def __repr__(self) -> str:
        faults = f", {len(self.faults)} faults" if self.faults else ""
        return f"SubjectData({self.id!r}, {len(self.resources):,} resources, {self.source!r}{faults})"


class DataSource(Protocol):
    """Subjects one after the other.  Each iteration reads anew; ``warnings`` grows while it runs."""

    @property
    def warnings(self) -> list[Diagnostic]:
        """What was left out, and the errors of files that were skipped."""
        ...

    @property
    def count(self) -> int | None:
        """About how many subjects there are, if that is known before reading (for progress)."""
        ...

    def __iter__(self) -> Iterator[SubjectData]: ...


@runtime_checkable
class Selecting(Protocol):
    """A source that can leave out what is not wanted."""

    def selecting(self, selection: Selection) -> DataSource:
        """The same subjects without resources that do not matter; who cannot count may be told apart."""
        ...


@runtime_checkable
class ById(DataSource, Protocol):
    """A source that reads some subjects without the others."""

    def only(self, *subjects: str) -> DataSource:
        """The same for the subjects with these ids alone."""
        ...


class Each(Protocol):
    """Does pieces of work, anywhere, and gives their results in their order."""

    def __call__(self, work: Iterable[Callable[[], T]], /) -> Iterable[T]: ...


def one_by_one(work: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Does pieces of work here, one after the other."""
    return (piece() for piece in work)


@runtime_checkable
class Divisible(Protocol):
    """A source whose subjects several processes can read."""

    def divided(self, count: int, each: Each, /) -> AbstractContextManager[Sequence[DataSource]]:
        """Sources, about ``count`` of them, that together give the same subjects in the same order.

        They can be sent to other processes as long as the context lasts.  ``each`` does what has to be done first.
        """
        ...

    def note(self, found: Iterable[Diagnostic], /) -> None:
        """Adds what a part left out to the warnings of the whole."""
        ...

    def identity(self) -> str:
        """A text that changes when the data do."""
        ...


@runtime_checkable
class Screened(Protocol):
    """Subjects of a selection whose source knows who cannot count without handing them out."""

    def candidates(self) -> Iterator[SubjectData]:
        """The subjects that can count for some purpose, in their order."""
        ...

    @property
    def left_out(self) -> int:
        """How many subjects ``candidates`` has left out so far: they can count for no purpose at all."""
        ...


@runtime_checkable
class Answering(Screened, Protocol):
    """Subjects of a selection with questions, whose source has answers for many without handing them out."""

    @property
    def answers(self) -> Mapping[Answers, int]:
        """How many of the subjects that ``candidates`` has not handed out so far have which answers."""
        ...


def unique_resources(resources: Iterable[Json]) -> list[Json]:
    """``resources`` without exact repetitions (same type, id and content)."""
    found = list(resources)
    if _differ(found):
        return found
    seen: _Seen = {}
    return [resource for resource in found if not _is_repeated(resource, seen)]


def _unique_entries(entries: list[tuple[Json, str | None]]) -> list[tuple[Json, str | None]]:
    if _differ([resource for resource, _ in entries]):
        return entries
    seen: _Seen = {}
    return [entry for entry in entries if not _is_repeated(entry[0], seen)]


def _differ(resources: list[Json]) -> bool:
    """Whether the ids tell that no resource is a repetition; nearly always they do."""
    try:
        return len({resource.get("id") for resource in resources}) == len(resources)
    except TypeError:  # an id that is no text
        return False


_Seen = dict[tuple[str, str], tuple[Json, ...]]


def _is_repeated(resource: Json, seen: _Seen) -> bool:
    """Whether the same was seen before; now it has been.  What has no id is nobody's repetition."""
    identity = resource.get("id")
    if not isinstance(identity, str):
        return False
    key = (resource["resourceType"], identity)
    same = seen.get(key)
    if same is None:
        seen[key] = (resource,)
        return False
    if any(other == resource for other in same):
        return True
    seen[key] = (*same, resource)
    return False


def subject_from_resources(resources: Iterable[Json], source: str) -> SubjectData:
    """One subject that has all of these resources, whatever their references say (a test case's Bundle).

    The id is that of the first Patient; without a Patient: ``DataError``.
    """
    kept = unique_resources(resources)
    patient = next((resource for resource in kept if resource["resourceType"] == "Patient"), None)
    if patient is None:
        raise no_patient(source, kept)
    return SubjectData(_patient_id(patient, source), kept, source)


def no_patient(source: str, resources: Iterable[Json]) -> DataError:
    """The error of a file that holds resources but no Patient."""
    types = sorted({resource["resourceType"] for resource in resources})
    found = f"found {', '.join(types[:8])}" if types else "it holds no resources"
    return DataError(
        f"{source} holds no Patient: {found}",
        code="no-patient",
        file=source,
        hint="a subject's data is a Bundle with its Patient, or NDJSON with a file of Patients",
    )


def _patient_id(patient: Json, source: str) -> str:
    identity = patient.get("id")
    if isinstance(identity, str) and identity:
        return identity
    return source.replace("\\", "/").rsplit("/", 1)[-1].partition(".")[0] or "unknown"


def relative_reference(reference: str) -> str:
    """``Type/id`` of a relative, absolute or versioned reference; other references (``urn:uuid:``) as they are."""
    if reference.startswith("urn:"):
        return reference
    parts = reference.partition("?")[0].rstrip("/").split("/")
    if "_history" in parts:
        parts = parts[: parts.index("_history")]
    return "/".join(parts[-2:])


def all_references(value: Any) -> Iterator[str]:
    """Every reference to another resource anywhere below ``value``."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            for name, below in item.items():
                if name == "reference":
                    if isinstance(below, str) and not below.startswith("#"):
                        yield below
                elif isinstance(below, dict | list):
                    stack.append(below)
        elif isinstance(item, list):
            stack.extend(below for below in item if isinstance(below, dict | list))


def _by_reference(entries: Iterable[tuple[Json, str | None]]) -> dict[str, list[Json]]:
    """The resources by what refers to them: ``Type/id``, or a fullUrl that is a urn."""
    found: dict[str, list[Json]] = {}
    for resource, full_url in entries:
        identity = resource.get("id")
        if isinstance(identity, str):
            found.setdefault(f"{resource['resourceType']}/{identity}", []).append(resource)
        if full_url and full_url.startswith("urn:"):
            found.setdefault(full_url, []).append(resource)
    return found


class Grouping:
    """The subjects of a set of resources, by references and the patient compartment.

    ``resources`` come with their ``fullUrl`` (or ``None``).  With ``lone_owns`` and a single Patient, resources that
    name no patient at all are that patient's.  ``unclaimed`` are resources that reached no subject.
    """

    def __init__(self, resources: Iterable[tuple[Json, str | None]], source: str, lone_owns: bool) -> None:
        self._source = source
        self._entries = _unique_entries(list(resources))
        patients = [entry for entry in self._entries if entry[0]["resourceType"] == "Patient"]
        self._patients = [one for one, _ in patients]
        self._others = [one for one, _ in self._entries if one["resourceType"] != "Patient"]
        if not self._patients:
            raise no_patient(source, self._others)
        self._owned: dict[int, list[Json]] = {id(patient): [] for patient in self._patients}
        self._shared: set[int] = set()
        self._claimed: set[int] = set()
        only = self._patients[0] if lone_owns and len(self._patients) == 1 else None
        targets = _by_reference(patients)
        for resource in self._others:
            self._place(resource, only, targets)

    def _place(self, resource: Json, only: Json | None, patients: Mapping[str, list[Json]]) -> None:
        named = False
        owners: set[int] = set()
        for reference in compartment_references(resource):
            # Nearly always it is written as ``Type/id``.
            found = patients.get(reference)
            if found is None:
                target = relative_reference(reference)
                named = named or target.startswith("Patient/")
                found = patients.get(target) or []
            for patient in found:
                if id(patient) not in owners:
                    owners.add(id(patient))
                    self._owned[id(patient)].append(resource)
        if owners:
            self._claimed.add(id(resource))
        elif not named:
            if only is not None:
                self._owned[id(only)].append(resource)
                self._claimed.add(id(resource))
            else:
                self._shared.add(id(resource))

    def subjects(self) -> Iterator[SubjectData]:
        """The subjects in the order of their Patients; ``resources`` starts with the Patient."""
        by_reference = _by_reference(self._entries) if self._shared else {}
        for patient in self._patients:
            resources = [patient, *self._owned[id(patient)]]
            if self._shared:
                self._follow(resources, by_reference)
            yield SubjectData(_patient_id(patient, self._source), resources, self._source)

    def _follow(self, resources: list[Json], by_reference: Mapping[str, list[Json]]) -> None:
        """Adds the shared resources that these refer to, and those that they refer to in turn."""
        taken: set[int] = set()
        at = 0
        while at < len(resources):
            for reference in all_references(resources[at]):
                for found in by_reference.get(relative_reference(reference), ()):
                    if id(found) in self._shared and id(found) not in taken:
                        taken.add(id(found))
                        resources.append(found)
            at += 1
        self._claimed |= taken

    @property
    def unclaimed(self) -> list[Json]:
        """After ``subjects``: resources that belong to nobody here."""
        return [resource for resource in self._others if id(resource) not in self._claimed]
