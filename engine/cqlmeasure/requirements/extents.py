"""What is known of a time that data say: it is within bounds because of the filters that its resources have met.

A lab result during an encounter that is during the measurement period is itself during the measurement period.

Always holds: bounds depend on parameters only, and every point of the value is within them; in doubt there are none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal

from cqlmeasure.requirements import times
from cqlmeasure.requirements.run import Run
from cqlmeasure.requirements.times import Time
from cqlmeasure.requirements.values import DateTest, Element, Extent, Fact, Filter, Item, Moment, Value

#: How many of them make a day.
_HOURS = {
    "hour": 24, "h": 24, "minute": 1440, "min": 1440, "second": 86400, "s": 86400,
    "millisecond": 86400000, "ms": 86400000,
}  # fmt: skip


def extent_of(run: Run, value: Value) -> Extent | None:
    """The bounds of a value."""
    if value.extent is not None:
        return value.extent
    match value.symbol:
        case Moment(term):
            return Extent(times.low_of(term), times.high_of(term))
        case Element() as element if not element.partial and element.path and value.items:
            return _common(_of_item(run, item, element) for item in value.items)
    return None


def _of_item(run: Run, item: Item, element: Element) -> Extent | None:
    """The bounds that the filters of a resource give to an element of it."""
    found = [one for one in item.filters if _is_of(one, item, element)]
    resource = run.sites[item.site].resource
    if not found or not run.paths.is_single(resource, found[0].path):
        return None
    low = high = None
    day = False
    for one in sorted(found, key=repr):
        test = one.test
        assert isinstance(test, DateTest)
        first, last = _bounds(test, element.part)
        low, high = low or first, high or last
        day = day or test.day
    return Extent(low, high, day or element.day) if low is not None or high is not None else None


def _is_of(one: Filter, item: Item, element: Element) -> bool:
    return (
        isinstance(one.test, DateTest)
        and not one.test.partial
        and one.path[-len(element.path) :] == element.path
        and item.path[: len(one.path)] == one.path
    )


def _bounds(test: DateTest, part: str) -> tuple[Time | None, Time | None]:
    """What a test of some part of a time says of another part."""
    if test.part == "whole" or test.part == part:
        return test.low, test.high
    match test.part, part:
        case ("start", "whole" | "end" | "either"):
            return test.low, None
        case ("end", "whole" | "start" | "either"):
            return None, test.high
        case ("any", "start"):
            return None, test.high
        case ("any", "end"):
            return test.low, None
    return None, None


def _common(extents: Iterable[Extent | None]) -> Extent | None:
    """What holds for a value that is one of several."""
    found = set(extents)
    if None in found or not found:
        return None
    known = [one for one in found if one is not None]
    lows, highs = {one.low for one in known}, {one.high for one in known}
    low = lows.pop() if len(lows) == 1 else None
    high = highs.pop() if len(highs) == 1 else None
    if low is None and high is None:
        return None
    return Extent(low, high, any(one.day for one in known))


def one_of(run: Run, values: Iterable[Value]) -> Extent | None:
    """The bounds of a value that is one of several."""
    return _common(extent_of(run, value) for value in values)


def between(low: Value, high: Value) -> Extent | None:
    """The bounds of an interval from one value to another.

    A boundary of data may be null, and an interval that is closed there has none: only that of parameters counts.
    """
    start = times.low_of(low.symbol.term) if isinstance(low.symbol, Moment) else None
    end = times.high_of(high.symbol.term) if isinstance(high.symbol, Moment) else None
    return Extent(start, end) if start is not None or end is not None else None


def shifted(extent: Extent | None, amount: Decimal, unit: str) -> Extent | None:
    """The bounds of a value that is moved."""
    if extent is None:
        return None
    name = times.unit_of(unit)
    low = high = amount
    day = extent.day
    if name in _HOURS:
        # Of a day only the day may be known: hours make whole days of it.
        low, high = Decimal(math.floor(amount / _HOURS[name])), Decimal(math.ceil(amount / _HOURS[name]))
        unit, day = "day", True
    start = times.shifted(extent.low, low, unit) if extent.low is not None else None
    end = times.shifted(extent.high, high, unit) if extent.high is not None else None
    return Extent(start, end, day) if start is not None or end is not None else None


def implied(name: str, element: Element, extent: Extent | None, precision: str | None) -> list[Fact]:
    """What a comparison with a value within bounds says of an element; ``name`` is that of the operator."""
    if extent is None or precision in ("Week", "Month", "Year"):
        return []
    low, high, part = extent.low, extent.high, element.part
    match name:
        case "In" | "IncludedIn" | "SameAs":
            pass
        case "Before" | "SameOrBefore":
            low = None
        case "After" | "SameOrAfter":
            high = None
        case "Starts" | "Ends":
            part = "start" if name == "Starts" else "end"
        case "Overlaps" | "OverlapsBefore" | "OverlapsAfter":
            part = "any"
        case _:
            return []
    if low is None and high is None:
        return []
    day = extent.day or element.day or precision is not None
    part = "any" if part == "either" else part
    return [Fact(element.scope, element.path, DateTest(part, low, high, day, element.partial))]
