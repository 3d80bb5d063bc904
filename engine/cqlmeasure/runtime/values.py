"""Values that have no chapter of their own: tuples, FHIR choice values, vocabularies, and the run-time error.

Code and Concept are plain JSON dicts (a FHIR Coding, a FHIR CodeableConcept), resources likewise; they need no class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class CqlError(Exception):
    """An error that CQL itself defines; the evaluation room adds the place and tells the user."""


class Tuple(dict[str, Any]):
    """A CQL tuple: element name -> value.  A missing element is null."""

    __slots__ = ()

    def __missing__(self, name: str) -> None:
        return None

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))

    def __repr__(self) -> str:
        if not self:
            return "Tuple { : }"
        return f"Tuple {{ {', '.join(f'{name}: {value!r}' for name, value in self.items())} }}"


class FhirValue:
    """The value of a FHIR choice element: its type as the JSON key named it, and the JSON."""

    __slots__ = ("json", "type")

    def __init__(self, type: str, json: Any) -> None:
        self.type = type
        self.json = json

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FhirValue) and self.type == other.type and self.json == other.json

    def __hash__(self) -> int:
        return hash((self.type, self.json if isinstance(self.json, str | int | float | bool) else None))

    def __repr__(self) -> str:
        return f"FhirValue({self.type!r}, {self.json!r})"


class _Vocabulary:
    """What value sets and code systems share: an identity, and membership by system and code."""

    __slots__ = ("codes", "members", "name", "url", "version")

    def __init__(
        self,
        url: str,
        version: str | None = None,
        name: str | None = None,
        members: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        self.url = url
        self.version = version
        self.name = name
        self.members: tuple[Mapping[str, Any], ...] = tuple(members)
        found: dict[str, set[str]] = {}
        for member in self.members:
            found.setdefault(member["code"], set()).add(member.get("system") or "")
        self.codes: dict[str, frozenset[str]] = {code: frozenset(systems) for code, systems in found.items()}

    def contains(self, system: str | None, code: str | None) -> bool:
        """Whether the code of that system is a member; without a system, whether the code is one in any system."""
        systems = self.codes.get(code) if code is not None else None
        if systems is None:
            return False
        return system is None or system in systems

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, str | None]:
        return self.url, self.version

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r}, {self.version!r})"


class ValueSet(_Vocabulary):
    """A value set with its expansion.

    ``members`` are Codes (``system``, ``code``, ``version``, ``display``) in the expansion's order; ``codes`` maps a
    code to the systems in which it is a member (``''`` where the expansion names none).
    """

    __slots__ = ()


class CodeSystem(_Vocabulary):
    """A code system; ``members`` may be empty where only its identity is known."""

    __slots__ = ()
