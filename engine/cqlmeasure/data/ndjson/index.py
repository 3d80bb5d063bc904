"""Where the lines of NDJSON files are, by the patient whose they are.

Always holds: with a selection, lines that do not matter are not in the index, but for those through which a patient
reaches a shared resource (a Medication, a Location) that does; indexes of parts of the files, joined in the order of
the parts, are the index of the whole.
"""

from __future__ import annotations

import mmap
import re
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from cqlmeasure.data.compartment import (
    PATIENT_PATHS,
    compartment_elements,
    compartment_fields,
    compartment_references,
    outlined_references,
)
from cqlmeasure.data.outline import UNREADABLE
from cqlmeasure.data.reading import Json
from cqlmeasure.data.screen import Screen, TypeScreen, type_of
from cqlmeasure.data.selection import Selection
from cqlmeasure.data.subjects import relative_reference

#: A line that is not, as a bulk export writes it, of the type that the first line is of.
_OTHER = rb'\n(?!\{"resourceType":"%s"[,}]|[ \t\r]*(?:\n|\Z))'
_NAMELESS = "\0"
ANY_KIND = -1
"""The kinds of what was not looked at."""
#: A character of a reference that is written as an escape (``<``, ``>``, ``&`` and quotes often are, and are in none).
_ESCAPED = re.compile(rb"\\u00(?!2[267]|3[cCeE])[2-7]")


class Places(msgspec.Struct):
    """Positions of lines: of each patient (its own, and what it owns), of what belongs to nobody, of Bundles.

    ``repeated``: further positions of what belongs to nobody, where several lines have one type and id.
    ``kinds`` are the kinds of a selection that a patient's lines may be of.  ``carriers``: types of shared resources
    that matter, to which lines may refer; ``passed``: whether any line was passed over.
    """

    patients: dict[str, array[int]] = msgspec.field(default_factory=dict)
    owned: dict[str, array[int]] = msgspec.field(default_factory=dict)
    shared: dict[str, int] = msgspec.field(default_factory=dict)
    repeated: dict[str, array[int]] = msgspec.field(default_factory=dict)
    bundles: list[int] = msgspec.field(default_factory=list)
    types: dict[str, None] = msgspec.field(default_factory=dict)
    kinds: dict[str, int] = msgspec.field(default_factory=dict)
    shared_kinds: int = 0
    carriers: set[str] = msgspec.field(default_factory=set)
    passed: bool = False

    def join(self, other: Places) -> None:
        """Takes over the places of the next part of the files; ``other`` is of no use any more."""
        for mine, theirs in ((self.patients, other.patients), (self.owned, other.owned)):
            for name, positions in theirs.items():
                # To copy what only one part has would take twice the memory for a while.
                if mine.setdefault(name, positions) is not positions:
                    mine[name].extend(positions)
        for name, kinds in other.kinds.items():
            self.kinds[name] = self.kinds.get(name, 0) | kinds
        for name, position in other.shared.items():
            self.share(name, position)
        for name, positions in other.repeated.items():
            _extend(self.repeated, name, positions)
        self.types |= other.types
        self.bundles += other.bundles
        self.shared_kinds |= other.shared_kinds
        self.carriers |= other.carriers
        self.passed = self.passed or other.passed

    def share(self, name: str, position: int) -> None:
        """Adds what belongs to nobody."""
        if self.shared.setdefault(name, position) != position:
            _extend(self.repeated, name, (position,))

    def shared_at(self, name: str) -> Iterator[int]:
        """The positions of what belongs to nobody, by its type and id."""
        if name in self.shared:
            yield self.shared[name]
            yield from self.repeated.get(name, ())

    def named(self) -> Iterator[tuple[str, str]]:
        """Each patient with the name that it is known by: the id, or its place if it has none."""
        for number, name in enumerate(self.patients, 1):
            shown = f"unknown-{number}" if name.startswith(_NAMELESS) else name
            # Somebody else may have that very id.
            yield name, f"{shown}-" if shown != name and shown in self.patients else shown


def _extend(places: dict[str, array[int]], name: str, positions: Iterable[int]) -> None:
    known = places.get(name)
    if known is None:
        known = places[name] = array("Q")
    known.extend(positions)


class _Kind(NamedTuple):
    """What is looked at on lines with resources of one type, and where it says whose they are."""

    outline: Callable[[bytes], Any]
    wanted: TypeScreen | None
    owners: tuple[tuple[str, tuple[str, ...]], ...]


