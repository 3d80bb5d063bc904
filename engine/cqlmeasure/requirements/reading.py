"""The requirements as a plan of reading: which resources can matter, and which subjects cannot count.

Always holds: what is left out can change no result.  In doubt (an element of another type, a code without a system, a
date near a bound) a resource is kept: time zones shift dates by less than a day, so bounds are taken a day wider.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from cqlmeasure.requirements.elements import reader
from cqlmeasure.requirements.filters import Periods, widened
from cqlmeasure.requirements.infer import Entry, Inferred
from cqlmeasure.requirements.paths import DATE_TYPES, Paths
from cqlmeasure.requirements.values import Codes, CodeTest, DateTest, Path, Terminology, Test

Resource = Mapping[str, Any]
Check = Callable[[Resource], bool]
#: The members of a value set: code to systems; ``None`` if it is not known.
ValueSets = Callable[[str], Mapping[str, Collection[str]] | None]
_DAY = timedelta(days=1)


class Plan:
    """Which resources a set of measures can use.  ``elements``: what is read of each type, by first steps of paths."""

    def __init__(self, found: Sequence[Inferred], periods: Periods, value_sets: ValueSets) -> None:
        self.elements: dict[str, set[str]] = {}
        self._checks: dict[str, list[Check]] = {}
        self._clauses: list[list[tuple[str, Check]]] = []
        for one in found:
            maker = _Maker(one.run.paths, periods, value_sets)
            for entry in one.entries:
                self._checks.setdefault(entry.resource, []).append(maker.entry(entry))
                self.elements.setdefault(entry.resource, set()).update(path[0] for path in entry.paths)
        if len(found) == 1:
            maker = _Maker(found[0].run.paths, periods, value_sets)
            for clause in found[0].needs:
                self._clauses.append([(entry.resource, maker.entry(entry)) for entry in clause])

    @property
    def types(self) -> frozenset[str]:
        """The resource types that matter."""
        return frozenset(self._checks)

    def keeps(self, resource: Resource) -> bool:
        """Whether a resource can influence a result."""
        checks = self._checks.get(resource.get("resourceType", ""), ())
        return any(check(resource) for check in checks)

    def keep(self, resources: Iterable[Any]) -> list[Any]:
        """The resources that can influence a result."""
        return [resource for resource in resources if self.keeps(resource)]

    def may_count(self, resources: Collection[Resource]) -> bool:
        """Whether a subject with these resources can be in an initial population."""
        return all(
            any(
                resource.get("resourceType") == kind and check(resource)
                for resource in resources
                for kind, check in one
            )
            for one in self._clauses
        )


def plan(found: Sequence[Inferred], periods: Periods, value_sets: ValueSets) -> Plan:
    """The plan for one or several measures, for a period."""
    return Plan(found, periods, value_sets)


class _Maker:
    def __init__(self, paths: Paths, periods: Periods, value_sets: ValueSets) -> None:
        self.paths = paths
        self.periods = periods
        self.value_sets = value_sets

    def entry(self, entry: Entry) -> Check:
        """Whether a resource has the codes and meets the filters of an entry."""
        checks: list[Check] = []
        if entry.code_path is not None and entry.codes is not None:
            checks.append(self.codes(entry.resource, tuple(entry.code_path.split(".")), entry.codes))
        for one in sorted(entry.filters, key=repr):
            path = self.paths.clean(entry.resource, one.path)
            checks.append(self.test(entry.resource, path, one.test))
        return lambda resource: all(check(resource) for check in checks)

    def test(self, resource: str, path: Path, test: Test) -> Check:
        match test:
            case CodeTest(value_set, codes):
                wanted = Terminology(value_set) if value_set is not None else Codes(codes)
                return self.codes(resource, path, wanted)
            case DateTest():
                return self.dates(resource, path, test)
        read = reader(self.paths.fhir, resource, path, valueless=True)
        return lambda data: bool(read(data))

    def codes(self, resource: str, path: Path, wanted: Codes | Terminology) -> Check:
        read = reader(self.paths.fhir, resource, path, valueless=True)
        if isinstance(wanted, Terminology):
            members = self.value_sets(wanted.url)
            if members is None:
                return lambda data: bool(read(data))
            known: dict[str, Collection[str | None]] = {code: set(systems) for code, systems in members.items()}
        else:
            known = {}
            for system, code, _ in wanted.codes:
                known[code] = {*known.get(code, ()), system}
        return lambda data: any(_has_code(value, known) for _, value in read(data))

    def dates(self, resource: str, path: Path, test: DateTest) -> Check:
        read = reader(self.paths.fhir, resource, path, valueless=True)
        low = widened(self.periods, test.low, high=False)
        high = widened(self.periods, test.high, high=True)
        return lambda data: any(
            kind not in DATE_TYPES or _near(value, test.part, low, high) for kind, value in read(data)
        )


def _extensions(value: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    listed = value.get("extension")
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _has_code(value: Any, known: Mapping[str, Collection[str | None]]) -> bool:
    if isinstance(value, str):
        return value in known
    if not isinstance(value, Mapping):
        return False
    if any(str(one.get("url")).endswith("notDoneValueSet") for one in _extensions(value)):
        # Nothing in a value set was done: that is no code.
        return True
    coding = value.get("coding")
    if isinstance(coding, list):
        return any(_has_code(one, known) for one in coding)
    systems = known.get(value.get("code", ""))
    if systems is None:
        return False
    system = value.get("system")
    return system is None or None in systems or system in systems


def _near(value: Any, part: str, low: date | None, high: date | None) -> bool:
    """Whether a time can be within bounds; a Period by the part that counts."""
    if isinstance(value, str):
        first, last = _range(value)
        return (low is None or last is None or last >= low) and (high is None or first is None or first <= high)
    if not isinstance(value, Mapping) or not ("start" in value or "end" in value):
        return True
    start, end = value.get("start"), value.get("end")
    if part in ("whole", "start") and isinstance(start, str) and not _near(start, "whole", low, high):
        return False
    if part in ("whole", "end") and isinstance(end, str) and not _near(end, "whole", low, high):
        return False
    if part == "any":
        before = isinstance(end, str) and not _near(end, "whole", low, None)
        after = isinstance(start, str) and not _near(start, "whole", None, high)
        return not before and not after
    return True


def _range(text: str) -> tuple[date | None, date | None]:
    """The first and last day that a FHIR date or dateTime may be."""
    try:
        parts = [int(part) for part in text[:10].split("-")]
        if len(parts) == 3:
            day = date(*parts)
            return day, day
        if len(parts) == 2:
            following = date(parts[0] + parts[1] // 12, parts[1] % 12 + 1, 1)
            return date(parts[0], parts[1], 1), following - _DAY
        return date(parts[0], 1, 1), date(parts[0], 12, 31)
    except (ValueError, TypeError):
        return None, None
