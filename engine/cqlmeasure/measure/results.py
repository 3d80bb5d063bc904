"""Results of a measure: per subject, and added up.

Always holds: tuples are in the order of the definition (populations by position, observations by observation
population, strata by stratifier); adding up does not depend on the order of the subjects; a subject that failed adds
nothing but its error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from cqlmeasure.errors import Diagnostic, Severity
from cqlmeasure.measure.codes import CompositeScoring, PopulationType
from cqlmeasure.measure.definition import Group, MeasureDefinition
from cqlmeasure.measure.observations import ObservationValue
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.score import Score, mixed_units, score, weighted_score
from cqlmeasure.measure.values import NO_VALUE, concept_key

Observations = tuple[tuple[ObservationValue, ...], ...]

#: So many different results are remembered before they are added up.
_SHARED = 64


class StratumResult(msgspec.Struct, frozen=True):
    """One stratum: its value (one concept per component; none for criteria), counts and observations.

    ``items`` are the references of the items in it, where items are counted, for one subject.  ``parts`` are what the
    components give for those in it, if the group is a composite.
    """

    key: tuple[str, ...]
    values: tuple[dict[str, Any], ...]
    counts: tuple[int, ...]
    observations: Observations
    items: tuple[str, ...] = ()
    parts: tuple[GroupResult, ...] = ()

    @property
    def occupied(self) -> bool:
        """Whether anyone is in it."""
        return _occupied(self.counts, self.parts)

    def score(self, group: Group) -> Score | None:
        """The score of the stratum, by the formula of the group."""
        return _score(group, self.counts, self.observations, self.parts)


class GroupResult(msgspec.Struct, frozen=True):
    """One group for one subject or for all; ``members`` are the references of the counted items, by population.

    ``parts`` are the components' results, if the group is a composite.
    """

    counts: tuple[int, ...]
    observations: Observations
    strata: tuple[tuple[StratumResult, ...], ...] = ()
    members: tuple[tuple[str, ...], ...] = ()
    parts: tuple[GroupResult, ...] = ()

    def count(self, group: Group, kind: PopulationType) -> int:
        """How many cases carry the label of a population type."""
        return sum(self.counts[index] for index in group.positions(kind))

    def score(self, group: Group) -> Score | None:
        """The score, ``None`` for a cohort."""
        return _score(group, self.counts, self.observations, self.parts)

    @property
    def occupied(self) -> bool:
        """Whether anyone is in any of its populations; of a weighted composite, in any of its components'."""
        return _occupied(self.counts, self.parts)

    def part_scores(self, group: Group) -> tuple[Score | None, ...]:
        """The components' own scores, if the group is a composite."""
        return _part_scores(group, self.parts)


def _score(
    group: Group, counts: Sequence[int], observations: Observations, parts: Sequence[GroupResult]
) -> Score | None:
    if group.composite is CompositeScoring.WEIGHTED:
        return weighted_score(group, _part_scores(group, parts))
    return score(group, counts, observations)


def _part_scores(group: Group, parts: Sequence[GroupResult]) -> tuple[Score | None, ...]:
    pairs = zip(group.parts, parts, strict=False)
    return tuple(result.score(part.group) if part.group is not None else None for part, result in pairs)


def _occupied(counts: Sequence[int], parts: Sequence[GroupResult]) -> bool:
    return any(counts) or any(part.occupied for part in parts)


class SupplementalValue(msgspec.Struct, frozen=True):
    """One value of a supplemental data element: a resource by reference, or the content of an Observation."""

    concept: dict[str, Any]
    key: str
    reference: str | None = None
    content: dict[str, Any] | None = None


class SubjectResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a measure gives for one subject.

    ``errors`` is empty unless the subject could not be scored; then ``groups`` is empty.  ``messages`` are what the
    library said, what was skipped, and supplemental data that failed.
    """

    subject: str
    subject_type: str
    groups: tuple[GroupResult, ...] = ()
    supplemental: tuple[tuple[SupplementalValue, ...], ...] = ()
    messages: tuple[Diagnostic, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    evaluated: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the subject could not be scored."""
        return bool(self.errors)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Errors, then messages."""
        return self.errors + self.messages

    @property
    def has_errors(self) -> bool:
        """Whether anything at all went wrong, be it only supplemental data."""
        return bool(self.errors) or any(message.severity is Severity.ERROR for message in self.messages)


class SubjectFailure(msgspec.Struct, frozen=True):
    """A subject for which something went wrong."""

    subject: str
    diagnostics: tuple[Diagnostic, ...]
    scored: bool


class Sums(msgspec.Struct, frozen=True):
    """Results of a part of the subjects, added up; ``supplemental`` as :meth:`Totals.supplemental` gives them."""

    subjects: int
    failed: int
    groups: tuple[GroupResult, ...]
    supplemental: tuple[tuple[tuple[dict[str, Any], int], ...], ...]


class PartResult(msgspec.Struct, frozen=True):
    """What a measure gives for a part of the subjects, as plain data."""

    sums: Sums
    failures: tuple[SubjectFailure, ...] = ()
    subjects: tuple[SubjectResult, ...] = ()


class _Sums:
    """Counts and observations of one group or stratum, growing; those of the components, if it is a composite."""

    __slots__ = ("counts", "observations", "parts")

    def __init__(self, group: Group) -> None:
        self.counts = [0] * len(group.populations)
        self.observations: list[list[ObservationValue]] = [
            [] for _ in group.positions(PopulationType.MEASURE_OBSERVATION)
        ]
        self.parts = [_Sums(part.group) for part in group.parts if part.group is not None]

    def add(self, result: GroupResult | StratumResult, times: int) -> None:
        for index, count in enumerate(result.counts):
            if count:
                self.counts[index] += count * times
        for own, values in zip(self.observations, result.observations, strict=True):
            own.extend(values * times)
        for part, found in zip(self.parts, result.parts, strict=True):
            part.add(found, times)

    def frozen(self) -> GroupResult:
        """The sums as they are; strata are none of theirs."""
        observations = tuple(tuple(sorted(values, key=_order)) for values in self.observations)
        return GroupResult(tuple(self.counts), observations, parts=tuple(part.frozen() for part in self.parts))


def _order(value: ObservationValue) -> tuple[Any, str, str]:
    return value.value, value.unit or "", value.member or ""


class _GroupSums:
    """The sums of a group with those of its strata.

    Where many subjects share one result, it is noted how often it came, and added when the sums are asked for.
    """

    __slots__ = ("_shared", "group", "strata", "values", "whole")

    def __init__(self, group: Group) -> None:
        self.group = group
        self.whole = _Sums(group)
        self.strata: list[dict[tuple[str, ...], _Sums]] = [{} for _ in group.stratifiers]
        self.values: list[dict[tuple[str, ...], tuple[dict[str, Any], ...]]] = [{} for _ in group.stratifiers]
        self._shared: dict[int, tuple[GroupResult, list[int]]] = {}

    def add(self, result: GroupResult, times: int = 1) -> None:
        known = self._shared.get(id(result))
        if known is None:
            if len(self._shared) >= _SHARED:
                self._settle()
            # The result stays referred to, so that no other has its identity.
            known = self._shared[id(result)] = (result, [0])
        known[1][0] += times

    def _settle(self) -> None:
        for result, (times,) in self._shared.values():
            self._add(result, times)
        self._shared.clear()

    def _add(self, result: GroupResult, times: int) -> None:
        self.whole.add(result, times)
        for sums, values, strata in zip(self.strata, self.values, result.strata, strict=True):
            for stratum in strata:
                known = sums.get(stratum.key)
                if known is None:
                    known = sums[stratum.key] = _Sums(self.group)
                    values[stratum.key] = stratum.values
                elif values[stratum.key] != stratum.values:
                    # Of several spellings of one value the first in order, so that the sequence does not matter.
                    values[stratum.key] = min(values[stratum.key], stratum.values, key=repr)
                known.add(stratum, times)

    def result(self) -> GroupResult:
        self._settle()
        strata = []
        for sums, values in zip(self.strata, self.values, strict=True):
            frozen = [(key, found.frozen()) for key, found in sorted(sums.items())]
            strata.append(
                tuple(
                    StratumResult(key, values[key], one.counts, one.observations, parts=one.parts)
                    for key, one in frozen
                )
            )
        return msgspec.structs.replace(self.whole.frozen(), strata=tuple(strata))


class Totals:
    """Results added up: subject by subject, or totals of parts merged."""

    def __init__(self, definition: MeasureDefinition) -> None:
        self.definition = definition
        self.subjects = 0
        self.failed = 0
        self._groups = [_GroupSums(group) for group in definition.groups]
        self._initial = [group.positions(PopulationType.INITIAL_POPULATION) for group in definition.groups]
        self._supplemental: list[Counter[str]] = [Counter() for _ in definition.supplemental_data]
        self._concepts: list[dict[str, dict[str, Any]]] = [{} for _ in definition.supplemental_data]

    def add(self, result: SubjectResult, times: int = 1) -> None:
        """Adds one subject, or so many alike; supplemental data count only for members of an initial population."""
        self.subjects += times
        if result.errors:
            self.failed += times
            return
        for sums, found in zip(self._groups, result.groups, strict=True):
            sums.add(found, times)
        if result.supplemental and self._is_member(result):
            for index, values in enumerate(result.supplemental):
                for value in values:
                    self._count(index, value.key, value.concept, times)

    def _is_member(self, result: SubjectResult) -> bool:
        """Whether a subject is in any initial population."""
        for initial, sums, found in zip(self._initial, self._groups, result.groups, strict=True):
            # A weighted composite has no population of its own: members are those of its components.
            if initial:
                if any(found.counts[position] for position in initial):
                    return True
            elif not sums.group.populations and found.occupied:
                return True
        return False

    def sums(self) -> Sums:
        """The sums so far, as plain data."""
        return Sums(self.subjects, self.failed, self.groups(), self.supplemental())

    def add_sums(self, sums: Sums) -> None:
        """Adds those of another part of the same measure's subjects."""
        self.subjects += sums.subjects
        self.failed += sums.failed
        for own, theirs in zip(self._groups, sums.groups, strict=True):
            own.add(theirs)
        for index, counts in enumerate(sums.supplemental):
            for concept, count in counts:
                self._count(index, concept_key(concept), concept, count)

    def groups(self) -> tuple[GroupResult, ...]:
        """The sums so far."""
        return tuple(sums.result() for sums in self._groups)

    def supplemental(self) -> tuple[tuple[tuple[dict[str, Any], int], ...], ...]:
        """Per supplemental data element, each value with the number of times it was found, in order of the value."""
        return tuple(
            tuple((concepts[key], counts[key]) for key in sorted(counts))
            for counts, concepts in zip(self._supplemental, self._concepts, strict=True)
        )

    def _count(self, index: int, key: str, concept: dict[str, Any], count: int) -> None:
        self._supplemental[index][key] += count
        concepts = self._concepts[index]
        known = concepts.setdefault(key, concept)
        if known is not concept and known != concept:
            concepts[key] = min(known, concept, key=repr)


