"""ELM chapter on type operators: tests, casts and conversions."""

from __future__ import annotations

from cqlmeasure.elm.base import BinaryExpression, UnaryExpression
from cqlmeasure.typesys import DataType


class As(UnaryExpression, frozen=True, kw_only=True):
    """A cast: null if the value is not of the type or, if ``strict``, an error."""

    as_type: DataType
    strict: bool = False


class Is(UnaryExpression, frozen=True, kw_only=True):
    is_type: DataType


class Convert(UnaryExpression, frozen=True, kw_only=True):
    to_type: DataType


class CanConvert(UnaryExpression, frozen=True, kw_only=True):
    to_type: DataType


class CanConvertQuantity(BinaryExpression, frozen=True, kw_only=True): ...


class ConvertQuantity(BinaryExpression, frozen=True, kw_only=True): ...


class ConvertsToBoolean(UnaryExpression, frozen=True, kw_only=True): ...


class ConvertsToDate(UnaryExpression, frozen=True, kw_only=True): ...


class ConvertsToDateTime(UnaryExpression, frozen=True, kw_only=True): ...


class ConvertsToDecimal(UnaryExpression, frozen=True, kw_only=True): ...


class ConvertsToInteger(UnaryExpression, frozen=True, kw_only=True): ...


class ConvertsToLong(UnaryExpression, frozen=True, kw_only=True): ...


class ConvertsToQuantity(UnaryExpression, frozen=True, kw_only=True): ...


class ConvertsToRatio(UnaryExpression, frozen=True, kw_only=True): ...


class ConvertsToString(UnaryExpression, frozen=True, kw_only=True): ...


class ConvertsToTime(UnaryExpression, frozen=True, kw_only=True): ...


class ToBoolean(UnaryExpression, frozen=True, kw_only=True): ...


class ToChars(UnaryExpression, frozen=True, kw_only=True): ...


class ToConcept(UnaryExpression, frozen=True, kw_only=True): ...


class ToDate(UnaryExpression, frozen=True, kw_only=True): ...


class ToDateTime(UnaryExpression, frozen=True, kw_only=True): ...


class ToDecimal(UnaryExpression, frozen=True, kw_only=True): ...


class ToInteger(UnaryExpression, frozen=True, kw_only=True): ...


class ToList(UnaryExpression, frozen=True, kw_only=True): ...


class ToLong(UnaryExpression, frozen=True, kw_only=True): ...


class ToQuantity(UnaryExpression, frozen=True, kw_only=True): ...


class ToRatio(UnaryExpression, frozen=True, kw_only=True): ...


class ToString(UnaryExpression, frozen=True, kw_only=True): ...


class ToTime(UnaryExpression, frozen=True, kw_only=True): ...


class Children(UnaryExpression, frozen=True, kw_only=True):
    """The values of all elements."""


class Descendents(UnaryExpression, frozen=True, kw_only=True):
    """The values of all elements, and of theirs."""
