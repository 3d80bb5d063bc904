"""Numbers of CQL: ranges, the Long type, and the decimal rules (28 digits, 8 of them after the point).

Always holds: a Decimal that leaves ``fix_decimal`` has at most eight places and is in range; what does not fit is null.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

MIN_INTEGER = -(2**31)
MAX_INTEGER = 2**31 - 1
MIN_LONG = -(2**63)
MAX_LONG = 2**63 - 1

DECIMAL_PLACES = 8
DECIMAL_STEP = Decimal("0.00000001")
MAX_DECIMAL = Decimal("99999999999999999999.99999999")
MIN_DECIMAL = -MAX_DECIMAL

DECIMAL_CONTEXT = Context(prec=28, rounding=ROUND_HALF_UP)
"""The precision of CQL's Decimal.  Traps are Python's defaults: an invalid operation raises."""

WIDE_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP)
"""For intermediate results that must not be rounded before they are cut to eight places."""


class Long(int):
    """A 64-bit integer of CQL.  Arithmetic gives plain ``int``: wrap the result with :func:`fix_long`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}L"

    def __str__(self) -> str:
        return str(int(self))


def fix_integer(value: int) -> int | None:
    """The value if it is in the range of Integer, else null."""
    return value if MIN_INTEGER <= value <= MAX_INTEGER else None


def fix_long(value: int) -> Long | None:
    """The value as a Long if it is in range, else null."""
    return Long(value) if MIN_LONG <= value <= MAX_LONG else None


def fix_decimal(value: Decimal) -> Decimal | None:
    """The value rounded half up to eight places; null if it is out of range or no number."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, str):
        return None
    if not MIN_DECIMAL <= value <= MAX_DECIMAL:
        return None
    if exponent < -DECIMAL_PLACES:
        value = value.quantize(DECIMAL_STEP, context=WIDE_CONTEXT)
        if not MIN_DECIMAL <= value <= MAX_DECIMAL:
            return None
    return value
