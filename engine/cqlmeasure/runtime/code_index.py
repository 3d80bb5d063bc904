"""The codes that retrieves look for, merged by path: one look-up per code of a subject serves all retrieves.

Always holds: a table gets the resources that have one of its codes at the path, each once, in the subject's order;
tables with the same codes are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cqlmeasure.runtime.subject import (
    ANY_SYSTEM,
    CodePath,
    Resource,
    Steps,
    element_values,
    not_done_url,
)

CodeTable = Mapping[str, frozenset[str]]
"""Code -> the systems of which it is meant."""

_Merged = Mapping[str, Mapping[str, tuple[int, ...]]]

Hits = Sequence[list[Resource] | None]
"""The resources of each table by its number; ``None`` for none."""


class CodeIndex(CodePath):
    """Which tables of codes, ``size`` in number, are asked for at one path of a type of resources."""

    __slots__ = ("_merged", "_nothing", "_numbers", "_tables", "size")

    def __init__(self, key: str, kind: str, steps: Steps) -> None:
        super().__init__(key, kind, steps)
        self.size = 0
        self._tables: list[CodeTable] = []
        self._numbers: dict[int, int] = {}
        self._merged: dict[str, dict[str, tuple[int, ...]]] | None = None
        self._nothing: Hits = ()

    def add(self, table: CodeTable) -> int:
        """The number of a table, which must not change from now on."""
        known = self._numbers.get(id(table))
        if known is None:
            known = next((number for number, other in enumerate(self._tables) if other == table), None)
        if known is None:
            known = len(self._tables)
            self._tables.append(table)  # which also keeps its identity from being used again
            self._numbers[id(table)] = known
            self.size += 1
            self._merged = None
            self._nothing = (None,) * self.size
        return known

    def _merge(self) -> dict[str, dict[str, tuple[int, ...]]]:
        merged: dict[str, dict[str, tuple[int, ...]]] = {}
        for number, table in enumerate(self._tables):
            for code, systems in table.items():
                entry = merged.setdefault(code, {})
                for system in systems:
                    entry[system] = (*entry.get(system, ()), number)
        for entry in merged.values():
            anywhere = entry.get(ANY_SYSTEM)
            if anywhere is not None and len(entry) > 1:
                for system, numbers in entry.items():
                    entry[system] = tuple(sorted({*numbers, *anywhere}))
        self._merged = merged
        return merged

    def find(self, resources: Sequence[Resource]) -> Hits:
        """The resources of each table."""
        if not resources:
            return self._nothing
        merged = self._merged if self._merged is not None else self._merge()
        found: list[list[Resource] | None] = [None] * len(self._tables)
        steps = self.steps
        name = steps[0][0] if len(steps) == 1 and len(steps[0]) == 1 else None
        for resource in resources:
            if name is None:
                self._find_any(resource, merged, found)
                continue
            value = resource.get(name)
            if value is None:
                continue
            try:
                for concept in value if type(value) is list else (value,):
                    if "extension" in concept or "coding" not in concept:
                        self._find_any(resource, merged, found)
                        break
                    for coding in concept["coding"]:
                        entry = merged.get(coding.get("code"))
                        if entry is not None:
                            numbers = entry.get(coding.get("system")) or entry.get(ANY_SYSTEM)
                            if numbers is not None:
                                _note(found, numbers, resource)
            except (AttributeError, TypeError, KeyError):  # not as FHIR has it
                self._find_any(resource, merged, found)
        return found

    def _find_any(self, resource: Resource, merged: _Merged, found: list[list[Resource] | None]) -> None:
        """One resource whose codes have any form: lists, codes without a system, what was not done."""
        for value in element_values((resource,), self.steps):
            if isinstance(value, str):
                for numbers in merged.get(value, {}).values():
                    _note(found, numbers, resource)
            elif isinstance(value, dict) and ("extension" not in value or not_done_url(value) is None):
                codings = value.get("coding", (value,))
                for coding in codings if isinstance(codings, list | tuple) else ():
                    code = coding.get("code") if isinstance(coding, dict) else None
                    entry = merged.get(code) if isinstance(code, str) else None
                    if entry is not None:
                        _note(found, entry.get(coding.get("system")) or entry.get(ANY_SYSTEM, ()), resource)


def _note(found: list[Any], numbers: Iterable[int], resource: Resource) -> None:
    for number in numbers:
        hits = found[number]
        if hits is None:
            found[number] = [resource]
        elif hits[-1] is not resource:
            hits.append(resource)


class CodeIndexes:
    """The indexes by path.  Measures that are evaluated together share them, and with them the work."""

    __slots__ = ("_indexes",)

    def __init__(self) -> None:
        self._indexes: dict[str, CodeIndex] = {}

    def at(self, key: str, kind: str, steps: Steps) -> CodeIndex:
        """The index of a path; ``key`` names type and path."""
        found = self._indexes.get(key)
        if found is None:
            found = self._indexes[key] = CodeIndex(key, kind, steps)
        return found
