"""Where the lines of NDJSON files are, by the patient whose they are.

Always holds: with a selection, lines that do not matter are not in the index, but for those through which a patient
reaches a shared resource (a Medication, a Location) that does.
"""

from __future__ import annotations

import mmap
import re
from array import array
from collections.abc import Iterable

from cqlmeasure.data.compartment import PATIENT_PATHS, compartment_elements, compartment_references
from cqlmeasure.data.reading import Json
from cqlmeasure.data.screen import Screen, type_of, writing
from cqlmeasure.data.subjects import relative_reference

#: A line that is not, as a bulk export writes it, of the type that the first line is of.
_OTHER = rb'\n(?!\{"resourceType":"%s"[,}]|[ \t\r]*(?:\n|\Z))'


class Index:
    """Positions of lines by the patient that they belong to, and of resources that belong to none.

    ``carriers``: types of shared resources that matter.  Lines that refer to them are indexed; where such a type is
    found late, after lines were passed over, the index is ``incomplete`` and has to be made again with its carriers.
    """

    def __init__(self, screen: Screen | None = None, carriers: Iterable[str] = ()) -> None:
        self.patients: dict[str, list[int]] = {}
        self.owned: dict[str, array[int]] = {}
        self.shared: dict[str, int] = {}
        self.types: dict[str, None] = {}
        self.bundles = 0
        self.incomplete = False
        self._screen = screen
        self._kinds: dict[str, int] = {}
        self._shared_kinds = 0
        self._looked = 0
        self._passed = False
        wanted = screen.types if screen is not None else ()
        self.carriers = {*carriers, *(name.decode() for name in wanted if name.decode() not in PATIENT_PATHS)}
        self.carriers.discard("Patient")
        self._references = [f"{name}/".encode() for name in sorted(self.carriers)]

    def takes(self, name: bytes | None, line: bytes, position: int) -> bool:
        """Indexes or passes over a line with a resource of this type; not what has to be read to be told."""
        self._looked = -1
        if name is None or name == b"Bundle":
            return False
        if name != b"Patient" and self._screen is not None and self._passes_over(self._screen, name, line):
            return True
        found = compartment_elements(line, name.decode())
        if found is None:
            return False
        self.add(found, position)
        return True

    def _passes_over(self, screen: Screen, name: bytes, line: bytes) -> bool:
        """Whether a line does not matter."""
        wanted = screen.types.get(name)
        self._looked = 0
        if wanted is not None:
            how = writing(line)
            self._looked = wanted.looked(line, how) if how is not None else wanted.every
        if self._looked or any(reference in line for reference in self._references):
            return False
        self._passed = True
        self.types.setdefault(name.decode())
        return True

    def passes_over_file(self, data: bytes | mmap.mmap) -> bool:
        """Whether all lines of a file are of one type that nobody wants, and lead to nothing that is wanted."""
        if self._screen is None or not data:
            return False
        name = type_of(data[:4096].removeprefix(b"\xef\xbb\xbf"))
        if name is None or name in (b"Patient", b"Bundle") or name in self._screen.types:
            return False
        if re.search(_OTHER % name, data) or any(data.find(reference) >= 0 for reference in self._references):
            return False
        self._passed = True
        self.types.setdefault(name.decode())
        return True

    def add(self, resource: Json, position: int) -> None:
        """Adds the resource on the line that was just looked at, or as much of it as says whose it is."""
        kind, identity = resource["resourceType"], resource.get("id")
        self.types.setdefault(kind)
        if kind == "Patient":
            name = identity if isinstance(identity, str) and identity else f"unknown-{len(self.patients) + 1}"
            self.patients.setdefault(name, []).append(position)
            return
        owners = {
            target[8:]
            for target in map(relative_reference, compartment_references(resource))
            if target.startswith("Patient/")
        }
        for owner in owners:
            positions = self.owned.get(owner)
            if positions is None:
                positions = self.owned[owner] = array("Q")
            positions.append(position)
            if self._looked:
                self._kinds[owner] = self._kinds.get(owner, 0) | self._looked
        if not owners and isinstance(identity, str):
            self.shared.setdefault(f"{kind}/{identity}", position)
            self._shared_kinds |= self._looked
            if self._screen is not None and kind not in self.carriers:
                self.carriers.add(kind)
                self._references.append(f"{kind}/".encode())
                self.incomplete = self.incomplete or self._passed

    def ruled_out(self, identity: str) -> frozenset[int]:
        """The purposes of the selection in which a patient cannot count."""
        if self._screen is None:
            return frozenset()
        return self._screen.ruled_out(self._kinds.get(identity, 0) | self._shared_kinds)
