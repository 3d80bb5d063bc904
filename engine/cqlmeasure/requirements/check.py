"""Requirements held against data: what of them occurs, what comes near, what never does.

Always holds: subjects are looked at one by one and not kept; what is remembered of them are numbers and a bounded
number of codes.  A resource counts once for each subject that it belongs to.  Value filters and searches are not
looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from cqlmeasure.models import FhirTypes
from cqlmeasure.requirements.checked import (
    STATES,
    CodeFinding,
    Count,
    DataCheck,
    DateFinding,
    ElementFinding,
    Finding,
    NearCode,
)
from cqlmeasure.requirements.elements import Coding, Resource, codings, reader
from cqlmeasure.requirements.times import moments

#: The members of a value set: code to systems.
Members = Callable[[str], Mapping[str, Collection[str]]]
#: Whether evaluation takes a resource of a type for one of a profile.
OfProfile = Callable[[str, str], Callable[[Resource], bool]]

#: So many different codes are told apart by each filter; names that are no codes could fill the memory.
_CODES = 20_000
_NAMED = "Value set "
_NEAREST = 3
_LONGEST = 120


def check(
    library: Mapping[str, Any],
    subjects: Iterable[Sequence[Resource]],
    *,
    fhir: FhirTypes,
    members: Members,
    of_profile: OfProfile,
    zone: tzinfo,
    title: str,
    period: tuple[str, str],
) -> DataCheck:
    """Hold the data requirements of a module-definition Library against the resources of subjects.

    Dates without an offset from UTC are those of ``zone``.  ``period`` is the one that date filters are for.
    """
    names = {one["resource"]: one["display"].removeprefix(_NAMED) for one in library.get("relatedArtifact", [])}
    required = [_Requirement(one, fhir, members, names, of_profile, zone) for one in library.get("dataRequirement", [])]
    by_type: dict[str, list[_Requirement]] = {}
    for one in required:
        by_type.setdefault(one.type, []).append(one)
    number = resources = 0
    for number, found in enumerate(subjects, 1):
        for resource in found:
            resources += 1
            for one in by_type.get(resource.get("resourceType", ""), ()):
                one.see(resource, number)
    findings = sorted((one.finding() for one in required), key=lambda finding: STATES.index(finding.state))
    return DataCheck(title, *period, number, resources, tuple(findings))


def selector(
    library: Mapping[str, Any], *, fhir: FhirTypes, members: Members, zone: tzinfo
) -> Callable[[Resource], bool]:
    """A function that tells whether a resource meets the code and date filters of some requirement as it is written."""
    required: dict[str, list[_Requirement]] = {}
    for one in library.get("dataRequirement", []):
        made = _Requirement(one, fhir, members, {}, lambda kind, profile: lambda resource: True, zone)
        required.setdefault(made.type, []).append(made)
    return lambda resource: any(one.see(resource, 1) for one in required.get(resource.get("resourceType", ""), ()))


class _Tally:
    """Counts resources and the subjects that have them."""

    __slots__ = ("_last", "resources", "subjects")

    def __init__(self) -> None:
        self.resources = self.subjects = self._last = 0

    def add(self, subject: int) -> None:
        """One more resource of the subject of this number; subjects come one after the other."""
        self.resources += 1
        if subject != self._last:
            self._last = subject
            self.subjects += 1

    def count(self) -> Count:
        """The numbers so far."""
        return Count(self.resources, self.subjects)


class _Requirement:
    """A data requirement, and what has been seen of it."""

    def __init__(
        self,
        given: Mapping[str, Any],
        fhir: FhirTypes,
        members: Members,
        names: Mapping[str, str],
        of_profile: OfProfile,
        zone: tzinfo,
    ) -> None:
        self.type: str = given["type"]
        self.profile: str | None = next(iter(given.get("profile", [])), None)
        self._accepts = of_profile(self.type, self.profile) if self.profile is not None else None
        self._codes = [_Codes(one, fhir, self.type, members, names) for one in given.get("codeFilter", [])]
        self._dates = [_Dates(one, fhir, self.type, zone) for one in given.get("dateFilter", [])]
        paths = given.get("mustSupport", [])
        self._elements = [(path, reader(fhir, self.type, path.split(".")), _Tally()) for path in paths]
        self._of_type, self._of_profile, self._declared, self._met = _Tally(), _Tally(), _Tally(), _Tally()

    def see(self, resource: Resource, subject: int) -> bool:
        """Count a resource of the type; whether it meets all filters."""
        self._of_type.add(subject)
        if self._accepts is not None and not self._accepts(resource):
            return False
        self._of_profile.add(subject)
        if self.profile in _declared(resource):
            self._declared.add(subject)
        if not all(one.see(resource, subject) for one in self._codes):
            return False
        for _, read, tally in self._elements:
            if read(resource):
                tally.add(subject)
        within = [one.see(resource, subject) for one in self._dates]
        if not all(within):
            return False
        self._met.add(subject)
        return True

    def finding(self) -> Finding:
        """What was found."""
        return Finding(
            self.type,
            self.profile,
            self._of_type.count(),
            self._of_profile.count(),
            self._declared.count(),
            tuple(one.finding() for one in self._codes),
            tuple(one.finding() for one in self._dates),
            self._met.count(),
            tuple(ElementFinding(path, tally.count()) for path, _, tally in self._elements),
        )


def _declared(resource: Resource) -> set[str]:
    meta = resource.get("meta")
    found = meta.get("profile") if isinstance(meta, Mapping) else None
    return {url.partition("|")[0] for url in found if isinstance(url, str)} if isinstance(found, list) else set()


class _Codes:
    """A code filter."""

    def __init__(
        self, given: Mapping[str, Any], fhir: FhirTypes, resource: str, members: Members, names: Mapping[str, str]
    ) -> None:
        self._path: str = given["path"]
        self._read = reader(fhir, resource, self._path.split("."))
        self._codes: Mapping[str, Collection[str]]
        if "valueSet" in given:
            self._value_set: str | None = given["valueSet"]
            self._text = f"in {names.get(given['valueSet'], given['valueSet'])}"
            self._codes = members(given["valueSet"])
        else:
            self._value_set = None
            listed: dict[str, set[str]] = {}
            for one in given["code"]:
                listed.setdefault(one["code"], set()).add(one.get("system", ""))
            self._codes = listed
            self._text = f"is {' or '.join(one.get('display') or one['code'] for one in given['code'])}"
        self._systems = {system for systems in self._codes.values() for system in systems}
        self._found = _Tally()
        self._no_code = 0
        self._near: dict[str, int] = {}
        self._names: dict[tuple[str | None, str, str], int] = {}
        self._displays: dict[tuple[str | None, str, str], str | None] = {}

    def see(self, resource: Resource, subject: int) -> bool:
        """Whether a resource has one of the codes; those that come near are noted."""
        values = self._read(resource)
        codes = {one: isinstance(value[1], str) for value in values for one in codings(value)}
        reasons = {one: self._reason(one.system, one.code, plain) for one, plain in codes.items()}
        # As in evaluation, a code without a system may be of any.
        met = any(reason is None or self._may_be(one, reason) for one, reason in reasons.items())
        if met:
            self._found.add(subject)
        else:
            self._no_code += not codes
        near = {one: reason for one, reason in reasons.items() if reason and (not met or self._may_be(one, reason))}
        for reason in set(near.values()):
            self._near[reason] = self._near.get(reason, 0) + 1
        for one, reason in near.items():
            self._note(one, reason)
        return met

    def _may_be(self, one: Coding, reason: str) -> bool:
        return reason == "no-system" and one.code in self._codes

    def _note(self, one: Coding, reason: str) -> None:
        key = (one.system, one.code, reason)
        if key in self._names or len(self._names) < _CODES:
            self._names[key] = self._names.get(key, 0) + 1
            self._displays.setdefault(key, one.display)

    def _reason(self, system: str | None, code: str, plain: bool) -> str | None:
        systems = self._codes.get(code)
        if plain:
            return None if systems is not None else "other-code"
        if system is None:
            return "no-system"
        if systems is not None and (system in systems or "" in systems):
            return None
        return "other-code" if system in self._systems else "other-system"

    def finding(self) -> CodeFinding:
        """What was found."""
        ranked = sorted(self._names.items(), key=lambda one: (one[0][1] not in self._codes, -one[1], str(one[0])))
        nearest = tuple(
            NearCode(code[:_LONGEST], number, reason, system and system[:_LONGEST], _short(self._displays[key]))
            for key, number in ranked[:_NEAREST]
            for system, code, reason in [key]
        )
        near = dict(sorted(self._near.items()))
        return CodeFinding(self._path, self._text, self._value_set, self._found.count(), self._no_code, near, nearest)


def _short(text: str | None) -> str | None:
    return text and text[:_LONGEST]


class _Dates:
    """A date filter."""

    def __init__(self, given: Mapping[str, Any], fhir: FhirTypes, resource: str, zone: tzinfo) -> None:
        self._path: str = given["path"]
        self._read = reader(fhir, resource, self._path.split("."))
        self._zone = zone
        period = given["valuePeriod"]
        self._start, self._end = period.get("start"), period.get("end")
        self._expression: str | None = next(
            (one["valueExpression"]["expression"] for one in period.get("extension", [])), None
        )
        low = moments(self._start, zone) if self._start is not None else None
        high = moments(self._end, zone) if self._end is not None else None
        self._low, self._high = low[0] if low is not None else None, high[1] if high is not None else None
        self._found = _Tally()

    def see(self, resource: Resource, subject: int) -> bool:
        """Whether some time of a resource is within the filter."""
        within = any(self._within(kind, value) for kind, value in self._read(resource))
        if within:
            self._found.add(subject)
        return within

    def _within(self, kind: str, value: Any) -> bool:
        start, end = (value.get("start"), value.get("end")) if isinstance(value, Mapping) else (value, value)
        first = moments(start, self._zone) if isinstance(start, str) else None
        last = moments(end, self._zone) if isinstance(end, str) else None
        return (self._low is None or (first is not None and first[0] >= self._low)) and (
            self._high is None or (last is not None and last[1] <= self._high)
        )

    def finding(self) -> DateFinding:
        """What was found."""
        return DateFinding(self._path, self._found.count(), self._start, self._end, self._expression)
