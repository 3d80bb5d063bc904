"""ELM chapters on logical, nullological, comparison and conditional operators, and messages."""

from __future__ import annotations

from cqlmeasure.elm.base import (
    BinaryExpression,
    Element,
    Expression,
    NaryExpression,
    OperatorExpression,
    UnaryExpression,
)


class And(BinaryExpression, frozen=True, kw_only=True): ...


class Or(BinaryExpression, frozen=True, kw_only=True): ...


class Xor(BinaryExpression, frozen=True, kw_only=True): ...


class Implies(BinaryExpression, frozen=True, kw_only=True): ...


class Not(UnaryExpression, frozen=True, kw_only=True): ...


class Coalesce(NaryExpression, frozen=True, kw_only=True):
    """The first operand that is not null; one operand that is a list: its first such item."""


class IsNull(UnaryExpression, frozen=True, kw_only=True): ...


class IsTrue(UnaryExpression, frozen=True, kw_only=True): ...


class IsFalse(UnaryExpression, frozen=True, kw_only=True): ...


class Equal(BinaryExpression, frozen=True, kw_only=True): ...


class Equivalent(BinaryExpression, frozen=True, kw_only=True): ...


class NotEqual(BinaryExpression, frozen=True, kw_only=True): ...


class Less(BinaryExpression, frozen=True, kw_only=True): ...


class LessOrEqual(BinaryExpression, frozen=True, kw_only=True): ...


class Greater(BinaryExpression, frozen=True, kw_only=True): ...


class GreaterOrEqual(BinaryExpression, frozen=True, kw_only=True): ...


class If(Expression, frozen=True, kw_only=True):
    condition: Expression
    then: Expression
    else_: Expression


class CaseItem(Element, frozen=True, kw_only=True):
    when: Expression
    then: Expression


class Case(Expression, frozen=True, kw_only=True):
    """The first item whose condition is true or, with a comparand, whose ``when`` equals it."""

    comparand: Expression | None = None
    case_item: tuple[CaseItem, ...]
    else_: Expression


class Message(OperatorExpression, frozen=True, kw_only=True):
    """The value of ``source``; reports a message if the condition is true."""

    source: Expression
    condition: Expression | None = None
    code: Expression | None = None
    severity: Expression | None = None
    message: Expression | None = None
