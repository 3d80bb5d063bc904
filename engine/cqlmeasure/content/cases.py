"""Test cases: a patient's resources with the MeasureReport that their author expects.

Always holds: a case is read each time it is asked for and not kept, so that a thousand cases cost the memory of one;
the resources are as written, whatever their references say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import orjson

from cqlmeasure.content.resources import (
    DECODE_ERRORS,
    Json,
    objects,
    parse_object,
    read_entries,
    read_head,
    split_canonical,
)
from cqlmeasure.content.sources import SourceFile
from cqlmeasure.errors import ContentError

# Resources of a test case that are not the patient's data.
KNOWLEDGE_TYPES = frozenset({"MeasureReport", "Measure", "Library", "ValueSet", "CodeSystem", "StructureDefinition"})
# Folders between "tests" and the folder of a measure in the layout of an IG.
_KIND_FOLDERS = frozenset({"measure", "measures"})
_OTHER_KINDS = frozenset({"library", "libraries", "plandefinition", "activitydefinition", "questionnaire", "results"})

_INPUT_PARAMETERS = (
    "http://hl7.org/fhir/StructureDefinition/cqf-inputParameters",
    "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-inputParameters",
)
_DESCRIPTION = "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-testCaseDescription"


class CaseData(msgspec.Struct, frozen=True):
    """What a test case holds: the patient's ``resources`` and the ``expected`` MeasureReports."""

    resources: list[Json]
    expected: list[Json]

    @property
    def period(self) -> tuple[str, str] | None:
        """Start and end of the measurement period as the (first) expected report writes them."""
        for report in self.expected:
            period = report.get("period")
            if isinstance(period, dict) and period.get("start") and period.get("end"):
                return str(period["start"]), str(period["end"])
        return None

    @property
    def parameters(self) -> dict[str, Json]:
        """Entries of the report's input Parameters by name, as JSON (``{"name": ..., "valueString": ...}``)."""
        found: dict[str, Json] = {}
        for report in self.expected:
            references = [
                extension.get("valueReference")
                for extension in objects(report.get("extension"))
                if extension.get("url") in _INPUT_PARAMETERS
            ]
            wanted = {str(one.get("reference")).removeprefix("#") for one in references if isinstance(one, dict)}
            for resource in objects(report.get("contained")):
                if resource.get("resourceType") == "Parameters" and resource.get("id") in wanted:
                    for parameter in objects(resource.get("parameter")):
                        found.setdefault(str(parameter.get("name")), parameter)
        return found

    @property
    def description(self) -> str | None:
        """What the author says that the case shows."""
        for report in self.expected:
            for extension in objects(report.get("extension")):
                if extension.get("url") == _DESCRIPTION:
                    text: Any = extension.get("valueMarkdown") or extension.get("valueString")
                    return str(text).strip() if text else None
        return None


class TestCase(msgspec.Struct, frozen=True):
    """One test case of a measure; ``load()`` reads it, ``file`` is its Bundle or its folder."""

    __test__ = False  # not one for pytest to collect

    measure: str
    name: str
    file: str
    files: tuple[SourceFile, ...]

    def load(self) -> CaseData:
        """The case's data; raises ``ContentError`` if a file cannot be read or holds no FHIR."""
        resources: list[Json] = []
        expected: list[Json] = []
        parsed = [(file, parse_object(file.read(), file.label)) for file in self.files]
        bundles = [(file, value) for file, value in parsed if value.get("resourceType") == "Bundle"]
        for file, bundle in bundles:
            for resource in bundle_resources(bundle, file.label):
                if resource["resourceType"] == "MeasureReport":
                    expected.append(resource)
                elif resource["resourceType"] not in KNOWLEDGE_TYPES:
                    resources.append(resource)
        # Where a Bundle holds the patient, loose files beside it are copies of its entries.
        loose = [(file, value) for file, value in parsed if value.get("resourceType") != "Bundle"]
        has_data, has_report = bool(resources), bool(expected)
        for file, value in loose:
            kind = value.get("resourceType")
            if not isinstance(kind, str):
                raise ContentError("this is no FHIR: it has no resourceType", code="not-fhir", file=file.label)
            if kind == "MeasureReport":
                if not has_report:
                    expected.append(value)
            elif kind not in KNOWLEDGE_TYPES and not has_data:
                resources.append(value)
        return CaseData(resources, expected)

    @property
    def resources(self) -> list[Json]:
        """The patient's resources, read anew."""
        return self.load().resources

    @property
    def expected(self) -> list[Json]:
        """The expected MeasureReports, read anew."""
        return self.load().expected


