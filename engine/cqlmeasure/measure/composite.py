"""Composite measures: the results of component measures, combined subject by subject.

Always holds: a composite adds no criteria for its populations; a component counts as its own evaluation labelled it,
whatever strata it has; a component whose improvement notation is not the composite's counts the other way round; the
summary is the sum of the subjects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cqlmeasure.errors import Diagnostic, EvaluationError, UsageError
from cqlmeasure.measure.codes import Scoring
from cqlmeasure.measure.combine import combine, nothing, restrict
from cqlmeasure.measure.composite_bind import bind_composite, composing_order
from cqlmeasure.measure.definition import BOOLEAN_BASIS, CompositePart, Group, MeasureDefinition
from cqlmeasure.measure.members import SUBJECT_KEY, Cases, reference
from cqlmeasure.measure.ports import SubjectEvaluation
from cqlmeasure.measure.results import GroupResult, MeasureResult, StratumResult, SubjectResult, SupplementalValue
from cqlmeasure.measure.stratify import StratifierPlan, stratify

Found = tuple[MeasureDefinition, SubjectResult]


def component_measures(definition: MeasureDefinition) -> tuple[str, ...]:
    """The canonicals of the measures that have to be evaluated for a composite; its own groups are not listed."""
    listed = (part.canonical for group in definition.groups for part in group.parts if not part.means(definition))
    return tuple(dict.fromkeys(listed))


def compose(definition: MeasureDefinition, results: Iterable[MeasureResult]) -> MeasureResult:
    """The composite's result from the results of its components, which must have kept their subjects.

    Only for composites that combine and nothing else: one with stratifiers, supplemental data or other groups of its
    own asks the subjects' data, and is evaluated together with its components (``evaluate_together``).
    """
    found = list(results)
    if definition.supplemental_data or any(group.stratifiers or not group.parts for group in definition.groups):
        raise UsageError(
            f"{definition.name} has stratifiers, supplemental data or groups of its own, which results cannot tell",
            code="composite",
            hint="evaluate it together with its components",
        )
    bound = bind_composite(definition, [result.definition for result in found])
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
    whole = MeasureResult(bound, found[0].period, warnings=bound.warnings)
    order = composing_order(bound)
    for parts in subjects.values():
        whole.add(_compose_subject(bound, order, parts))
    return whole


def _compose_subject(definition: MeasureDefinition, order: Sequence[int], results: Sequence[Found]) -> SubjectResult:
    """The composite for one subject, from what the components gave for it; ``order`` is that of its groups."""
    first = results[0][1]
    failed = failure(first.subject, first.subject_type, results)
    if failed is not None:
        return failed
    groups: dict[int, GroupResult] = {}
    for number in order:
        groups[number] = compose_group(definition.groups[number], groups, results)
    return SubjectResult(
        subject=first.subject,
        subject_type=first.subject_type,
        groups=tuple(groups[number] for number in range(len(definition.groups))),
        supplemental=inherited(definition, results, ()),
        messages=messages_of(results),
        evaluated=evidence_of(results),
    )


def failure(subject: str, subject_type: str, results: Sequence[Found]) -> SubjectResult | None:
    """The composite for a subject for which a component failed: it fails too, for the same reasons."""
    errors = tuple(dict.fromkeys(error for _, result in results for error in result.errors))
    if not errors:
        return None
    return SubjectResult(subject=subject, subject_type=subject_type, errors=errors, messages=messages_of(results))


def messages_of(results: Sequence[Found]) -> tuple[Diagnostic, ...]:
    """What the components had to say, each thing once."""
    return tuple(dict.fromkeys(message for _, result in results for message in result.messages))


def evidence_of(results: Sequence[Found]) -> tuple[str, ...]:
    """The resources that the components looked at."""
    return tuple(sorted({name for _, result in results for name in result.evaluated}))


def compose_group(group: Group, own: Mapping[int, GroupResult], results: Sequence[Found]) -> GroupResult:
    """A composite group for one subject, without its strata; ``own`` are other groups of the same Measure."""
    return combine(group, [_of_part(part, own, results) for part in group.parts])


def composite_strata(
    plans: Sequence[StratifierPlan],
    group: Group,
    result: GroupResult,
    subject: Any,
    evaluation: SubjectEvaluation,
    library: str | None,
    subject_type: str,
) -> tuple[tuple[StratumResult, ...], ...]:
    """The strata of a composite group for one subject; where items are counted, each is in strata of its own."""
    everyone = _everyone(group, result, subject) if plans else {}

    def counted(inside: Cases) -> GroupResult:
        if group.basis == BOOLEAN_BASIS:
            return result if SUBJECT_KEY in inside else nothing(group)
        return restrict(group, result, frozenset(map(str, inside)))

    return tuple(stratify(plan, everyone, counted, evaluation, library, subject_type) for plan in plans)


def inherited(
    definition: MeasureDefinition, results: Sequence[Found], own: Sequence[tuple[SupplementalValue, ...]]
) -> tuple[tuple[SupplementalValue, ...], ...]:
    """The values of each element of a composite: ``own`` are those of its first elements, which it names itself; of
    the others the first component tells that has any under that name.
    """
    named: dict[str, tuple[SupplementalValue, ...]] = {}
    for one, result in results:
        for item, values in zip(one.supplemental_data, result.supplemental, strict=False):
            if values:
                named.setdefault(item.criteria.name, values)
    others = definition.supplemental_data[len(own) :]
    return (*own, *(named.get(item.criteria.name, ()) for item in others))


def _of_part(part: CompositePart, own: Mapping[int, GroupResult], results: Sequence[Found]) -> GroupResult:
    """What the component gave for the subject; nothing if the subject was not among its subjects."""
    if part.own:
        return own[part.number]
    for definition, result in results:
        if part.means(definition):
            return result.groups[part.number]
    return nothing(part.group) if part.group is not None else GroupResult((), ())


def _everyone(group: Group, result: GroupResult, subject: Any) -> Cases:
    """The cases that are in any population of a composite, or, if it has none, of its components."""
    if group.basis == BOOLEAN_BASIS:
        return {SUBJECT_KEY: None} if result.occupied else {}
    names = dict.fromkeys(_items(group, result))
    known = {name: item for item in getattr(subject, "resources", ()) if (name := reference(item)) is not None}
    lacking = [name for name in names if name not in known]
    if lacking:
        raise EvaluationError(
            f"the strata of {lacking[0]} are not known, because the data of the subject do not hold it",
            code="composite",
            hint="the items of a stratified composite have to be resources of the data",
        )
    return {name: known[name] for name in names}


def _items(group: Group, result: GroupResult) -> Iterator[str]:
    for members in result.members:
        yield from members
    if group.scoring is Scoring.COMPOSITE and not group.populations:
        for part, found in zip(group.parts, result.parts, strict=True):
            if part.group is not None:
                yield from _items(part.group, found)
