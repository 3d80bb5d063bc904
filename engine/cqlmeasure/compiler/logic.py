"""Logical and conditional operators, in three modes: is it true, is it false, what is its value.

Always holds: operands are evaluated from left to right and only as far as needed; chains of ``and`` and ``or`` are
flattened without recursion.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from cqlmeasure.compiler.code import Py
from cqlmeasure.compiler.concepts import among
from cqlmeasure.compiler.emitter import Conditions, Emitter, Handler
from cqlmeasure.compiler.kinds import has_choice, is_fhir, merge
from cqlmeasure.elm.base import BinaryExpression, Element, Expression
from cqlmeasure.elm.lists import Exists
from cqlmeasure.elm.literals import Literal, Null
from cqlmeasure.elm.logical import (
    And,
    Case,
    Coalesce,
    Equivalent,
    If,
    Implies,
    IsFalse,
    IsNull,
    IsTrue,
    Not,
    Or,
    Xor,
)
from cqlmeasure.elm.types import As, Is
from cqlmeasure.typesys import BOOLEAN, ChoiceType, DataType, ListType, NamedType

_GROUP = 12
"""Longer chains are cut into groups of this size, so that no expression gets too deep or too long."""


def never_null(node: Expression) -> bool:
    """Whether the form of a Boolean node alone says that it is never null."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, And | Or | Implies | Xor):
            waiting.extend(current.operand)
        elif isinstance(current, Not):
            waiting.append(current.operand)
        elif not isinstance(current, Exists | IsNull | IsTrue | IsFalse | Is | Equivalent) and not (
            isinstance(current, Literal) and current.value is not None
        ):
            return False
    return True


def operands(node: BinaryExpression, kind: type[BinaryExpression]) -> list[Expression]:
    """The operands of a chain of one operator, from left to right."""
    found: list[Expression] = []
    waiting: list[Expression] = [node]
    while waiting:
        current = waiting.pop()
        if type(current) is kind:
            assert isinstance(current, BinaryExpression)
            waiting.extend(reversed(current.operand))
        else:
            found.append(current)
    return found


def _join(word: str, parts: Sequence[str]) -> str:
    return f"({f' {word} '.join(parts)})"


def _true_and(em: Emitter, node: And) -> str:
    return _join("and", em.sequence(operands(node, And), em.true))


def _false_and(em: Emitter, node: And) -> str:
    return _join("or", em.sequence(operands(node, And), em.false))


def _true_or(em: Emitter, node: Or) -> str:
    return _join("or", among(em, em.sequence(operands(node, Or), em.true)))


def _false_or(em: Emitter, node: Or) -> str:
    return _join("and", em.sequence(operands(node, Or), em.false))


def _chain(em: Emitter, parts: Sequence[Expression], decisive: bool) -> Py:
    """The value of a chain: ``decisive`` as soon as one part has that value, else null if one part is null."""
    if len(parts) > _GROUP:
        groups = [parts[start : start + _GROUP] for start in range(0, len(parts), _GROUP)]
        texts: list[tuple[str, bool]] = []
        for group in groups:
            with em.function("e_" + ("or" if decisive else "and")) as inner:
                found = _chain(em, group, decisive)
                inner.line(f"return {em.use(found)}")
            texts.append((em.call_of(inner), found.sure))
    else:
        made = em.sequence(parts, lambda part: _part(em, part))
        texts = [(em.use(one), one.sure) for one in made]
    tests: list[str] = []
    nulls: list[str] = []
    for text, sure in texts:
        if sure:
            tests.append(text if decisive else f"not {text}")
        else:
            temp = em.temp()
            tests.append(f"({temp} := {text}) is {decisive}")
            nulls.append(f"{temp} is None")
    test = " or ".join(tests)
    if not nulls:
        word = "" if decisive else "not "
        return Py(f"(bool({test}))" if decisive else f"({word}({test}))", BOOLEAN, sure=True)
    return Py(f"({decisive} if {test} else None if {' or '.join(nulls)} else {not decisive})", BOOLEAN)


def _part(em: Emitter, part: Expression) -> Py:
    return Py(em.true(part), BOOLEAN, True) if never_null(part) else em.value(part)


def _and(em: Emitter, node: And) -> Py:
    return _chain(em, operands(node, And), False)


def _or(em: Emitter, node: Or) -> Py:
    return _chain(em, operands(node, Or), True)


