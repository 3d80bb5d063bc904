"""Arithmetic operators: CQL reference, appendix B, "Arithmetic Operators".

Owns arithmetic on Integer, Long and Decimal, and the general operators that choose by operand.  Always holds: a result
that cannot be represented (overflow, division by zero, logarithm of a negative number) is null, and so is a result with
a null operand; Decimals are rounded half up to eight places.  What the conformance suite wants as errors are errors:
``Exp`` that overflows, ``Ln(0)``, the successor of the greatest value and the predecessor of the least.  An Uncertainty
may be added, subtracted, multiplied and negated like an Integer, and divided by a certain number; division by an
uncertain one is an error, other arithmetic null.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from cqlmeasure.runtime.numbers import (
    DECIMAL_PLACES,
    MAX_INTEGER,
    MAX_LONG,
    MIN_INTEGER,
    MIN_LONG,
    WIDE_CONTEXT,
    Long,
    fix_decimal,
)
from cqlmeasure.runtime.points import predecessor_point, successor_point
from cqlmeasure.runtime.quantity import (
    Quantity,
    abs_quantity,
    add_quantity,
    divide_quantity,
    modulo_quantity,
    multiply_quantity,
    negate_quantity,
    subtract_quantity,
    truncated_divide_quantity,
)
from cqlmeasure.runtime.temporal import Date, DateTime, Time
from cqlmeasure.runtime.temporal_arithmetic import add_temporal, subtract_temporal
from cqlmeasure.runtime.uncertainty import (
    Uncertainty,
    add_uncertainty,
    multiply_uncertainty,
    negate_uncertainty,
    subtract_uncertainty,
    truncated_divide_uncertainty,
)
from cqlmeasure.runtime.values import CqlError

_ONE = Decimal(1)


def add_integer(left: Any, right: Any) -> Any:
    """``left + right`` of Integers."""
    if left is None or right is None:
        return None
    try:
        result = left + right
    except TypeError:
        return add_uncertainty(left, right)
    return result if MIN_INTEGER <= result <= MAX_INTEGER else None


def subtract_integer(left: Any, right: Any) -> Any:
    """``left - right`` of Integers."""
    if left is None or right is None:
        return None
    try:
        result = left - right
    except TypeError:
        return subtract_uncertainty(left, right)
    return result if MIN_INTEGER <= result <= MAX_INTEGER else None


def multiply_integer(left: Any, right: Any) -> Any:
    """``left * right`` of Integers."""
    if left is None or right is None:
        return None
    try:
        result = left * right
    except TypeError:
        return multiply_uncertainty(left, right)
    return result if MIN_INTEGER <= result <= MAX_INTEGER else None


def truncated_divide_integer(left: Any, right: Any) -> Any:
    """``left div right`` of Integers: the quotient cut towards zero."""
    if left is None or right is None or right == 0:
        return None
    try:
        result = left // right if (left >= 0) == (right > 0) else -(-left // right)
    except TypeError:
        return truncated_divide_uncertainty(left, right)
    return result if MIN_INTEGER <= result <= MAX_INTEGER else None


def modulo_integer(left: int | None, right: int | None) -> int | None:
    """``left mod right`` of Integers: the remainder has the sign of the left operand."""
    if left is None or right is None or right == 0:
        return None
    try:
        result = abs(left) % abs(right)
    except TypeError:
        return None
    return result if left >= 0 else -result


def negate_integer(operand: Any) -> Any:
    """``-operand`` of an Integer."""
    if type(operand) is Uncertainty:
        return negate_uncertainty(operand)
    return None if operand is None or operand == MIN_INTEGER else -operand


def abs_integer(operand: Any) -> Any:
    """``Abs`` of an Integer."""
    if operand is None or operand == MIN_INTEGER or type(operand) is Uncertainty:
        return None
    return abs(operand)


def power_integer(left: Any, right: Any) -> Any:
    """``left ^ right`` of Integers; a negative exponent gives a Decimal."""
    if left is None or right is None or type(left) is Uncertainty or type(right) is Uncertainty:
        return None
    if right < 0:
        return power_decimal(Decimal(left), Decimal(right))
    # a base of at least 2 overflows from the 32nd power on: never compute a number of millions of digits
    if right > 32:
        if left in (0, 1):
            return left
        return (1 if right % 2 == 0 else -1) if left == -1 else None
    result = left**right
    return result if MIN_INTEGER <= result <= MAX_INTEGER else None


def _long(value: int) -> Long | None:
    return Long(value) if MIN_LONG <= value <= MAX_LONG else None


def add_long(left: int | None, right: int | None) -> Long | None:
    """``left + right`` of Longs."""
    return None if left is None or right is None else _long(left + right)


def subtract_long(left: int | None, right: int | None) -> Long | None:
    """``left - right`` of Longs."""
    return None if left is None or right is None else _long(left - right)


def multiply_long(left: int | None, right: int | None) -> Long | None:
    """``left * right`` of Longs."""
    return None if left is None or right is None else _long(left * right)


def truncated_divide_long(left: int | None, right: int | None) -> Long | None:
    """``left div right`` of Longs: the quotient cut towards zero."""
    if left is None or right is None or right == 0:
        return None
    return _long(left // right if (left >= 0) == (right > 0) else -(-left // right))


def modulo_long(left: int | None, right: int | None) -> Long | None:
    """``left mod right`` of Longs: the remainder has the sign of the left operand."""
    if left is None or right is None or right == 0:
        return None
    result = abs(left) % abs(right)
    return Long(result if left >= 0 else -result)


def negate_long(operand: int | None) -> Long | None:
    """``-operand`` of a Long."""
    return None if operand is None else _long(-operand)


def abs_long(operand: int | None) -> Long | None:
    """``Abs`` of a Long."""
    return None if operand is None else _long(abs(operand))


def power_long(left: int | None, right: int | None) -> Long | Decimal | None:
    """``left ^ right`` of Longs; a negative exponent gives a Decimal."""
    if left is None or right is None:
        return None
    if right < 0:
        return power_decimal(Decimal(left), Decimal(right))
    if right > 64:
        if left in (0, 1):
            return Long(left)
        return Long(1 if right % 2 == 0 else -1) if left == -1 else None
    return _long(left**right)


def add_decimal(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """``left + right`` of Decimals."""
    return None if left is None or right is None else fix_decimal(WIDE_CONTEXT.add(left, right))


def subtract_decimal(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """``left - right`` of Decimals."""
    return None if left is None or right is None else fix_decimal(WIDE_CONTEXT.subtract(left, right))


def multiply_decimal(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """``left * right`` of Decimals."""
    return None if left is None or right is None else fix_decimal(WIDE_CONTEXT.multiply(left, right))


def divide_decimal(left: Decimal | int | None, right: Decimal | int | None) -> Decimal | None:
    """``left / right``: always Decimal division; null when the divisor is 0."""
    if left is None or right is None or not right:
        return None
    return tidy(WIDE_CONTEXT.divide(left, right))


def truncated_divide_decimal(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """``left div right`` of Decimals: the quotient cut towards zero."""
    if left is None or right is None or not right:
        return None
    return tidy(WIDE_CONTEXT.divide_int(left, right))


def modulo_decimal(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """``left mod right`` of Decimals: the remainder has the sign of the left operand."""
    if left is None or right is None or not right:
        return None
    return fix_decimal(WIDE_CONTEXT.remainder(left, right))


def negate_decimal(operand: Decimal | None) -> Decimal | None:
    """``-operand`` of a Decimal; zero has no sign."""
    return operand.copy_negate() if operand else operand


def abs_decimal(operand: Decimal | None) -> Decimal | None:
    """``Abs`` of a Decimal."""
    return None if operand is None else operand.copy_abs()


def power_decimal(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """``left ^ right`` of Decimals; anything to the power of 0 is 1."""
    if left is None or right is None:
        return None
    if not right:
        return Decimal("1.0")
    try:
        return tidy(WIDE_CONTEXT.power(left, right))
    except DecimalException:
        return None


def tidy(value: Decimal) -> Decimal | None:
    """A computed Decimal: rounded to eight places, without exponent and without zeros that only the rounding left."""
    fixed = fix_decimal(value)
    if fixed is None:
        return None
    exponent = fixed.as_tuple().exponent
    if exponent == -DECIMAL_PLACES:
        fixed = fixed.normalize(WIDE_CONTEXT)
        exponent = fixed.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        fixed = fixed.quantize(_ONE, context=WIDE_CONTEXT)
    return fixed if fixed else fixed.copy_abs()


def ceiling(operand: Decimal | int | None) -> int | None:
    """``Ceiling``: the smallest Integer that is not less."""
    return None if operand is None else _integer(math.ceil(operand))


def floor(operand: Decimal | int | None) -> int | None:
    """``Floor``: the greatest Integer that is not greater."""
    return None if operand is None else _integer(math.floor(operand))


def truncate(operand: Decimal | int | None) -> int | None:
    """``Truncate``: the Integer part."""
    return None if operand is None else _integer(math.trunc(operand))


def _integer(value: int) -> int | None:
    return value if MIN_INTEGER <= value <= MAX_INTEGER else None


def round_(operand: Decimal | int | None, precision: int | None = None) -> Decimal | None:
    """``Round``: half away from zero, at a number of decimal places (none if null)."""
    if operand is None:
        return None
    value = Decimal(operand)
    places = precision or 0
    exponent = value.as_tuple().exponent
    if isinstance(exponent, str):
        return None
    if exponent < -places:
        step = Decimal((0, (1,), -places))
        if value.adjusted() < -places - 1:  # less than a tenth of a step: quantize need not see it
            return Decimal(0)
        value = value.quantize(step, rounding=ROUND_HALF_UP, context=WIDE_CONTEXT)
        if places < 0:
            value = value.quantize(_ONE, context=WIDE_CONTEXT)
    value = value if value else value.copy_abs()
    return fix_decimal(value)


def ln(operand: Decimal | int | None) -> Decimal | None:
    """``Ln``: null for negative numbers; an error for zero, where it has no bound."""
    if operand is None or operand < 0:
        return None
    if not operand:
        raise CqlError("Ln(0) is not defined")
    return tidy(WIDE_CONTEXT.ln(Decimal(operand)))


def exp(operand: Decimal | int | None) -> Decimal | None:
    """``Exp``: an error when the result is out of range."""
    if operand is None:
        return None
    try:
        found = tidy(WIDE_CONTEXT.exp(Decimal(operand)))
    except DecimalException:
        found = None
    if found is None:
        raise CqlError(f"Exp({operand}) is too large for a Decimal")
    return found


def log(operand: Decimal | int | None, base: Decimal | int | None) -> Decimal | None:
    """``Log``: null for operands or bases of zero and below, and for base 1."""
    if operand is None or base is None or operand <= 0 or base <= 0 or base == 1:
        return None
    return tidy(WIDE_CONTEXT.divide(WIDE_CONTEXT.ln(Decimal(operand)), WIDE_CONTEXT.ln(Decimal(base))))


def as_decimal(value: Any) -> Decimal | None:
    """An Integer, Long or Decimal as Decimal; a JSON float by its shortest text, so that 0.1 stays 0.1."""
    if value is None or type(value) is Decimal:
        return value
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


# -- any type ---------------------------------------------------------------------------------------------------------


def _numeric_kind(left: Any, right: Any) -> type:
    """The type in which two operands meet: Integer, Long, Decimal or Quantity."""
    kinds = {type(left), type(right)}
    if Quantity in kinds:
        return Quantity
    if kinds <= _INTEGERS:
        return Long if Long in kinds else int
    if kinds <= _NUMBERS:
        return Decimal
    raise CqlError(f"arithmetic on values of type {type(left).__name__} and {type(right).__name__}")


_INTEGERS = frozenset((int, Long, Uncertainty))
_NUMBERS = frozenset((int, Long, Decimal, float))


def _as_quantity(value: Any) -> Quantity:
    number = None if isinstance(value, bool | Quantity) else as_decimal(value)
    if number is None:
        return value  # type: ignore[no-any-return]  # a Quantity already
    return Quantity(number)


def _binary(
    integer: Callable[[Any, Any], Any],
    long: Callable[[Any, Any], Any],
    decimal: Callable[[Any, Any], Any],
    quantity: Callable[[Any, Any], Any],
    left: Any,
    right: Any,
) -> Any:
    if left is None or right is None:
        return None
    if type(left) is int and type(right) is int:
        return integer(left, right)
    kind = _numeric_kind(left, right)
    if kind is int:
        return integer(left, right)
    if kind is Long:
        return long(left, right)
    if kind is Decimal:
        return decimal(as_decimal(left), as_decimal(right))
    return quantity(_as_quantity(left), _as_quantity(right))


_TEMPORAL = (Date, DateTime, Time)


def add(left: Any, right: Any) -> Any:
    """``left + right`` of any types: numbers, quantities, a point in time and a quantity, Strings."""
    if isinstance(left, _TEMPORAL):
        return add_temporal(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return _binary(add_integer, add_long, add_decimal, add_quantity, left, right)


def subtract(left: Any, right: Any) -> Any:
    """``left - right`` of any types: numbers, quantities, a quantity from a point in time."""
    if isinstance(left, _TEMPORAL):
        return subtract_temporal(left, right)
    return _binary(subtract_integer, subtract_long, subtract_decimal, subtract_quantity, left, right)


def multiply(left: Any, right: Any) -> Any:
    """``left * right`` of numbers or quantities."""
    return _binary(multiply_integer, multiply_long, multiply_decimal, multiply_quantity, left, right)


def divide(left: Any, right: Any) -> Any:
    """``left / right`` of numbers or quantities."""
    return _binary(divide_decimal, divide_decimal, divide_decimal, divide_quantity, left, right)


def truncated_divide(left: Any, right: Any) -> Any:
    """``left div right`` of numbers or quantities."""
    return _binary(
        truncated_divide_integer,
        truncated_divide_long,
        truncated_divide_decimal,
        truncated_divide_quantity,
        left,
        right,
    )


def modulo(left: Any, right: Any) -> Any:
    """``left mod right`` of numbers or quantities."""
    return _binary(modulo_integer, modulo_long, modulo_decimal, modulo_quantity, left, right)


def power(left: Any, right: Any) -> Any:
    """``left ^ right`` of numbers."""
    if left is None or right is None:
        return None
    kind = _numeric_kind(left, right)
    if kind is int:
        return power_integer(left, right)
    if kind is Long:
        return power_long(left, right)
    return power_decimal(as_decimal(left), as_decimal(right))


def negate(operand: Any) -> Any:
    """``-operand`` of a number or quantity."""
    if operand is None:
        return None
    if isinstance(operand, Quantity):
        return negate_quantity(operand)
    if isinstance(operand, Long):
        return negate_long(operand)
    return negate_integer(operand) if isinstance(operand, int | Uncertainty) else negate_decimal(as_decimal(operand))


def abs_(operand: Any) -> Any:
    """``Abs`` of a number or quantity."""
    if operand is None:
        return None
    if isinstance(operand, Quantity):
        return abs_quantity(operand)
    if isinstance(operand, Long):
        return abs_long(operand)
    return abs_integer(operand) if isinstance(operand, int) else abs_decimal(as_decimal(operand))


def successor(operand: Any) -> Any:
    """``successor of`` a value of any ordered type; an error at the greatest."""
    found = successor_point(operand)
    if found is None and operand is not None:
        raise CqlError(f"{operand!r} has no successor")
    return found


def predecessor(operand: Any) -> Any:
    """``predecessor of`` a value of any ordered type; an error at the least."""
    found = predecessor_point(operand)
    if found is None and operand is not None:
        raise CqlError(f"{operand!r} has no predecessor")
    return found
