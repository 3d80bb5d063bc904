"""Binding a composite to the definitions of its components, which may be composites themselves.

Always holds: every component is found by canonical (and version, where the composite names one), and its group is
named where the measure has several; no group is composed of itself, by whatever way; components have the composite's
subject type, a scoring that the method can combine, and, where members are combined, its basis or a basis that
existence turns into true or false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from cqlmeasure.measure.codes import (
    POPULATION_SYSTEMS,
    AggregateMethod,
    CompositeScoring,
    PopulationType,
    Scoring,
)
from cqlmeasure.measure.definition import (
    BOOLEAN_BASIS,
    CompositePart,
    Criteria,
    Group,
    MeasureDefinition,
    Population,
    SupplementalData,
)
from cqlmeasure.measure.fhir_json import code_of
from cqlmeasure.measure.findings import Findings, group_place

_P = PopulationType
_BY_RATE = (
    _P.INITIAL_POPULATION,
    _P.DENOMINATOR,
    _P.DENOMINATOR_EXCLUSION,
    _P.DENOMINATOR_EXCEPTION,
    _P.NUMERATOR,
    _P.NUMERATOR_EXCLUSION,
)
_BY_MEMBER = (
    _P.INITIAL_POPULATION,
    _P.MEASURE_POPULATION,
    _P.MEASURE_POPULATION_EXCLUSION,
    _P.MEASURE_OBSERVATION,
)
_RATES = frozenset({Scoring.PROPORTION, Scoring.RATIO})
_METHODS = {
    CompositeScoring.OPPORTUNITY: _RATES,
    CompositeScoring.ALL_OR_NOTHING: _RATES,
    CompositeScoring.ANY: _RATES,
    CompositeScoring.LINEAR: _RATES | {Scoring.CONTINUOUS_VARIABLE},
    CompositeScoring.WEIGHTED: _RATES | {Scoring.CONTINUOUS_VARIABLE},
}

_MOST_PARTS = 1000
"""A composite has no more components than this, those of its components counted."""
COMPOSITE_LEVELS = 20
"""Composites are composed of composites on no more levels than this."""


def bind_composite(definition: MeasureDefinition, measures: Iterable[MeasureDefinition]) -> MeasureDefinition:
    """The composite with its components' groups, and the populations that it reports; ``ContentError`` with all faults.

    ``measures`` are the components', bound if they are composites; groups of the composite's own Measure need not be
    among them.  Supplemental data and risk factors of the components become the composite's own, by name.
    """
    found = list(measures)
    binding = _Binding(definition, found)
    groups = tuple(binding.group(number) for number in range(len(definition.groups)))
    findings = binding.findings
    findings.raise_errors()
    used = [one for one in found if any(part.means(one) for group in groups for part in group.parts if not part.own)]
    supplemental = tuple(_supplemental((definition, *used), findings))
    doubts = (item for one in used for item in one.warnings)
    return msgspec.structs.replace(
        definition,
        groups=groups,
        supplemental_data=supplemental,
        warnings=tuple(dict.fromkeys((*definition.warnings, *findings.warnings, *doubts))),
    )


def composing_order(definition: MeasureDefinition) -> tuple[int, ...]:
    """The positions of the composite groups of a bound definition, each after those of its Measure that it combines."""
    order: dict[int, None] = {}

    def settle(number: int) -> None:
        group = definition.groups[number]
        if number in order or group.scoring is not Scoring.COMPOSITE:
            return
        for part in group.parts:
            if part.own:
                settle(part.number)
        order[number] = None

    for number in range(len(definition.groups)):
        settle(number)
    return tuple(order)


class _Binding:
    """Binds the groups of one definition; composites that refer to groups of their own Measure after these."""

    def __init__(self, definition: MeasureDefinition, measures: Sequence[MeasureDefinition]) -> None:
        self.definition = definition
        self.measures = measures
        self.findings = Findings(definition.name)
        self._bound: dict[int, Group] = {}
        self._path: list[int] = []

    def group(self, number: int) -> Group:
        """The group at a position, bound."""
        group = self.definition.groups[number]
        if group.scoring is not Scoring.COMPOSITE:
            return group
        if number not in self._bound:
            self._path.append(number)
            self._bound[number] = self._bind(group, number)
            self._path.pop()
        return self._bound[number]

    def _bind(self, group: Group, number: int) -> Group:
        method = group.composite or CompositeScoring.OPPORTUNITY
        notation = code_of(group.improvement_notation) or "increase"
        parts, size = [], 0
        for part in group.parts:
            place = f"{group_place(self._label(number))}, component {part.canonical}"
            target = self._target(part, place)
            if target is None:
                continue
            measure, position, component = target
            _check(self.definition, group, method, measure, component, place, self.findings)
            size += 1 + _size(component)
            if size > _MOST_PARTS:
                said = f"it makes more than {_MOST_PARTS} components, those of the components counted"
                self.findings.error("composite-components", place, said, "combine fewer")
                break
            if _levels(component) >= COMPOSITE_LEVELS:
                self._too_deep(place)
                continue
            own = code_of(component.improvement_notation) or notation
            parts.append(
                msgspec.structs.replace(
                    part,
                    group=component,
                    number=position,
                    own=measure is self.definition,
                    reversed=own != notation,
                )
            )
        prefix = f"group-{number + 1}-" if len(self.definition.groups) > 1 else ""
        return msgspec.structs.replace(
            group, parts=tuple(parts), populations=tuple(_populations(group, method, prefix))
        )

    def _target(self, part: CompositePart, place: str) -> tuple[MeasureDefinition, int, Group] | None:
        """The measure, position and group of a component; what cannot be found is noted."""
        measure = self._measure(part, place)
        if measure is None:
            return None
        position = _position(part, measure, measure is self.definition)
        if position is None:
            known = ", ".join(repr(group.id or group.link_id or str(n)) for n, group in enumerate(measure.groups, 1))
            said = f"it has no group {part.group_id!r}" if part.group_id else "it has several groups, and none is named"
            hint = f"name one of its groups with cqm-groupId: {known}"
            self.findings.error("composite-component", place, said, hint)
            return None
        if measure is not self.definition:
            return measure, position, measure.groups[position]
        if position in self._path:
            circle = [*self._path[self._path.index(position) :], position]
            said = f"the group is composed of itself: {' -> '.join(map(self._label, circle))}"
            self.findings.error("composite-cycle", place, said, "take one of these components out")
            return None
        if len(self._path) > COMPOSITE_LEVELS:
            self._too_deep(place)
            return None
        return measure, position, self.group(position)

    def _too_deep(self, place: str) -> None:
        said = f"it makes components on more than {COMPOSITE_LEVELS} levels"
        self.findings.error("composite-components", place, said, "combine components on fewer levels")

    def _measure(self, part: CompositePart, place: str) -> MeasureDefinition | None:
        fitting = [one for one in (self.definition, *self.measures) if part.means(one)]
        if fitting:
            return fitting[0]
        named = [one for one in self.measures if one.url == part.url]
        versions = ", ".join(sorted(one.version or "without a version" for one in named))
        said = f"there is only {versions}" if named else "there is no such measure"
        self.findings.error("composite-component", place, said, "add the component measure to the content")
        return None

    def _label(self, number: int) -> str:
        group = self.definition.groups[number]
        return group.id or group.link_id or str(number + 1)


def _size(group: Group) -> int:
    """How many components a bound group has, on all levels; each level has been found to have no more than the most."""
    return sum(1 + _size(part.group) for part in group.parts if part.group is not None)


def _levels(group: Group) -> int:
    """On how many levels a bound group has components."""
    return max((1 + _levels(part.group) for part in group.parts if part.group is not None), default=0)


def _position(part: CompositePart, measure: MeasureDefinition, own: bool) -> int | None:
    """Where the group of a component is; one that is not named is the only one, or the only one to combine."""
    if part.group_id is not None:
        known = (n for n, group in enumerate(measure.groups) if part.group_id in (group.id, group.link_id))
        return next(known, None)
    groups = [n for n, group in enumerate(measure.groups) if not own or group.scoring is not Scoring.COMPOSITE]
    return groups[0] if len(groups) == 1 else None


def _check(
    definition: MeasureDefinition,
    group: Group,
    method: CompositeScoring,
    measure: MeasureDefinition,
    component: Group,
    place: str,
    findings: Findings,
) -> None:
    weighted = CompositeScoring.WEIGHTED
    both_weighted = method is weighted and component.composite is weighted
    if component.formula not in _METHODS[method] and not both_weighted:
        known = ", ".join(sorted(item.value for item in _METHODS[method]))
        what = component.scoring.value if component.composite is None else f"{component.composite.value} composite"
        findings.error(
            "composite-component",
            place,
            f"{method.value} cannot combine a {what} group",
            f"expected one of: {known}, or a composite that gives the same",
        )
    if measure.subject_type != definition.subject_type:
        findings.error(
            "composite-component",
            place,
            f"its subjects are of type {measure.subject_type}, those of the composite {definition.subject_type}",
        )
    # Scores are combined whatever was counted; but strata of items are told for components of the same items only.
    if group.basis != BOOLEAN_BASIS and (method is not weighted or group.stratifiers):
        for basis in sorted(_bases(component) - {group.basis}):
            findings.error(
                "composite-component", place, f"its basis is {basis!r}, that of the composite {group.basis!r}"
            )


def _bases(group: Group) -> set[str]:
    """What a group counts; a weighted composite counts what its components do."""
    if group.composite is not CompositeScoring.WEIGHTED:
        return {group.basis}
    return {basis for part in group.parts if part.group is not None for basis in _bases(part.group)}


def _populations(group: Group, method: CompositeScoring, prefix: str) -> Iterator[Population]:
    """What a composite counts; a weighted one counts nothing itself."""
    if method is CompositeScoring.WEIGHTED:
        return
    kinds = _BY_MEMBER if method is CompositeScoring.LINEAR else _BY_RATE
    for kind in kinds:
        observation = kind is _P.MEASURE_OBSERVATION
        yield Population(
            id=f"{prefix}{kind.value}",
            type=kind,
            criteria=Criteria(name="Composite", text="Composite"),
            basis=group.basis,
            code=_code(kind),
            initial=0 if kind in (_P.DENOMINATOR, _P.MEASURE_POPULATION) else None,
            observed=kinds.index(_P.MEASURE_POPULATION) if observation else None,
            aggregate=AggregateMethod.AVERAGE if observation else None,
        )


def _code(kind: PopulationType) -> dict[str, Any]:
    return {"coding": [{"system": POPULATION_SYSTEMS[0], "code": kind.value}]}


def _supplemental(measures: Sequence[MeasureDefinition], findings: Findings) -> Iterator[SupplementalData]:
    """The elements of a composite and its components, each name once."""
    known: dict[str, tuple[SupplementalData, MeasureDefinition]] = {}
    ids: set[str] = set()
    for measure, item in [(one, item) for one in measures for item in one.supplemental_data]:
        name = item.criteria.name
        if name in known:
            first, owner = known[name]
            if None not in (first.type, item.type) and first.type != item.type:
                findings.warning(
                    "supplemental-data-type",
                    f'supplemental data "{first.id}"',
                    f"{name!r} has the type {first.type} in {owner.name} and {item.type} in {measure.name}",
                    "give the elements different names, or the expressions one type",
                )
            continue
        known[name] = item, measure
        identity = item.id
        while identity in ids:
            identity += "-2"
        ids.add(identity)
        yield msgspec.structs.replace(item, id=identity)