def _implies(em: Emitter, node: Implies) -> Py:
    left, right = em.use(em.value(node.operand[0])), em.use(em.value(node.operand[1]))
    first, second = em.temp(), em.temp()
    return Py(
        f"(True if ({first} := {left}) is False or ({second} := {right}) is True "
        f"else None if {first} is None or {second} is None else False)",
        BOOLEAN,
    )


def _true_implies(em: Emitter, node: Implies) -> str:
    return f"({em.false(node.operand[0])} or {em.true(node.operand[1])})"


def _false_implies(em: Emitter, node: Implies) -> str:
    return f"({em.true(node.operand[0])} and {em.false(node.operand[1])})"


def _xor(em: Emitter, node: Xor) -> Py:
    return em.call("xor_", em.value(node.operand[0]), em.value(node.operand[1]), kind=BOOLEAN)


def _not(em: Emitter, node: Not) -> Py:
    if never_null(node):
        return Py(f"(not {em.true(node.operand)})", BOOLEAN, sure=True)
    return em.call("not_", em.value(node.operand), kind=BOOLEAN)


def _true_not(em: Emitter, node: Not) -> str:
    return em.false(node.operand)


def _false_not(em: Emitter, node: Not) -> str:
    return em.true(node.operand)


def _is_null(em: Emitter, node: IsNull) -> Py:
    found = em.value(node.operand)
    return Py(f"({em.use(found)} is None)", BOOLEAN, sure=True)


def _is_true(em: Emitter, node: IsTrue) -> Py:
    found = em.value(node.operand)
    return Py(f"({em.use(found)} is True)", BOOLEAN, sure=True)


def _is_false(em: Emitter, node: IsFalse) -> Py:
    found = em.value(node.operand)
    return Py(f"({em.use(found)} is False)", BOOLEAN, sure=True)


def _sure_true(em: Emitter, node: IsTrue) -> str:
    return em.true(node.operand)


def _not_true(em: Emitter, node: IsTrue) -> str:
    return f"(not {em.true(node.operand)})"


def _sure_false(em: Emitter, node: IsFalse) -> str:
    return em.false(node.operand)


def _not_false(em: Emitter, node: IsFalse) -> str:
    return f"(not {em.false(node.operand)})"


def into_choice(em: Emitter, found: Py, kind: DataType | None) -> Py:
    """A value on its way into a choice type: FHIR values that are no resources keep their type."""
    own = found.type
    if not isinstance(kind, ChoiceType) or not isinstance(own, NamedType) or not is_fhir(own):
        return found
    if em.fhir.is_resource(own.name):
        return found
    em.import_("fhir", "wrap")
    return em.combine("wrap({})", (found, repr(own.name)), own)


def _asked(em: Emitter, node: If | Case) -> Expression | None:
    """What a choice by type asks for its type, time and again, if it gives null in the end."""
    tests: list[Expression] = []
    rest: Expression = node
    while isinstance(rest, If):
        tests.append(rest.condition)
        rest = rest.else_
    if isinstance(rest, Case) and rest.comparand is None:
        tests += [item.when for item in rest.case_item]
        rest = rest.else_
    asked = [test.operand for test in tests if isinstance(test, Is)]
    if len(asked) < 2 or len(asked) < len(tests):
        return None
    while isinstance(rest, As):
        rest = rest.operand
    same = len({em.sharing.identities.of(one) for one in asked}) == 1
    return asked[0] if same and isinstance(rest, Null) else None


def _by_type(em: Emitter, node: If | Case) -> Py | None:
    """A choice by type with null asked for first, which is of no type and often all that there is."""
    asked = _asked(em, node)
    if asked is None or em.variable(asked) is not None:
        return None
    with em.sharing.first(asked, (node,), em.frame, lambda: em.value(asked)) as value:
        # Without a variable there is nothing to ask twice.
        if em.variable(asked) is None:
            return None
        found = em.value(node)
        return replace(found, text=f"(None if {em.use(value)} is None else {found.text})", sure=False, constant=False)


def _if(em: Emitter, node: If) -> Py:
    return _by_type(em, node) or _plain_if(em, node)


def _plain_if(em: Emitter, node: If) -> Py:
    with em.sharing.first(
        node.condition, (node.then, node.else_), em.frame, lambda: em.true(node.condition)
    ) as condition:
        then, other = _value_if(em, node.condition, node.then), em.value(node.else_)
    kind = node.result_type or merge(then.type, other.type)
    then, other = into_choice(em, then, kind), into_choice(em, other, kind)
    text = f"({em.use(then)} if {condition} else {em.use(other)})"
    return Py(text, kind, then.sure and other.sure, then.items and other.items)


