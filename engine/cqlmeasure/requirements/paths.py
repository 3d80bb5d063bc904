"""Paths of elements in resources, as FHIR's model has them.

Always holds: a path that is accepted leads to an element of the model; ``value`` of a primitive is a step of ELM that
is no element in the data.
"""

from __future__ import annotations

from collections.abc import Iterable

from cqlmeasure.models import FhirTypes
from cqlmeasure.requirements.values import Path
from cqlmeasure.typesys import ChoiceType, DataType, IntervalType, ListType, NamedType

#: Types whose value is a time.
DATE_TYPES = frozenset({"date", "dateTime", "instant", "Period"})
POINT_TYPES = frozenset({"date", "dateTime", "instant"})


class Paths:
    """Steps through the types of one version of FHIR; remembered."""

    def __init__(self, fhir: FhirTypes) -> None:
        self.fhir = fhir
        self._known: dict[tuple[str, Path], frozenset[str] | None] = {}

    def types(self, resource: str, path: Path) -> frozenset[str] | None:
        """The FHIR types of the element at ``path``; ``None`` if there is no such element."""
        if not path:
            return frozenset({resource})
        key = (resource, path)
        if key not in self._known:
            owners = self.types(resource, path[:-1])
            self._known[key] = None if owners is None else self._step(owners, path[-1])
        return self._known[key]

    def clean(self, resource: str, path: Path) -> Path:
        """The path without what is no element in the data: ``value`` of primitives, and all after it."""
        for end in range(len(path)):
            owners = [owner for owner in self.types(resource, path[:end]) or () if self.fhir.kind(owner) is not None]
            if path[end] == "value" and owners and all(self.fhir.is_primitive(owner) for owner in owners):
                return path[:end]
        return path

    def is_single(self, resource: str, path: Path) -> bool:
        """Whether there is at most one element at ``path``."""
        owners: frozenset[str] | None = frozenset({resource})
        for at, name in enumerate(path):
            for owner in owners or ():
                element = self.fhir.element(owner, name)
                if element is not None and isinstance(element.type, ListType):
                    return False
            owners = self.types(resource, path[: at + 1])
        return owners is not None

    def properties(self, resource: str, name: str, types: frozenset[str] | None = None) -> tuple[str, ...]:
        """The JSON names of an element of a resource: a choice has one for each type, here for those of ``types``."""
        element = self.fhir.element(resource, name)
        if element is None:
            return ()
        kind = element.type.element if isinstance(element.type, ListType) else element.type
        keys = self.fhir.choice_keys(name, kind)
        return tuple(key for key, one in keys.items() if types is None or one in types) if keys else (name,)

    def leading(self, resource: str, path: tuple[str, ...]) -> tuple[str, ...]:
        """The JSON names of a resource's own element of which one is there if anything is at a path."""
        element = self.fhir.element(resource, path[0])
        if element is None or len(path) == 1:
            return self.properties(resource, path[0])
        kind = element.type.element if isinstance(element.type, ListType) else element.type
        types = frozenset(self.fhir.choice_keys(path[0], kind).values())
        within = frozenset(one for one in types if self.fhir.element(one, path[1]) is not None)
        return self.properties(resource, path[0], within or None)

    def _step(self, owners: Iterable[str], name: str) -> frozenset[str] | None:
        found: set[str] = set()
        for owner in owners:
            element = self.fhir.element(owner, name)
            if element is not None:
                found |= names_of(element.type)
        return frozenset(found) or None


def names_of(kind: DataType | None) -> frozenset[str]:
    """The names of the types that a type may stand for, seen through lists and intervals; System types included."""
    match kind:
        case NamedType(_, name):
            return frozenset({name})
        case ListType(element):
            return names_of(element)
        case IntervalType(point):
            return names_of(point)
        case ChoiceType(alternatives):
            return frozenset().union(*map(names_of, alternatives))
    return frozenset()


def may_hold_data(kind: DataType | None, system: str) -> bool:
    """Whether a value of this static type may be, or contain, elements of resources."""
    match kind:
        case None:
            return True
        case NamedType(model, name):
            return model != system or name == "Any"
        case ListType(element):
            return may_hold_data(element, system)
        case IntervalType():
            return False
        case ChoiceType(alternatives):
            return any(may_hold_data(found, system) for found in alternatives)
    return True
