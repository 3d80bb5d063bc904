"""Small readers for untrusted FHIR JSON: objects, texts, codes, extensions.

Always holds: nothing here raises on JSON of a wrong shape; what is not of the expected shape is absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]


def objects(parent: Json, name: str) -> list[dict[str, Any]]:
    """The objects of a repeating element; a single object counts as a list of one."""
    value = parent.get(name)
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(parent: Json, name: str) -> str | None:
    """A string element that is not blank."""
    value = parent.get(name)
    return value.strip() if isinstance(value, str) and value.strip() else None


def concept(parent: Json, name: str) -> dict[str, Any] | None:
    """A CodeableConcept element; a bare list of one (R4 stratifiers repeat it) counts."""
    found = objects(parent, name)
    return found[0] if found else None


def code_of(value: Any) -> str | None:
    """The code of a code, Coding or CodeableConcept; the text of a concept that has no coding."""
    if isinstance(value, str):
        return value.strip() or None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("code"), str):
        return text(value, "code")
    for coding in objects(value, "coding"):
        if (found := text(coding, "code")) is not None:
            return found
    return text(value, "text")


def extension_values(parent: Json, urls: Iterable[str]) -> list[Any]:
    """The ``value[x]`` of all extensions under any of the URLs, in order."""
    wanted = set(urls)
    found = []
    for extension in objects(parent, "extension"):
        if extension.get("url") in wanted:
            value = next((item for key, item in extension.items() if key.startswith("value")), None)
            if value is not None:
                found.append(value)
    return found


def extension_value(parent: Json, urls: Iterable[str]) -> Any:
    """The first of :func:`extension_values`, or ``None``."""
    return next(iter(extension_values(parent, urls)), None)
