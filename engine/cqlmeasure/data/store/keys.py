"""The keys of a resource by which a store finds it: its codes, and the days from which and to which its times reach.

Always holds: keys ask for too much rather than for too little.  ``codes`` has the code of every Coding, wherever it
is, the profiles that the resource declares, and ``NOT_DONE_VALUE_SET`` if it names a value set of things not done,
none of them with a ``|``; then those of ``exact``, which tell exactly what the resource is;
``start`` and ``end`` enclose every date of the resource but those of ``meta``, and are ``None`` where they cannot be
told.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from sys import intern
from typing import Any

import msgspec
import orjson

from cqlmeasure.data.store.exact import MAX_CODE, exact_terms
from cqlmeasure.data.subjects import Json
from cqlmeasure.errors import DataError
from cqlmeasure.runtime.subject import NOT_DONE_VALUE_SET

EPOCH = date(1970, 1, 1).toordinal()
_FAR = 1 << 30
_TIME = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T.*)?)?)?", re.ASCII | re.DOTALL)
# Elements whose text is no time even if it looks like one.
_NO_TIMES = frozenset(
    {"id", "code", "system", "url", "reference", "display", "text", "div", "version", "unit", "value", "status"}
    | {"resourceType", "postalCode", "lotNumber", "title", "name", "label", "linkId", "data", "contentType"}
)
# Times that are no dates: onsetAge, performedString, occurrenceTiming ...
_OTHER_TIMES = ("Age", "Range", "Timing", "String")
_TIMED = re.compile(
    r"(?!value|default|fixed|pattern|answer|multiple|dose|rate|bounds|amount|reference).*(Age|Range|Timing|String)"
)
# A problem goes on as long as nothing says that it ended.
_UNTIL = {
    "Condition": ("abatementDateTime", "abatementPeriod", "abatementAge", "abatementRange", "abatementString"),
    "AllergyIntolerance": (),
}
_MAIN = ("code", "medicationCodeableConcept", "vaccineCode", "type", "codeCodeableConcept", "category")


class Row(msgspec.Struct, frozen=True):
    """A resource as a store has it.  ``code`` says what it is; days count from 1970-01-01."""

    type: str
    id: str | None
    code: str
    codes: tuple[str, ...]
    start: int | None
    end: int | None
    json: bytes


def row_of(resource: Json, place: str) -> Row:
    """The row of a resource; ``DataError`` for what is not JSON (from Python code)."""
    try:
        # A copy: what orjson gives holds several times the memory that it needs.
        json = bytes(memoryview(orjson.dumps(resource)))
    except TypeError as error:
        text = f"{resource.get('resourceType')}/{resource.get('id')} cannot be written as JSON: {error}"
        raise DataError(text, code="not-fhir", file=place, hint="values are text, numbers, booleans, lists") from error
    keys = _Keys()
    keys.walk(resource)
    kind, identity = resource["resourceType"], resource.get("id")
    if kind in _UNTIL and not any(name in resource for name in _UNTIL[kind]):
        keys.endless = True
    codes = dict.fromkeys(map(broad, keys.codes))
    codes.pop("", None)  # that is for every resource
    codes.update(dict.fromkeys(exact_terms(resource)))
    known = keys.last > -_FAR
    return Row(
        kind,
        identity if isinstance(identity, str) else None,
        _main_code(resource),
        tuple(map(intern, codes)),  # the same few, in a block of many resources
        keys.first if known and not keys.beginningless else None,
        keys.last if known and not keys.endless else None,
        json,
    )


def broad(code: str) -> str:
    """A code as it is kept and looked up for all systems and elements: cut, and without what exact keys have."""
    return code[:MAX_CODE].replace("|", "\u00a6") if "|" in code else code[:MAX_CODE]


class _Keys:
    """What is gathered on the way through a resource."""

    __slots__ = ("beginningless", "codes", "endless", "first", "last")

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.first, self.last = _FAR, -_FAR
        self.beginningless = self.endless = False

    def walk(self, resource: Json) -> None:
        """Everything below; of ``meta`` the codes and profiles alone."""
        meta = resource.get("meta")
        if isinstance(meta, dict):
            self._walk([meta])
            self.first, self.last, self.beginningless, self.endless = _FAR, -_FAR, False, False
            profiles = meta.get("profile")
            for url in profiles if isinstance(profiles, list) else ():
                if isinstance(url, str):
                    self.codes.append(url.partition("|")[0])
            resource = {name: value for name, value in resource.items() if name != "meta"}
        self._walk([resource])

    def _walk(self, stack: list[Any]) -> None:
        while stack:
            owner = stack.pop()
            if type(owner) is list:
                stack.extend(item for item in owner if type(item) in (dict, list))
                continue
            for name, value in owner.items():
                kind = type(value)
                if kind is str:
                    if "0" <= value[:1] <= "9":
                        meaning = _meaning(name)
                        if meaning is None:
                            self._time(value)
                    elif name == "url":
                        if value == NOT_DONE_VALUE_SET:
                            self.codes.append(NOT_DONE_VALUE_SET)
                    elif name[-6:] == "String" and _meaning(name):
                        self.beginningless = self.endless = True
                elif kind is dict:
                    stack.append(value)
                    if _meaning(name):
                        self.beginningless = self.endless = True
                    elif "start" in value or "end" in value or name[-6:].lower() == "period":
                        self._period(value)
                elif kind is list:
                    self._list(name, value, stack)
            code = owner.get("code")
            if type(code) is str and type(owner.get("value")) not in (float, int):  # a Quantity has a number
                self.codes.append(code)

    def _list(self, name: str, values: list[Any], stack: list[Any]) -> None:
        for value in values:
            kind = type(value)
            if kind is dict:
                stack.append(value)
                if "start" in value or "end" in value or name[-6:].lower() == "period":
                    self._period(value)
            elif kind is str:
                if "0" <= value[:1] <= "9" and _meaning(name) is None:
                    self._time(value)
            elif kind is list:
                stack.append(value)

    def _period(self, value: Json) -> None:
        self.beginningless = self.beginningless or not isinstance(value.get("start"), str)
        self.endless = self.endless or not isinstance(value.get("end"), str)

    def _time(self, text: str) -> None:
        days = days_of(text[:11])
        if days is None:
            if text[4:5] == "-":  # a day that there is not: nobody knows what is made of it
                self.beginningless = self.endless = True
            return
        first, last = days
        if first < self.first:
            self.first = first
        if last > self.last:
            self.last = last


@lru_cache(maxsize=10_000)
def _meaning(name: str) -> bool | None:
    """Whether an element is a time that is no date; ``None`` if its text may be a date."""
    if name.endswith(_OTHER_TIMES) and _TIMED.fullmatch(name):
        return True
    return False if name in _NO_TIMES else None


@lru_cache(maxsize=100_000)
def days_of(text: str) -> tuple[int, int] | None:
    """The first and last day of a date or dateTime (or of its beginning), partial or not; ``None`` if it is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    try:
        if day is not None:
            exact = date(year, month or 1, day).toordinal() - EPOCH
            return exact, exact
        first = date(year, month or 1, 1)
        until = (year + 1, 1) if month in (None, 12) else (year, (month or 0) + 1)
        last = date(9999, 12, 31).toordinal() if until[0] > 9999 else date(*until, 1).toordinal() - 1
    except ValueError:
        return None
    return first.toordinal() - EPOCH, last - EPOCH


def _main_code(resource: Json) -> str:
    """The code by which resources of a type lie together; any will do."""
    for name in _MAIN:
        value: Any = resource.get(name)
        for _ in range(3):
            if isinstance(value, list):
                value = value[0] if value else None
            if isinstance(value, dict):
                value = value.get("coding", value.get("code"))
        if isinstance(value, str):
            return value[:MAX_CODE]
    return ""
