"""From a search to requests: GET while the address is short enough, else POST, else several with a part of the codes.

Always holds: the requests of a search together ask for all that it asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from urllib.parse import quote

import msgspec

from cqlmeasure.data.server.answers import Request
from cqlmeasure.data.server.client import ServerLimits
from cqlmeasure.data.server.plan import Codes, Dates, Search

_Parameters = list[tuple[str, str]]


class Asked(msgspec.Struct, frozen=True):
    """How a search is sent: where to, by which link, for which patients, and whether by POST if it is long."""

    base: str
    link: str
    patients: tuple[str, ...]
    post: bool = True
    by_value_set: bool = True


def requests_of(search: Search, how: Asked, limits: ServerLimits) -> list[Request]:
    """The requests for a search, in a fixed order."""
    found: list[Request] = []
    includes = [("_include", one) for one in search.includes]
    for dates in product(*map(_alternatives, search.dates)):
        fixed = [
            (how.link, patients(how.link, how.patients)),
            *(one for part in dates for one in part),
            *includes,
            ("_count", str(limits.page)),
        ]
        found += _with_codes(search, fixed, how, limits)
    return list(dict.fromkeys(found))


def patients(link: str, identities: Iterable[str]) -> str:
    """Patients as the value of a parameter; where other types could be meant too, they are named with theirs."""
    bare = link in ("patient", "_id")
    return ",".join(identity if bare else f"Patient/{identity}" for identity in identities)


def read_many(base: str, kind: str, identities: Sequence[str], limits: ServerLimits) -> list[Request]:
    """Searches for resources by their ids."""
    room = limits.url - len(base) - len(kind) - 40
    return [
        Request(f"{base}/{kind}?{_encoded([('_id', ','.join(chunk)), ('_count', str(limits.page))])}")
        for chunk in _chunks(identities, room)
    ]


def _with_codes(search: Search, fixed: _Parameters, how: Asked, limits: ServerLimits) -> list[Request]:
    sets = [one for one in search.codes if one.value_set is not None and how.by_value_set]
    listed = sorted((one for one in search.codes if one not in sets), key=_length)
    fixed = [*fixed, *((f"{one.name}:in", _canonical(one)) for one in sets)]
    address = f"{how.base}/{search.type}"
    whole = _encoded([*fixed, *((one.name, ",".join(one.tokens)) for one in listed)])
    if len(address) + 1 + len(whole) <= limits.url:
        return [Request(f"{address}?{whole}")]
    limit = limits.form if how.post else limits.url - len(address) - 1
    if listed:
        *others, longest = listed
        # The longest list is split; of the others those that leave it no room are left out, which finds more.
        while others and len(_encoded(fixed)) + sum(map(_length, others)) > limit // 2:
            others.pop()
        fixed = [*fixed, *((one.name, ",".join(one.tokens)) for one in others)]
        room = limit - len(_encoded(fixed)) - len(longest.name) - 2
        bodies = [_encoded([*fixed, (longest.name, ",".join(chunk))]) for chunk in _chunks(longest.tokens, room)]
    else:
        bodies = [_encoded(fixed)]
    if how.post:
        return [Request(f"{address}/_search", body) for body in bodies]
    return [Request(f"{address}?{body}") for body in bodies]


def _alternatives(dates: Dates) -> list[_Parameters]:
    bounds = [(dates.name, f"{prefix}{day}") for prefix, day in (("ge", dates.low), ("le", dates.high)) if day]
    return [bounds, [(f"{dates.name}:missing", "true")]] if dates.missing else [bounds]


def _canonical(codes: Codes) -> str:
    assert codes.value_set is not None
    url, version = codes.value_set
    return f"{url}|{version}" if version else url


def _chunks(values: Sequence[str], room: int) -> list[list[str]]:
    chunks: list[list[str]] = [[]]
    used = 0
    for value in values:
        size = len(_quoted(value)) + 1
        if chunks[-1] and used + size > room:
            chunks.append([])
            used = 0
        chunks[-1].append(value)
        used += size
    return chunks


def _length(codes: Codes) -> int:
    return sum(len(_quoted(token)) + 1 for token in codes.tokens)


def _encoded(parameters: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe=':')}={_quoted(value)}" for name, value in parameters)


def _quoted(value: str) -> str:
    return quote(value, safe=",:/")
