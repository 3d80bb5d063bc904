"""The conditions of a definition as a tree of steps, each with the derived definition that holds its value."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from cqlmeasure.elm.base import Expression


class Kind(StrEnum):
    """What a step is, which says how its parts decide it."""

    ALL = "all"  # and
    ANY = "any"  # or
    THROUGH = "through"  # not, exists, first ...: decided by its one part
    EACH = "each"  # xor, implies: all parts count
    LISTS = "lists"  # union, intersect, except
    REFERENCE = "reference"
    RETRIEVE = "retrieve"
    QUERY = "query"
    CONDITION = "condition"


class Condition(msgspec.Struct, frozen=True):
    """A condition on the items of a query: the element of the candidates that has its value, and its operands'."""

    node: Expression
    name: str
    operands: tuple[tuple[Expression, str], ...] = ()


class Sought(msgspec.Struct, frozen=True):
    """What a retrieve looks for: the definitions with its codes, and with what has the codes whatever its profile."""

    type: str
    path: str | None = None
    codes: str | None = None
    coded: str | None = None
    template: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An expression; ``key`` is the derived definition with its value."""

    kind: Kind
    key: str
    node: Expression
    library: str
    parts: tuple[Step, ...] = ()
    operands: tuple[tuple[Expression, str], ...] = ()
    definition: tuple[str, str] | None = None
    candidates: Candidates | None = None
    sought: Sought | None = None


class Candidates(msgspec.Struct, frozen=True):
    """The items of a query before its conditions; ``key`` is the definition that lists them with the conditions.

    ``related`` are what the items must be ``with``.
    """

    key: str
    items: tuple[str, ...]
    conditions: tuple[Condition, ...]
    related: tuple[Step, ...] = ()
