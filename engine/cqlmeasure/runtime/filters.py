"""Filters of retrieves beyond type, profile and codes: dates, ids, contexts, values of elements.

Always holds: a resource is kept only if a filter is certainly true for it; a resource without a value at the path of a
filter is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cqlmeasure.runtime.code_index import CodeTable
from cqlmeasure.runtime.fhir_helpers import typed_value
from cqlmeasure.runtime.interval import interval
from cqlmeasure.runtime.interval_compare import included_in_interval
from cqlmeasure.runtime.subject import ANY_SYSTEM, Resource, Steps, Subject, element_values
from cqlmeasure.runtime.temporal_parse import DateTimeCache
from cqlmeasure.runtime.values import CqlError

ValuePath = tuple[tuple[tuple[str, str], ...], ...]
"""Steps to an element; each step is the JSON names that it may have, with the FHIR type that each stands for."""

Compare = Callable[[Any, Any], Any]


def values_at(resource: Resource, path: ValuePath, date_times: DateTimeCache) -> list[Any]:
    """The System values at a path; lists are taken apart."""
    current: list[Any] = [resource]
    for step in path[:-1]:
        current = element_values(current, (tuple(name for name, _ in step),))
    return [
        typed_value(kind, value, date_times)
        for owner in current
        for name, kind in path[-1]
        for value in element_values((owner,), ((name,),))
    ]


def during(resources: Sequence[Resource], path: ValuePath, period: Any, date_times: DateTimeCache) -> list[Resource]:
    """Those with a date, or a whole interval, within a period."""
    return [
        resource
        for resource in resources
        if any(included_in_interval(value, period) is True for value in values_at(resource, path, date_times))
    ]


def during_bounds(
    resources: Sequence[Resource], low: ValuePath, high: ValuePath, period: Any, date_times: DateTimeCache
) -> list[Resource]:
    """Those whose interval, which two elements bound, is within a period."""
    found = []
    for resource in resources:
        start = next(iter(values_at(resource, low, date_times)), None)
        end = next(iter(values_at(resource, high, date_times)), None)
        if start is None and end is None:
            continue
        try:
            value = interval(start, end, start is not None, True)
        except CqlError:  # data that end before they start are at no time
            continue
        if included_in_interval(value, period) is True:
            found.append(resource)
    return found


def having(
    resources: Sequence[Resource], path: ValuePath, compare: Compare, value: Any, date_times: DateTimeCache
) -> list[Resource]:
    """Those with a value at a path that compares so with another."""
    return [
        resource
        for resource in resources
        if any(compare(found, value) is True for found in values_at(resource, path, date_times))
    ]


def coded(resources: Sequence[Resource], path: Steps, codes: CodeTable) -> list[Resource]:
    """Those with one of the codes at a path."""
    return [resource for resource in resources if any(map(_Codes(codes).has, element_values((resource,), path)))]


class _Codes:
    """Whether a code, a coding or a concept has one of some codes."""

    __slots__ = ("codes",)

    def __init__(self, codes: CodeTable) -> None:
        self.codes = codes

    def has(self, value: Any) -> bool:
        """Whether it has."""
        if isinstance(value, str):
            return value in self.codes
        if not isinstance(value, dict):
            return False
        for coding in value.get("coding", (value,)) or ():
            code = coding.get("code") if isinstance(coding, dict) else None
            systems = self.codes.get(code) if isinstance(code, str) else None
            if systems is not None and (coding.get("system") in systems or ANY_SYSTEM in systems):
                return True
        return False


def with_id(
    resources: Sequence[Resource], path: ValuePath, wanted: Any, date_times: DateTimeCache
) -> Sequence[Resource]:
    """Those with an id, or one of a list of ids."""
    ids = {one for one in (wanted if isinstance(wanted, list) else (wanted,)) if one is not None}
    return [resource for resource in resources if not ids.isdisjoint(values_at(resource, path, date_times))]


def in_context(
    subject: Subject, resources: Sequence[Resource], person: Any, kind: str, paths: Sequence[Steps]
) -> Sequence[Resource]:
    """Those of another person (``[Mother -> Condition]``), who must be among the subject's data.

    Of the subject all resources are taken, as without a context; of somebody else those that refer to them.
    """
    if person is None:
        return []
    reference = _reference(person)
    if reference.rpartition("/")[2] == subject.id and reference.rpartition("/")[0] in ("", "Patient"):
        return resources
    if subject.resolve(reference) is None:
        raise CqlError(
            f"a retrieve of {kind} is about {reference}, whose data are not among those of subject {subject.id}"
        )
    return [
        resource
        for resource in resources
        if f"{resource.get('resourceType')}/{resource.get('id')}" == reference
        or any(_refers(value, reference) for path in paths for value in element_values((resource,), path))
    ]


def _reference(person: Any) -> str:
    if isinstance(person, str):
        return "/".join(person.split("/")[-2:])
    if isinstance(person, Mapping):
        if person.get("resourceType") and person.get("id"):
            return f"{person['resourceType']}/{person['id']}"
        if isinstance(person.get("reference"), str):
            return "/".join(person["reference"].partition("|")[0].split("/")[-2:])
    raise CqlError("the context of a retrieve (before ->) is neither a resource nor a reference to one")


def _refers(value: Any, reference: str) -> bool:
    found = value.get("reference") if isinstance(value, dict) else None
    return isinstance(found, str) and "/".join(found.partition("|")[0].split("/")[-2:]) == reference
