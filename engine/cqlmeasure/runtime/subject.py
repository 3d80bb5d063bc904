"""One subject's resources, indexed by type and by code.

Always holds: the index of a type and path is built at most once per subject, whatever asks for it; resources keep the
order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cqlmeasure.errors import Diagnostic

Resource = Mapping[str, Any]
CodeIndex = dict[str, list[tuple[str | None, int]]]
Steps = tuple[tuple[str, ...], ...]
"""Steps from a resource to an element; each step is the JSON names that it may have."""

NOT_DONE_VALUE_SET = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-notDoneValueSet"
ANY_SYSTEM = "*"
"""The system of a plain code: it matches a code of any system."""


class CodePath:
    """Where resources of a type have a code.  ``key`` names type and path: paths of one key share an index."""

    __slots__ = ("key", "kind", "steps")

    def __init__(self, key: str, kind: str, steps: Steps) -> None:
        self.key = key
        self.kind = kind
        self.steps = steps


class Subject:
    """The resources of one subject.  ``id`` names it in messages; ``faults``: why its data are not all there."""

    __slots__ = ("_codes", "_references", "by_type", "faults", "hits", "id", "resources")

    def __init__(self, id: str, resources: Sequence[Resource], faults: Sequence[Diagnostic] = ()) -> None:
        self.id = id
        self.faults = faults
        self.resources = resources
        by_type: dict[str, list[Resource]] = {}
        for resource in resources:
            kind = resource.get("resourceType")
            if kind in by_type:
                by_type[kind].append(resource)
            elif kind is not None:
                by_type[kind] = [resource]
        self.by_type = by_type
        self._codes: dict[str, tuple[CodeIndex, dict[str, list[int]]]] = {}
        self.hits: dict[CodePath, Any] = {}
        self._references: dict[str, Resource] | None = None

    def of_type(self, kind: str) -> list[Resource]:
        """All resources of a type; of all types for ``Resource``."""
        found = self.by_type.get(kind)
        if found is not None:
            return found
        return list(self.resources) if kind in ("Resource", "DomainResource") else []

    def codes(self, path: CodePath) -> tuple[CodeIndex, dict[str, list[int]]]:
        """The codes at a path: code -> (system, position) pairs, and not-done value set url -> positions."""
        found = self._codes.get(path.key)
        if found is None:
            found = self._codes[path.key] = _index(self.of_type(path.kind), path.steps)
        return found

    def resolve(self, reference: str | None) -> Resource | None:
        """The resource that a reference (``Type/id`` at its end, or a full url) names, if it is among the subject's."""
        if reference is None:
            return None
        if self._references is None:
            self._references = {
                f"{resource.get('resourceType')}/{resource.get('id')}": resource for resource in self.resources
            }
        return self._references.get("/".join(reference.partition("|")[0].split("/")[-2:]))


def _index(resources: Sequence[Resource], path: Steps) -> tuple[CodeIndex, dict[str, list[int]]]:
    codes: CodeIndex = {}
    not_done: dict[str, list[int]] = {}
    for position, resource in enumerate(resources):
        for value in element_values((resource,), path):
            if not isinstance(value, dict):
                if isinstance(value, str):
                    codes.setdefault(value, []).append((ANY_SYSTEM, position))
                continue
            if "extension" in value and (url := not_done_url(value)) is not None:
                not_done.setdefault(url, []).append(position)
                continue
            for coding in value.get("coding", (value,)):
                code = coding.get("code") if isinstance(coding, dict) else None
                if isinstance(code, str):
                    codes.setdefault(code, []).append((coding.get("system"), position))
    return codes, not_done


def element_values(owners: Iterable[Any], path: Steps) -> list[Any]:
    """The values at a path; lists are taken apart."""
    current = list(owners)
    for step in path:
        following: list[Any] = []
        for owner in current:
            if isinstance(owner, dict):
                for name in step:
                    value = owner.get(name)
                    if isinstance(value, list):
                        following.extend(value)
                    elif value is not None:
                        following.append(value)
        current = following
    return current


def not_done_url(concept: Mapping[str, Any]) -> str | None:
    """The value set nothing of which was done, as the extension of a code says."""
    for extension in concept["extension"]:
        if extension.get("url") == NOT_DONE_VALUE_SET:
            for key in ("valueCanonical", "valueUri", "valueUrl", "valueString"):
                url = extension.get(key)
                if isinstance(url, str):
                    return url.partition("|")[0]
    return None
