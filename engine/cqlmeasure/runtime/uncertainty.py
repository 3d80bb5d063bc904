"""Values that are only known to lie in a range: durations between imprecise dates.

Always holds: ``low < high`` after :func:`uncertain`; what is certain is a plain number.  Comparisons give true or false
when every possible value agrees, else null.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cqlmeasure.runtime.values import CqlError

Number = int | Decimal


class Uncertainty:
    """A number between ``low`` and ``high``, both included."""

    __slots__ = ("high", "low")

    def __init__(self, low: Any, high: Any) -> None:
        self.low = low
        self.high = high

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Uncertainty) and self.low == other.low and self.high == other.high

    def __hash__(self) -> int:
        return hash((self.low, self.high))

    def __repr__(self) -> str:
        return f"Uncertainty[{self.low!r}, {self.high!r}]"


def uncertain(low: int, high: int) -> int | Uncertainty:
    """The number itself if both ends agree, else the uncertainty between them."""
    return low if low == high else Uncertainty(low, high)


def ends(value: Any) -> tuple[Any, Any]:
    """Lowest and highest possible value."""
    if isinstance(value, Uncertainty):
        return value.low, value.high
    return value, value


def less_uncertainty(a: Any, b: Any) -> bool | None:
    """``a < b`` where either may be uncertain."""
    if a is None or b is None:
        return None
    a_low, a_high = ends(a)
    b_low, b_high = ends(b)
    if a_high < b_low:
        return True
    if a_low >= b_high:
        return False
    return None


def less_or_equal_uncertainty(a: Any, b: Any) -> bool | None:
    """``a <= b`` where either may be uncertain."""
    if a is None or b is None:
        return None
    a_low, a_high = ends(a)
    b_low, b_high = ends(b)
    if a_high <= b_low:
        return True
    if a_low > b_high:
        return False
    return None


def greater_uncertainty(a: Any, b: Any) -> bool | None:
    """``a > b`` where either may be uncertain."""
    return less_uncertainty(b, a)


def greater_or_equal_uncertainty(a: Any, b: Any) -> bool | None:
    """``a >= b`` where either may be uncertain."""
    return less_or_equal_uncertainty(b, a)


def equal_uncertainty(a: Any, b: Any) -> bool | None:
    """``a = b`` where either may be uncertain: true only if both are certain and the same."""
    if a is None or b is None:
        return None
    a_low, a_high = ends(a)
    b_low, b_high = ends(b)
    if a_high < b_low or a_low > b_high:
        return False
    if a_low == a_high == b_low == b_high:
        return True
    return None


def add_uncertainty(a: Any, b: Any) -> Any:
    """``a + b`` where either may be uncertain."""
    if a is None or b is None:
        return None
    a_low, a_high = ends(a)
    b_low, b_high = ends(b)
    return uncertain(a_low + b_low, a_high + b_high)


def subtract_uncertainty(a: Any, b: Any) -> Any:
    """``a - b`` where either may be uncertain."""
    if a is None or b is None:
        return None
    a_low, a_high = ends(a)
    b_low, b_high = ends(b)
    return uncertain(a_low - b_high, a_high - b_low)


def multiply_uncertainty(a: Any, b: Any) -> Any:
    """``a * b`` where either may be uncertain."""
    if a is None or b is None:
        return None
    products = [x * y for x in ends(a) for y in ends(b)]
    return uncertain(min(products), max(products))


def negate_uncertainty(a: Any) -> Any:
    """``-a`` where ``a`` may be uncertain."""
    if a is None:
        return None
    low, high = ends(a)
    return uncertain(-high, -low)


def truncated_divide_uncertainty(a: Any, b: Any) -> Any:
    """``a div b`` where ``a`` may be uncertain; an uncertain ``b`` may be zero, or of either sign, and is an error."""
    if a is None or b is None or b == 0:
        return None
    if isinstance(b, Uncertainty):
        raise CqlError(f"division by {b!r}: between imprecise dates the divisor is not known")
    quotients = [abs(end) // abs(b) * (1 if (end >= 0) == (b > 0) else -1) for end in ends(a)]
    return uncertain(min(quotients), max(quotients))
