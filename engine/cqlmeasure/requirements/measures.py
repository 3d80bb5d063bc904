"""The expressions that a Measure names: those to start from, and those that make its initial populations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

_NAMED = ("text/cql", "text/cql-identifier", "text/cql.identifier", "text/cql-name", "text/cql.name")


class Criteria(msgspec.Struct, frozen=True):
    """Names of expressions of the primary library, each once, in the order of the Measure.

    ``membership``: the expressions of initial populations; empty if some group has none, as then nothing is necessary.
    ``perhaps``: those of the expressions that have no language: if the library has none of that name, they are paths.
    """

    expressions: tuple[str, ...]
    membership: tuple[str, ...]
    perhaps: frozenset[str] = frozenset()


def criteria_of(measure: Mapping[str, Any]) -> Criteria:
    """The criteria of populations, stratifiers, and supplemental data (risk variables among them)."""
    found: dict[str, None] = {}
    members: dict[str, None] = {}
    perhaps: set[str] = set()

    def named(part: Mapping[str, Any]) -> Iterator[str]:
        for name, language in _names(part):
            found.setdefault(name)
            if language is None:
                perhaps.add(name)
            yield name

    complete = True
    for group in _list(measure, "group"):
        initial = []
        for population in _list(group, "population"):
            names = list(named(population))
            if any(coding.get("code") == "initial-population" for coding in _list(population.get("code"), "coding")):
                initial += names
        for stratifier in _list(group, "stratifier"):
            for part in (stratifier, *_list(stratifier, "component")):
                list(named(part))
        members.update(dict.fromkeys(initial))
        complete = complete and bool(initial)
    for item in _list(measure, "supplementalData"):
        list(named(item))
    return Criteria(tuple(found), tuple(members) if complete else (), frozenset(perhaps))


def _names(part: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """The name with the language that it is said to be in; an Expression, or (R5, R6) the bare name."""
    criteria = part.get("criteria")
    if isinstance(criteria, Mapping):
        name, language = criteria.get("expression"), criteria.get("language")
    else:
        name, language = criteria, None
    if not isinstance(name, str) or not name.strip():
        return
    if language is None or (isinstance(language, str) and language.lower() in _NAMED):
        yield name.strip(), language


def _list(part: Any, name: str) -> Iterable[Mapping[str, Any]]:
    found = part.get(name) if isinstance(part, Mapping) else None
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
