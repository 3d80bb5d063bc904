"""The type language of CQL: named, list, interval, choice and tuple types, and variables of generic operators.

All types are immutable values: equal by content, hashable, safe as dictionary keys.  ``str(t)`` is the CQL spelling.
CQL specification: Author's Guide, "Data Types"; Developer's Guide, "Type System".
"""

from __future__ import annotations

import msgspec

SYSTEM = "System"
SYSTEM_URI = "urn:hl7-org:elm-types:r1"


class NamedType(msgspec.Struct, frozen=True):
    """A class or simple type of a model: ``System.Integer``, ``FHIR.Encounter``, ``QICore.Encounter``."""

    model: str
    name: str

    def __str__(self) -> str:
        return f"{self.model}.{self.name}"


class ListType(msgspec.Struct, frozen=True):
    """``List<element>``."""

    element: DataType

    def __str__(self) -> str:
        return f"List<{self.element}>"


class IntervalType(msgspec.Struct, frozen=True):
    """``Interval<point>``."""

    point: DataType

    def __str__(self) -> str:
        return f"Interval<{self.point}>"


class ChoiceType(msgspec.Struct, frozen=True):
    """``Choice<...>``: at least two alternatives, flat and without repeats; made by :func:`choice_of`."""

    alternatives: tuple[DataType, ...]

    def __str__(self) -> str:
        return f"Choice<{', '.join(map(str, self.alternatives))}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChoiceType):
            return NotImplemented
        return set(self.alternatives) == set(other.alternatives)

    def __hash__(self) -> int:
        return hash(frozenset(self.alternatives))


class TupleType(msgspec.Struct, frozen=True):
    """``Tuple { name Type, ... }``; elements in order of declaration, equal whatever the order."""

    elements: tuple[tuple[str, DataType], ...]

    def __str__(self) -> str:
        return f"Tuple {{ {', '.join(f'{name} {kind}' for name, kind in self.elements)} }}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TupleType):
            return NotImplemented
        return dict(self.elements) == dict(other.elements)

    def __hash__(self) -> int:
        return hash(frozenset(self.elements))

    def element(self, name: str) -> DataType | None:
        """The type of one element, or ``None`` if there is none of that name."""
        return next((kind for key, kind in self.elements if key == name), None)


class TypeVariable(msgspec.Struct, frozen=True):
    """A variable in the signature of a generic operator: the ``T`` of ``First(List<T>)``."""

    name: str

    def __str__(self) -> str:
        return self.name


DataType = NamedType | ListType | IntervalType | ChoiceType | TupleType | TypeVariable

ANY = NamedType(SYSTEM, "Any")
BOOLEAN = NamedType(SYSTEM, "Boolean")
INTEGER = NamedType(SYSTEM, "Integer")
LONG = NamedType(SYSTEM, "Long")
DECIMAL = NamedType(SYSTEM, "Decimal")
STRING = NamedType(SYSTEM, "String")
DATE = NamedType(SYSTEM, "Date")
DATETIME = NamedType(SYSTEM, "DateTime")
TIME = NamedType(SYSTEM, "Time")
QUANTITY = NamedType(SYSTEM, "Quantity")
RATIO = NamedType(SYSTEM, "Ratio")
CODE = NamedType(SYSTEM, "Code")
CONCEPT = NamedType(SYSTEM, "Concept")
VOCABULARY = NamedType(SYSTEM, "Vocabulary")
VALUE_SET = NamedType(SYSTEM, "ValueSet")
CODE_SYSTEM = NamedType(SYSTEM, "CodeSystem")


def choice_of(*types: DataType) -> DataType:
    """The choice of the given types: nested choices flattened, repeats dropped; a single type is itself."""
    flat: dict[DataType, None] = {}
    for kind in types:
        for alternative in kind.alternatives if isinstance(kind, ChoiceType) else (kind,):
            flat.setdefault(alternative)
    return next(iter(flat)) if len(flat) == 1 else ChoiceType(tuple(flat))


def tuple_of(**elements: DataType) -> TupleType:
    """A tuple type from keyword arguments, in their order."""
    return TupleType(tuple(elements.items()))
