"""Values in a form of their own, between the text of a test and the values of the engine.

``null`` is ``None``; truth values and strings are Python's; everything else is one of these classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """A number; ``kind`` is ``Integer``, ``Long`` or ``Decimal``."""

    kind: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Point:
    """A ``Date``, ``DateTime`` or ``Time``: as many components as are known, and the offset in minutes if given."""

    kind: str
    components: tuple[int, ...]
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity."""

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A ratio."""

    numerator: Amount
    denominator: Amount


@dataclass(frozen=True, slots=True)
class Span:
    """An interval; ``uncertain`` if it stands for one number that is not known better."""

    low: Any
    high: Any
    low_closed: bool = True
    high_closed: bool = True
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    """A tuple (``Tuple``) or an instance of a class; elements that are null are left out of instances."""

    name: str
    elements: dict[str, Any]


class Unreadable(Exception):
    """A text that is no literal, or a value that has no form here."""