class Index:
    """Finds the places of lines; ``carriers`` are types that are known from an earlier pass."""

    def __init__(self, screen: Screen | None = None, carriers: Iterable[str] = ()) -> None:
        self.places = Places()
        self._screen = screen if screen is not None else Screen(Selection(()))
        self._selects = screen is not None
        self._kinds: dict[str, _Kind] = {}
        shared = {name for name in self._screen.types if name not in PATIENT_PATHS}
        self._given = {*carriers, *shared} - {"Patient"}
        self.places.carriers = set(self._given)
        self._references = [f"{name}/".encode() for name in sorted(self._given)]
        self._carrying = True

    def begin(self, data: bytes | mmap.mmap, start: int, stop: int) -> None:
        """Looks at a part of a file as a whole, so that less has to be looked for on each of its lines."""
        self._carrying = self._leads(data, start, stop)

    def _leads(self, data: bytes | mmap.mmap, start: int, stop: int) -> bool:
        """Whether a text may refer to shared resources that matter."""
        if not self._references:
            return False
        if any(data.find(reference, start, stop) >= 0 for reference in self._references):
            return True
        # To look for escaped references takes as long again, and few files have any escape.
        if data.find(b"\\", start, stop) < 0:
            return False
        if any(data.find(reference[:-1] + b"\\/", start, stop) >= 0 for reference in self._references):
            return True
        return data.find(b"\\u00", start, stop) >= 0 and _ESCAPED.search(data, start, stop) is not None

    def incomplete(self, places: Places) -> bool:
        """Whether lines were passed over before it was known that they lead to what matters."""
        return places.passed and not places.carriers <= self._given

    def takes(self, name: str | None, line: bytes, position: int) -> bool:
        """Indexes or passes over a line with a resource of this type; not what has to be read to be told."""
        if name is None or name == "Bundle":
            return False
        kind = self._kinds.get(name) or self._kind(name)
        screened = self._selects and name != "Patient"
        wanted = kind.wanted
        if screened and wanted is None and not (self._carrying and self._may_lead(line)):
            self._pass_over(name)
            return True
        try:
            one = kind.outline(line)
        except UNREADABLE:
            return False
        if one.resourceType != name:
            return False
        kinds = ANY_KIND
        if self._selects:
            kinds = wanted.looked(one, line) if wanted is not None else 0
        # Of what nobody wants it is known already that it leads somewhere.
        if screened and wanted is not None and not kinds and not (self._carrying and self._may_lead(line)):
            self._pass_over(name)
            return True
        self._add(name, one.at_id, _owners(outlined_references(one, kind.owners)), kinds, position)
        return True

    def _kind(self, name: str) -> _Kind:
        wanted = self._screen.types.get(name)
        # Files may have any names of types: those that nobody knows share one outline.
        key = name if wanted is not None or name in PATIENT_PATHS else ""
        found = self._kinds.get(key)
        if found is None:
            decoder = self._screen.outlines_of(name, {"id": Any, **compartment_elements(name)})
            found = self._kinds[key] = _Kind(decoder.decode, wanted, compartment_fields(name))
        return found

    def _may_lead(self, line: bytes) -> bool:
        return self._leads(line, 0, len(line))

    def _pass_over(self, name: str) -> None:
        places = self.places
        places.passed = True
        if name not in places.types:
            places.types[name] = None

    def passes_over_lines(self, data: bytes | mmap.mmap, start: int, stop: int) -> bool:
        """Whether all lines of a part of a file are of one type that nobody wants, and lead to nothing that is."""
        if not self._selects:
            return False
        name = type_of(data[start : min(start + 4096, stop)].removeprefix(b"\xef\xbb\xbf"))
        if name is None or name in ("Patient", "Bundle") or name in self._screen.types:
            return False
        if re.compile(_OTHER % name.encode()).search(data, start, stop):
            return False
        if self._leads(data, start, stop):
            return False
        self._pass_over(name)
        return True

    def add(self, resource: Json, position: int) -> None:
        """Adds a resource that had to be read: it may be of any kind."""
        owners = _owners(compartment_references(resource))
        self._add(resource["resourceType"], resource.get("id"), owners, ANY_KIND, position)

    def _add(self, kind: str, identity: object, owners: Collection[str], kinds: int, position: int) -> None:
        places = self.places
        if kind not in places.types:
            places.types[kind] = None
        if kind == "Patient":
            name = identity if isinstance(identity, str) and identity else f"{_NAMELESS}{position}"
            _extend(places.patients, name, (position,))
            if kinds:
                places.kinds[name] = places.kinds.get(name, 0) | kinds
            return
        for owner in owners:
            positions = places.owned.get(owner)
            if positions is None:
                places.owned[owner] = array("Q", (position,))
            else:
                positions.append(position)
            if kinds:
                places.kinds[owner] = places.kinds.get(owner, 0) | kinds
        if not owners and isinstance(identity, str):
            places.share(f"{kind}/{identity}", position)
            places.shared_kinds |= kinds
            if self._selects and kind not in places.carriers:
                places.carriers.add(kind)
                self._references.append(f"{kind}/".encode())
                self._carrying = True


def _owners(references: list[str]) -> Collection[str]:
    """The ids of the patients among references, each once."""
    if len(references) == 1:
        (one,) = references
        if one.startswith("Patient/") and one.count("/") == 1 and "?" not in one:
            return (one[8:],)
    targets = (relative_reference(one) for one in references if "Patient/" in one)
    return {target[8:] for target in targets if target.startswith("Patient/")}
