"""The expressions that a Measure names: those to start from, and those that make its initial populations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

_NAMED = ("text/cql", "text/cql-identifier", "text/cql.identifier", "text/cql-name")


class Criteria(msgspec.Struct, frozen=True):
    """Names of expressions of the primary library, each once, in the order of the Measure.

    ``membership``: the expressions of initial populations; empty if some group has none, as then nothing is necessary.
    """

    expressions: tuple[str, ...]
    membership: tuple[str, ...]


def criteria_of(measure: Mapping[str, Any]) -> Criteria:
    """The criteria of populations, stratifiers, and supplemental data (risk variables among them)."""
    found: dict[str, None] = {}
    members: dict[str, None] = {}
    complete = True
    for group in _list(measure, "group"):
        initial = []
        for population in _list(group, "population"):
            names = list(_names(population))
            found.update(dict.fromkeys(names))
            if any(coding.get("code") == "initial-population" for coding in _list(population.get("code"), "coding")):
                initial += names
        for stratifier in _list(group, "stratifier"):
            for part in (stratifier, *_list(stratifier, "component")):
                found.update(dict.fromkeys(_names(part)))
        members.update(dict.fromkeys(initial))
        complete = complete and bool(initial)
    for item in _list(measure, "supplementalData"):
        found.update(dict.fromkeys(_names(item)))
    return Criteria(tuple(found), tuple(members) if complete else ())


def _names(part: Mapping[str, Any]) -> Iterator[str]:
    criteria = part.get("criteria")
    if isinstance(criteria, Mapping) and criteria.get("language", "text/cql-identifier") in _NAMED:
        name = criteria.get("expression")
        if isinstance(name, str) and name:
            yield name


def _list(part: Any, name: str) -> Iterable[Mapping[str, Any]]:
    found = part.get(name) if isinstance(part, Mapping) else None
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
