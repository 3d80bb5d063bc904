"""Binding a composite to the definitions of its components.

Always holds: every component is found by canonical (and version, where the composite names one), and its group is
named where the measure has several; components have the composite's subject type, a scoring that the method can
combine, and, where members are combined, its basis or a basis that existence turns into true or false.
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


def bind_composite(definition: MeasureDefinition, measures: Iterable[MeasureDefinition]) -> MeasureDefinition:
    """The composite with its components' groups, and the populations that it reports; ``ContentError`` with all faults.

    Supplemental data and risk factors of the components become the composite's own, by name.
    """
    found = list(measures)
    findings = Findings(definition.name)
    several = len(definition.groups) > 1
    groups = []
    for number, group in enumerate(definition.groups, 1):
        if group.scoring is Scoring.COMPOSITE:
            label = group.id or group.link_id or str(number)
            group = _bind(definition, group, label, found, findings, f"group-{number}-" if several else "")
        groups.append(group)
    findings.raise_errors()
    used = {part.url for group in groups for part in group.parts}
    return msgspec.structs.replace(
        definition,
        groups=tuple(groups),
        supplemental_data=tuple(_supplemental(definition, [one for one in found if one.url in used])),
        warnings=(*definition.warnings, *(item for item in findings.warnings if item not in definition.warnings)),
    )


def component_of(part: CompositePart, definition: MeasureDefinition) -> int | None:
    """The number of the group that a component means, ``None`` if it is not of that measure."""
    if definition.url != part.url or (part.version and definition.version and part.version != definition.version):
        return None
    if part.group_id is not None:
        known = (n for n, group in enumerate(definition.groups) if part.group_id in (group.id, group.link_id))
        return next(known, None)
    computed = [n for n, group in enumerate(definition.groups) if group.scoring is not Scoring.COMPOSITE]
    return computed[0] if len(computed) == 1 else None


def _bind(
    definition: MeasureDefinition,
    group: Group,
    label: str,
    measures: Sequence[MeasureDefinition],
    findings: Findings,
    prefix: str,
) -> Group:
    method = group.composite or CompositeScoring.OPPORTUNITY
    notation = code_of(group.improvement_notation) or "increase"
    parts = []
    for part in group.parts:
        place = f"{group_place(label)}, component {part.canonical}"
        target = _find(part, measures, place, findings)
        if target is None:
            continue
        measure, component = target
        _check(definition, group, method, measure, component, place, findings)
        own = code_of(component.improvement_notation) or notation
        parts.append(msgspec.structs.replace(part, group=component, reversed=own != notation))
    return msgspec.structs.replace(group, parts=tuple(parts), populations=tuple(_populations(group, method, prefix)))


def _find(
    part: CompositePart, measures: Sequence[MeasureDefinition], place: str, findings: Findings
) -> tuple[MeasureDefinition, Group] | None:
    named = [one for one in measures if one.url == part.url]
    fitting = [one for one in named if not part.version or one.version in (None, part.version)]
    if not fitting:
        versions = ", ".join(sorted(one.version or "without a version" for one in named))
        said = f"there is only {versions}" if named else "there is no such measure"
        findings.error("composite-component", place, said, "add the component measure to the content")
        return None
    measure = fitting[0]
    number = component_of(part, measure)
    if number is not None and measure.groups[number].scoring is not Scoring.COMPOSITE:
        return measure, measure.groups[number]
    known = ", ".join(repr(group.id or group.link_id or str(n)) for n, group in enumerate(measure.groups, 1))
    said = f"it has no group {part.group_id!r}" if part.group_id else "it has several groups, and none is named"
    findings.error("composite-component", place, said, f"name one of its groups with cqm-groupId: {known}")
    return None


def _check(
    definition: MeasureDefinition,
    group: Group,
    method: CompositeScoring,
    measure: MeasureDefinition,
    component: Group,
    place: str,
    findings: Findings,
) -> None:
    if component.scoring not in _METHODS[method]:
        known = ", ".join(sorted(item.value for item in _METHODS[method]))
        findings.error(
            "composite-component",
            place,
            f"{method.value} cannot combine a {component.scoring.value} group",
            f"expected one of: {known}",
        )
    if measure.subject_type != definition.subject_type:
        findings.error(
            "composite-component",
            place,
            f"its subjects are of type {measure.subject_type}, those of the composite {definition.subject_type}",
        )
    if method is not CompositeScoring.WEIGHTED and group.basis not in (BOOLEAN_BASIS, component.basis):
        findings.error(
            "composite-component", place, f"its basis is {component.basis!r}, that of the composite {group.basis!r}"
        )


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


def _supplemental(definition: MeasureDefinition, measures: Sequence[MeasureDefinition]) -> Iterator[SupplementalData]:
    names: set[str] = set()
    ids: set[str] = set()
    for item in (item for one in (definition, *measures) for item in one.supplemental_data):
        if item.criteria.name in names:
            continue
        names.add(item.criteria.name)
        identity = item.id
        while identity in ids:
            identity += "-2"
        ids.add(identity)
        yield msgspec.structs.replace(item, id=identity)
