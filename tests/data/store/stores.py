"""What the tests of stores share: small pieces, invented subjects, and a plain reading of selections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from cqlmeasure.data import Selection, SubjectData, Wanted
from cqlmeasure.data.store.writing import Sizes
from cqlmeasure.errors import Diagnostic

Json = dict[str, Any]
SMALL = Sizes(group_rows=4, block_rows=12, block_bytes=4000, partition_rows=40, posting_rows=8)
NOT_DONE = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-notDoneValueSet"


class Given:
    """Subjects that are at hand, as a source."""

    def __init__(self, subjects: Iterable[SubjectData]) -> None:
        self.subjects = list(subjects)
        self.warnings: list[Diagnostic] = []

    @property
    def count(self) -> int | None:
        return len(self.subjects)

    def __iter__(self) -> Iterator[SubjectData]:
        return iter(self.subjects)


def subject(identity: str, *resources: Json) -> SubjectData:
    """A subject with a Patient."""
    patient = {"resourceType": "Patient", "id": identity, "birthDate": "1970-01-01"}
    return SubjectData(identity, [patient, *resources], f"{identity}.json")


def observation(identity: str, code: str, when: str | None = None, **more: Any) -> Json:
    """An Observation with a code and a time."""
    found: Json = {"resourceType": "Observation", "id": identity, "code": {"coding": [{"code": code}]}}
    return found | ({} if when is None else {"effectiveDateTime": when}) | more


def population(count: int, resources: int = 6) -> list[SubjectData]:
    """Subjects with Observations and Encounters that differ."""
    found = []
    for number in range(count):
        name = f"p{number:03}"
        given = [
            observation(f"{name}-{at}", f"c{(number * at) % 7}", f"20{10 + at % 16}-0{1 + number % 9}-11")
            for at in range(resources)
        ]
        given.append({"resourceType": "Encounter", "id": f"{name}-e", "period": {"start": "2026-01-05"}})
        found.append(subject(name, *given))
    return found


def plain(subjects: Iterable[SubjectData]) -> list[tuple[str, list[Json], str]]:
    """What subjects are compared by."""
    return [(one.id, one.resources, one.source) for one in subjects]


def as_sets(subjects: Iterable[SubjectData]) -> dict[str, set[str]]:
    """The subjects whatever the order of their resources."""
    return {one.id: {repr(sorted(resource.items(), key=repr)) for resource in one.resources} for one in subjects}


# What a selection means, read slowly and without a store.


def objects(value: Any) -> Iterator[Json]:
    """All JSON objects at and below a value."""
    if isinstance(value, dict):
        yield value
        for below in value.values():
            yield from objects(below)
    elif isinstance(value, list):
        for below in value:
            yield from objects(below)


def texts(value: Any) -> Iterator[str]:
    """All texts below a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for below in value.values():
            yield from texts(below)
    elif isinstance(value, list):
        for below in value:
            yield from texts(below)


_OPEN = ("onsetAge", "onsetString", "performedRange", "occurrenceTiming")


def may_match(wanted: Wanted, resource: Json) -> bool:
    """Whether a kind is meant to have a resource: by the words of ``Wanted``, with full dates only."""
    if resource["resourceType"] != wanted.type:
        return False
    if wanted.codes is not None:
        found = {coding.get("code") for one in objects(resource) for coding in one.get("coding", ())}
        found |= {one["code"] for one in objects(resource) if set(one) == {"system", "code"}}
        profiles = set(resource.get("meta", {}).get("profile", ()))
        not_done = any(one.get("url") == NOT_DONE for one in objects(resource))
        if not (found & wanted.codes or profiles & wanted.profiles or not_done):
            return False
    open_ended = any(name in resource for name in _OPEN)
    without_meta = {name: value for name, value in resource.items() if name != "meta"}
    days = sorted(text[:10] for text in texts(without_meta) if re.match(r"\d{4}-\d\d-\d\d(T|$)", text))
    periods = [one for one in objects(without_meta) if "start" in one or "end" in one]
    endless = open_ended or any("end" not in one for one in periods)
    beginningless = open_ended or any("start" not in one for one in periods)
    too_early = wanted.low is not None and not endless and bool(days) and days[-1] < wanted.low
    too_late = wanted.high is not None and not beginningless and bool(days) and days[0] > wanted.high
    return not too_early and not too_late


def counts(selection: Selection, purpose: int, one: SubjectData) -> bool:
    """Whether a subject may count in a purpose."""
    return all(
        any(may_match(kind, resource) for kind in clause for resource in one.resources)
        for clause in selection.needed[purpose]
    )


def day(number: int) -> str:
    """A day near 2026."""
    return date.fromordinal(date(2025, 6, 1).toordinal() + number).isoformat()
