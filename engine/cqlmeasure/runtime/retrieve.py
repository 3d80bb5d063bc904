"""Retrieves: the resources of a type, profile and codes.

Always holds: the result is in the subject's order and holds every resource once.  A resource that declares no profile
is kept where that cannot tell; negation profiles and profiles that stand for one code then look at the content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cqlmeasure.runtime.code_index import CodeIndex, CodeTable, Hits
from cqlmeasure.runtime.subject import ANY_SYSTEM, CodePath, Resource, Subject
from cqlmeasure.runtime.values import ValueSet

LOINC = "http://loinc.org"
_NOT_DONE = frozenset({"not-done", "cancelled", "rejected"})


def code_table(codes: Any) -> CodeTable:
    """Code -> systems, of a value set, a code, a concept, or a list of these; an empty table for null."""
    if isinstance(codes, ValueSet):
        return codes.codes
    table: dict[str, set[str]] = {}
    for code in _codes(codes):
        if code.get("code") is not None:
            table.setdefault(code["code"], set()).add(code.get("system") or ANY_SYSTEM)
    return {code: frozenset(systems) for code, systems in table.items()}


def _codes(value: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _codes(item)
    elif isinstance(value, ValueSet):
        yield from value.members
    elif isinstance(value, str):
        yield {"code": value}
    elif isinstance(value, dict):
        yield from value.get("coding", (value,)) or ()


class Profile:
    """Which resources of a type a profile stands for.

    A resource that declares the profile is one; one that declares another profile of the same guide, or one of
    ``others`` (the profiles that the models know for the same type), is not.  Where that does not tell, ``negation``
    profiles, which state that something was not done, look for that, and a vital sign profile for the LOINC ``code``
    that it fixes.
    """

    __slots__ = ("code", "guide", "negation", "others", "url")

    def __init__(self, url: str, others: Iterable[str] = (), negation: bool = False, code: str | None = None) -> None:
        self.url = url
        self.guide = url[: url.rfind("/") + 1]
        self.others = frozenset(others)
        self.negation = negation
        self.code = code

    def accepts(self, resource: Resource) -> bool:
        """Whether the resource counts as one of the profile."""
        declared = (resource.get("meta") or {}).get("profile")
        if declared:
            competing = False
            for url in declared:
                if "|" in url:
                    url = url.partition("|")[0]
                if url == self.url:
                    return True
                competing = competing or url in self.others or url.startswith(self.guide)
            if competing:
                return False
        if self.negation:
            return resource.get("doNotPerform") is True or resource.get("status") in _NOT_DONE
        if self.code is not None:
            codings = (resource.get("code") or {}).get("coding") or ()
            return any(coding.get("code") == self.code and coding.get("system") == LOINC for coding in codings)
        return True

    def accepted(self, resources: list[Resource]) -> list[Resource]:
        """Those that count; the list itself if all do."""
        accepts = self.accepts
        for resource in resources:
            if not accepts(resource):
                return [one for one in resources if accepts(one)]
        return resources


def select(subject: Subject, kind: str, profile: Profile | None) -> list[Resource]:
    """All resources of a type and profile."""
    found = subject.of_type(kind)
    return found if profile is None else profile.accepted(found)


def select_codes(subject: Subject, profile: Profile | None, path: CodePath, codes: CodeTable) -> list[Resource]:
    """The resources of a type and profile that have one of the codes at a path."""
    resources = subject.of_type(path.kind)
    if not resources:
        return []
    positions: set[int] | None = None
    for code, entries in subject.codes(path)[0].items():
        systems = codes.get(code)
        if systems is not None:
            for system, position in entries:
                if system in systems or system == ANY_SYSTEM or ANY_SYSTEM in systems:
                    if positions is None:
                        positions = {position}
                    else:
                        positions.add(position)
    return [] if positions is None else _accepted(resources, positions, profile)


def find_codes(subject: Subject, index: CodeIndex) -> Hits:
    """The resources that have codes of the tables of an index; the subject keeps them."""
    hits = subject.hits[index] = index.find(subject.of_type(index.kind))
    return hits


def select_not_done(
    subject: Subject, profile: Profile | None, path: CodePath, value_set: ValueSet | None
) -> list[Resource]:
    """The resources whose code says that nothing of a value set was done."""
    resources = subject.of_type(path.kind)
    if not resources or value_set is None:
        return []
    _, not_done = subject.codes(path)
    return _accepted(resources, not_done.get(value_set.url, ()), profile)


def _accepted(resources: list[Resource], positions: Iterable[int], profile: Profile | None) -> list[Resource]:
    found = [resources[position] for position in sorted(positions)]
    return found if profile is None else profile.accepted(found)
