"""Rules for conditions: what is known of a row, and which data must be there, when a condition is true.

Nothing follows from a condition under ``not``, ``implies`` or a coalesced null; from ``or`` only what follows from
both sides.
"""

from __future__ import annotations

from cqlmeasure.elm import clinical, datetimes, lists, logical
from cqlmeasure.elm import types as types_
from cqlmeasure.elm.base import BinaryExpression, UnaryExpression
from cqlmeasure.requirements.conditions import code_facts, condition, needs_data, strict
from cqlmeasure.requirements.joins import note_joins
from cqlmeasure.requirements.rules_ages import with_ages
from cqlmeasure.requirements.rules_numbers import value_facts
from cqlmeasure.requirements.rules_times import time_facts
from cqlmeasure.requirements.run import Run, Scope, element_of, handler
from cqlmeasure.requirements.values import CodeTest, Fact, Made, PresenceTest, Value, either

# connectives


@handler(logical.And)
def and_(run: Run, node: logical.And, scope: Scope) -> Value:
    values = [run.evaluate(operand, scope) for operand in node.operand]
    return condition(run, values, frozenset().union(*(value.facts for value in values)))


@handler(logical.Or)
def or_(run: Run, node: logical.Or, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    for value in (left, right):
        run.demand(value)
    return Value(facts=_either_fact(left.facts, right.facts), needs=either(left.needs, right.needs))


def _either_fact(left: frozenset[Fact], right: frozenset[Fact]) -> frozenset[Fact]:
    """What holds if one side does: what both say, and codes of one element together."""
    found = set(left & right)
    for one in left - found:
        for other in right:
            if (one.scope, one.path) != (other.scope, other.path):
                continue
            if (
                isinstance(one.test, CodeTest)
                and isinstance(other.test, CodeTest)
                and one.test.codes
                and other.test.codes
            ):
                codes = tuple(dict.fromkeys((*one.test.codes, *other.test.codes)))
                found.add(Fact(one.scope, one.path, CodeTest(codes=codes)))
    return frozenset(found)


@handler(lists.Exists, types_.ToBoolean, logical.IsTrue)
def exists(run: Run, node: UnaryExpression, scope: Scope) -> Value:
    value = run.evaluate(node.operand, scope)
    run.demand(value)
    return Value(facts=value.facts, needs=value.needs)


@handler(logical.Not)
def not_(run: Run, node: logical.Not, scope: Scope) -> Value:
    value = run.evaluate(node.operand, scope)
    run.demand(value)
    if isinstance(node.operand, logical.IsNull):
        inner = run.evaluate(node.operand.operand, scope)
        element = element_of(inner)
        facts = {Fact(element.scope, element.path, PresenceTest())} if element is not None and element.path else set()
        needs = inner.needs if needs_data(node.operand.operand) else frozenset()
        return Value(facts=frozenset(facts), needs=needs)
    return Value()


# codes


@handler(clinical.InValueSet, clinical.AnyInValueSet)
def in_value_set(run: Run, node: clinical.InValueSet | clinical.AnyInValueSet, scope: Scope) -> Value:
    code = run.evaluate(node.code if isinstance(node, clinical.InValueSet) else node.codes, scope)
    value_set = run.evaluate(node.valueset if node.valueset is not None else node.valueset_expression, scope)
    return strict(run, node, [code, value_set], code_facts(code, value_set))


@handler(logical.Equal, logical.Equivalent)
def equal(run: Run, node: BinaryExpression, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    facts = code_facts(left, right) or code_facts(right, left)
    if isinstance(node, logical.Equivalent):
        # Strings are equivalent whatever their case.
        facts = [fact for fact in facts if isinstance(fact.test, CodeTest) and all(code[0] for code in fact.test.codes)]
    if isinstance(node, logical.Equal):
        note_joins(run, node, scope)
        facts = facts or time_facts(run, "SameAs", left, right, None) or value_facts("SameAs", left, right)
        facts = [*facts, *_there(left), *_there(right)]
    found = strict(run, node, [left, right], facts)
    if isinstance(node, logical.Equal):
        return with_ages(found, "SameAs", left, right)
    # Two nulls are equivalent, so nothing has to be there.
    return Value(facts=found.facts)


def _there(value: Value) -> list[Fact]:
    """What follows if something that is made of an element is not null."""
    made = value.symbol
    return [Fact(made.scope, made.path, PresenceTest())] if isinstance(made, Made) else []


# operators that are null if an operand is


@handler(clinical.CalculateAge, datetimes.DifferenceBetween)
def null_if_an_operand_is(run: Run, node: BinaryExpression, scope: Scope) -> Value:
    operands = node.operand if isinstance(node.operand, tuple) else (node.operand,)
    values = [run.evaluate(operand, scope) for operand in operands]
    return Value(needs=condition(run, values, frozenset()).needs)