def bundle_resources(bundle: Json, label: str) -> list[Json]:
    """The resources of a Bundle's entries; an entry that holds no FHIR is a ``ContentError``."""
    found: list[Json] = []
    listed = bundle.get("entry") or []
    if not isinstance(listed, list):
        raise ContentError("this is no FHIR: Bundle.entry is no list", code="not-fhir", file=label)
    for number, entry in enumerate(listed):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if resource is None:
            continue
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise ContentError(f"entry {number} of the Bundle holds no FHIR resource", code="not-fhir", file=label)
        found.append(resource)
    return found


class CaseIndex:
    """Test cases by the name of the folder that they are in (the measure), and those that only their report names."""

    def __init__(self, files: Iterable[SourceFile], stray: Iterable[SourceFile]) -> None:
        grouped: dict[str, dict[str, list[SourceFile]]] = {}
        loose = list(stray)
        for file in files:
            if file.suffix != ".json":
                continue
            parts = file.parts
            at = next((n for n, part in enumerate(parts[:-1]) if part.lower() in _KIND_FOLDERS), None)
            if at is not None:
                parts = parts[at + 1 :]
            elif parts[0].lower() in _OTHER_KINDS and len(parts) > 1:
                continue
            if len(parts) == 1:
                loose.append(file)
                continue
            case = file.stem if len(parts) == 2 else parts[1]
            grouped.setdefault(parts[0], {}).setdefault(case, []).append(file)
        self._folders = {
            measure: [_case(measure, name, files) for name, files in sorted(cases.items())]
            for measure, cases in grouped.items()
        }
        self._stray: dict[str, list[TestCase]] = {}
        for file in loose:
            if (measure := _reported_measure(file)) is not None:
                self._stray.setdefault(measure, []).append(_case(measure, file.stem, [file]))

    def names(self) -> list[str]:
        """Folders of measures, and canonical urls of measures that reports elsewhere name."""
        return sorted({*self._folders, *self._stray})

    def find(self, names: Iterable[str]) -> list[TestCase]:
        """The cases of a measure that goes by any of ``names``."""
        wanted = set(names)
        found = [case for name, cases in self._folders.items() if name in wanted for case in cases]
        for measure, cases in self._stray.items():
            if measure in wanted or measure.rsplit("/", 1)[-1] in wanted:
                found.extend(cases)
        return found


def _case(measure: str, name: str, files: list[SourceFile]) -> TestCase:
    label = files[0].label
    if len(files) > 1:  # the folder that is common to all
        below = len(files[0].parts) - files[0].parts.index(name) - 1 if name in files[0].parts else 0
        for _ in range(below):
            label = label.rpartition("/")[0] or label
    return TestCase(measure, name, label, tuple(files))


def is_case(types: Iterable[str]) -> bool:
    """Whether a Bundle of these resource types is a test case."""
    found = set(types)
    return "Patient" in found and "MeasureReport" in found


def _reported_measure(file: SourceFile) -> str | None:
    """The measure that the MeasureReport in a case Bundle names; ``None`` if the file is no case."""
    try:
        head = read_head(file.read())
        if head.resourceType != "Bundle":
            return None
        heads = [read_head(raw) for raw in read_entries(head.entry)]
    except (*DECODE_ERRORS, ContentError, orjson.JSONDecodeError):
        return None
    if not is_case(str(found.resourceType) for found in heads):
        return None
    for found in heads:
        if found.resourceType == "MeasureReport" and isinstance(found.measure, str):
            return split_canonical(found.measure)[0]
    return None
