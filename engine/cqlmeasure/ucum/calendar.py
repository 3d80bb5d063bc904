"""CQL's calendar words and how they relate to UCUM's units of time.

Up to weeks a word and its UCUM unit are the same.  A calendar year or month is no UCUM ``a`` or ``mo``: the two cannot
be compared, they are only equivalent.
"""

from __future__ import annotations

_WORDS = {
    "year": "year",
    "month": "month",
    "week": "week",
    "day": "day",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
    "millisecond": "millisecond",
}
_PLURALS = {f"{word}s": word for word in _WORDS}
_CODES = {
    "a": "year",
    "mo": "month",
    "wk": "week",
    "d": "day",
    "h": "hour",
    "min": "minute",
    "s": "second",
    "ms": "millisecond",
}
_CALENDAR = {**_WORDS, **_PLURALS, **_CODES}
_DEFINITE = {
    word: code for code, name in _CODES.items() if name not in ("year", "month") for word in (name, f"{name}s")
}


def calendar_unit(unit: str) -> str | None:
    """The calendar word in the singular for a word or UCUM code of time (``'d'`` -> ``'day'``); None for others."""
    return _CALENDAR.get(unit)


def definite_unit(unit: str) -> str:
    """The UCUM code for a calendar word that has a fixed length (``'days'`` -> ``'d'``); other units unchanged.

    ``years`` and ``months`` become ``year`` and ``month``.
    """
    return _DEFINITE.get(unit) or _PLURALS.get(unit) or unit
