"""What an expression may stand for, without running it.

A value knows where its data come from (``items``: elements of resources that a retrieve gives), its parts if it is a
tuple, what it is exactly if that can be said (``symbol``), and what follows when it is true or not empty (``facts``
about the row of a query, ``needs``: data that must then exist).

Always holds: values are immutable and compare by content, so that calls can be remembered by their arguments.  An
item's ``filters`` hold for every resource that can still influence the value through that item; its ``scopes`` are
the query sources that it is a row of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from cqlmeasure.requirements.times import Time

Path = tuple[str, ...]
CodeKey = tuple[str | None, str, str | None]


class CodeTest(msgspec.Struct, frozen=True, tag=True):
    """An element has a code of a value set, or one of some codes (system, code, display)."""

    value_set: str | None = None
    codes: tuple[CodeKey, ...] = ()


class DateTest(msgspec.Struct, frozen=True, tag=True):
    """A time is within bounds.

    ``part`` of the element's time that is: ``whole``, ``start``, ``end``, ``any`` (it overlaps the bounds).
    ``partial``: nothing is said of a value that is no date, dateTime, instant or Period.
    """

    part: str
    low: Time | None
    high: Time | None
    day: bool = False
    partial: bool = False


class PresenceTest(msgspec.Struct, frozen=True, tag=True):
    """An element is there."""


class ValueTest(msgspec.Struct, frozen=True, tag=True):
    """A number or quantity compares to a constant: ``eq``, ``lt``, ``le``, ``gt`` or ``ge``; ``true`` is one too."""

    comparator: str
    value: str
    unit: str | None = None


Test = CodeTest | DateTest | PresenceTest | ValueTest


class Filter(msgspec.Struct, frozen=True):
    """A test of the element at a path of a resource."""

    path: Path
    test: Test


class Fact(msgspec.Struct, frozen=True):
    """A test of the element at a path of the row of a query source."""

    scope: int
    path: Path
    test: Test


class Item(msgspec.Struct, frozen=True):
    """An element at ``path`` of the resources of a retrieve (``site``)."""

    site: int
    filters: frozenset[Filter] = frozenset()
    path: Path = ()
    scopes: frozenset[int] = frozenset()


class Element(msgspec.Struct, frozen=True, tag=True):
    """Symbol: the element at ``path`` of the row of a query source.

    ``part`` of its time: ``whole``, ``start``, ``end``, ``either`` (its start or its end); ``day``: its date only;
    ``types``: FHIR types it may have, if it is a choice; ``partial``: other types may give other values.
    """

    scope: int
    path: Path = ()
    part: str = "whole"
    day: bool = False
    types: frozenset[str] = frozenset()
    partial: bool = False


class Made(msgspec.Struct, frozen=True, tag=True):
    """Symbol: something made of the element at ``path`` of the row of a query source; without it, it is null."""

    scope: int
    path: Path


class Codes(msgspec.Struct, frozen=True, tag=True):
    """Symbol: a constant code, concept, string, or list of them."""

    codes: tuple[CodeKey, ...]


class Terminology(msgspec.Struct, frozen=True, tag=True):
    """Symbol: a value set."""

    url: str


class Nothing(msgspec.Struct, frozen=True, tag=True):
    """Symbol: null."""


class Constant(msgspec.Struct, frozen=True, tag=True):
    """Symbol: a number, with a unit if it is a quantity, or ``true`` or ``false``."""

    value: str
    unit: str | None = None


class Range(msgspec.Struct, frozen=True, tag=True):
    """Symbol: an interval of constants; a missing one is unbounded."""

    low: Constant | None
    high: Constant | None
    low_closed: bool = True
    high_closed: bool = True


class Moment(msgspec.Struct, frozen=True, tag=True):
    """Symbol: a point or interval of time that depends on parameters only."""

    term: Time


class Age(msgspec.Struct, frozen=True, tag=True):
    """Symbol: how old a subject is at a point of time, in whole ``year``, ``month``, ``week`` or ``day``."""

    subject: Item
    at: Time
    unit: str


class Extent(msgspec.Struct, frozen=True):
    """Bounds that all points of a time are within, if it is not null; ``day``: only the days of the bounds count."""

    low: Time | None
    high: Time | None
    day: bool = False


Symbol = Element | Made | Codes | Terminology | Nothing | Constant | Range | Moment | Age
Clause = frozenset[Item]


class Value(msgspec.Struct, frozen=True):
    """See the module.  ``needs`` is a conjunction of clauses: of each, some item must have data.

    ``extent``: of a time that data say, bounds that it is within; of a list, those of all its items.
    """

    items: frozenset[Item] = frozenset()
    fields: tuple[tuple[str, Value], ...] = ()
    symbol: Symbol | None = None
    facts: frozenset[Fact] = frozenset()
    needs: frozenset[Clause] = frozenset()
    extent: Extent | None = None

    def field(self, name: str) -> Value | None:
        """The part of a tuple."""
        return next((value for key, value in self.fields if key == name), None)

    def all_items(self) -> Iterator[Item]:
        """The items of the value and of its parts."""
        yield from self.items
        for _, value in self.fields:
            yield from value.all_items()


EMPTY = Value()
NULL = Value(symbol=Nothing())
_CLAUSES = 24
_CLAUSE = 48


def either(left: frozenset[Clause], right: frozenset[Clause]) -> frozenset[Clause]:
    """What is needed if one of two things holds; too much of it is given up."""
    if len(left) * len(right) > _CLAUSES:
        return left & right
    found = (one | other for one in left for other in right)
    return frozenset(clause for clause in found if len(clause) <= _CLAUSE)


def join(values: Iterable[Value]) -> Value:
    """The value that is one of ``values``: what one can say of all."""
    known = [value for value in values if value.symbol != Nothing()]
    if not known:
        return NULL
    first, *rest = known
    for value in rest:
        first = _join(first, value)
    return first


def _join(one: Value, other: Value) -> Value:
    names = dict.fromkeys(name for name, _ in (*one.fields, *other.fields))
    fields = tuple((name, join(filter(None, (one.field(name), other.field(name))))) for name in names)
    return Value(
        one.items | other.items,
        fields,
        join_symbols(one.symbol, other.symbol),
        one.facts & other.facts,
        either(one.needs, other.needs),
        one.extent if one.extent == other.extent else None,
    )


def join_symbols(one: Symbol | None, other: Symbol | None) -> Symbol | None:
    """What a value is that is one of two."""
    if one == other:
        return one
    match one, other:
        case (Codes(left), Codes(right)):
            return Codes(tuple(dict.fromkeys((*left, *right))))
        case (Element(), Element()) if one.scope == other.scope and one.path == other.path:
            part = one.part if one.part == other.part else _part(one.part, other.part)
            day = one.day or other.day
            return Element(one.scope, one.path, part, day, one.types | other.types, one.partial or other.partial)
    return None


def _part(one: str, other: str) -> str:
    # A whole (a point of time, seen as an interval) is both its start and its end.
    both = {one, other} - {"whole"}
    return both.pop() if len(both) == 1 else "either"
