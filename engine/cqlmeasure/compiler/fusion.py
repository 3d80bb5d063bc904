"""Filters that become conditions of the loop around them: calls of functions that filter a list, queries in queries.

Always holds: a filter is fused only if it keeps or drops each item by itself; the order of items stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from cqlmeasure.compiler import intrinsics
from cqlmeasure.compiler.code import Binding, Place, Py
from cqlmeasure.compiler.emitter import Emitter, Scope
from cqlmeasure.compiler.kinds import element_of, settled
from cqlmeasure.elm.base import Expression
from cqlmeasure.elm.library import FunctionRef, OperandRef
from cqlmeasure.elm.queries import AliasRef, Query
from cqlmeasure.typesys import DataType, ListType


@dataclass(slots=True, frozen=True)
class Filtered:
    """Items of ``source`` that meet ``where``, in which they are called ``alias``.

    ``scope`` and ``place`` are those of the filter, ``operands`` the other arguments of its function.
    """

    source: Expression
    alias: str
    where: Expression
    kind: DataType | None
    scope: Scope
    place: Place | None
    operands: tuple[tuple[str, Py], ...] = ()


def filtered(em: Emitter, node: Expression) -> Filtered | None:
    """What a node filters, if it is a filter."""
    if isinstance(node, FunctionRef):
        return _of_function(em, node)
    if isinstance(node, Query) and node.where is not None and _is_filter(node):
        source = node.source[0]
        return Filtered(source.expression, source.alias, node.where, None, em.scope, None)
    return None


def _is_filter(node: Query) -> bool:
    """Whether a query does nothing but to drop items: one source, a condition, no other clause that counts."""
    if len(node.source) != 1 or node.let or node.relationship or node.aggregate is not None or node.sort is not None:
        return False
    if node.return_ is None:
        return isinstance(node.result_type, ListType)
    item = node.return_.expression
    plain = not node.return_.distinct and isinstance(item, AliasRef) and item.name == node.source[0].alias
    return plain and isinstance(node.result_type, ListType)


def _of_function(em: Emitter, node: FunctionRef) -> Filtered | None:
    scope = em.other(node.library_name)
    if intrinsics.is_fhir_helpers(scope):
        return None
    fitting = [found for found in scope.functions.get(node.name, ()) if len(found.operand) == len(node.operand)]
    if not fitting or (len(fitting) > 1 and not node.signature):
        return None
    definition = em.overload(scope, node.name, node.signature, [Py("")] * len(node.operand))
    body = definition.expression if definition is not None else None
    if definition is None or not isinstance(body, Query) or body.where is None or em.memoises(scope, definition):
        return None
    source = body.source[0].expression
    if not isinstance(source, OperandRef) or len(body.source) != 1 or not _only_drops(body):
        return None
    names = [operand.name for operand in definition.operand]
    position = names.index(source.name) if source.name in names else -1
    kind = element_of(definition.operand[position].operand_type) if position >= 0 else None
    if kind is None:
        return None
    others: list[tuple[str, Py]] = []
    for index, name in enumerate(names):
        if index != position:
            argument = em.value(node.operand[index])
            if not (argument.atom or argument.constant):
                return None
            others.append((name, argument))
    place = Place(scope.key, definition.name, body.where.locator or body.locator)
    return Filtered(node.operand[position], body.source[0].alias, body.where, kind, scope, place, tuple(others))


def _only_drops(body: Query) -> bool:
    """Like ``_is_filter``, for a body whose source is known to be a list."""
    if body.let or body.relationship or body.aggregate is not None or body.sort is not None:
        return False
    if body.return_ is None:
        return True
    item = body.return_.expression
    return not body.return_.distinct and isinstance(item, AliasRef) and item.name == body.source[0].alias


def layers(em: Emitter, node: Expression) -> tuple[Expression, list[Filtered]]:
    """What is filtered in the end, and the filters on it, the innermost first."""
    found: list[Filtered] = []
    while (one := filtered(em, node)) is not None:
        found.insert(0, one)
        node = one.source
    return node, found


def condition(em: Emitter, layer: Filtered, item: Py) -> str:
    """The condition of a filter for an item, in the function that is under construction."""
    with _inside(em, layer, item), em.sharing.first(layer.where, (), em.frame, partial(em.true, layer.where)) as text:
        return text


@contextmanager
def _inside(em: Emitter, layer: Filtered, item: Py) -> Iterator[None]:
    frame = em.frame
    saved = em.scope, dict(frame.scope), frame.place
    kind = settled(item.type, layer.kind)
    em.scope = layer.scope
    if layer.place is not None:
        frame.place = layer.place
    frame.scope[f"alias {layer.alias}"] = Binding(item.typed(kind), frame)
    for name, value in layer.operands:
        frame.scope[f"operand {name}"] = Binding(value, frame)
    try:
        yield
    finally:
        em.scope, frame.scope, frame.place = saved
