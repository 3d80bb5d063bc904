"""Arithmetic: CQL 1.5.3, appendix B, "Arithmetic Operators".

What cannot be represented is null.  Choices: a Decimal may be as large as 10^28 (the conformance suite computes with
such numbers) and is rounded half up to eight places; what the suite wants as errors (the successor
of the greatest value) are errors.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

from reference.values import CqlFailure, Long, Quantity, Uncertain

INTEGER = (-(2**31), 2**31 - 1)
LONG = (-(2**63), 2**63 - 1)
MAX_DECIMAL = Decimal("99999999999999999999.99999999")
STEP = Decimal("0.00000001")
WIDE = Context(prec=200, rounding=ROUND_HALF_UP)


def integer(value: int) -> int | None:
    """The number if it is an Integer."""
    return value if INTEGER[0] <= value <= INTEGER[1] else None


def long(value: int) -> Long | None:
    """The number if it is a Long."""
    return Long(value) if LONG[0] <= value <= LONG[1] else None


def decimal(value: Decimal | Fraction) -> Decimal | None:
    """The number, rounded half up (away from zero) to eight places, if it is a Decimal."""
    exact = Fraction(value)
    scaled, rest = divmod(abs(exact) * 10**8, 1)
    digits = int(scaled) + (1 if rest >= Fraction(1, 2) else 0)
    found = WIDE.divide(Decimal(digits if exact >= 0 else -digits), Decimal(10**8))
    return found if abs(exact) <= 10**28 else None


def _lift(
    left: Any,
    right: Any,
    whole: Callable[[int, int], int | None],
    exact: Callable[[Fraction, Fraction], Fraction | None],
) -> Any:
    if left is None or right is None:
        return None
    if isinstance(left, Quantity):
        value = _lift(left.value, right.value, whole, exact)
        return None if value is None else Quantity(value, left.unit)
    if isinstance(left, Long):
        number = whole(left.value, right.value)
        return None if number is None else long(number)
    if isinstance(left, Decimal):
        fraction = exact(Fraction(left), Fraction(right))
        return None if fraction is None else decimal(fraction)
    number = whole(left, right)
    return None if number is None else integer(number)


def _ends(value: Any) -> tuple[Any, Any]:
    return (value.low, value.high) if isinstance(value, Uncertain) else (value, value)


def _spread(left: Any, right: Any, operate: Callable[[int, int], int | None]) -> Any:
    """An operation where a number is uncertain: between the least and the greatest of all possible results."""
    results = [operate(x, y) for x in _ends(left) for y in _ends(right)]
    if any(result is None for result in results):
        return None
    low, high = min(results), max(results)  # type: ignore[type-var]
    return low if low == high else Uncertain(low, high)


def add(left: Any, right: Any) -> Any:
    """``left + right``."""
    if left is not None and right is not None and (isinstance(left, Uncertain) or isinstance(right, Uncertain)):
        return _spread(left, right, lambda x, y: x + y)
    if isinstance(left, Quantity) and isinstance(right, Quantity) and left.unit != right.unit:
        raise NotImplementedError("units that differ")
    return _lift(left, right, lambda x, y: x + y, lambda x, y: x + y)


def subtract(left: Any, right: Any) -> Any:
    """``left - right``."""
    if left is not None and right is not None and (isinstance(left, Uncertain) or isinstance(right, Uncertain)):
        return _spread(left, right, lambda x, y: x - y)
    if isinstance(left, Quantity) and isinstance(right, Quantity) and left.unit != right.unit:
        raise NotImplementedError("units that differ")
    return _lift(left, right, lambda x, y: x - y, lambda x, y: x - y)


def multiply(left: Any, right: Any) -> Any:
    """``left * right``; of quantities, only where one has no unit."""
    if left is not None and right is not None and (isinstance(left, Uncertain) or isinstance(right, Uncertain)):
        return _spread(left, right, lambda x, y: x * y)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        if "1" not in (left.unit, right.unit):
            raise NotImplementedError("a product of units")
        value = multiply(left.value, right.value)
        return None if value is None else Quantity(value, right.unit if left.unit == "1" else left.unit)
    return _lift(left, right, lambda x, y: x * y, lambda x, y: x * y)


def divide(left: Any, right: Any) -> Any:
    """``left / right``: always a Decimal, or a quantity."""
    if left is None or right is None:
        return None
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        left, right = (one if isinstance(one, Quantity) else Quantity(one, "1") for one in (left, right))
        if right.unit not in (left.unit, "1"):
            raise NotImplementedError("a quotient of units")
        value = divide(left.value, right.value)
        return None if value is None else Quantity(value, "1" if right.unit == left.unit else left.unit)
    if right == 0:
        return None
    return decimal(Fraction(left) / Fraction(right))


def _cut(value: Fraction) -> int:
    """Towards zero."""
    return int(abs(value)) * (1 if value >= 0 else -1)


def truncated_divide(left: Any, right: Any) -> Any:
    """``left div right``: the quotient cut towards zero."""

    def cut(x: Any, y: Any) -> Any:
        return None if y == 0 else _cut(Fraction(x) / Fraction(y))

    if right is not None and isinstance(left, Uncertain) and not isinstance(right, Uncertain):
        return _spread(left, right, cut)
    if left is not None and isinstance(right, Uncertain):
        raise CqlFailure("the divisor is not known")
    return _lift(left, right, cut, cut)


def modulo(left: Any, right: Any) -> Any:
    """``left mod right``: what ``left div right`` leaves."""

    def rest(x: Any, y: Any) -> Any:
        return None if y == 0 else x - y * _cut(Fraction(x) / Fraction(y))

    if isinstance(left, Uncertain) or isinstance(right, Uncertain):
        return None
    return _lift(left, right, rest, rest)


def power(left: Any, right: Any) -> Any:
    """``left ^ right`` for whole exponents of moderate size."""
    if left is None or right is None:
        return None
    if isinstance(left, Uncertain) or isinstance(right, Uncertain):
        return None
    base = left.value if isinstance(left, Long) else left
    exponent = right.value if isinstance(right, Long) else right
    if exponent != int(exponent) or abs(exponent) > 400:
        raise NotImplementedError("a power that is not exact")
    if exponent < 0 and base == 0:
        return None
    found = Fraction(base) ** int(exponent)
    if isinstance(left, Decimal) or exponent < 0:
        return decimal(found)
    return long(int(found)) if isinstance(left, Long) else integer(int(found))


def negate(operand: Any) -> Any:
    """``-operand``."""
    match operand:
        case None:
            return None
        case Quantity():
            return Quantity(WIDE.minus(operand.value), operand.unit)
        case Long():
            return long(-operand.value)
        case Uncertain():
            return Uncertain(-operand.high, -operand.low)
        case Decimal():
            return WIDE.minus(operand)
    return integer(-operand)


def absolute(operand: Any) -> Any:
    """``Abs``."""
    match operand:
        case None | Uncertain():
            return None
        case Quantity():
            return Quantity(WIDE.abs(operand.value), operand.unit)
        case Long():
            return long(abs(operand.value))
        case Decimal():
            return WIDE.abs(operand)
    return integer(abs(operand))


def ceiling(operand: Decimal | None) -> int | None:
    """``Ceiling``."""
    return None if operand is None else integer(-(Fraction(-operand) // 1))


def floor(operand: Decimal | None) -> int | None:
    """``Floor``."""
    return None if operand is None else integer(Fraction(operand) // 1)


def truncate(operand: Decimal | None) -> int | None:
    """``Truncate``."""
    return None if operand is None else integer(_cut(Fraction(operand)))


def round_(operand: Decimal | None, places: int | None) -> Decimal | None:
    """``Round``: half away from zero."""
    if operand is None:
        return None
    scale = Fraction(10) ** (places or 0)
    scaled, rest = divmod(abs(Fraction(operand)) * scale, 1)
    whole = scaled + (1 if rest >= Fraction(1, 2) else 0)
    return decimal(whole / scale * (1 if operand >= 0 else -1))


def neighbour(value: Any, step: int) -> Any:
    """The next number, or the one before; null beyond the range of the type.

    Choice: the step of a Decimal is 10^-8 whatever its digits, as the conformance suite has it.
    """
    match value:
        case Quantity():
            number = neighbour(value.value, step)
            return None if number is None else Quantity(number, value.unit)
        case Long():
            return long(value.value + step)
        case Decimal():
            found = decimal(Fraction(value) + step * Fraction(STEP))
            return found if found is not None and abs(found) <= MAX_DECIMAL else None
    return integer(value + step)


def least(kind: str, greatest: bool = False) -> Any:
    """``minimum`` or ``maximum`` of a type of numbers."""
    match kind:
        case "Integer":
            return INTEGER[greatest]
        case "Long":
            return Long(LONG[greatest])
        case "Decimal":
            return MAX_DECIMAL if greatest else -MAX_DECIMAL
        case "Quantity":
            return Quantity(MAX_DECIMAL if greatest else -MAX_DECIMAL, "1")
    raise CqlFailure(f"{kind} has no least or greatest value")
