"""Subjects other than patients, groups of subjects, and the whole population as one.

Owns which resources belong to a Practitioner, PractitionerRole, Organization, Location, Device or Group.  Always holds:
a subject has itself, what refers to it, what refers to that (an observation of an encounter at a location), and what
all these refer to; other subjects of its type it has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cqlmeasure.data.subjects import all_references, relative_reference
from cqlmeasure.errors import UsageError
from cqlmeasure.measure.evaluate import evaluate_subject
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.plan import MeasurePlan
from cqlmeasure.measure.ports import Evaluator
from cqlmeasure.measure.results import MeasureResult
from cqlmeasure.runtime.subject import Subject

SUBJECT_TYPES = ("Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "Device", "Group")

Json = Mapping[str, Any]


def subjects_of(resources: Iterable[Json], kind: str) -> Iterator[Subject]:
    """The subjects of a type among resources, in their order, each with the resources that are about it."""
    if kind not in SUBJECT_TYPES:
        raise UsageError(
            f"measures about a {kind} cannot be evaluated",
            code="subject-type",
            hint=f"one of {', '.join(SUBJECT_TYPES)}",
        )
    listed = list(resources)
    index = _Index(listed)
    for position, resource in enumerate(listed):
        if resource.get("resourceType") == kind and resource.get("id"):
            yield Subject(str(resource["id"]), [listed[n] for n in sorted(index.of(position, kind))])


def group_members(group: Json) -> tuple[str, ...]:
    """The references of the members of a Group that are active; ``UsageError`` for a Group that only describes them."""
    if group.get("resourceType") != "Group":
        raise UsageError("the subjects are to come from a Group", code="group")
    if group.get("actual") is False or group.get("membership") == "definitional":
        raise UsageError(f"Group {group.get('id') or ''} describes its members and does not list them", code="group")
    found = []
    for member in group.get("member", ()):
        entity = member.get("entity")
        reference = entity.get("reference") if isinstance(entity, Mapping) else None
        if isinstance(reference, str) and member.get("inactive") is not True:
            found.append(relative_reference(reference))
    return tuple(dict.fromkeys(found))


def subject_reference(text: str, kind: str = "Patient") -> str:
    """What a request calls a subject, as a reference: a bare id is one of a subject of the measure's type."""
    found = text.strip()
    if not found or found.endswith("/"):
        raise UsageError(f"{text!r} names no subject", code="subject", hint=f"such as {kind}/123 or 123")
    return relative_reference(found) if "/" in found else f"{kind}/{found}"


def evaluate_unfiltered(
    plan: MeasurePlan, evaluator: Evaluator[Subject], resources: Sequence[Json], *, period: Period
) -> MeasureResult:
    """A measure without a subject: the criteria see all resources at once, and items are counted over the whole."""
    result = MeasureResult(plan.definition, period, warnings=plan.definition.warnings)
    result.add(evaluate_subject(plan, evaluator, Subject("", list(resources)), evidence=True))
    return result


class _Index:
    """Who refers to whom."""

    def __init__(self, resources: Sequence[Json]) -> None:
        self.resources = resources
        self.names: dict[str, list[int]] = {}
        for position, resource in enumerate(resources):
            self.names.setdefault(f"{resource.get('resourceType')}/{resource.get('id')}", []).append(position)
        self.to: list[set[int]] = []
        self.by: list[set[int]] = [set() for _ in resources]
        for position, resource in enumerate(resources):
            targets = {relative_reference(reference) for reference in all_references(resource)}
            found = {n for target in targets for n in self.names.get(target, ())}
            self.to.append(found)
            for other in found:
                self.by[other].add(position)

    def of(self, position: int, kind: str) -> set[int]:
        """The resources of one subject."""
        seeds = {position}
        if kind == "Group":
            seeds |= self.to[position]
        own = set(seeds)
        for _ in range(2):
            own |= {other for one in own for other in self.by[one]}
        own |= {other for one in own for other in self.to[one]}
        return {n for n in own if n == position or self.resources[n].get("resourceType") != kind}