class MeasureResult:
    """The outcome of a measure over subjects: totals, failures, and the subjects' own results if they were kept."""

    def __init__(
        self,
        definition: MeasureDefinition,
        period: Period,
        *,
        keep: bool = True,
        warnings: Iterable[Diagnostic] = (),
    ) -> None:
        self.definition = definition
        self.period = period
        self.keep = keep
        self.totals = Totals(definition)
        self.subjects: list[SubjectResult] = []
        self.failures: list[SubjectFailure] = []
        self.warnings: tuple[Diagnostic, ...] = tuple(warnings)

    def add(self, result: SubjectResult) -> None:
        """Adds one subject."""
        self.totals.add(result)
        if self.keep:
            self.subjects.append(result)
        if (result.errors or result.messages) and result.has_errors:
            found = tuple(item for item in result.diagnostics if item.severity is Severity.ERROR)
            self.failures.append(SubjectFailure(result.subject, found, not result.failed))

    def add_equal(self, result: SubjectResult, count: int) -> None:
        """Adds so many subjects, all with this result; the subjects themselves are not kept."""
        if count:
            self.totals.add(result, count)

    def part(self) -> PartResult:
        """The result as plain data, to be added to that of other parts."""
        return PartResult(self.totals.sums(), tuple(self.failures), tuple(self.subjects))

    def add_part(self, part: PartResult) -> None:
        """Adds the result of another part of the subjects."""
        self.totals.add_sums(part.sums)
        self.subjects.extend(part.subjects)
        self.failures.extend(part.failures)

    def merge(self, other: MeasureResult) -> None:
        """Adds the result of another part of the subjects."""
        self.add_part(other.part())

    def groups(self) -> tuple[GroupResult, ...]:
        """The groups over all subjects."""
        return self.totals.groups()

    def scores(self) -> tuple[Score | None, ...]:
        """The score of each group."""
        return tuple(result.score(group) for group, result in zip(self.definition.groups, self.groups(), strict=True))

    def doubts(self) -> tuple[Diagnostic, ...]:
        """The definition's warnings, and what kept a score from being computed."""
        found = list(self.warnings)
        for number, (group, result) in enumerate(zip(self.definition.groups, self.groups(), strict=True), 1):
            where = f'measure {self.definition.name}, group "{group.id or number}"'
            for part, score_ in zip(group.parts, result.part_scores(group), strict=False):
                if group.composite is CompositeScoring.WEIGHTED and (score_ is None or score_.value is None):
                    found.append(
                        Diagnostic(
                            code="composite-component",
                            message=f"{where}: component {part.canonical} has no score; the others make up the score",
                            severity=Severity.WARNING,
                        )
                    )
            found.extend(_unexpected(where, group, result))
            mixed = mixed_units(group, result.observations)
            if mixed is not None:
                name, units = mixed
                found.append(
                    Diagnostic(
                        code="mixed-units",
                        message=f'{where}, population "{name}":'
                        f" observations have different units ({', '.join(units)}), so there is no score",
                        severity=Severity.WARNING,
                        hint="convert the observations to one unit in the CQL",
                    )
                )
        return tuple(found)


def _unexpected(where: str, group: Group, result: GroupResult) -> Iterator[Diagnostic]:
    """Strata with a value that the stratifier's value set does not have; no value at all is none of these."""
    for stratifier, strata in zip(group.stratifiers, result.strata, strict=True):
        for stratum in strata:
            for key, value, allowed in zip(stratum.key, stratum.values, stratifier.allowed, strict=False):
                if allowed is not None and key not in allowed and value != NO_VALUE:
                    yield Diagnostic(
                        code="unexpected-stratum",
                        message=f'{where}, stratifier "{stratifier.id or stratifier.position}":'
                        f" {value.get('text') or key!r} is not in the value set of expected values",
                        severity=Severity.WARNING,
                    )
