"""ELM chapter on date and time operators."""

from __future__ import annotations

from cqlmeasure.elm.base import BinaryExpression, OperatorExpression, TimingExpression, UnaryExpression


class Now(OperatorExpression, frozen=True, kw_only=True): ...


class Today(OperatorExpression, frozen=True, kw_only=True): ...


class TimeOfDay(OperatorExpression, frozen=True, kw_only=True): ...


class DateFrom(UnaryExpression, frozen=True, kw_only=True): ...


class TimeFrom(UnaryExpression, frozen=True, kw_only=True): ...


class TimezoneFrom(UnaryExpression, frozen=True, kw_only=True): ...


class TimezoneOffsetFrom(UnaryExpression, frozen=True, kw_only=True): ...


class DateTimeComponentFrom(UnaryExpression, frozen=True, kw_only=True):
    precision: str


class DurationBetween(BinaryExpression, frozen=True, kw_only=True):
    precision: str


class DifferenceBetween(BinaryExpression, frozen=True, kw_only=True):
    precision: str


class SameAs(TimingExpression, frozen=True, kw_only=True): ...


class SameOrBefore(TimingExpression, frozen=True, kw_only=True): ...


class SameOrAfter(TimingExpression, frozen=True, kw_only=True): ...


class Before(TimingExpression, frozen=True, kw_only=True):
    """Strictly before: points and intervals."""


class After(TimingExpression, frozen=True, kw_only=True):
    """Strictly after: points and intervals."""
