"""The Interval class and what one interval tells: its ends, width, size and point."""

from __future__ import annotations

from typing import Any


class Interval:
    """A range of points.

    A closed null end is the least or greatest value of the point type, an open null end is unknown.
    """

    __slots__ = ("high", "high_closed", "low", "low_closed")

    def __init__(self, low: Any, high: Any, low_closed: bool = True, high_closed: bool = True) -> None:
        self.low = low
        self.high = high
        self.low_closed = low_closed
        self.high_closed = high_closed

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Interval)
            and self.low_closed == other.low_closed
            and self.high_closed == other.high_closed
            and self.low == other.low
            and self.high == other.high
        )

    def __hash__(self) -> int:
        return hash((self.low, self.high, self.low_closed, self.high_closed))

    def __repr__(self) -> str:
        left = "[" if self.low_closed else "("
        right = "]" if self.high_closed else ")"
        low = "null" if self.low is None else repr(self.low)
        high = "null" if self.high is None else repr(self.high)
        return f"Interval{left}{low}, {high}{right}"
