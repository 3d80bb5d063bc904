"""ELM chapter on string operators."""

from __future__ import annotations

from cqlmeasure.elm.base import (
    BinaryExpression,
    Expression,
    NaryExpression,
    OperatorExpression,
    TernaryExpression,
    UnaryExpression,
)


class Combine(OperatorExpression, frozen=True, kw_only=True):
    source: Expression
    separator: Expression | None = None


class Concatenate(NaryExpression, frozen=True, kw_only=True): ...


class EndsWith(BinaryExpression, frozen=True, kw_only=True): ...


class StartsWith(BinaryExpression, frozen=True, kw_only=True): ...


class Matches(BinaryExpression, frozen=True, kw_only=True): ...


class LastPositionOf(OperatorExpression, frozen=True, kw_only=True):
    pattern: Expression
    string: Expression


class PositionOf(OperatorExpression, frozen=True, kw_only=True):
    pattern: Expression
    string: Expression


class Length(UnaryExpression, frozen=True, kw_only=True):
    """The length of a string, or of a list."""


class Lower(UnaryExpression, frozen=True, kw_only=True): ...


class Upper(UnaryExpression, frozen=True, kw_only=True): ...


class ReplaceMatches(TernaryExpression, frozen=True, kw_only=True): ...


class Split(OperatorExpression, frozen=True, kw_only=True):
    string_to_split: Expression
    separator: Expression | None = None


class SplitOnMatches(OperatorExpression, frozen=True, kw_only=True):
    string_to_split: Expression
    separator_pattern: Expression


class Substring(OperatorExpression, frozen=True, kw_only=True):
    string_to_sub: Expression
    start_index: Expression
    length: Expression | None = None
