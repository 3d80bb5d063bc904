"""The abstract evaluation: expressions to values, with what they read and ask for on the way.

Always holds: nothing is run; every expression that may run is evaluated with every value its operands may have; what
no rule knows asks for all data of its operands.  A handler is a function ``(run, node, scope) -> Value``, one module
per chapter; see :data:`HANDLERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from cqlmeasure.elm import FunctionDef, Library, children
from cqlmeasure.elm.base import Element as Node
from cqlmeasure.elm.queries import Retrieve
from cqlmeasure.errors import ContentError
from cqlmeasure.requirements.libraries import Definition, LibrarySet
from cqlmeasure.requirements.paths import Paths, may_hold_data
from cqlmeasure.requirements.values import EMPTY, Clause, Element, Filter, Item, Path, Symbol, Value
from cqlmeasure.typesys import SYSTEM

_LIMIT = 2_000_000
#: Elements of elements are followed this far: some types contain themselves.
_DEPTH = 12


class Scope(msgspec.Struct, frozen=True):
    """The names that an expression can see."""

    library: Library
    definition: Definition
    operands: dict[str, Value] = {}
    aliases: dict[str, Value] = {}
    lets: dict[str, Value] = {}
    row: Value = EMPTY
    origins: dict[str, str] = {}

    def with_alias(self, name: str, value: Value, origin: str = "rows") -> Scope:
        """The scope with one more query source; ``origin`` as in :class:`Read`."""
        aliases = {**self.aliases, name: value}
        return msgspec.structs.replace(self, aliases=aliases, origins={**self.origins, name: origin})

    def with_let(self, name: str, value: Value, origin: str = "rows") -> Scope:
        """The scope with one more ``let``."""
        lets = {**self.lets, name: value}
        return msgspec.structs.replace(self, lets=lets, origins={**self.origins, name: origin})

    def with_row(self, value: Value) -> Scope:
        """The scope of ``sort by``: the item at hand."""
        return msgspec.structs.replace(self, row=value)


class Site(msgspec.Struct, frozen=True, eq=False):
    """A retrieve in the CQL: where it is, what it says of codes, and whether it is of all subjects, not of one."""

    library: Library
    retrieve: Retrieve
    resource: str
    codes: Symbol | None
    everybody: bool


class Read(msgspec.Struct, frozen=True):
    """One reading of an element as the ELM has it: a path of something that is an element of these retrieves.

    ``origin``: ``source`` (of a query whose rows are those of one retrieve), ``rows`` (of another query source),
    ``inner`` (of a query source that is an element), ``value`` (of anything else).  ``whole``: of a resource itself.
    """

    origin: str
    path: str
    sites: frozenset[int]
    whole: bool


Handler = Callable[["Run", Any, Scope], Value]
HANDLERS: dict[type[Node], Handler] = {}


class Run:
    """One inference: what has been evaluated so far, and what was found."""

    def __init__(self, libraries: LibrarySet) -> None:
        self.libraries = libraries
        self.paths = Paths(libraries.fhir)
        self.sites: list[Site] = []
        #: What is asked of each retrieve: alternatives of filters that all hold.
        self.demands: dict[int, dict[frozenset[Filter], None]] = {}
        #: What is read of the resources of each retrieve, in order of discovery.
        self.reads: dict[int, dict[Path, None]] = {}
        self.texts: dict[Read, None] = {}
        #: Joins over references: the retrieve that refers, the path of the reference, the retrieve referred to.
        self.joins: dict[tuple[int, Path, int], None] = {}
        self._known: dict[tuple[int, int], tuple[Scope, Value]] = {}
        self._site_of: dict[tuple[int, Symbol | None], int] = {}
        self._scopes: dict[tuple[int, int], int] = {}
        self._definitions: dict[int, Value] = {}
        self._calls: dict[tuple[int, tuple[Value, ...]], Value] = {}
        self._open: list[int] = []
        self._steps = 0

    # evaluation

    def evaluate(self, node: Node | None, scope: Scope) -> Value:
        """The value of an expression."""
        if node is None:
            return EMPTY
        self._steps += 1
        if self._steps > _LIMIT:
            raise ContentError("the libraries are too large to find their data requirements", code="too-large")
        # A rule may look at an operand more than once.
        key = (id(node), id(scope))
        known = self._known.get(key)
        if known is None:
            handler = HANDLERS.get(type(node))
            value = handler(self, node, scope) if handler is not None else self.other(node, scope)
            known = self._known[key] = (scope, value)
        return known[1]

    def other(self, node: Node, scope: Scope) -> Value:
        """An expression that no rule knows: it may depend on all of its operands, and may give them back."""
        values = [self.evaluate(child, scope) for child in children(node)]
        return self.consumed(node, values)

    def consumed(self, node: Node, values: Iterable[Value], needs: frozenset[Clause] = frozenset()) -> Value:
        """The value of an operator that depends on its operands as they are."""
        items: set[Item] = set()
        for value in values:
            self.demand(value)
            items.update(value.all_items())
        if not may_hold_data(getattr(node, "result_type", None), SYSTEM):
            items.clear()
        return Value(frozenset(items), needs=needs)

    def definition(self, found: Definition) -> Value:
        """The value of a named expression."""
        key = id(found.node)
        if key not in self._definitions:
            self._enter(key, found)
            scope = Scope(found.library, found)
            self._definitions[key] = self.evaluate(found.node.expression, scope)
            self._open.pop()
        return self._definitions[key]

    def call(self, found: Definition, arguments: tuple[Value, ...]) -> Value:
        """The value of a function for these arguments."""
        node = found.node
        assert isinstance(node, FunctionDef)
        key = (id(node), arguments)
        if key not in self._calls:
            if node.expression is None:
                return self.consumed(node, arguments)
            self._enter(id(node), found)
            names = (operand.name for operand in node.operand)
            scope = Scope(found.library, found, dict(zip(names, arguments, strict=True)))
            self._calls[key] = self.evaluate(node.expression, scope)
            self._open.pop()
        return self._calls[key]

    def _enter(self, key: int, found: Definition) -> None:
        if key in self._open:
            raise ContentError(f"{'.'.join(found.key)} is defined by itself", code="circular-definition")
        self._open.append(key)

    # what is found

    def site(self, scope: Scope, node: Retrieve, resource: str, codes: Symbol | None) -> int:
        """The number of a retrieve; in a function it has one for each value set or code that callers give."""
        key = id(node), codes
        if key not in self._site_of:
            self._site_of[key] = len(self.sites)
            everybody = scope.definition.node.context == "Unfiltered" or node.context is not None
            self.sites.append(Site(scope.library, node, resource, codes, everybody))
        return self._site_of[key]

    def scope_of(self, query: Node, place: int) -> int:
        """The number that stands for the rows of a query source."""
        return self._scopes.setdefault((id(query), place), len(self._scopes))

    def demand(self, value: Value) -> None:
        """The data of a value are needed as they are.  Rows of an open query are asked for where it ends."""
        for item in value.all_items():
            self.demand_item(item)

    def demand_item(self, item: Item) -> None:
        """The resources of an item are needed."""
        if not item.scopes:
            self.demands.setdefault(item.site, {}).setdefault(item.filters)

    def step(self, value: Value, name: str) -> Value:
        """The element ``name`` of a value; recorded as read."""
        items = set()
        for item in sorted(value.items, key=_order):
            path = (*item.path, name)
            known = self.paths.types(self.sites[item.site].resource, path) is not None
            if known and len(path) <= _DEPTH:
                self.reads.setdefault(item.site, {}).setdefault(path)
                items.add(Item(item.site, item.filters, path, item.scopes))
            else:
                items.add(item)
        part = value.field(name)
        if part is None:
            return Value(frozenset(items), needs=value.needs)
        return Value(part.items | frozenset(items), part.fields, part.symbol, part.facts, value.needs | part.needs)

    def types_of(self, value: Value) -> frozenset[str]:
        """The FHIR types of the elements that a value may be."""
        found: set[str] = set()
        for item in value.items:
            found |= self.paths.types(self.sites[item.site].resource, item.path) or frozenset()
        return frozenset(found)


def _order(item: Item) -> tuple[int, Path]:
    return item.site, item.path


def handler(*classes: type[Node]) -> Callable[[Handler], Handler]:
    """Register a function as the rule for these nodes."""

    def register(rule: Handler) -> Handler:
        for node in classes:
            HANDLERS[node] = rule
        return rule

    return register


def element_of(value: Value) -> Element | None:
    """The symbol, if it is an element of a row."""
    return value.symbol if isinstance(value.symbol, Element) else None
