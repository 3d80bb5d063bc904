"""Searches that give the data of an entry: relative FHIR URLs with ``{{context.patientId}}`` for the subject.

Always holds: the searches of an entry together find everything that it asks for; long lists of codes are split.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from urllib.parse import quote

from cqlmeasure.requirements.filters import Periods
from cqlmeasure.requirements.infer import Entry
from cqlmeasure.requirements.paths import Paths
from cqlmeasure.requirements.searches import CodeSearch, DateSearch, entry_search

PATIENT = "{{context.patientId}}"
#: Longer searches are split, as servers and proxies refuse long URLs.
LONGEST = 1900


def query_patterns(paths: Paths, entry: Entry, periods: Periods, related: Iterable[str] = ()) -> list[str]:
    """The searches of an entry; none for a type that no patient is linked to (it comes with what refers to it).

    Nor are there any for data of everybody, which no search by patient gives.

    ``related``: types that other entries ask for.
    """
    if entry.everybody:
        return []
    if entry.resource == "Patient":
        return [f"Patient?_id={PATIENT}"]
    search = entry_search(paths, entry, periods, related)
    parts: list[list[str]] = []
    length = len(entry.resource) + len(PATIENT) + 40
    for codes in search.codes:
        parts.append(_codes(codes, (LONGEST - length) // 2))
        length += max(map(len, parts[-1]))
        if length > LONGEST:
            parts.pop()
    parts += map(_dates, search.dates)
    includes = [f"_include={one}" for one in search.includes]
    return [
        f"{entry.resource}?{'&'.join((f'{link}={PATIENT}', *chosen, *includes))}"
        for link in search.links
        for chosen in product(*parts)
    ]


def _codes(made: CodeSearch, room: int) -> list[str]:
    if made.value_set is not None:
        return [f"{made.name}:in={quote(made.value_set, safe=':/.')}"]
    tokens = [quote(token(*code), safe="") for code in made.codes]
    chunks: list[list[str]] = [[]]
    for one in tokens:
        if chunks[-1] and sum(len(other) + 1 for other in chunks[-1]) + len(one) > room:
            chunks.append([])
        chunks[-1].append(one)
    return [f"{made.name}={','.join(chunk)}" for chunk in chunks]


def token(system: str | None, code: str) -> str:
    """A code as a value of a token parameter; what separates tokens is escaped."""
    return f"{_escaped(system)}|{_escaped(code)}" if system is not None else _escaped(code)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$")


def _dates(made: DateSearch) -> list[str]:
    bounds = [f"{made.name}=ge{made.low}"] if made.low is not None else []
    bounds += [f"{made.name}=le{made.high}"] if made.high is not None else []
    return ["&".join(bounds), *([f"{made.name}:missing=true"] if made.missing else [])]
