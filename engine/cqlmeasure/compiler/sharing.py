"""Common subexpressions: what is certainly evaluated first, and needed again, is kept in a variable.

Always holds: a variable is only read where the expression that assigns it has been evaluated before, in the same
function and for the same item; two nodes are the same if they differ in nothing but where they stand in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from cqlmeasure.compiler.code import Frame, Py
from cqlmeasure.elm import lists, types
from cqlmeasure.elm.base import Element, Expression, TimingExpression
from cqlmeasure.elm.clinical import CalculateAgeAt, InValueSet
from cqlmeasure.elm.datetimes import DateFrom
from cqlmeasure.elm.intervals import End, Start
from cqlmeasure.elm.library import FunctionRef, OperandRef
from cqlmeasure.elm.literals import Interval, Property
from cqlmeasure.elm.logical import (
    And,
    Case,
    Equal,
    Greater,
    GreaterOrEqual,
    If,
    IsFalse,
    IsNull,
    IsTrue,
    Less,
    LessOrEqual,
    Not,
    Or,
)
from cqlmeasure.elm.queries import AliasRef, Query, QueryLetRef
from cqlmeasure.elm.walk import walk
from cqlmeasure.typesys import DataType

Built = TypeVar("Built", str, Py)
_PLACE = frozenset({"local_id", "locator", "annotation", "result_type"})
_WORTH = (
    *(FunctionRef, Start, End, DateFrom, types.ToDateTime, types.ToDate, types.ToQuantity, CalculateAgeAt, Interval),
    *(Query, lists.First, lists.Last, lists.SingletonFrom),
)
_ONE_OPERAND = (Not, IsNull, IsTrue, IsFalse, types.Is, types.As, Start, End, DateFrom, types.ToDateTime, types.ToDate)
_OPERANDS = (And, Or, TimingExpression, Equal, Less, LessOrEqual, Greater, GreaterOrEqual, FunctionRef)
_NAMES = (AliasRef, QueryLetRef, OperandRef)


class Identities:
    """Keys that are equal for nodes that mean the same."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Hashable, Element]] = {}

    def of(self, node: Element) -> Hashable:
        """The key of a node."""
        known = self._known.get(id(node))
        if known is None:
            parts = tuple(self._part(getattr(node, name)) for name in node.__struct_fields__ if name not in _PLACE)
            known = self._known[id(node)] = ((type(node), parts), node)
        return known[0]

    def _part(self, value: object) -> Hashable:
        if isinstance(value, Element):
            return self.of(value)
        if isinstance(value, tuple):
            return tuple(self._part(item) for item in value)
        return value if isinstance(value, Hashable) else id(value)


def leading(node: Expression | None) -> Iterator[Expression]:
    """The node, the one below it that is evaluated first, and so on, as far as that is certain."""
    while node is not None:
        yield node
        following: Expression | None = None
        if isinstance(node, _ONE_OPERAND):
            following = node.operand
        elif isinstance(node, _OPERANDS):
            following = node.operand[0] if node.operand else None
        elif isinstance(node, If):
            following = node.condition
        elif isinstance(node, Case) and node.comparand is None and node.case_item:
            following = node.case_item[0].when
        elif isinstance(node, Property):
            following = node.source
        elif isinstance(node, Interval):
            following = node.low
        elif isinstance(node, InValueSet):
            following = node.code
        node = following


@dataclass(slots=True)
class Shared:
    """A node's value in a variable of a function; ``touched`` are the variables that it was made of."""

    frame: Frame
    value: Py
    touched: frozenset[str]


class Sharing:
    """What is shared at the moment."""

    def __init__(self) -> None:
        self.identities = Identities()
        self._shared: dict[Hashable, Shared] = {}
        self._wanted: dict[int, Frame] = {}

    def find(self, node: Expression, frame: Frame) -> Shared | None:
        """What is shared for a node in a function."""
        if not self._shared or not isinstance(node, (*_WORTH, *_NAMES)):
            return None
        found = self._shared.get(self.identities.of(node))
        return found if found is not None and found.frame is frame else None

    def wants(self, node: Expression, frame: Frame) -> bool:
        """Whether the value of a node is to be kept, now that it is compiled in a function."""
        return bool(self._wanted) and self._wanted.get(id(node)) is frame

    def keep(self, node: Expression, value: Py, frame: Frame, touched: Iterable[str]) -> Py:
        """The expression that keeps a value in a variable, for the place where it is evaluated first."""
        self._wanted.pop(id(node), None)
        if value.constant or value.atom:
            return value
        name = frame.temp()
        kept = replace(value, text=name, atom=True, owner=None, keys=None)
        self._shared[self.identities.of(node)] = Shared(frame, kept, frozenset(touched))
        return replace(value, text=f"({name} := {value.text})", owner=None, keys=None)

    @contextmanager
    def first(
        self, node: Expression, rest: Iterable[Expression | None], frame: Frame, build: Callable[[], Built]
    ) -> Iterator[Built]:
        """What ``build`` makes of ``node``; what that evaluates first is shared within this context, if ``node`` or
        ``rest`` need it again.
        """
        wanted = self._repeated(node, rest)
        keys = [self.identities.of(one) for one in wanted]
        self._wanted.update((id(one), frame) for one in wanted)
        try:
            found = build()
            text = found if isinstance(found, str) else found.text
            kept = [self._shared[key].value.text for key in keys if key in self._shared]
            if any(f"({name} := " not in text for name in kept):
                # compiled, but put elsewhere or thrown away: not there to be read
                self._forget(wanted, keys)
                with self.nothing():
                    found = build()
            yield found
        finally:
            self._forget(wanted, keys)

    def _repeated(self, node: Expression, rest: Iterable[Expression | None]) -> list[Expression]:
        """What is evaluated first in ``node`` and comes a second time."""
        candidates = [found for found in leading(node) if isinstance(found, _WORTH)]
        if not candidates:
            return []
        counts: dict[Hashable, int] = {}
        for below in chain.from_iterable(walk(one) for one in (node, *rest) if one is not None):
            if isinstance(below, _WORTH):
                key = self.identities.of(below)
                counts[key] = counts.get(key, 0) + 1
        return [
            found
            for found in candidates
            if counts[key := self.identities.of(found)] > 1
            and key not in self._shared
            and id(found) not in self._wanted
        ]

    def _forget(self, nodes: Iterable[Expression], keys: Iterable[Hashable]) -> None:
        for node in nodes:
            self._wanted.pop(id(node), None)
        for key in keys:
            self._shared.pop(key, None)

    @contextmanager
    def narrowed(self, node: Expression, value: Py, kind: DataType, frame: Frame) -> Iterator[None]:
        """Within this context, a value is known to be of a type, and not null."""
        key = self.identities.of(node)
        saved = self._shared.get(key)
        touched = saved.touched if saved is not None else frozenset({value.text})
        self._shared[key] = Shared(frame, replace(value.typed(kind), sure=True), touched)
        try:
            yield
        finally:
            if saved is None:
                del self._shared[key]
            else:
                self._shared[key] = saved

    @contextmanager
    def nothing(self) -> Iterator[None]:
        """Within this context nothing is shared."""
        saved = self._shared, self._wanted
        self._shared, self._wanted = {}, {}
        try:
            yield
        finally:
            self._shared, self._wanted = saved
