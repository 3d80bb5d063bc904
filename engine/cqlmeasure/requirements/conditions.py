"""What conditions have in common: what is asked for, what must be there, and which codes follow."""

from __future__ import annotations

from collections.abc import Iterable

from cqlmeasure.elm.base import Expression, OperatorExpression
from cqlmeasure.requirements.run import Run, element_of
from cqlmeasure.requirements.values import Codes, CodeTest, Fact, Terminology, Value
from cqlmeasure.typesys import ANY, BOOLEAN, ListType


def condition(run: Run, values: list[Value], facts: frozenset[Fact]) -> Value:
    """The value of an operator that needs all of its operands, and what follows when it is true."""
    for value in values:
        run.demand(value)
    return Value(facts=facts, needs=frozenset().union(*(value.needs for value in values)))


def strict(run: Run, node: OperatorExpression, values: list[Value], facts: Iterable[Fact] = ()) -> Value:
    """The value of an operator that is null if an operand is; empty lists are no nulls, and false is none."""
    operands = getattr(node, "operand", None) or (getattr(node, "code", None) or getattr(node, "codes", None),)
    plain = all(one is None or needs_data(one) for one in operands)
    found = condition(run, values, frozenset(facts))
    return found if plain else Value(facts=found.facts)


def needs_data(node: Expression) -> bool:
    """Whether what a value needs is needed for it not to be null; of a Boolean it is what makes it true."""
    return not isinstance(node.result_type, ListType) and node.result_type not in (None, ANY, BOOLEAN)


def code_facts(code: Value, wanted: Value) -> list[Fact]:
    """What follows if an element has one of some codes."""
    element = element_of(code)
    if element is None or element.part != "whole" or element.partial:
        return []
    match wanted.symbol:
        case Terminology(url):
            return [Fact(element.scope, element.path, CodeTest(value_set=url))]
        case Codes(codes):
            return [Fact(element.scope, element.path, CodeTest(codes=codes))] if codes else []
    return []
