"""How types relate: subtypes, and the types that a set of types has in common.

CQL specification, Developer's Guide, "Type System": a subtype's value is a value of the supertype; lists and intervals
are covariant; a choice is a subtype of a choice that has all its alternatives.
"""

from __future__ import annotations

from typing import Protocol

from cqlmeasure.typesys.types import (
    ANY,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
    choice_of,
)


class Hierarchy(Protocol):
    """What the relations need to know of the models: the base type of a class."""

    def base(self, kind: NamedType) -> DataType | None:
        """The direct supertype of a named type, ``None`` for ``System.Any`` and unknown names."""
        ...


def is_subtype(kind: DataType, other: DataType, hierarchy: Hierarchy) -> bool:
    """Whether every value of ``kind`` is a value of ``other``.  A type is a subtype of itself."""
    if kind == other or other == ANY:
        return True
    match kind, other:
        case (ChoiceType(alternatives), _):
            return all(is_subtype(alternative, other, hierarchy) for alternative in alternatives)
        case (_, ChoiceType(alternatives)):
            return any(is_subtype(kind, alternative, hierarchy) for alternative in alternatives)
        case (NamedType(), NamedType()):
            return other in supertypes(kind, hierarchy)
        case (ListType(element), ListType(other_element)):
            return is_subtype(element, other_element, hierarchy)
        case (IntervalType(point), IntervalType(other_point)):
            return is_subtype(point, other_point, hierarchy)
        case (TupleType(elements), TupleType()):
            return len(elements) == len(other.elements) and all(
                (expected := other.element(name)) is not None and is_subtype(element, expected, hierarchy)
                for name, element in elements
            )
    return False


def supertypes(kind: NamedType, hierarchy: Hierarchy) -> tuple[DataType, ...]:
    """The chain of supertypes of a named type, nearest first."""
    chain: list[DataType] = []
    current: DataType | None = hierarchy.base(kind)
    while current is not None and current not in chain:
        chain.append(current)
        current = hierarchy.base(current) if isinstance(current, NamedType) else None
    return tuple(chain)


def unify(types: list[DataType], hierarchy: Hierarchy) -> DataType:
    """The type of a value that may be of any of ``types``: the widest of them, else their choice.

    ``System.Any`` (the type of ``null``) gives way to any other type.
    """
    known: list[DataType] = []
    for kind in types:
        if kind == ANY or any(is_subtype(kind, other, hierarchy) for other in known):
            continue
        known = [other for other in known if not is_subtype(other, kind, hierarchy)]
        known.append(kind)
    if not known:
        return ANY
    if len(known) > 1 and all(isinstance(kind, ListType) for kind in known):
        return ListType(unify([kind.element for kind in known if isinstance(kind, ListType)], hierarchy))
    return choice_of(*known)
