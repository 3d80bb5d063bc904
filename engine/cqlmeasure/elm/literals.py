"""ELM chapters 1 and 2: simple values, structured values, and the selectors of lists, intervals and quantities."""

from __future__ import annotations

from decimal import Decimal

from cqlmeasure.elm.base import Element, Expression, OperatorExpression
from cqlmeasure.typesys import DataType


class Literal(Expression, frozen=True, kw_only=True):
    """A Boolean, Integer, Long, Decimal or String; ``value`` is its text."""

    value_type: DataType
    value: str | None = None


class Null(Expression, frozen=True, kw_only=True):
    """The null value."""


class TupleElement(Element, frozen=True, kw_only=True):
    name: str
    value: Expression


class Tuple(Expression, frozen=True, kw_only=True):
    """A tuple selector."""

    element: tuple[TupleElement, ...] = ()


class InstanceElement(Element, frozen=True, kw_only=True):
    name: str
    value: Expression


class Instance(Expression, frozen=True, kw_only=True):
    """An instance selector of a class: ``FHIR.Period { start: ... }``."""

    class_type: DataType
    element: tuple[InstanceElement, ...] = ()


class Property(Expression, frozen=True, kw_only=True):
    """The element ``path`` (which may be dotted) of ``source``, or of the alias ``scope``."""

    path: str
    scope: str | None = None
    source: Expression | None = None


class Interval(Expression, frozen=True, kw_only=True):
    """An interval selector; a closed flag is a constant or, where set, an expression."""

    low: Expression | None = None
    low_closed_expression: Expression | None = None
    high: Expression | None = None
    high_closed_expression: Expression | None = None
    low_closed: bool = True
    high_closed: bool = True


class List(Expression, frozen=True, kw_only=True):
    """A list selector; ``type_specifier`` is the type of the elements, if the author gave it."""

    type_specifier: DataType | None = None
    element: tuple[Expression, ...] = ()


class Quantity(Expression, frozen=True, kw_only=True):
    """A quantity: a UCUM unit or a calendar word."""

    value: Decimal | None = None
    unit: str | None = None


class Ratio(Expression, frozen=True, kw_only=True):
    numerator: Quantity
    denominator: Quantity


class DateTime(OperatorExpression, frozen=True, kw_only=True):
    """The DateTime selector; components from ``month`` on are optional from the right."""

    year: Expression
    month: Expression | None = None
    day: Expression | None = None
    hour: Expression | None = None
    minute: Expression | None = None
    second: Expression | None = None
    millisecond: Expression | None = None
    timezone_offset: Expression | None = None


class Date(OperatorExpression, frozen=True, kw_only=True):
    year: Expression
    month: Expression | None = None
    day: Expression | None = None


class Time(OperatorExpression, frozen=True, kw_only=True):
    hour: Expression
    minute: Expression | None = None
    second: Expression | None = None
    millisecond: Expression | None = None