def _true_if(em: Emitter, node: If) -> str:
    return f"({em.true(node.then)} if {em.true(node.condition)} else {em.true(node.else_)})"


def _false_if(em: Emitter, node: If) -> str:
    return f"({em.false(node.then)} if {em.true(node.condition)} else {em.false(node.else_)})"


def _case(em: Emitter, node: Case) -> Py:
    conditions: list[str] = []
    opening = ""
    if node.comparand is None:
        return _by_type(em, node) or _searched_case(em, node)
    else:
        comparand = em.value(node.comparand)
        temp = em.temp()
        opening = f"{temp} := {em.use(comparand)}"
        variable = Py(temp, comparand.type, comparand.sure, atom=True)
        conditions = [em.call("equal", variable, em.value(item.when)).text for item in node.case_item]
        if conditions:
            conditions[0] = f"(({opening}), {conditions[0]})[1]"
    values = [em.value(item.then) for item in node.case_item]
    return _case_of(em, node, conditions, values, em.value(node.else_))


def _searched_case(em: Emitter, node: Case) -> Py:
    """Conditions one after the other: what the first evaluates first is there for all that follows."""
    items = node.case_item
    conditions: list[str] = []
    values: list[Py] = []
    with ExitStack() as sharing:
        for index, item in enumerate(items):
            rest = [item.then, *(part for later in items[index + 1 :] for part in (later.when, later.then)), node.else_]
            first = em.sharing.first(item.when, rest, em.frame, partial(em.true, item.when))
            conditions.append(sharing.enter_context(first))
            values.append(_value_if(em, item.when, item.then))
        other = em.value(node.else_)
    return _case_of(em, node, conditions, values, other)


def _value_if(em: Emitter, condition: Expression, node: Expression) -> Py:
    """The value of a node where a condition holds: after a test of a type, that type is known."""
    kind = condition.is_type if isinstance(condition, Is) else None
    if isinstance(condition, Is) and kind is not None and not has_choice(kind) and not is_fhir(kind):
        variable = em.variable(condition.operand)
        if variable is not None:
            with em.sharing.narrowed(condition.operand, variable, kind, em.frame):
                return em.value(node)
    return em.value(node)


def _case_of(em: Emitter, node: Case, conditions: Sequence[str], values: list[Py], other: Py) -> Py:
    kind = node.result_type or merge(*(value.type for value in values), other.type)
    values = [into_choice(em, value, kind) for value in values]
    other = into_choice(em, other, kind)
    parts = [f"{em.use(value)} if {test} else" for value, test in zip(values, conditions, strict=True)]
    sure = other.sure and all(value.sure for value in values)
    return Py(f"({' '.join(parts)} {em.use(other)})", kind, sure, other.items and all(one.items for one in values))


def _coalesce(em: Emitter, node: Coalesce) -> Py:
    found = [em.value(part) for part in node.operand]
    if len(found) == 1 and (isinstance(found[0].type, ListType) or found[0].type is None):
        inner = found[0].type.element if isinstance(found[0].type, ListType) else None
        return em.call("coalesce_list", found[0], kind=inner)
    kind = node.result_type or merge(*(one.type for one in found))
    found = [into_choice(em, one, kind) for one in found]
    parts = []
    for one in found[:-1]:
        temp = em.temp()
        parts.append(f"{temp} if ({temp} := {em.use(one)}) is not None else")
    return Py(f"({' '.join(parts)} {em.use(found[-1])})", kind, any(one.sure for one in found))


HANDLERS: dict[type[Element], Handler] = {
    And: _and,
    Or: _or,
    Xor: _xor,
    Implies: _implies,
    Not: _not,
    IsNull: _is_null,
    IsTrue: _is_true,
    IsFalse: _is_false,
    If: _if,
    Case: _case,
    Coalesce: _coalesce,
}

TRUTHS: dict[type[Element], Conditions] = {
    And: _true_and,
    Or: _true_or,
    Implies: _true_implies,
    Not: _true_not,
    IsTrue: _sure_true,
    IsFalse: _sure_false,
    If: _true_if,
}

FALSEHOODS: dict[type[Element], Conditions] = {
    And: _false_and,
    Or: _false_or,
    Implies: _false_implies,
    Not: _false_not,
    IsTrue: _not_true,
    IsFalse: _not_false,
    If: _false_if,
}
