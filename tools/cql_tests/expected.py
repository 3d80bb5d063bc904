"""Reads expected values: the grammar of literals that the suite uses, and nothing of CQL beyond it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import takewhile
from typing import Any

from cql_tests.values import Amount, Number, Pair, Point, Span, Structure, Unreadable

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_STRING = re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {"f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"')
_ELEMENT = re.compile(r'\s*(?:[A-Za-z_][A-Za-z0-9_]*|"(?:\\.|[^"\\])*"|)\s*:')
_CLOCK = r"(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
_TIME = re.compile(rf"@T{_CLOCK}")
_DATE = re.compile(r"@(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_REST = re.compile(rf"T(?:{_CLOCK})?(Z|[+-]\d\d:\d\d)?")
_CALENDAR = re.compile(r"(year|month|week|day|hour|minute|second|millisecond)s?\b")


def read_expected(text: str) -> Any:
    """The value that a text denotes.  Raises ``Unreadable``."""
    reader = _Reader(text)
    value = reader.term()
    reader.space()
    if reader.at != len(text):
        raise reader.error("the end")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, wanted: str) -> Unreadable:
        return Unreadable(f"expected {wanted} at {self.text[self.at : self.at + 30]!r}")

    def space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def match(self, pattern: re.Pattern[str], *, close: bool = False) -> re.Match[str] | None:
        if not close:
            self.space()
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def ahead(self, pattern: re.Pattern[str]) -> bool:
        return pattern.match(self.text, self.at) is not None

    def take(self, text: str) -> bool:
        self.space()
        found = self.text.startswith(text, self.at)
        if found:
            self.at += len(text)
        return found

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.error(repr(text))

    def term(self) -> Any:
        self.space()
        if self.take("{"):
            # Without a name, braces hold a tuple if a name and a colon come first, else a list.
            return Structure("Tuple", self.elements()) if self.ahead(_ELEMENT) else self.items()
        if string := self.match(_STRING):
            return _unescaped(string[1])
        if self.text.startswith("@", self.at):
            return self.point()
        if name := self.match(_NAME) or self.match(_QUOTED):
            return self.named(name[0] if name.re is _NAME else _unescaped(name[1]))
        return self.number()

    def named(self, name: str) -> Any:
        if name in ("true", "false"):
            return name == "true"
        if name == "null":
            return None
        if name == "Interval":
            return self.interval()
        self.expect("{")
        return self.items() if name == "List" else Structure(name, self.elements())

    def items(self) -> list[Any]:
        found: list[Any] = []
        while not self.take("}"):
            if found:
                self.expect(",")
            found.append(self.term())
        return found

    def elements(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.take(":"):
            self.expect("}")
            return found
        while not self.take("}"):
            if found:
                self.expect(",")
            name = self.match(_NAME) or self.match(_QUOTED)
            if name is None:
                raise self.error("a name")
            self.expect(":")
            found[name[0] if name.re is _NAME else _unescaped(name[1])] = self.term()
        return found

    def interval(self) -> Span:
        low_closed = self.take("[")
        if not low_closed:
            self.expect("(")
        low = self.term()
        self.expect(",")
        high = self.term()
        high_closed = self.take("]")
        if not high_closed:
            self.expect(")")
        return Span(low, high, low_closed, high_closed)

    def point(self) -> Point:
        if time := self.match(_TIME):
            return Point("Time", _components(time.groups()[:3], time[4]))
        date = self.match(_DATE)
        if date is None:
            raise self.error("a date or time")
        rest = self.match(_REST, close=True)
        if rest is None:
            return Point("Date", _components(date.groups()))
        return Point("DateTime", _components((*date.groups(), *rest.groups()[:3]), rest[4]), _offset(rest[5]))

    def number(self) -> Any:
        found = self.match(_NUMBER)
        if found is None:
            raise self.error("a value")
        value = Decimal(found[0])
        if self.text.startswith("L", self.at):
            self.at += 1
            return Number("Long", value)
        unit = self.unit()
        if unit is None:
            return Number("Decimal" if found[1] else "Integer", value)
        amount = Amount(value, unit)
        if not self.take(":"):
            return amount
        other = self.number()
        return Pair(amount, other if isinstance(other, Amount) else Amount(other.value, "1"))

    def unit(self) -> str | None:
        if string := self.match(_STRING):
            return _unescaped(string[1])
        if word := self.match(_CALENDAR):
            return word[0]
        return None


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2]), text)


def _components(groups: Sequence[str | None], fraction: str | None = None) -> tuple[int, ...]:
    """The numbers up to the first that is missing; ``fraction`` is the one of seconds."""
    found = [int(group) for group in takewhile(lambda group: group is not None, groups) if group is not None]
    if fraction is not None:
        found.append(int(fraction[:3].ljust(3, "0")))
    return tuple(found)


def _offset(text: str | None) -> int | None:
    if text is None:
        return None
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return -minutes if text[0] == "-" else minutes
