"""ELM's own loops over lists, which FHIRPath needs and CQL does not: ForEach, Filter, Repeat, Aggregate, Times.

Always holds: each is one function; null has no items, and its result is null.  In their bodies ``Current``, ``Total``
and ``Iteration`` mean the innermost loop, or the one of their scope.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from cqlmeasure.compiler.code import Frame, Py, slug
from cqlmeasure.compiler.emitter import Emitter, Handler
from cqlmeasure.compiler.kinds import element_of, merge
from cqlmeasure.compiler.properties import access
from cqlmeasure.elm.aggregates import Aggregate
from cqlmeasure.elm.base import Element
from cqlmeasure.elm.lists import Current, Filter, ForEach, Iteration, Repeat, Times, Total
from cqlmeasure.typesys import ANY, INTEGER, DataType, ListType, TupleType

_THIS = "$this"


@contextmanager
def _loop(em: Emitter, source: Py, scope: str | None, growing: bool = False) -> Iterator[tuple[Frame, Py]]:
    """A function with a loop over ``source``, or over a copy that grows; inside, the frame is at the body."""
    with em.function(f"q_{slug(em.frame.place.definition, 32)}") as inner:
        inner.line(f"s0 = {em.import_('lists', 'waiting')}({em.use(source)})" if growing else f"s0 = {em.use(source)}")
        inner.line("if s0 is None:")
        inner.lines.append((2, "return None", inner.place))
        item = em.bind("alias", scope or _THIS, Py("a_this", element_of(source.type), sure=source.items))
        index = em.bind("index", scope or _THIS, Py("index", INTEGER, True))
        for name in (_THIS, "$current"):
            inner.scope.setdefault(f"alias {name}", inner.scope[f"alias {scope or _THIS}"])
        inner.scope.setdefault(f"index {_THIS}", inner.scope[f"index {scope or _THIS}"])
        inner.line(f"for {index.text}, {item.text} in enumerate(s0):")
        inner.indent += 1
        yield inner, item


def _filter(em: Emitter, node: Filter) -> Py:
    source = em.value(node.source)
    with _loop(em, source, node.scope) as (inner, item):
        inner.lines.insert(0, (1, "out = []", inner.place))
        inner.line(f"if {em.true(node.condition)}:")
        inner.lines.append((3, f"out.append({item.text})", inner.place))
        inner.indent = 1
        inner.line("return out")
    return Py(em.call_of(inner), source.type, items=source.items)


def _for_each(em: Emitter, node: ForEach) -> Py:
    source = em.value(node.source)
    with _loop(em, source, node.scope) as (inner, _):
        inner.lines.insert(0, (1, "out = []", inner.place))
        found = em.value(node.element)
        inner.line(f"out.append({em.use(found)})")
        inner.indent = 1
        inner.line("return out")
    return Py(em.call_of(inner), _list_of(found.type), items=found.sure)


def _repeat(em: Emitter, node: Repeat) -> Py:
    """What the element gives for the items, then for what it gave, until there is nothing new."""
    source = em.value(node.source)
    given = element_of(source.type)
    # What the element gives is looped over too, so the items may be of either type.
    either = merge(given, element_of(node.result_type)) if node.result_type is not None else None
    plain = replace(source, type=_list_of(either), items=False)
    em.import_("lists", "note_new")
    with _loop(em, plain, node.scope, growing=True) as (inner, _):
        inner.lines.insert(0, (1, "out = []", inner.place))
        found = em.value(node.element)
        inner.line(f"note_new(out, s0, {em.use(found)})")
        inner.indent = 1
        inner.line("return out")
    kind = found.type.element if isinstance(found.type, ListType) else found.type
    return Py(em.call_of(inner), _list_of(kind))


def _aggregate(em: Emitter, node: Aggregate) -> Py:
    source = em.value(node.source)
    for step in node.path.split(".") if node.path is not None else ():
        source = access(em, source, step)
    if node.iteration is None:
        return em.failure("an Aggregate without an iteration has no value")
    start = (
        em.value(node.initial_value) if node.initial_value is not None else Py("None", ANY, constant=True, atom=True)
    )
    with _loop(em, source, node.scope) as (inner, _):
        total = em.bind("total", node.scope or _THIS, Py("total", node.result_type or _widened(start)))
        inner.scope.setdefault(f"total {_THIS}", inner.scope[f"total {node.scope or _THIS}"])
        inner.lines.insert(0, (1, f"{total.text} = {em.use(start)}", inner.place))
        found = em.value(node.iteration)
        inner.line(f"{total.text} = {em.use(found)}")
        inner.indent = 1
        inner.line(f"return {total.text}")
    return Py(em.call_of(inner), merge(start.type, found.type))


def _widened(start: Py) -> DataType | None:
    """The type of the total while it is not known what the iteration gives."""
    return None if start.type == ANY else start.type


def _times(em: Emitter, node: Times) -> Py:
    left, right = (em.value(operand) for operand in node.operand)
    one, other = element_of(left.type), element_of(right.type)
    kind: DataType | None = None
    if isinstance(one, TupleType) and isinstance(other, TupleType):
        kind = ListType(TupleType(tuple({**dict(one.elements), **dict(other.elements)}.items())))
    found = em.call("times", left, right)
    return found.typed(kind)


def _of_scope(kind: str) -> Handler:
    def handler(em: Emitter, node: Current | Iteration | Total) -> Py:
        found = em.look_up(kind, node.scope or _THIS)
        if found is None:
            name = f"{type(node).__name__} of '{node.scope}'" if node.scope else type(node).__name__
            return em.failure(f"{name} means nothing here: there is no such loop around it")
        return found

    return handler


def _list_of(kind: DataType | None) -> DataType | None:
    return ListType(kind) if kind is not None else None


HANDLERS: dict[type[Element], Handler] = {
    Filter: _filter,
    ForEach: _for_each,
    Repeat: _repeat,
    Aggregate: _aggregate,
    Times: _times,
    Current: _of_scope("alias"),
    Iteration: _of_scope("index"),
    Total: _of_scope("total"),
}
