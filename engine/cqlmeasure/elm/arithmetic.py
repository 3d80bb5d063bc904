"""ELM chapter on arithmetic operators."""

from __future__ import annotations

from cqlmeasure.elm.base import BinaryExpression, Expression, OperatorExpression, UnaryExpression
from cqlmeasure.typesys import DataType


class Add(BinaryExpression, frozen=True, kw_only=True): ...


class Subtract(BinaryExpression, frozen=True, kw_only=True): ...


class Multiply(BinaryExpression, frozen=True, kw_only=True): ...


class Divide(BinaryExpression, frozen=True, kw_only=True): ...


class TruncatedDivide(BinaryExpression, frozen=True, kw_only=True): ...


class Modulo(BinaryExpression, frozen=True, kw_only=True): ...


class Power(BinaryExpression, frozen=True, kw_only=True): ...


class Log(BinaryExpression, frozen=True, kw_only=True): ...


class Abs(UnaryExpression, frozen=True, kw_only=True): ...


class Ceiling(UnaryExpression, frozen=True, kw_only=True): ...


class Floor(UnaryExpression, frozen=True, kw_only=True): ...


class Truncate(UnaryExpression, frozen=True, kw_only=True): ...


class Negate(UnaryExpression, frozen=True, kw_only=True): ...


class Ln(UnaryExpression, frozen=True, kw_only=True): ...


class Exp(UnaryExpression, frozen=True, kw_only=True): ...


class Successor(UnaryExpression, frozen=True, kw_only=True): ...


class Predecessor(UnaryExpression, frozen=True, kw_only=True): ...


class Round(OperatorExpression, frozen=True, kw_only=True):
    operand: Expression
    precision: Expression | None = None


class MinValue(Expression, frozen=True, kw_only=True):
    value_type: DataType


class MaxValue(Expression, frozen=True, kw_only=True):
    value_type: DataType


class Precision(UnaryExpression, frozen=True, kw_only=True): ...


class LowBoundary(BinaryExpression, frozen=True, kw_only=True): ...


class HighBoundary(BinaryExpression, frozen=True, kw_only=True): ...
