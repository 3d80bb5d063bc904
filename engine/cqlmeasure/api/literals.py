"""Values as CQL text, and Python's own values as CQL's.

Always holds: ``Cql`` marks text that is CQL; any other string is a String.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from cqlmeasure.runtime import Date, DateTime, Time, Tuple
from cqlmeasure.runtime.text import to_cql

__all__ = ["Cql", "cql_of", "cql_text", "to_cql"]

cql_text = to_cql


class Cql(str):
    """CQL text that stands for a value, where a plain string would be a String: ``Cql("Interval[1, 5]")``."""

    __slots__ = ()


def cql_of(value: Any) -> str:
    """The CQL of a Python value: of ``Cql`` its text, of all others the literal."""
    return str.__str__(value) if isinstance(value, Cql) else to_cql(_value(value))


def _value(value: Any) -> Any:
    """Python's dates, floats, lists and dicts as what a CQL program has for them."""
    if isinstance(value, datetime.datetime):
        return _datetime(value)
    if isinstance(value, datetime.date):
        return Date.of(value.year, value.month, value.day)
    if isinstance(value, datetime.time):
        return Time.of(value.hour, value.minute, value.second, value.microsecond // 1000)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    if isinstance(value, Tuple):
        return Tuple({name: _value(item) for name, item in value.items()})
    return value


class _Local:
    """A DateTime without an offset: it means the time zone of the evaluation."""

    __slots__ = ("value",)

    def __init__(self, value: DateTime) -> None:
        self.value = value

    def __str__(self) -> str:
        return f"@{self.value}".removesuffix("+00:00")


def _datetime(value: datetime.datetime) -> DateTime | _Local:
    parts = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond // 1000)
    offset = value.utcoffset()
    found = DateTime.of(*parts, 0 if offset is None else int(offset.total_seconds() // 60))
    return _Local(found) if offset is None else found
