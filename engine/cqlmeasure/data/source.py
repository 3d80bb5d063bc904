"""What all sources share: how a Bundle becomes subjects, and what happens to faults and to what is left out."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Self

import msgspec

from cqlmeasure.data.compartment import PATIENT_PATHS
from cqlmeasure.data.reading import Json, entries, parse_resource
from cqlmeasure.data.screen import Screen, screen_of
from cqlmeasure.data.selection import Selection
from cqlmeasure.data.skimming import skim
from cqlmeasure.data.subjects import Grouping, SubjectData, subject_from_resources
from cqlmeasure.errors import DataError, Diagnostic, Severity

#: Of a shorter text, to tell what matters takes longer than to read everything.
SKIMMED_FROM = 8 << 10

_OF_PATIENTS = frozenset({*PATIENT_PATHS, "Patient"})


class Source:
    """What the sources share: warnings, and what happens to a fault (``strict`` raises, else it is a warning)."""

    def __init__(self, bundle_is_patient: bool, strict: bool) -> None:
        self.bundle_is_patient = bundle_is_patient
        self.strict = strict
        self.warnings: list[Diagnostic] = []
        self.selection: Selection | None = None
        self._screen: Screen | None = None

    def __repr__(self) -> str:
        place = getattr(self, "root", None) or getattr(self, "source", "")
        return f"{type(self).__name__}({place!r})"

    def selecting(self, selection: Selection) -> Self:
        """The same source, which reads no more than what is wanted of files that allow it.

        The warnings of both are the same list.
        """
        found = copy.copy(self)
        found.selection, found._screen = selection, None
        return found

    @property
    def screen(self) -> Screen | None:
        """The selection, ready to be held against texts; made when the first text asks for it."""
        if self._screen is None and self.selection is not None:
            self._screen = screen_of(self.selection)
        return self._screen

    def note(self, found: Iterable[Diagnostic]) -> None:
        """Notes what parts of the source left out."""
        self.warnings.extend(found)

    def fault(self, error: DataError) -> None:
        """Raises, or notes the error and lets the rest go on."""
        if self.strict:
            raise error
        self.warnings.extend(error.diagnostics)

    def from_text(self, text: bytes, place: str) -> Iterator[SubjectData] | Json:
        """The subjects of the text of a Bundle, or the resource that it is."""
        if self.selection is not None and len(text) >= SKIMMED_FROM and self.screen is not None:
            skimmed = skim(text, self.screen)
            if skimmed is not None:
                return self._from_entries(skimmed.entries, place, skimmed.ruled_out)
        resource = parse_resource(text, place)
        return self.from_bundle(resource, place) if resource["resourceType"] == "Bundle" else resource

    def from_bundle(self, bundle: Json, place: str) -> Iterator[SubjectData]:
        """The subjects of one Bundle."""
        return self._from_entries(list(entries(bundle, place)), place)

    def _from_entries(
        self, found: list[tuple[Json, str | None]], place: str, ruled_out: frozenset[int] = frozenset()
    ) -> Iterator[SubjectData]:
        if self.bundle_is_patient:
            yield _told(subject_from_resources((resource for resource, _ in found), place), ruled_out)
            return
        if found and all(resource["resourceType"] not in _OF_PATIENTS for resource, _ in found):
            self.warn("no-patient-data", f"{place} holds nothing of a patient (only shared resources): left out", place)
            return
        for one in self.grouped(found, place, lone_owns=True):
            yield _told(one, ruled_out)

    def grouped(self, found: Iterable[tuple[Json, str | None]], place: str, lone_owns: bool) -> Iterator[SubjectData]:
        """The subjects of resources (with their fullUrl) by references; what reaches nobody is a warning."""
        grouping = Grouping(found, place, lone_owns)
        yield from grouping.subjects()
        unclaimed = grouping.unclaimed
        if unclaimed:
            first = unclaimed[0]
            example = f"{first['resourceType']}/{first.get('id')}"
            text = (
                f"{place}: {len(unclaimed)} resources belong to no Patient that is there (such as {example}): left out"
            )
            self.warn("unclaimed-resources", text, place)

    def warn(self, code: str, message: str, place: str) -> None:
        """Notes what was left out."""
        self.warnings.append(Diagnostic(code=code, message=message, severity=Severity.WARNING, file=place))


def _told(one: SubjectData, ruled_out: frozenset[int]) -> SubjectData:
    return msgspec.structs.replace(one, ruled_out=ruled_out) if ruled_out else one
