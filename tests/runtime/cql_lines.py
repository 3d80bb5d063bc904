"""A reader of one-line CQL expressions for the tables of these tests: literals, one operator after another, no names.

It knows just enough to call the operator functions with the values that the text shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cqlmeasure.runtime import interval_compare as compare
from cqlmeasure.runtime import interval_sets as sets
from cqlmeasure.runtime import temporal_arithmetic as arithmetic
from cqlmeasure.runtime.interval import (
    Interval,
    end_interval,
    interval,
    point_from_interval,
    start_interval,
    width_interval,
)
from cqlmeasure.runtime.numbers import Long
from cqlmeasure.runtime.points import compare_points, predecessor_point, successor_point
from cqlmeasure.runtime.quantity import (
    Quantity,
    Ratio,
    add_quantity,
    divide_quantity,
    equal_quantity,
    equal_ratio,
    equivalent_quantity,
    equivalent_ratio,
    multiply_quantity,
    subtract_quantity,
)
from cqlmeasure.runtime.temporal import PRECISION_NAMES, Date, DateTime, Time
from cqlmeasure.runtime.temporal_compare import equivalent_date, equivalent_datetime, equivalent_time
from cqlmeasure.runtime.temporal_parse import date_of, datetime_of, parse_date, parse_datetime, parse_time, time_of
from cqlmeasure.runtime.uncertainty import (
    Uncertainty,
    add_uncertainty,
    equal_uncertainty,
    less_or_equal_uncertainty,
    less_uncertainty,
    multiply_uncertainty,
    subtract_uncertainty,
)

_UNITS = "year|month|week|day|hour|minute|second|millisecond"
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(L\b)?")
_UNIT = re.compile(rf"\s*(?:'((?:\\'|[^'])*)'|((?:{_UNITS})s?)\b)")
_AT = re.compile(r"@(T?[\d:.T+Z-]+)")
_CALL = re.compile(r"(DateTime|Date|Time)\(([^)]*)\)")
_NULL = re.compile(r"null\b|\(null as [\w<>]+\)")
_BETWEEN = re.compile(rf"(difference in |duration in )?({_UNITS})s? between\s+")
_FROM = re.compile(rf"({_UNITS}) from\s+")
_PHRASE = re.compile(r"\s*((?:(?!null\b|and\b|per\b)[a-z]+\b\s*|[-=!~<>+*/]+\s+)+)")
_PRECISION = re.compile(rf"\b({_UNITS})\b( of\b)?")


def precision_named(name: str) -> int:
    """The constant of a precision."""
    return PRECISION_NAMES.index(name)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def take(self, text: str) -> bool:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise ValueError(f"expected {text!r} at {self.text[self.at :]!r}")

    def expression(self) -> Any:
        value = self.prefixed()
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            found = _PHRASE.match(self.text, self.at)
            if not found:
                return value
            self.at = found.end()
            phrase = " ".join(found[1].split())
            if phrase == "is" and self.match(_NULL):
                value = value is None
                continue
            for prefix in ("date from", "start of", "end of"):  # a prefix of the right operand, not of the phrase
                if phrase.endswith(" " + prefix):
                    self.at = self.text.rindex(prefix, 0, self.at)
                    phrase = phrase.removesuffix(" " + prefix)
            precision = _PRECISION.search(phrase)
            name = " ".join(_PRECISION.sub("", phrase).split())
            right = self.prefixed()
            if name not in BINARY:
                raise ValueError(f"unknown operator {name!r}")
            value = (
                BINARY[name](value, right, precision_named(precision[1])) if precision else BINARY[name](value, right)
            )

    def prefixed(self) -> Any:
        if found := self.match(_BETWEEN):
            low = self.prefixed()
            self.expect("and")
            high = self.prefixed()
            difference = found[1] is not None and found[1].startswith("diff")
            measure = arithmetic.difference_between if difference else arithmetic.duration_between
            return measure(low, high, precision_named(found[2]))
        if found := self.match(_FROM):
            return arithmetic.date_time_component_from(self.prefixed(), precision_named(found[1]))
        if self.take("expand ") or self.text.startswith("collapse ", self.at):
            function_: Callable[..., Any] = sets.collapse if self.take("collapse ") else sets.expand
            argument = self.prefixed()
            per = None
            if self.take("per"):
                unit = self.match(_UNIT)
                per = Quantity(Decimal(1), unit[2]) if unit else self.prefixed()
            return function_(argument, per)
        for prefix, function in UNARY.items():
            if self.take(prefix + " "):
                return function(self.prefixed())
        return self.operand()

    def operand(self) -> Any:
        if self.match(_NULL):
            return None
        if self.take("("):
            value = self.expression()
            self.expect(")")
            return value
        if self.take("Interval"):
            return self.interval()
        if self.take("{"):
            items: list[Any] = []
            while not self.take("}"):
                items.append(self.expression())
                self.take(",")
            return items
        if found := self.match(_CALL):
            return _construct(found[1], found[2])
        if found := self.match(_AT):
            return _literal(found[1])
        return self.number()

    def interval(self) -> Interval:
        low_closed = self.take("[") or not self.take("(")
        low = self.expression()
        self.expect(",")
        high = self.expression()
        high_closed = self.take("]") or not self.take(")")
        return interval(low, high, low_closed, high_closed)

    def number(self) -> Any:
        found = self.match(_NUMBER)
        if found is None:
            raise ValueError(f"no value at {self.text[self.at :]!r}")
        if unit := _UNIT.match(self.text, self.at):
            self.at = unit.end()
            value = Quantity(Decimal(found[0]), unit[2] or unit[1].replace("\\'", "'"))
            if self.take(":"):
                return Ratio(value, self.number())
            return value
        if found[2]:
            return Long(found[0][:-1])
        return Decimal(found[0]) if found[1] else int(found[0])


def _construct(kind: str, arguments: str) -> Any:
    parts = [None if part.strip() == "null" else part.strip() for part in arguments.split(",")]
    numbers: list[Any] = [None if part is None else int(part) for part in parts[:7]]
    if kind == "Date":
        return date_of(*numbers)
    if kind == "Time":
        return time_of(*numbers)
    offset = int(Decimal(parts[7] or 0) * 60) if len(parts) > 7 else 0
    padded: tuple[Any, ...] = (*numbers, *[None] * (7 - len(numbers)), offset)
    return datetime_of(*padded)


def _literal(text: str) -> Any:
    value = parse_time(text) if text.startswith("T") else parse_datetime(text) if "T" in text else parse_date(text)
    if value is None:
        raise ValueError(f"@{text} is no date or time")
    return value


def _order(test: Callable[[int], bool], uncertain: Callable[[Any, Any], bool | None]) -> Callable[[Any, Any], Any]:
    def apply(a: Any, b: Any) -> bool | None:
        if isinstance(a, Uncertainty) or isinstance(b, Uncertainty):
            return uncertain(a, b)
        order = compare_points(a, b)
        return None if order is None else test(order)

    return apply


def _equal(a: Any, b: Any) -> Any:
    if isinstance(a, Interval) or isinstance(b, Interval):
        return compare.equal_interval(a, b)
    if isinstance(a, Ratio):
        return equal_ratio(a, b)
    if isinstance(a, Quantity):
        return equal_quantity(a, b)
    if isinstance(a, Uncertainty) or isinstance(b, Uncertainty):
        return equal_uncertainty(a, b)
    order = compare_points(a, b)
    return None if order is None else order == 0


def _equivalent(a: Any, b: Any) -> bool:
    for kind, function in EQUIVALENTS.items():
        if isinstance(a, kind) or isinstance(b, kind):
            return function(a, b)
    return bool(a == b)


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, Quantity):
        return add_quantity(a, b)
    return arithmetic.add_temporal(a, b) if isinstance(a, Date | DateTime | Time) else add_uncertainty(a, b)


def _subtract(a: Any, b: Any) -> Any:
    if isinstance(a, Quantity):
        return subtract_quantity(a, b)
    if isinstance(a, Date | DateTime | Time):
        return arithmetic.subtract_temporal(a, b)
    return subtract_uncertainty(a, b)


def _multiply(a: Any, b: Any) -> Any:
    return multiply_quantity(a, b) if isinstance(a, Quantity) else multiply_uncertainty(a, b)


def _either(for_intervals: Callable[..., Any], for_points: Callable[..., Any], point_first: bool) -> Callable[..., Any]:
    def apply(a: Any, b: Any, precision: int | None = None) -> Any:
        point = a if point_first else b
        return (for_intervals if point is None or isinstance(point, Interval) else for_points)(a, b, precision)

    return apply


EQUIVALENTS: dict[type, Callable[[Any, Any], bool]] = {
    Interval: compare.equivalent_interval,
    Quantity: equivalent_quantity,
    Ratio: equivalent_ratio,
    DateTime: equivalent_datetime,
    Date: equivalent_date,
    Time: equivalent_time,
}

UNARY: dict[str, Callable[[Any], Any]] = {
    "start of": start_interval,
    "end of": end_interval,
    "width of": width_interval,
    "point from": point_from_interval,
    "successor of": successor_point,
    "predecessor of": predecessor_point,
    "date from": arithmetic.date_from,
    "time from": arithmetic.time_from,
    "timezoneoffset from": arithmetic.timezone_offset_from,
}

BINARY: dict[str, Callable[..., Any]] = {
    "before": compare.before_interval,
    "after": compare.after_interval,
    "same as": compare.same_as_interval,
    "same": compare.same_as_interval,
    "same or before": compare.same_or_before_interval,
    "on or before": compare.same_or_before_interval,
    "same or after": compare.same_or_after_interval,
    "on or after": compare.same_or_after_interval,
    "in": compare.in_interval,
    "contains": compare.contains_interval,
    "includes": _either(compare.includes_interval, compare.contains_interval, False),
    "included in": _either(compare.included_in_interval, compare.in_interval, True),
    "properly includes": compare.proper_includes_interval,
    "properly included in": compare.proper_included_in_interval,
    "overlaps": compare.overlaps_interval,
    "overlaps before": compare.overlaps_before_interval,
    "overlaps after": compare.overlaps_after_interval,
    "meets": compare.meets_interval,
    "meets before": compare.meets_before_interval,
    "meets after": compare.meets_after_interval,
    "starts": compare.starts_interval,
    "ends": compare.ends_interval,
    "union": sets.union_interval,
    "intersect": sets.intersect_interval,
    "except": sets.except_interval,
    "=": _equal,
    "!=": lambda a, b: _not(_equal(a, b)),
    "~": _equivalent,
    "<": _order(lambda order: order < 0, less_uncertainty),
    "<=": _order(lambda order: order <= 0, less_or_equal_uncertainty),
    ">": _order(lambda order: order > 0, lambda a, b: less_uncertainty(b, a)),
    ">=": _order(lambda order: order >= 0, lambda a, b: less_or_equal_uncertainty(b, a)),
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": divide_quantity,
}


def evaluate(text: str) -> Any:
    """The value of an expression; ``true`` and ``false`` are values too."""
    if text.strip() in ("true", "false"):
        return text.strip() == "true"
    reader = _Reader(text)
    value = reader.expression()
    if reader.text[reader.at :].strip():
        raise ValueError(f"not understood: {reader.text[reader.at :]!r} in {text!r}")
    return value


def same_value(a: Any, b: Any) -> bool:
    """Whether two results are the same, with an uncertainty written as an interval."""
    if isinstance(a, Uncertainty) and isinstance(b, Interval):
        return bool(a.low == b.low and a.high == b.high)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same_value(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return bool(a == b)
