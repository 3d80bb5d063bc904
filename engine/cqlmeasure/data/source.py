"""What all sources share: how a Bundle becomes subjects, and what happens to faults and to what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cqlmeasure.data.compartment import PATIENT_PATHS
from cqlmeasure.data.reading import Json, entries
from cqlmeasure.data.subjects import Grouping, SubjectData, subject_from_resources
from cqlmeasure.errors import DataError, Diagnostic, Severity

_OF_PATIENTS = frozenset({*PATIENT_PATHS, "Patient"})


class Source:
    """What the sources share: warnings, and what happens to a fault (``strict`` raises, else it is a warning)."""

    def __init__(self, bundle_is_patient: bool, strict: bool) -> None:
        self.bundle_is_patient = bundle_is_patient
        self.strict = strict
        self.warnings: list[Diagnostic] = []

    def fault(self, error: DataError) -> None:
        """Raises, or notes the error and lets the rest go on."""
        if self.strict:
            raise error
        self.warnings.extend(error.diagnostics)

    def from_bundle(self, bundle: Json, place: str) -> Iterator[SubjectData]:
        """The subjects of one Bundle."""
        found = list(entries(bundle, place))
        if self.bundle_is_patient:
            yield subject_from_resources((resource for resource, _ in found), place)
            return
        if found and all(resource["resourceType"] not in _OF_PATIENTS for resource, _ in found):
            self.warn("no-patient-data", f"{place} holds nothing of a patient (only shared resources): left out", place)
            return
        yield from self.grouped(found, place, lone_owns=True)

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
