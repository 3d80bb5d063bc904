"""Sends searches to a server, and wider ones where it refuses them.

Always holds: a search that a server does not understand is made wider, never narrower, with one warning; that it was
is remembered, so that it is refused once and not for every patient.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

import msgspec

from cqlmeasure.data.compartment import PATIENT_PATHS, compartment_references
from cqlmeasure.data.server.answers import Json, Request, ServerError
from cqlmeasure.data.server.capability import Capabilities, Server
from cqlmeasure.data.server.paging import Belongs, Found, LinkIgnored, search, warning
from cqlmeasure.data.server.plan import Codes, Search, simplified
from cqlmeasure.data.server.requests import Asked, read_many, requests_of
from cqlmeasure.data.subjects import relative_reference
from cqlmeasure.errors import Diagnostic

#: Answers that may mean that the server does not understand the search.
_REFUSED = frozenset({400, 404, 405, 413, 414, 415, 422, 501})
_NO_POST = frozenset({404, 405, 415, 501})
_GONE = frozenset({404, 410})


class _Variant(msgspec.Struct, frozen=True):
    """One way to ask: the search, by which link, with value sets or their codes, and what was left out for it."""

    search: Search
    link: str
    by_value_set: bool = False
    without: str = ""


class Fetcher:
    """The searches of a plan at one server; used by several threads at once."""

    def __init__(self, server: Server, searches: Sequence[Search], value_sets: str = "auto") -> None:
        self.server = server
        known = server.capabilities
        resolved = [_resolved(server, one, value_sets) for one in searches if known.has_type(one.type)]
        self.searches = [(one, link) for one in simplified(resolved) for link in one.links]
        self.missing_types = sorted({one.type for one in searches if not known.has_type(one.type)})
        self._variants = [_variants(one, link, known) for one, link in self.searches]
        self._at = [0] * len(self.searches)
        self._post = True
        self._lock = threading.Lock()

    def fetch(self, number: int, patients: Sequence[str]) -> Found:
        """What a search finds for some patients."""
        at = self._at[number]
        while True:
            variant = self._variants[number][at]
            try:
                found = self._search(variant, patients)
            except (ServerError, LinkIgnored) as error:
                if isinstance(error, ServerError) and error.status not in _REFUSED:
                    raise
                at += 1
                if at == len(self._variants[number]):
                    return self._not_searchable(number, error)
                continue
            with self._lock:
                self._at[number] = max(self._at[number], at)
            if at and variant.without:
                found = msgspec.structs.replace(found, warnings=(self._wider(variant), *found.warnings))
            return found

    def read(self, kind: str, identities: Sequence[str]) -> Found:
        """Resources by their ids; those that are not there are left out."""
        if not self.server.capabilities.has_type(kind):
            return Found(())
        client = self.server.client
        try:
            return _joined([search(client, one) for one in read_many(client.base, kind, identities, client.limits)])
        except ServerError as error:
            if error.status not in _REFUSED:
                raise
        resources = []
        for identity in identities:
            try:
                resources.append(client.ask(Request(f"{client.base}/{kind}/{identity}")))
            except ServerError as error:
                if error.status not in _GONE:
                    raise
        return Found(tuple(resources))

    def _search(self, variant: _Variant, patients: Sequence[str]) -> Found:
        client = self.server.client
        belongs = _belongs(variant.search.type, patients)
        how = Asked(client.base, variant.link, tuple(patients), self._post, variant.by_value_set)
        try:
            return _joined([search(client, one, belongs) for one in requests_of(variant.search, how, client.limits)])
        except ServerError as error:
            if error.status not in _NO_POST or not self._post:
                raise
            requests = requests_of(variant.search, msgspec.structs.replace(how, post=False), client.limits)
            if all(one.form is None for one in requests_of(variant.search, how, client.limits)):
                raise
        found = _joined([search(client, one, belongs) for one in requests])
        self._post = False
        return found

    def _not_searchable(self, number: int, error: ServerError | LinkIgnored) -> Found:
        """Of the links of a type one must be searchable; a further one that is not is left out."""
        search, link = self.searches[number]
        base = self.server.client.base
        if link == search.links[0]:
            if isinstance(error, ServerError):
                raise error
            raise ServerError(
                f"the server gives {search.type} of other patients than those that were asked for",
                code="server-search",
                request=Request(f"{base}/{search.type}?{link}=..."),
                hint="it has to search by patient",
            )
        text = f"the server does not search {search.type} by {link}: what names a patient only there is not found"
        return Found((), (warning("server-search", text, Request(base)),))

    def _wider(self, variant: _Variant) -> Diagnostic:
        text = f"the server does not search {variant.search.type} {variant.without}: more was read than is needed"
        return warning("server-search", text, Request(self.server.client.base))


def _resolved(server: Server, one: Search, value_sets: str) -> Search:
    """A search with those value sets that the server can look in, and the codes of the others."""
    codes: list[Codes] = []
    for part in one.codes:
        offered = part.value_set is not None and (
            value_sets == "in"
            or (value_sets == "auto" and server.offers_in(one.type, part.name) and server.knows(part.value_set))
        )
        if offered:
            codes.append(part)
        elif part.tokens:
            codes.append(Codes(part.name, part.tokens))
    return msgspec.structs.replace(one, codes=tuple(codes))


def _variants(one: Search, link: str, known: Capabilities) -> list[_Variant]:
    """From the exact search to the widest."""
    names = [link]
    if link == "patient":
        names = ["subject", "patient"] if _only(known, one.type, "subject", "patient") else ["patient", "subject"]
    return [variant for name in names for variant in _by_link(one, name, known)]


def _by_link(one: Search, link: str, known: Capabilities) -> list[_Variant]:
    by_value_set = any(part.value_set is not None for part in one.codes)
    found = [_Variant(one, link, by_value_set)]
    if by_value_set:
        listed = tuple(part for part in one.codes if part.tokens)
        found.append(_Variant(msgspec.structs.replace(one, codes=listed), link, without="by value set"))
    if known.types is not None and one.type in known.types:
        codes = tuple(part for part in one.codes if part.tokens and known.lists(one.type, part.name))
        dates = tuple(part for part in one.dates if known.lists(one.type, part.name))
        names = [name for name in _names(one) if not known.lists(one.type, name)]
        without = f"by {', '.join(names)}"
        if names:
            found.append(_Variant(msgspec.structs.replace(one, codes=codes, dates=dates), link, without=without))
    names = _names(one)
    without = f"by {', '.join(names)}" if names else ""
    found.append(_Variant(one.plain, link, without=without))
    found.append(_Variant(Search(one.type, one.links), link, without=without or "with _include"))
    different = {(variant.search, variant.by_value_set): variant for variant in reversed(found)}
    return list(reversed(different.values()))


def _names(one: Search) -> list[str]:
    return list(dict.fromkeys((*(part.name for part in one.codes), *(part.name for part in one.dates))))


def _only(known: Capabilities, kind: str, one: str, other: str) -> bool:
    return known.lists(kind, one) and not known.lists(kind, other)


def _belongs(kind: str, patients: Collection[str]) -> Belongs | None:
    """Whether a resource is of some of the patients, or at least of nobody else."""
    if kind not in PATIENT_PATHS:
        return None
    wanted = {f"Patient/{identity}" for identity in patients}

    def belongs(resource: Json) -> bool:
        named = {relative_reference(one) for one in compartment_references(resource)}
        return bool(named & wanted) or not any(one.startswith("Patient/") for one in named)

    return belongs


def _joined(parts: Sequence[Found]) -> Found:
    return Found(
        tuple(resource for part in parts for resource in part.resources),
        tuple(one for part in parts for one in part.warnings),
    )
