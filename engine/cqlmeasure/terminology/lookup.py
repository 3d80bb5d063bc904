"""Where ValueSet and CodeSystem JSON comes from: the seam to whoever has the files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

Json = dict[str, Any]


def objects(value: Any) -> list[Json]:
    """The JSON objects of a list; what is no list holds none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: Any) -> str | None:
    """``value`` if it is a text that is not empty."""
    return value if isinstance(value, str) and value else None


class Lookup(Protocol):
    """Finds resources by canonical url; the text beside a resource says where it is, for messages."""

    def value_set_json(self, url: str, version: str | None = None) -> tuple[Json, str] | None:
        """The ValueSet and its place; without a version the one to be used; ``None`` if it is not there."""
        ...

    def code_system_json(self, url: str, version: str | None = None) -> tuple[Json, str] | None:
        """The CodeSystem and its place; without a version the one to be used; ``None`` if it is not there."""
        ...

    def value_set_versions(self, url: str) -> list[str]:
        """The versions of a value set that are there (for hints)."""
        ...


class MemoryLookup:
    """ValueSets and CodeSystems that are at hand as parsed JSON, single or in Bundles.

    The first resource with a url and version counts; without a version asked for, the last by version in text order.
    """

    def __init__(self, resources: Iterable[Json]) -> None:
        self._found: dict[tuple[str, str], dict[str, Json]] = {}
        for resource in resources:
            if resource.get("resourceType") == "Bundle":
                for entry in objects(resource.get("entry")):
                    if isinstance(inner := entry.get("resource"), dict):
                        self._add(inner)
            else:
                self._add(resource)

    def _add(self, resource: Json) -> None:
        kind, url = resource.get("resourceType"), resource.get("url")
        if kind in ("ValueSet", "CodeSystem") and isinstance(url, str):
            self._found.setdefault((kind, url), {}).setdefault(text_of(resource.get("version")) or "", resource)

    def _get(self, kind: str, url: str, version: str | None) -> tuple[Json, str] | None:
        versions = self._found.get((kind, url), {})
        found = versions.get(max(versions, default="") if version is None else version)
        return (found, f"{kind}/{found.get('id') or url}") if found is not None else None

    def value_set_json(self, url: str, version: str | None = None) -> tuple[Json, str] | None:
        return self._get("ValueSet", url, version)

    def code_system_json(self, url: str, version: str | None = None) -> tuple[Json, str] | None:
        return self._get("CodeSystem", url, version)

    def value_set_versions(self, url: str) -> list[str]:
        return sorted(self._found.get(("ValueSet", url), ()))
