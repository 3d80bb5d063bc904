"""What a FHIR server is asked for: searches of plain values, made smaller before the first is sent.

Always holds: what the simplified searches find together holds all that the given ones find.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec


class Codes(msgspec.Struct, frozen=True):
    """A token parameter: any of ``tokens`` (``system|code``, escaped).

    ``value_set`` (url and version) may be asked for by ``:in`` in their place, if the server knows the same one.
    Without tokens its codes are not known.
    """

    name: str
    tokens: tuple[str, ...]
    value_set: tuple[str, str | None] | None = None


class Dates(msgspec.Struct, frozen=True):
    """A date parameter: overlaps the days from ``low`` to ``high``; ``missing``: or there is no date."""

    name: str
    low: str | None = None
    high: str | None = None
    missing: bool = False


class Search(msgspec.Struct, frozen=True):
    """Resources of a type by each of the ``links`` to patients, for which all codes and dates hold."""

    type: str
    links: tuple[str, ...]
    codes: tuple[Codes, ...] = ()
    dates: tuple[Dates, ...] = ()
    includes: tuple[str, ...] = ()

    @property
    def plain(self) -> Search:
        """All resources of the type that are linked to a patient."""
        return Search(self.type, self.links, includes=self.includes)


class ServerPlan(msgspec.Struct, frozen=True):
    """The searches, and the types that are read when something refers to them; ``None``: all types."""

    searches: tuple[Search, ...] = ()
    followed: frozenset[str] | None = frozenset()


def simplified(searches: Iterable[Search]) -> tuple[Search, ...]:
    """Searches without those that others cover; those that differ in one span of days or in their codes are one."""
    found: list[Search] = []
    for search in sorted(set(searches), key=msgspec.json.encode):
        _add(found, search)
    return tuple(_united(sorted(found, key=msgspec.json.encode)))


def _add(found: list[Search], one: Search) -> None:
    for known in found:
        if covers(known, one):
            return
        wider = one if covers(one, known) else _hull(known, one)
        if wider is not None:
            found.remove(known)
            _add(found, wider)
            return
    found.append(one)


def covers(wide: Search, narrow: Search) -> bool:
    """Whether a search finds all that another one finds."""
    return (
        wide.type == narrow.type
        and set(wide.links) >= set(narrow.links)
        and set(wide.includes) >= set(narrow.includes)
        and all(any(_has(one, other) for other in narrow.codes) for one in wide.codes)
        and all(any(_spans(one, other) for other in narrow.dates) for one in wide.dates)
    )


def _has(wide: Codes, narrow: Codes) -> bool:
    return wide.name == narrow.name and (
        wide == narrow or (bool(narrow.tokens) and set(wide.tokens) >= set(narrow.tokens))
    )


def _spans(wide: Dates, narrow: Dates) -> bool:
    return (
        wide.name == narrow.name
        and (wide.missing or not narrow.missing)
        and (wide.low is None or (narrow.low is not None and wide.low <= narrow.low))
        and (wide.high is None or (narrow.high is not None and wide.high >= narrow.high))
    )


def _hull(one: Search, other: Search) -> Search | None:
    """Both as one search, if they differ in one span of days and the spans meet."""
    if (one.type, one.links, one.codes, one.includes) != (other.type, other.links, other.codes, other.includes):
        return None
    match one.dates, other.dates:
        case ((first,), (second,)) if first.name == second.name and _meet(first, second):
            low = None if first.low is None or second.low is None else min(first.low, second.low)
            high = None if first.high is None or second.high is None else max(first.high, second.high)
            dates = Dates(first.name, low, high, first.missing or second.missing)
            return msgspec.structs.replace(one, dates=(dates,))
    return None


def _meet(one: Dates, other: Dates) -> bool:
    starts_in_time = one.low is None or other.high is None or one.low <= other.high
    return starts_in_time and (other.low is None or one.high is None or other.low <= one.high)


def _united(searches: Sequence[Search]) -> list[Search]:
    """Searches that differ in the codes of one parameter as one, but those by value sets."""
    groups: dict[tuple[object, ...], list[Search]] = {}
    for number, one in enumerate(searches):
        alone = len(one.codes) != 1 or one.codes[0].value_set is not None
        codes = number if alone else one.codes[0].name
        groups.setdefault((one.type, one.links, one.dates, one.includes, codes), []).append(one)
    return [_union(group) for group in groups.values()]


def _union(group: Sequence[Search]) -> Search:
    if len(group) == 1:
        return group[0]
    tokens = tuple(dict.fromkeys(token for one in group for token in one.codes[0].tokens))
    return msgspec.structs.replace(group[0], codes=(Codes(group[0].codes[0].name, tokens),))
