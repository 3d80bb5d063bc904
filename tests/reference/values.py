"""Values of the reference evaluator: null, Boolean, String and Integer are Python's, a Decimal is a ``Decimal``.

A point in time is its components as they were written, with the offset; nothing is computed in advance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cqlmeasure import runtime


class CqlFailure(Exception):
    """An error that CQL defines."""


@dataclass(frozen=True)
class Long:
    """A Long."""

    value: int


@dataclass(frozen=True)
class Point:
    """A Date, DateTime or Time; ``parts`` from the coarsest, ``offset`` in minutes."""

    kind: str
    parts: tuple[int, ...]
    offset: int = 0


@dataclass(frozen=True)
class Quantity:
    value: Decimal
    unit: str


@dataclass(frozen=True)
class Interval:
    """An interval; ``point`` is the name of the point type, where it is known."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool
    point: str | None = None


@dataclass(frozen=True)
class Uncertain:
    """A number between two others, both included."""

    low: Any
    high: Any


class Tuple(dict[str, Any]):
    """A tuple."""


def of_runtime(value: Any) -> Any:
    """A value of the compiled code, as a value of this evaluator."""
    match value:
        case None | bool() | str() | Decimal():
            return value
        case runtime.Long():
            return Long(int(value))
        case int():
            return value
        case runtime.Date():
            return Point("Date", _given(value.components))
        case runtime.DateTime():
            return Point("DateTime", _given(value.components), value.offset)
        case runtime.Time():
            return Point("Time", _given(value.components))
        case runtime.Quantity():
            return Quantity(value.value, value.unit)
        case runtime.Interval():
            low, high = of_runtime(value.low), of_runtime(value.high)
            return Interval(
                low, high, value.low_closed, value.high_closed, type(value).__name__[: -len("Interval")] or None
            )
        case runtime.Uncertainty():
            return Uncertain(of_runtime(value.low), of_runtime(value.high))
        case list():
            return [of_runtime(item) for item in value]
        case Mapping():
            return Tuple((name, of_runtime(item)) for name, item in value.items())
    raise TypeError(f"no value of the reference evaluator for {value!r}")


def _given(components: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(part for part in components if part is not None)


def same(left: Any, right: Any) -> bool:
    """Whether two values are the very same: of one type, equal numbers, components and ends; not CQL's equality."""
    if type(left) is not type(right):
        return False
    match left:
        case list():
            return len(left) == len(right) and all(same(one, other) for one, other in zip(left, right, strict=True))
        case Tuple():
            names = left.keys() | right.keys()
            return all(same(left.get(name), right.get(name)) for name in names)
        case Interval():
            return _same_end(left, right, False) and _same_end(left, right, True)
        case Quantity():
            return left.value == right.value and word(left.unit) == word(right.unit)
        case Uncertain():
            return same(left.low, right.low) and same(left.high, right.high)
    return bool(left == right)


def _same_end(left: Interval, right: Interval, upper: bool) -> bool:
    """Whether two intervals end at the same point: one may write it closed and the other open."""
    from reference.intervals import end, start  # the modules need each other

    ends = [(one.high, one.high_closed) if upper else (one.low, one.low_closed) for one in (left, right)]
    if ends[0][0] is None and ends[1][0] is None:
        return ends[0] == ends[1]
    return same((end if upper else start)(left), (end if upper else start)(right))


_WORDS = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")


def word(unit: str) -> str:
    """A calendar word in the singular, any other unit as it is."""
    return unit[:-1] if unit.endswith("s") and unit[:-1] in _WORDS else unit
