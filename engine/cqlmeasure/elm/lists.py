"""ELM chapter on list operators that are not shared with intervals."""

from __future__ import annotations

from cqlmeasure.elm.base import BinaryExpression, Expression, OperatorExpression, UnaryExpression
from cqlmeasure.elm.queries import SortByItem


class Exists(UnaryExpression, frozen=True, kw_only=True): ...


class Distinct(UnaryExpression, frozen=True, kw_only=True): ...


class Flatten(UnaryExpression, frozen=True, kw_only=True): ...


class SingletonFrom(UnaryExpression, frozen=True, kw_only=True): ...


class First(OperatorExpression, frozen=True, kw_only=True):
    source: Expression
    order_by: str | None = None


class Last(OperatorExpression, frozen=True, kw_only=True):
    source: Expression
    order_by: str | None = None


class Indexer(BinaryExpression, frozen=True, kw_only=True):
    """Of a list or a string; counts from 0."""


class IndexOf(OperatorExpression, frozen=True, kw_only=True):
    source: Expression
    element: Expression


class Slice(OperatorExpression, frozen=True, kw_only=True):
    """``Skip``, ``Take`` and ``Tail`` in ELM."""

    source: Expression
    start_index: Expression | None = None
    end_index: Expression | None = None


class Times(BinaryExpression, frozen=True, kw_only=True): ...


class Filter(Expression, frozen=True, kw_only=True):
    source: Expression
    condition: Expression
    scope: str | None = None


class ForEach(Expression, frozen=True, kw_only=True):
    source: Expression
    element: Expression
    scope: str | None = None


class Repeat(Expression, frozen=True, kw_only=True):
    source: Expression
    element: Expression
    scope: str | None = None


class Sort(Expression, frozen=True, kw_only=True):
    source: Expression
    by: tuple[SortByItem, ...]


class Current(Expression, frozen=True, kw_only=True):
    scope: str | None = None


class Iteration(Expression, frozen=True, kw_only=True):
    scope: str | None = None


class Total(Expression, frozen=True, kw_only=True):
    scope: str | None = None
