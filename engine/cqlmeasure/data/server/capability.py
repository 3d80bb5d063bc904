"""What a FHIR server says that it can: its CapabilityStatement, and the value sets that it knows.

Always holds: each question is asked once; a server that does not answer is one that says nothing of itself.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from cqlmeasure.data.server.answers import Json, Request, ServerError
from cqlmeasure.data.server.client import Client
from cqlmeasure.data.server.paging import search


class Capabilities(msgspec.Struct, frozen=True):
    """The types of a server, with the search parameters of each and their definitions; ``None``: it does not say."""

    types: Mapping[str, Mapping[str, str | None]] | None = None

    def has_type(self, kind: str) -> bool:
        """Whether it may have resources of a type."""
        return self.types is None or kind in self.types

    def lists(self, kind: str, parameter: str) -> bool:
        """Whether it says that it searches a type by a parameter."""
        return self.types is not None and parameter in self.types.get(kind, {})


class Server:
    """A server with what is known of it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._known: dict[tuple[str, ...], Any] = {}
        self._lock = threading.Lock()

    @property
    def capabilities(self) -> Capabilities:
        """What it says of itself."""
        found = self._once(("metadata",), lambda: _read(self.client))
        assert isinstance(found, Capabilities)
        return found

    def offers_in(self, kind: str, parameter: str) -> bool:
        """Whether the definition of a search parameter has the modifier ``:in``."""
        definition = (self.capabilities.types or {}).get(kind, {}).get(parameter)
        if definition is None or not all(
            self.capabilities.lists(one, "url") for one in ("SearchParameter", "ValueSet")
        ):
            return False
        found = self._once(("parameter", definition), lambda: self._by_url("SearchParameter", definition))
        return any("in" in modifiers for one in found if isinstance(modifiers := one.get("modifier"), list))

    def knows(self, value_set: tuple[str, str | None]) -> bool:
        """Whether it has a value set, in the version that is meant."""
        if not self.capabilities.lists("ValueSet", "url"):
            return False
        url, version = value_set
        found = self._once(("value set", url), lambda: self._by_url("ValueSet", url))
        return any(one.get("url") == url and version in (None, one.get("version")) for one in found)

    def _by_url(self, kind: str, url: str) -> tuple[Json, ...]:
        elements = "url,version,modifier" if kind == "SearchParameter" else "url,version"
        address = f"{self.client.base}/{kind}?url={quote(url, safe=':/')}&_elements={elements}"
        try:
            return search(self.client, Request(address)).resources
        except ServerError as error:
            if error.fatal:
                raise
            return ()

    def _once(self, key: tuple[str, ...], ask: Any) -> Any:
        with self._lock:
            if key not in self._known:
                self._known[key] = ask()
            return self._known[key]


def _read(client: Client) -> Capabilities:
    try:
        statement = client.ask(Request(f"{client.base}/metadata"))
    except ServerError as error:
        if error.fatal:
            raise
        return Capabilities()
    if statement["resourceType"] != "CapabilityStatement":
        return Capabilities()
    types: dict[str, dict[str, str | None]] = {}
    for rest in _objects(statement.get("rest")):
        if rest.get("mode", "server") != "server":
            continue
        shared = _parameters(rest)
        for resource in _objects(rest.get("resource")):
            if isinstance(kind := resource.get("type"), str):
                types.setdefault(kind, {}).update({**shared, **_parameters(resource)})
    return Capabilities(types or None)


def _parameters(part: Json) -> dict[str, str | None]:
    found = ((one.get("name"), one.get("definition")) for one in _objects(part.get("searchParam")))
    return {
        name: definition if isinstance(definition, str) else None for name, definition in found if isinstance(name, str)
    }


def _objects(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
