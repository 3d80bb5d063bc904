"""Composite measures: the results of component measures, combined subject by subject.

Always holds: a composite adds no criteria; a component counts as its own evaluation labelled it; a component whose
improvement notation is not the composite's counts the other way round; the summary is the sum of the subjects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cqlmeasure.errors import UsageError
from cqlmeasure.measure.codes import PopulationType, Scoring
from cqlmeasure.measure.combine import combine
from cqlmeasure.measure.composite_bind import bind_composite, component_of
from cqlmeasure.measure.definition import CompositePart, Group, MeasureDefinition
from cqlmeasure.measure.results import GroupResult, MeasureResult, SubjectResult, SupplementalValue

__all__ = ["bind_composite", "component_measures", "compose", "compose_subject"]

Found = tuple[MeasureDefinition, SubjectResult]


def component_measures(definition: MeasureDefinition) -> tuple[str, ...]:
    """The canonicals of the measures that have to be evaluated for a composite; its own groups are not listed."""
    listed = (part.canonical for group in definition.groups for part in group.parts if part.url != definition.url)
    return tuple(dict.fromkeys(listed))


def compose(definition: MeasureDefinition, results: Iterable[MeasureResult]) -> MeasureResult:
    """The composite's result from the results of its components, which must have kept their subjects.

    ``definition`` may be bound already.  A composite that refers to groups of its own Measure needs the result of
    evaluating that Measure among ``results``.
    """
    found = list(results)
    bound = bind_composite(definition, [result.definition for result in found])
    if not found:
        raise UsageError(f"there are no results to combine for {definition.name}", code="composite")
    for result in found:
        if result.period != found[0].period:
            raise UsageError(
                f"the components of {definition.name} were evaluated for different periods", code="composite"
            )
        if result.totals.subjects and not result.subjects:
            raise UsageError(
                f"the result of {result.definition.name} does not hold its subjects",
                code="composite",
                hint="evaluate the components with keep",
            )
    subjects: dict[str, list[Found]] = {}
    for result in found:
        for one in result.subjects:
            subjects.setdefault(one.subject, []).append((result.definition, one))
    warnings = (item for result in found for item in result.warnings)
    whole = MeasureResult(bound, found[0].period, warnings=dict.fromkeys((*bound.warnings, *warnings)))
    for parts in subjects.values():
        whole.add(compose_subject(bound, parts))
    return whole


def compose_subject(definition: MeasureDefinition, results: Sequence[Found]) -> SubjectResult:
    """The composite for one subject, from what the components gave for it; a failure of one is a failure of all."""
    first = results[0][1]
    errors = tuple(dict.fromkeys(error for _, result in results for error in result.errors))
    messages = tuple(dict.fromkeys(message for _, result in results for message in result.messages))
    if errors:
        return SubjectResult(subject=first.subject, subject_type=first.subject_type, errors=errors, messages=messages)
    return SubjectResult(
        subject=first.subject,
        subject_type=first.subject_type,
        groups=tuple(_group(definition, number, results) for number in range(len(definition.groups))),
        supplemental=_supplemental(definition, results),
        messages=messages,
        evaluated=tuple(sorted({reference for _, result in results for reference in result.evaluated})),
    )


def _group(definition: MeasureDefinition, number: int, results: Sequence[Found]) -> GroupResult:
    group = definition.groups[number]
    if group.scoring is not Scoring.COMPOSITE:
        own = next((result for one, result in results if one.url == definition.url), None)
        return own.groups[number] if own is not None else _empty(group)
    return combine(group, [_of_part(part, results) for part in group.parts])


def _of_part(part: CompositePart, results: Sequence[Found]) -> GroupResult:
    """What the component gave for the subject; nothing if the subject was not among its subjects."""
    for definition, result in results:
        number = component_of(part, definition)
        if number is not None:
            return result.groups[number]
    return _empty(part.group) if part.group is not None else GroupResult((), ())


def _empty(group: Group) -> GroupResult:
    observations = tuple(() for item in group.populations if item.type is PopulationType.MEASURE_OBSERVATION)
    return GroupResult(
        counts=(0,) * len(group.populations),
        observations=observations,
        strata=tuple(() for _ in group.stratifiers),
        members=((),) * len(group.populations),
    )


def _supplemental(definition: MeasureDefinition, results: Sequence[Found]) -> tuple[tuple[SupplementalValue, ...], ...]:
    """The values of each element of the composite, from the first component that has any under that name."""
    named: dict[str, tuple[SupplementalValue, ...]] = {}
    for one, result in results:
        for item, values in zip(one.supplemental_data, result.supplemental, strict=False):
            if values:
                named.setdefault(item.criteria.name, values)
    if not any(result.supplemental for _, result in results):
        return ()
    return tuple(named.get(item.criteria.name, ()) for item in definition.supplemental_data)
