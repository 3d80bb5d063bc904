"""Converting values between units, with Decimal arithmetic.

A value of a unit is ``value * factor`` in base units.  Two units can be converted if they have the same dimension;
temperatures have offsets and are done by formula; other special units (``[pH]``, decibels) and arbitrary units
(``[IU]``) convert only to themselves.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from cqlmeasure.ucum.calendar import definite_unit
from cqlmeasure.ucum.library import CONTEXT, Measure, measure

_ABSOLUTE_ZERO_C = Decimal("273.15")
_TEMPERATURES = ("K", "Cel", "[degF]")

_LENGTHS = {
    "ms": (Decimal("0.001"), "s"),
    "s": (Decimal(1), "s"),
    "min": (Decimal(60), "s"),
    "h": (Decimal(3600), "s"),
    "d": (Decimal(86400), "s"),
    "wk": (Decimal(604800), "s"),
    "month": (Decimal(1), "month"),
    "year": (Decimal(12), "month"),
}
"""Calendar units and the UCUM units that mean the same, known without the library."""

_ROUGHLY = {"year": "a", "month": "mo"}
_UCUM_YEARS = ("a", "mo")
_DAYS = {"year": Decimal(365), "month": Decimal(30)}


@lru_cache(maxsize=4096)
def _measure(unit: str) -> Measure | None:
    unit = definite_unit(unit)
    known = _LENGTHS.get(unit)
    if known is not None:
        return Measure(known[0], ((known[1], 1),))
    if unit in ("", "1"):
        return Measure(Decimal(1), ())
    return measure(unit)


def is_valid(unit: str) -> bool:
    """Whether the unit is a calendar word or valid UCUM."""
    return _measure(unit) is not None


def same_dimension(left: str, right: str) -> bool | None:
    """Whether values of the two units can be compared; None if either is no valid unit."""
    if left == right:
        return True
    a, b = _measure(left), _measure(right)
    if a is None or b is None:
        return None
    return a.dimension == b.dimension or (left in _TEMPERATURES and right in _TEMPERATURES)


def convert(value: Decimal, source: str, target: str) -> Decimal | None:
    """The value in the target unit; None if there is no conversion.

    Calendar years and months count 365 and 30 days where a unit of fixed length is asked for, or is given.
    """
    found = _convert_exact(value, source, target)
    if found is not None:
        return found
    source, target = definite_unit(source), definite_unit(target)
    if source in _DAYS:
        return _convert_exact(CONTEXT.multiply(value, _DAYS[source]), "d", target)
    if target in _DAYS:
        days = _convert_exact(value, source, "d")
        return None if days is None else CONTEXT.divide(days, _DAYS[target])
    return None


def convert_equivalent(value: Decimal, source: str, target: str) -> Decimal | None:
    """The conversion for equivalence: a calendar year or month is UCUM's ``a`` or ``mo``, else 365 or 30 days."""
    source, target = definite_unit(source), definite_unit(target)
    if target in _UCUM_YEARS:
        source = _ROUGHLY.get(source, source)
    if source in _UCUM_YEARS:
        target = _ROUGHLY.get(target, target)
    return convert(value, source, target)


def to_common_unit(value: Decimal, source: str, target: str) -> Decimal | None:
    """The value in the target unit, for comparing and adding: None also between calendar and definite years."""
    return _convert_exact(value, source, target)


def more_granular(left: str, right: str) -> str:
    """The smaller of two units of one dimension; the left one if that cannot be told."""
    a, b = _measure(left), _measure(right)
    return right if a is not None and b is not None and b.factor < a.factor else left


def _convert_exact(value: Decimal, source: str, target: str) -> Decimal | None:
    if source == target:
        return value
    if source in _TEMPERATURES and target in _TEMPERATURES:
        return _temperature(value, source, target)
    ratio = _ratio(source, target)
    if ratio is None:
        return None
    above, below = ratio
    if below == 1:
        return CONTEXT.multiply(value, above)
    return CONTEXT.divide(CONTEXT.multiply(value, above), below)


@lru_cache(maxsize=4096)
def _ratio(source: str, target: str) -> tuple[Decimal, Decimal] | None:
    a, b = _measure(source), _measure(target)
    if a is None or b is None or a.dimension != b.dimension:
        return None
    return (Decimal(1), Decimal(1)) if a.factor == b.factor else (a.factor, b.factor)


def _temperature(value: Decimal, source: str, target: str) -> Decimal:
    if source == "[degF]":
        kelvin = CONTEXT.divide((value + Decimal("459.67")) * 5, Decimal(9))
    else:
        kelvin = value + _ABSOLUTE_ZERO_C if source == "Cel" else value
    if target == "[degF]":
        return CONTEXT.divide(kelvin * 9, Decimal(5)) - Decimal("459.67")
    return kelvin - _ABSOLUTE_ZERO_C if target == "Cel" else kelvin
