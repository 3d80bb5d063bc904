"""Whether the times of a resource touch the days that are wanted.

Always holds: a time of which nothing can be told (missing, no date, of an unusual form) touches every day; bounds are
wide enough for the time zones that a moment may be written in.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from cqlmeasure.data.outline import field_of
from cqlmeasure.data.selection import Times

#: How far the day of a moment can be from the day that is written: time zones differ by 26 hours.
_ZONES = timedelta(days=2)
_DAY = re.compile(r"(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:(?<=\d-\d\d-\d\d)T)?", re.ASCII)


class Period(msgspec.Struct, gc=False):
    """From one time to another."""

    start: str | None = None
    end: str | None = None


Timed = str | Period | list[Any] | None
"""The value of an element that is a time; of a list nothing is told."""
AnyTime = Any
"""The value of an element of which it only matters whether it is there."""


class Touching:
    """``Times`` as they are looked at."""

    __slots__ = ("_dates", "_others", "_sides")

    def __init__(self, times: Times) -> None:
        #: The attributes of an outline.
        self._dates = tuple(map(field_of, times.dates))
        self._others = tuple(map(field_of, times.others))
        self._sides = _Sides(_moved(times.low, -_ZONES, date.min), _moved(times.high, _ZONES, date.max))

    def holds(self, one: Any) -> bool:
        """Whether a resource may touch the days, by its outline."""
        sides, told = self._sides, False
        for name in self._dates:
            value = getattr(one, name)
            if value is None:
                continue
            if type(value) is str:
                found = sides[value[:11]]
            elif type(value) is Period:
                # It may be written the wrong way round.
                start, end = value.start, value.end
                found = (_UNTIL if start is None else sides[start[:11]]) | (_SINCE if end is None else sides[end[:11]])
            else:
                return True
            if found == _BOTH:
                return True
            told = True
        return not told or any(getattr(one, name) is not None for name in self._others)


#: A time is on or after the first day, on or before the last one, or both.
_SINCE, _UNTIL, _BOTH = 1, 2, 3
_KNOWN_AT_MOST = 100_000


class _Sides(dict[str, int]):
    """On which sides of two days a time is, by the beginning of its text; what was found is remembered."""

    def __init__(self, low: str, high: str) -> None:
        super().__init__()
        self._low, self._high = low, high

    def __missing__(self, text: str) -> int:
        if len(self) >= _KNOWN_AT_MOST:
            self.clear()
        match = _DAY.fullmatch(text)
        if match is None:
            found = _BOTH
        else:
            day, size = match[1], len(match[1])
            found = _SINCE * (day >= self._low[:size]) | _UNTIL * (day <= self._high[:size])
        self[text] = found
        return found


@lru_cache(maxsize=1000)
def touching(times: Times) -> Touching:
    """What is looked at for ``times``; one object for the same times."""
    return Touching(times)


def _moved(day: str | None, by: timedelta, unbounded: date) -> str:
    try:
        return ((date.fromisoformat(day) + by) if day is not None else unbounded).isoformat()
    except OverflowError:
        return unbounded.isoformat()
