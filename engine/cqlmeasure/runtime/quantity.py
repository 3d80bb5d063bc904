"""Quantity and Ratio: the values, their comparison and their arithmetic.

Always holds: equal unit texts are compared and added without looking at what they mean; different units are converted;
units that cannot be converted, or are no units, give null.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from cqlmeasure.runtime.numbers import WIDE_CONTEXT, fix_decimal
from cqlmeasure.ucum import (
    convert,
    convert_equivalent,
    divide_units,
    more_granular,
    multiply_units,
    to_common_unit,
)


class Quantity:
    """A decimal value with a unit: a UCUM code or a calendar word, ``'1'`` when none was given."""

    __slots__ = ("unit", "value")

    def __init__(self, value: Decimal, unit: str = "1") -> None:
        self.value = value
        self.unit = unit

    def __eq__(self, other: object) -> bool:
        return type(other) is Quantity and self.value == other.value and self.unit == other.unit

    def __hash__(self) -> int:
        return hash((self.value, self.unit))

    def __repr__(self) -> str:
        return f"{self.value:f} '{self.unit}'"


class Ratio:
    """One quantity to another; kept as written, never divided."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: Quantity, denominator: Quantity) -> None:
        self.numerator = numerator
        self.denominator = denominator

    def __eq__(self, other: object) -> bool:
        return type(other) is Ratio and self.numerator == other.numerator and self.denominator == other.denominator

    def __hash__(self) -> int:
        return hash((self.numerator, self.denominator))

    def __repr__(self) -> str:
        return f"{self.numerator!r}:{self.denominator!r}"


# --- comparison ---------------------------------------------------------------------------------------------------


def compare_quantity(a: Quantity | None, b: Quantity | None) -> int | None:
    """-1, 0 or 1; null if the units cannot be compared."""
    if a is None or b is None:
        return None
    left, right = a.value, b.value
    if a.unit != b.unit:
        converted = to_common_unit(right, b.unit, a.unit)
        if converted is None:
            return None
        right = converted
    return -1 if left < right else 1 if left > right else 0


def less_quantity(a: Quantity | None, b: Quantity | None) -> bool | None:
    """``a < b``."""
    order = compare_quantity(a, b)
    return None if order is None else order < 0


def less_or_equal_quantity(a: Quantity | None, b: Quantity | None) -> bool | None:
    """``a <= b``."""
    order = compare_quantity(a, b)
    return None if order is None else order <= 0


def greater_quantity(a: Quantity | None, b: Quantity | None) -> bool | None:
    """``a > b``."""
    order = compare_quantity(a, b)
    return None if order is None else order > 0


def greater_or_equal_quantity(a: Quantity | None, b: Quantity | None) -> bool | None:
    """``a >= b``."""
    order = compare_quantity(a, b)
    return None if order is None else order >= 0


def equal_quantity(a: Quantity | None, b: Quantity | None) -> bool | None:
    """``a = b``; null if the units cannot be compared, as a calendar year and ``'a'``."""
    order = compare_quantity(a, b)
    return None if order is None else order == 0


def equivalent_quantity(a: Quantity | None, b: Quantity | None) -> bool:
    """``a ~ b``: as equality, but never null, and a calendar year or month is equivalent to ``'a'`` or ``'mo'``."""
    if a is None or b is None:
        return a is b
    if a.unit == b.unit:
        return a.value == b.value
    return convert_equivalent(b.value, b.unit, a.unit) == a.value


def equal_ratio(a: Ratio | None, b: Ratio | None) -> bool | None:
    """``a = b``: the same numerator and the same denominator."""
    if a is None or b is None:
        return None
    above = equal_quantity(a.numerator, b.numerator)
    if above is False:
        return False
    below = equal_quantity(a.denominator, b.denominator)
    if below is False:
        return False
    return None if above is None or below is None else True


def equivalent_ratio(a: Ratio | None, b: Ratio | None) -> bool:
    """``a ~ b``: the same proportion."""
    if a is None or b is None:
        return a is b
    left = Quantity(
        WIDE_CONTEXT.multiply(a.numerator.value, b.denominator.value),
        multiply_units(a.numerator.unit, b.denominator.unit),
    )
    right = Quantity(
        WIDE_CONTEXT.multiply(b.numerator.value, a.denominator.value),
        multiply_units(b.numerator.unit, a.denominator.unit),
    )
    return equivalent_quantity(left, right)


