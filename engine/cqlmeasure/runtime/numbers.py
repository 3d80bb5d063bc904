"""Numbers of CQL: ranges, the Long type, and the decimal rules (28 digits before the point, 8 places after it).

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
"""What ``maximum Decimal`` is, and the end of intervals; results of arithmetic may go beyond it."""

MIN_DECIMAL = -MAX_DECIMAL
DECIMAL_BOUND = Decimal(10) ** 28
"""The greatest magnitude that a result may have."""

WIDE_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP)
"""For results that must not be rounded before they are cut to eight places.  Invalid operations raise."""


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
    if not -DECIMAL_BOUND <= value <= DECIMAL_BOUND:
        return None
    return value.quantize(DECIMAL_STEP, context=WIDE_CONTEXT) if exponent < -DECIMAL_PLACES else value
