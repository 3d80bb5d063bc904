"""Quantity and Ratio."""

from __future__ import annotations

from decimal import Decimal


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

    def __str__(self) -> str:
        return f"{self.value:f} '{self.unit}'"

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
        return f"{self.numerator!r} : {self.denominator!r}"
