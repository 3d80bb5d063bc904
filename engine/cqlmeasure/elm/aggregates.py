"""ELM chapter on aggregate operators."""

from __future__ import annotations

from cqlmeasure.elm.base import AggregateExpression, Expression


class Count(AggregateExpression, frozen=True, kw_only=True): ...


class Sum(AggregateExpression, frozen=True, kw_only=True): ...


class Product(AggregateExpression, frozen=True, kw_only=True): ...


class Min(AggregateExpression, frozen=True, kw_only=True): ...


class Max(AggregateExpression, frozen=True, kw_only=True): ...


class Avg(AggregateExpression, frozen=True, kw_only=True): ...


class GeometricMean(AggregateExpression, frozen=True, kw_only=True): ...


class Median(AggregateExpression, frozen=True, kw_only=True): ...


class Mode(AggregateExpression, frozen=True, kw_only=True): ...


class Variance(AggregateExpression, frozen=True, kw_only=True): ...


class PopulationVariance(AggregateExpression, frozen=True, kw_only=True): ...


class StdDev(AggregateExpression, frozen=True, kw_only=True): ...


class PopulationStdDev(AggregateExpression, frozen=True, kw_only=True): ...


class AllTrue(AggregateExpression, frozen=True, kw_only=True): ...


class AnyTrue(AggregateExpression, frozen=True, kw_only=True): ...


class Aggregate(AggregateExpression, frozen=True, kw_only=True):
    iteration: Expression | None = None
    initial_value: Expression | None = None
    scope: str | None = None
