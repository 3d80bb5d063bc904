"""What a rule finds, and what several rules ask of syntax trees and types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cqlmeasure.errors import Span
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.conversions import find_conversion
from cqlmeasure.translator.lower.core import Lowering
from cqlmeasure.typesys import ANY, SYSTEM, ChoiceType, DataType, IntervalType, ListType, NamedType, is_subtype


class Finding(NamedTuple):
    """A warning: its code, what the text does, where, and what was likely meant."""

    code: str
    message: str
    span: Span
    hint: str | None = None


def bare(node: syntax.Expression) -> syntax.Expression:
    """An expression without the parentheses around it."""
    while isinstance(node, syntax.Parenthesized):
        node = node.expression
    return node


def same(one: object, other: object) -> bool:
    """Whether two trees are alike but for their places and parentheses."""
    if isinstance(one, syntax.Expression) and isinstance(other, syntax.Expression):
        one, other = bare(one), bare(other)
    if type(one) is not type(other):
        return False
    if isinstance(one, syntax.Node):
        return all(
            same(getattr(one, field), getattr(other, field)) for field in one.__struct_fields__ if field != "span"
        )
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def nodes(tree: syntax.Node) -> Iterator[syntax.Node]:
    """A node and all below it."""
    waiting: list[object] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple):
            waiting += item
        elif isinstance(item, syntax.Node):
            yield item
            waiting += [getattr(item, field) for field in item.__struct_fields__ if field != "span"]


def alternatives(kind: DataType) -> tuple[DataType, ...]:
    """The types that a value of a type may have."""
    return kind.alternatives if isinstance(kind, ChoiceType) else (kind,)


def overlap(lowering: Lowering, one: DataType, other: DataType) -> bool:
    """Whether a value can be of both types, as it is or by an implicit conversion."""
    match one, other:
        case (ListType(left), ListType(right)) | (IntervalType(left), IntervalType(right)):
            return overlap(lowering, left, right)
    return any(
        ANY in (left, right)
        or is_subtype(left, right, lowering.models)
        or is_subtype(right, left, lowering.models)
        or find_conversion(lowering, left, right) is not None
        or find_conversion(lowering, right, left) is not None
        for left in _forms(lowering, one)
        for right in _forms(lowering, other)
    )


def _forms(lowering: Lowering, kind: DataType) -> Iterator[DataType]:
    """The types that a value may have, with the type of System that a model's class may extend or convert to."""
    for item in alternatives(kind):
        yield item
        yield from (conversion.target for conversion in lowering.models.conversions_from(item))
        if isinstance(item, NamedType):
            for base in lowering.models.ancestors(item):
                if isinstance(base, NamedType) and base.model == SYSTEM and base != ANY:
                    yield base