# --- arithmetic ---------------------------------------------------------------------------------------------------


def _plain(value: Decimal) -> Decimal:
    """The value without a positive exponent, so that it prints as digits."""
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1), context=WIDE_CONTEXT) if isinstance(exponent, int) and exponent > 0 else value


def _quantity(value: Decimal, unit: str) -> Quantity | None:
    fixed = fix_decimal(value)
    return None if fixed is None else Quantity(_plain(fixed), unit)


def _in_one_unit(a: Quantity, b: Quantity) -> tuple[Decimal, Decimal, str] | None:
    """Both values in the more granular of the two units; None if there is no common one."""
    if a.unit == b.unit:
        return a.value, b.value, a.unit
    unit = more_granular(a.unit, b.unit)
    left, right = to_common_unit(a.value, a.unit, unit), to_common_unit(b.value, b.unit, unit)
    return None if left is None or right is None else (left, right, unit)


def _termwise(
    a: Quantity | None, b: Quantity | None, operate: Callable[[Decimal, Decimal], Decimal]
) -> Quantity | None:
    if a is None or b is None:
        return None
    common = _in_one_unit(a, b)
    return None if common is None else _quantity(operate(common[0], common[1]), common[2])


def add_quantity(a: Quantity | None, b: Quantity | None) -> Quantity | None:
    """``a + b`` in the more granular unit."""
    return _termwise(a, b, WIDE_CONTEXT.add)


def subtract_quantity(a: Quantity | None, b: Quantity | None) -> Quantity | None:
    """``a - b`` in the more granular unit."""
    return _termwise(a, b, WIDE_CONTEXT.subtract)


def multiply_quantity(a: Quantity | None, b: Quantity | None) -> Quantity | None:
    """``a * b``; the unit is the product of the units."""
    if a is None or b is None:
        return None
    return _quantity(WIDE_CONTEXT.multiply(a.value, b.value), multiply_units(a.unit, b.unit))


def divide_quantity(a: Quantity | None, b: Quantity | None) -> Quantity | None:
    """``a / b``; units that can be converted cancel out, others give their quotient.  Null for a zero divisor."""
    if a is None or b is None or not b.value:
        return None
    if a.unit != b.unit and b.unit != "1":
        common = _in_one_unit(a, b)
        if common is not None:
            return _quantity(WIDE_CONTEXT.divide(common[0], common[1]), "1")
    return _quantity(WIDE_CONTEXT.divide(a.value, b.value), divide_units(a.unit, b.unit))


def truncated_divide_quantity(a: Quantity | None, b: Quantity | None) -> Quantity | None:
    """``a div b``: the whole quotient, in the unit of the operands; null for a zero divisor."""
    return None if b is not None and not b.value else _scaled(a, b, WIDE_CONTEXT.divide_int)


def modulo_quantity(a: Quantity | None, b: Quantity | None) -> Quantity | None:
    """``a mod b``: the remainder of truncated division; null for a zero divisor."""
    return None if b is not None and not b.value else _scaled(a, b, WIDE_CONTEXT.remainder)


def _scaled(a: Quantity | None, b: Quantity | None, operate: Callable[[Decimal, Decimal], Decimal]) -> Quantity | None:
    if a is not None and b is not None and b.unit == "1":  # a bare number as the divisor
        return _quantity(operate(a.value, b.value), a.unit)
    return _termwise(a, b, operate)


def negate_quantity(a: Quantity | None) -> Quantity | None:
    """``-a``."""
    return None if a is None else Quantity(a.value.copy_negate() if a.value else a.value, a.unit)


def abs_quantity(a: Quantity | None) -> Quantity | None:
    """``Abs(a)``."""
    return None if a is None else Quantity(a.value.copy_abs(), a.unit)


def convert_quantity(a: Quantity | None, unit: str | None) -> Quantity | None:
    """``convert a to 'unit'``; null if there is no conversion."""
    if a is None or unit is None:
        return None
    if a.unit == unit:
        return a
    value = convert(a.value, a.unit, unit)
    return None if value is None else _quantity(value, unit)


def can_convert_quantity(a: Quantity | None, unit: str | None) -> bool | None:
    """Whether :func:`convert_quantity` has a result."""
    if a is None or unit is None:
        return None
    return a.unit == unit or convert(a.value, a.unit, unit) is not None
