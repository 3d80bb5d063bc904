"""Which resources a search finds: the semantics of FHIR's token, date, reference and uri parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fhir_server.parameters import PARAMETERS, Parameter

Json = dict[str, Any]
ValueSets = Callable[[str], set[tuple[str, str]] | None]
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


class Refused(Exception):
    """A search that is not understood."""


def elements(resource: Any, path: str) -> list[Any]:
    """The values at a path; lists are opened."""
    found = [resource]
    for name in path.split("."):
        below = [one[name] for one in found if isinstance(one, dict) and name in one]
        found = [item for one in below for item in (one if isinstance(one, list) else [one])]
    return found


def matches(resource: Json, name: str, value: str, value_sets: ValueSets) -> bool:
    """Whether a resource meets one parameter; its values are alternatives."""
    name, _, modifier = name.partition(":")
    alternatives = split(value, ",")
    if name == "_id":
        return resource["id"] in alternatives
    known = PARAMETERS[resource["resourceType"]].get(name)
    if known is None:
        raise Refused(f"{resource['resourceType']} is not searched by {name}")
    found = [item for path in known.paths for item in elements(resource, path)]
    if modifier == "missing":
        return (not found) is (value == "true")
    if modifier == "in":
        members = value_sets(value)
        if members is None:
            raise Refused(f"there is no value set {value}")
        return any(pair in members for item in found for pair in codings(item))
    if modifier:
        raise Refused(f"there is no modifier :{modifier}")
    test = {"token": _token, "date": _date, "reference": _reference, "uri": _uri}[known.kind]
    return any(test(item, one, known) for item in found for one in alternatives)


def split(text: str, separator: str) -> list[str]:
    """Parts between separators that are not escaped."""
    return re.split(rf"(?<!\\){re.escape(separator)}", text)


def codings(item: Any) -> Iterable[tuple[str, str]]:
    """System and code of a code, Coding or CodeableConcept; without a system it is empty."""
    if isinstance(item, dict):
        for one in item.get("coding", [item]):
            yield one.get("system", ""), one.get("code", "")
    elif isinstance(item, str):
        yield "", item


def _token(item: Any, value: str, _: Parameter) -> bool:
    parts = [re.sub(r"\\(.)", r"\1", part) for part in split(value, "|")]
    if len(parts) == 1:
        return any(code == parts[0] for _, code in codings(item))
    return any((system, code) == (parts[0], parts[1]) for system, code in codings(item))


def _uri(item: Any, value: str, _: Parameter) -> bool:
    return bool(item == value)


def _reference(item: Any, value: str, known: Parameter) -> bool:
    kind, _, identity = "/".join(str(item.get("reference", "")).split("/")[-2:]).partition("/")
    wanted, _, name = value.rpartition("/")
    if known.target is not None and kind != known.target:
        return False
    return identity == name and (not wanted or kind == wanted)


def _date(item: Any, value: str, _: Parameter) -> bool:
    low, high = _span(item)
    prefix, text = value[:2], value[2:]
    if prefix == "ge":
        return high >= _instants(text)[0]
    if prefix == "le":
        return low <= _instants(text)[1]
    raise Refused(f"there is no prefix {prefix}")


def _span(item: Any) -> tuple[datetime, datetime]:
    if isinstance(item, str):
        return _instants(item)
    start, end = item.get("start"), item.get("end")
    return (_instants(start)[0] if start else _FIRST), (_instants(end)[1] if end else _LAST)


def _instants(text: str) -> tuple[datetime, datetime]:
    """The first and last moment that a date or dateTime may be, in UTC."""
    if "T" in text:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return found, found
    parts = [int(part) for part in text.split("-")]
    first = date(*[*parts, 1, 1][:3])
    if len(parts) == 3:
        following = first + timedelta(days=1)
    else:
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1) if len(parts) == 2 else None
        following = following or date(first.year + 1, 1, 1)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    end = datetime(following.year, following.month, following.day, tzinfo=UTC) - timedelta(milliseconds=1)
    return start, end
