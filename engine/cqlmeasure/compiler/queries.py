"""Queries: one function each, loops as statements.

Always holds: sources are evaluated in order and, beyond the first, only when they are needed; items come in the order
of the sources; the body of a query without a list source runs once, also for null.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import msgspec

from cqlmeasure.compiler import intrinsics
from cqlmeasure.compiler.code import Py, slug
from cqlmeasure.compiler.concepts import any_among
from cqlmeasure.compiler.emitter import Body, Emitter, Handler
from cqlmeasure.compiler.fusion import Filtered, condition, layers
from cqlmeasure.compiler.kinds import is_unknown
from cqlmeasure.compiler.logic import operands
from cqlmeasure.compiler.properties import access
from cqlmeasure.elm.base import Element, Expression
from cqlmeasure.elm.library import FunctionRef
from cqlmeasure.elm.lists import Current, Exists, Sort
from cqlmeasure.elm.literals import Property
from cqlmeasure.elm.logical import And
from cqlmeasure.elm.queries import (
    AliasRef,
    ByColumn,
    ByExpression,
    Query,
    RelationshipClause,
    SortByItem,
    With,
)
from cqlmeasure.elm.walk import walk
from cqlmeasure.typesys import ANY, BOOLEAN, DataType, ListType, TupleType

_MAXIMUM_LOOPS = 12


def exists_query(em: Emitter, node: Query) -> Py | None:
    """``exists`` of a query as a function that returns at the first item; ``None`` if the query is of another shape."""
    if node.aggregate is not None or len(node.source) > _MAXIMUM_LOOPS or _is_plain(node):
        return None
    found = _emit(em, node, exists=True)
    return Py(found.text, BOOLEAN, True) if found.type == BOOLEAN and found.sure else None


def _query(em: Emitter, node: Query) -> Py:
    if _is_plain(node):
        source = em.value(node.source[0].expression)
        if isinstance(source.type, ListType):
            return replace(source, owner=None, keys=None)
    if (kind := _converts_nothing(em, node)) is not None:
        source = em.value(node.source[0].expression)
        if isinstance(source.type, ListType) and source.type.element == kind[0]:
            return replace(source, type=ListType(kind[1]), owner=None, keys=None)
    return _emit(em, node)


def _converts_nothing(em: Emitter, node: Query) -> tuple[DataType, DataType] | None:
    """The types of items before and after, of a query that only converts what is the same in JSON."""
    if node.return_ is None or not isinstance(node.return_.expression, FunctionRef):
        return None
    call = node.return_.expression
    item = call.operand[0] if len(call.operand) == 1 else None
    if not isinstance(item, AliasRef) or not _is_plain(replaced_return(node, item)):
        return None
    return intrinsics.identity(em, em.other(call.library_name), call.name)


def replaced_return(node: Query, item: Expression) -> Query:
    """The query with another expression in its ``return``."""
    assert node.return_ is not None
    return msgspec.structs.replace(node, return_=msgspec.structs.replace(node.return_, expression=item))


def _is_plain(node: Query) -> bool:
    """Whether a query gives its source as it is: nothing but ``return all`` of its one alias."""
    if len(node.source) != 1 or node.let or node.relationship or node.where is not None:
        return False
    if node.aggregate is not None or node.sort is not None or node.return_ is None or node.return_.distinct:
        return False
    item = node.return_.expression
    alias = node.source[0].alias
    return (isinstance(item, AliasRef) and item.name == alias) or (
        isinstance(item, Current) and (item.scope or "$this") == alias
    )


def query_body(em: Emitter, node: Query) -> Py | None:
    """A query as the body of the function that is under construction; ``None`` if it is nothing but its source."""
    return None if _is_plain(node) or em.frame.lines else _Builder(em, node, False).build()


def exists_body(em: Emitter, node: Exists) -> Py | None:
    """``exists`` of a query as the body of a function; ``None`` if the query is of another shape."""
    query = node.operand
    if not isinstance(query, Query) or query.aggregate is not None or _is_plain(query) or em.frame.lines:
        return None
    if len(query.source) > _MAXIMUM_LOOPS:
        return None
    return _Builder(em, query, True).build()


def _emit(em: Emitter, node: Query, exists: bool = False) -> Py:
    builder = _Builder(em, node, exists)
    with em.function(f"q_{slug(em.frame.place.definition, 32)}") as inner:
        found = builder.build()
    call = any_among(em, inner) if exists else None
    if call is not None:
        em.module.functions.remove(inner)
    return replace(found, text=call or em.call_of(inner))


class _Builder:
    """One query under construction."""

    def __init__(self, em: Emitter, node: Query, exists: bool) -> None:
        self.em = em
        self.node = node
        self.exists = exists
        self.aliases: set[str] = set()
        self.loops = 0
        self.sharing = ExitStack()
        self.direct = False  # one source that is no list: statements, no loop
        self.null = False
        self.single: str | None = None  # the run-time condition that the query is none of lists; "True" if it never is

    def build(self) -> Py:
        with self.sharing:
            return self._build()

    def _build(self) -> Py:
        em, node = self.em, self.node
        frame = em.frame
        aggregate = node.aggregate
        aliases: list[Py] = []
        early, late = self.conditions()
        for index, source in enumerate(node.source):
            aliases.append(self.source(source.alias, source.expression, index))
            for part, rest in early.get(index, ()):
                self.filter(part, rest)
        for clause in node.let:
            value = em.value(clause.expression)
            bound = em.bind("let", clause.identifier, replace(value, text=f"l_{slug(clause.identifier)}"))
            frame.line(f"{bound.text} = {em.use(value)}")
            self.aliases.add(bound.text)
        for relationship in node.relationship:
            self.relationship(relationship)
        if late is not None:
            self.filter(late, (node.return_.expression if node.return_ is not None else None,))
        item = self.item(aliases)
        if self.exists and self.single is None:
            return self.finish_exists(item)
        if aggregate is not None:
            return self.aggregate(aliases)
        if self.direct:
            frame.give(em.use(item))
            return Py("", item.type, item.sure and not self.null)
        frame.lines.insert(0, (1, "out = []", frame.place))
        frame.line(f"out.append({em.use(item)})")
        return self.finish(item)

    # -- conditions ---------------------------------------------------------------------------------------------------

    def conditions(self) -> tuple[dict[int, list[tuple[Expression, list[Expression]]]], Expression | None]:
        """The parts of ``where`` that can be asked after an inner source, by its index, each with what follows it; and
        what is to be asked in the end.
        """
        node = self.node
        early: dict[int, list[tuple[Expression, list[Expression]]]] = {}
        if node.where is None or len(node.source) == 1 or node.let or node.relationship:
            return early, node.where
        names = {source.alias: index for index, source in enumerate(node.source)}
        parts = operands(node.where, And) if isinstance(node.where, And) else [node.where]
        returned = [node.return_.expression] if node.return_ is not None else []
        for position, part in enumerate(parts):
            used = [names[name] for name in _aliases(part) if name in names]
            early.setdefault(max(used, default=0), []).append((part, [*parts[position + 1 :], *returned]))
        return early, None

    def filter(self, where: Expression, rest: Iterable[Expression | None]) -> None:
        """Goes on with the next item if this one does not meet the condition."""
        em, frame = self.em, self.em.frame
        place = frame.place
        if where.locator:
            frame.place = place._replace(locator=where.locator)
        first = em.sharing.first(where, rest, frame, partial(em.true, where))
        frame.line(f"if not {self.sharing.enter_context(first)}:")
        self.skip()
        frame.place = place

    def skip(self) -> None:
        """The statement that goes on with the next item."""
        frame = self.em.frame
        if self.direct:
            self.null = True
            frame.give("None", 1)
        else:
            frame.lines.append((frame.indent + 1, "continue", frame.place))

    # -- sources ------------------------------------------------------------------------------------------------------

    def independent(self, expression: Expression) -> tuple[Py, bool]:
        """The value of a source, and whether no variable of this query is in it."""
        em = self.em
        outer, em.touched = em.touched, set()
        value = em.value(expression)
        free = not (em.touched & self.aliases)
        em.touched |= outer
        return value, free

    def source(self, alias: str, expression: Expression, index: int) -> Py:
        em, frame = self.em, self.em.frame
        filters: list[Filtered] = []
        if index == 0:
            expression, filters = layers(em, expression)
        value, free = self.independent(expression)
        text = em.use(value)
        if filters and not isinstance(value.type, ListType):
            # a filter of what is no list after all
            text, filters = em.use(value := em.value(self.node.source[0].expression)), []
        if _is_scalar(value.type) and len(self.node.source) == 1 and not self.exists and self.node.aggregate is None:
            self.single, self.direct = "True", True
            bound = em.bind("alias", alias, Py(f"a_{slug(alias)}", value.type, sure=value.sure))
            frame.line(f"{bound.text} = {text}")
            self.aliases.add(bound.text)
            return bound
        items = self.iterable(value, text, free, index)
        kind = value.type
        inner: DataType | None = kind.element if isinstance(kind, ListType) else kind
        known = (isinstance(kind, ListType) and value.items) or (not isinstance(kind, ListType) and value.sure)
        if is_unknown(kind):
            inner, known = None, False
        bound = em.bind("alias", alias, Py(f"a_{slug(alias)}", inner, sure=known))
        frame.line(f"for {bound.text} in {items}:")
        frame.indent += 1
        self.loops += 1
        self.aliases.add(bound.text)
        for layer in filters:
            frame.line(f"if not {condition(em, layer, bound)}:", layer.place)
            frame.lines.append((frame.indent + 1, "continue", layer.place or frame.place))
        return bound

    def iterable(self, value: Py, text: str, free: bool, index: int) -> str:
        """What to loop over; notes whether the query has only sources that are no lists."""
        frame = self.em.frame
        name = f"s{index}"
        if isinstance(value.type, ListType):
            if index == 0 and self.single is None:
                self.single = None
            if index > 0 and self.single == "True":
                self.single = None
            if value.sure:
                return self.kept(name, text, free, index)
            if index == 0 and not self.exists and self.node.aggregate is None and len(self.node.source) == 1:
                frame.line(f"{name} = {text}")
                frame.line(f"if {name} is None:")
                self.null = True
                frame.give("None", 1)
                return name
            return self.kept(name, f"({text} or ())", free, index)
        if is_unknown(value.type) or not _is_scalar(value.type):
            frame.line(f"{name} = {text}")
            if index == 0 or self.single is not None:
                test = f"type({name}) is not list"
                flag = f"single{index}"
                before = f" and single{index - 1}" if index > 0 and self.single != "True" else ""
                frame.line(f"{flag} = {test}{before}")
                self.single = flag
            return f"(({name},) if type({name}) is not list else {name})"
        if index == 0:
            self.single = "True"
        return f"({text},)"

    def kept(self, name: str, text: str, free: bool, index: int) -> str:
        """A source that does not depend on the items before it is evaluated once, when first needed."""
        frame = self.em.frame
        if index == 0 or not free or "(" not in text:
            return text
        frame.lines.insert(self._start(), (1, f"{name} = None", frame.place))
        frame.line(f"if {name} is None:")
        frame.lines.append((frame.indent + 1, f"{name} = {text}", frame.place))
        return name

    def _start(self) -> int:
        return 0

    def relationship(self, clause: RelationshipClause) -> None:
        em, frame = self.em, self.em.frame
        value, free = self.independent(clause.expression)
        text = em.use(value)
        kind = value.type
        inner = kind.element if isinstance(kind, ListType) else kind
        if is_unknown(kind):
            inner = None
        if not isinstance(kind, ListType):
            em.import_("general", "as_items")
            text = f"as_items({text})"
        elif not value.sure:
            text = f"({text} or ())"
        items = self.kept(f"w{frame.temp()[1:]}", text, free, 1)
        saved = dict(frame.scope)
        bound = em.bind("alias", clause.alias, Py(f"a_{slug(clause.alias)}", inner, sure=value.items))
        positive = isinstance(clause, With)
        flag = frame.temp()
        if not positive:
            frame.line(f"{flag} = False")
        frame.line(f"for {bound.text} in {items}:")
        frame.indent += 1
        place = frame.place
        if clause.such_that.locator:
            frame.place = place._replace(locator=clause.such_that.locator)
        frame.line(f"if {em.true(clause.such_that)}:")
        frame.indent += 1
        if not positive:
            frame.line(f"{flag} = True")
        frame.line("break")
        frame.indent -= 2
        frame.place = place
        frame.line("else:" if positive else f"if {flag}:")
        self.skip()
        frame.scope = saved

    # -- results ------------------------------------------------------------------------------------------------------

    def item(self, aliases: list[Py]) -> Py:
        em, node = self.em, self.node
        if node.return_ is not None:
            frame = em.frame
            place = frame.place
            if node.return_.expression.locator:
                frame.place = place._replace(locator=node.return_.expression.locator)
            found = em.value(node.return_.expression)
            frame.place = place
            return found
        if len(aliases) == 1:
            return aliases[0]
        em.import_("values", "Tuple")
        names = [source.alias for source in node.source]
        kind = TupleType(tuple((name, one.type or ANY) for name, one in zip(names, aliases, strict=True)))
        body = ", ".join(f"{name!r}: {one.text}" for name, one in zip(names, aliases, strict=True))
        return Py(f"Tuple({{{body}}})", kind, True)

    def finish_exists(self, item: Py) -> Py:
        frame = self.em.frame
        if item.sure:
            frame.give("True")
        else:
            frame.line(f"if {self.em.use(item)} is not None:")
            frame.give("True", 1)
        frame.indent -= self.loops
        frame.give("False")
        return Py("", BOOLEAN, True)

    def aggregate(self, aliases: list[Py]) -> Py:
        """The items are collected first, then folded: an aggregate clause sees lets and aliases of each item."""
        em, node, frame = self.em, self.node, self.em.frame
        clause = node.aggregate
        assert clause is not None
        start = em.value(clause.starting) if clause.starting is not None else Py("None", ANY, constant=True, atom=True)
        total = em.bind("let", clause.identifier, Py(f"r_{slug(clause.identifier)}", clause.result_type or start.type))
        em.frame.scope[f"alias {clause.identifier}"] = em.frame.scope[f"let {clause.identifier}"]
        frame.lines.insert(0, (1, f"{total.text} = {em.use(start)}", frame.place))
        value = em.value(clause.expression)
        if clause.distinct:
            frame.lines.insert(0, (1, "out = []", frame.place))
            em.import_("general", "is_new")
            key = ", ".join(one.text for one in aliases)
            frame.line(f"if not is_new(out, ({key},)):")
            frame.lines.append((frame.indent + 1, "continue", frame.place))
        frame.line(f"{total.text} = {em.use(value)}")
        frame.indent -= self.loops
        frame.give(total.text)
        return Py("", clause.result_type or value.type or start.type)

    def finish(self, item: Py) -> Py:
        em, node, frame = self.em, self.node, self.em.frame
        frame.indent -= self.loops
        if node.return_ is not None and node.return_.distinct and self.single != "True":
            em.call("distinct")
            frame.line("out = distinct(out)")
        if node.sort is not None:
            frame.line("if len(out) > 1:")
            for line in sort_lines(em, "out", item, node.sort.by):
                frame.lines.append((frame.indent + 1, line, frame.place))
        if self.exists:
            em.call("exists")
            if self.single is not None:
                frame.give("exists(out)")
                return Py("", BOOLEAN, True)
        if self.single == "True":
            frame.give("out[0] if out else None")
            return Py("", item.type)
        if self.single is not None:
            frame.give(f"(out[0] if out else None) if {self.single} else out")
            return Py("", None)
        frame.give("out")
        kind = ListType(item.type) if item.type is not None else None
        return Py("", kind, sure=not self.null, items=item.sure)


def _aliases(node: Expression) -> set[str]:
    """The names of aliases anywhere in a node; of those within it too."""
    found: set[str] = set()
    for below in walk(node):
        if isinstance(below, AliasRef):
            found.add(below.name)
        elif isinstance(below, Property) and below.scope is not None:
            found.add(below.scope)
    return found


def _is_scalar(kind: DataType | None) -> bool:
    """Whether a value of the type is never a list."""
    alternatives = getattr(kind, "alternatives", None)
    if alternatives is not None:
        return all(_is_scalar(one) for one in alternatives)
    return kind is not None and kind != ANY and not isinstance(kind, ListType)


def sort_lines(em: Emitter, name: str, item: Py, criteria: tuple[SortByItem, ...]) -> list[str]:
    """Statements that sort the list in a variable."""
    pairs: list[str] = []
    for criterion in criteria:
        descending = criterion.direction.startswith("desc")
        if isinstance(criterion, ByColumn | ByExpression):
            with em.function(f"k_{slug(em.frame.place.definition, 32)}") as inner:
                bound = em.bind("alias", "$this", Py("item", item.type, item.sure))
                inner.arguments.append(bound.text)
                if isinstance(criterion, ByColumn):
                    value = bound
                    for step in criterion.path.split("."):
                        value = access(em, value, step)
                else:
                    value = em.value(criterion.expression)
                inner.line(f"return {em.use(value)}")
            pairs.append(f"(lambda {bound.text}: {em.call_of(inner)}, {descending})")
        else:
            em.call("sort")
            return [f"{name} = sort({name}, {descending})"]
    em.call("sort_by")
    return [f"{name} = sort_by({name}, {', '.join(pairs)})"]


def _sort(em: Emitter, node: Sort) -> Py:
    with em.function(f"q_{slug(em.frame.place.definition, 32)}") as inner:
        value = em.value(node.source)
        inner.line(f"out = {em.use(value)}")
        item = Py("item", value.type.element if isinstance(value.type, ListType) else None, sure=value.items)
        for line in sort_lines(em, "out", item, node.by):
            inner.line(line)
        inner.line("return out")
    return replace(value, text=em.call_of(inner), constant=False, atom=False)


HANDLERS: dict[type[Element], Handler] = {Query: _query, Sort: _sort}

BODIES: dict[type[Element], Body] = {Query: query_body, Exists: exists_body}
