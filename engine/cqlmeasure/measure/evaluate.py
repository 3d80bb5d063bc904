"""A measure over subjects: labels, observations, strata and supplemental data, one subject at a time.

Always holds: what goes wrong for one subject is recorded with that subject and does not touch the others; a
supplemental data element that fails does not cost the subject its score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
import orjson

from cqlmeasure.errors import CqlMeasureError, Diagnostic, Severity
from cqlmeasure.measure.composite import (
    Found,
    compose_group,
    composite_strata,
    evidence_of,
    failure,
    inherited,
    messages_of,
)
from cqlmeasure.measure.definition import MeasureDefinition
from cqlmeasure.measure.labels import label, label_subject, remaining
from cqlmeasure.measure.members import SUBJECT_KEY, Cases, reference
from cqlmeasure.measure.observations import observe
from cqlmeasure.measure.paths import find
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.plan import GroupPlan, MeasurePlan, prepare
from cqlmeasure.measure.ports import Evaluator, Subject, SubjectEvaluation
from cqlmeasure.measure.results import GroupResult, MeasureResult, SubjectResult, SupplementalValue
from cqlmeasure.measure.stratify import count_among, criteria_strata, met_criteria, stratify
from cqlmeasure.measure.values import canonical, concept_key, concept_value, elements, observation_value
from cqlmeasure.runtime import Tuple
from cqlmeasure.runtime.messages import Message

S = TypeVar("S", bound=Subject)


def evaluate(
    measure: MeasureDefinition | MeasurePlan,
    evaluator: Evaluator[S],
    subjects: Iterable[S],
    *,
    period: Period,
    supplemental: bool = True,
    evidence: bool = False,
    keep: bool = True,
) -> MeasureResult:
    """The measure over all subjects.

    ``supplemental``: evaluate supplemental data; ``evidence``: keep references to the evaluated resources (for
    individual reports); ``keep``: keep every subject's result, not only the totals.
    """
    plan = measure if isinstance(measure, MeasurePlan) else prepare(measure, evaluator)
    result = MeasureResult(plan.definition, period, keep=keep, warnings=plan.definition.warnings)
    for one in evaluate_each(plan, evaluator, subjects, supplemental=supplemental, evidence=evidence):
        result.add(one)
    return result


def evaluate_each(
    plan: MeasurePlan,
    evaluator: Evaluator[S],
    subjects: Iterable[S],
    *,
    supplemental: bool = True,
    evidence: bool = False,
) -> Iterator[SubjectResult]:
    """The subjects' results, one by one, in the order of the subjects."""
    for subject in subjects:
        yield evaluate_subject(plan, evaluator, subject, supplemental=supplemental, evidence=evidence)


def evaluate_subject(
    plan: MeasurePlan,
    evaluator: Evaluator[S],
    subject: S,
    *,
    supplemental: bool = True,
    evidence: bool = False,
    components: Sequence[Found] = (),
) -> SubjectResult:
    """The measure for one subject; an error becomes part of the result.

    ``components``: what the components of a composite gave for the subject, each with its definition.
    """
    kind = plan.definition.subject_type
    # Whose data could not be read is not scored on a part of them.
    if faults := getattr(subject, "faults", ()):
        return SubjectResult(subject=subject.id, subject_type=kind, errors=tuple(faults))
    notes: list[Diagnostic] = []
    if components:
        failed = failure(subject.id, kind, components)
        if failed is not None:
            return failed
        notes += messages_of(components)
    try:
        evaluation: SubjectEvaluation = evaluator.subject(subject)
        if not plan.has_subject:
            evaluation = _WithSubject(evaluation, subject, kind)
        groups = _groups(plan, evaluation, subject, notes, components)
        values = _supplemental(plan, evaluation, notes) if supplemental else ()
        if supplemental and components:
            values = inherited(plan.definition, components, values)
        own = _references(evaluation.evaluated) if evidence else ()
        said = evaluation.messages()
        return SubjectResult(
            subject=subject.id,
            subject_type=kind,
            groups=groups,
            supplemental=values,
            messages=(*_messages(said, plan.library), *notes) if said or notes else (),
            evaluated=tuple(sorted({*own, *evidence_of(components)})) if components else own,
        )
    except CqlMeasureError as error:
        return SubjectResult(
            subject=subject.id, subject_type=kind, errors=tuple(error.diagnostics), messages=tuple(notes)
        )


def nobody(plan: MeasurePlan) -> SubjectResult:
    """The result of a subject that is in no population."""
    return of_values(plan, {})


def of_values(plan: MeasurePlan, values: Mapping[str, Any]) -> SubjectResult:
    """The result of a subject of whom the values of all criteria are known; what is not named is null."""
    kind, known = plan.definition.subject_type, _Values(values)
    groups = tuple(_group(group, known, kind, plan.library, []) for group in plan.groups)
    return SubjectResult(subject="", subject_type=kind, groups=groups)


class _Values:
    """An evaluation that was done elsewhere."""

    evaluated: Sequence[Any] = ()

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def value(self, name: str, /) -> Any:
        return self._values.get(name)

    def call(self, name: str, /, *arguments: Any) -> Any:
        return None

    def messages(self) -> Sequence[Any]:
        return ()


_KNOWN_AT_MOST = 4096
_known: dict[tuple[type, bytes], SupplementalValue] = {}


class _WithSubject:
    """An evaluation whose library has no context of the subject's type (CQL has none for locations): the subject
    itself comes from its data.
    """

    def __init__(self, evaluation: SubjectEvaluation, subject: Subject, kind: str) -> None:
        self._evaluation = evaluation
        self._kind = kind
        resources = getattr(subject, "resources", ())
        own = [item for item in resources if item.get("resourceType") == kind]
        self._subject = next((item for item in own if item.get("id") == subject.id), own[0] if len(own) == 1 else None)

    def value(self, name: str, /) -> Any:
        return self._subject if name == self._kind else self._evaluation.value(name)

    def call(self, name: str, /, *arguments: Any) -> Any:
        return self._evaluation.call(name, *arguments)

    def messages(self) -> Sequence[Any]:
        return self._evaluation.messages()

    @property
    def evaluated(self) -> Sequence[Any]:
        return self._evaluation.evaluated


def _groups(
    plan: MeasurePlan,
    evaluation: SubjectEvaluation,
    subject: Subject,
    notes: list[Diagnostic],
    components: Sequence[Found],
) -> tuple[GroupResult, ...]:
    kind, library = plan.definition.subject_type, plan.library
    if not plan.composites:
        return tuple([_group(part, evaluation, kind, library, notes) for part in plan.groups])
    found: dict[int, GroupResult] = {}
    for number, part in enumerate(plan.groups):
        if number not in plan.composites:
            found[number] = _group(part, evaluation, kind, library, notes)
    for number in plan.composites:
        part = plan.groups[number]
        whole = compose_group(part.group, found, components)
        strata = composite_strata(part.stratifiers, part.group, whole, subject, evaluation, library, kind)
        found[number] = msgspec.structs.replace(whole, strata=strata)
    return tuple(found[number] for number in range(len(plan.groups)))


def _group(
    plan: GroupPlan, evaluation: SubjectEvaluation, subject_type: str, library: str | None, notes: list[Diagnostic]
) -> GroupResult:
    group = plan.group
    if plan.counting:
        marks = label_subject(plan.steps, len(group.populations), evaluation, library)
        return _counted(marks, met_criteria(plan.stratifiers, marks, evaluation, library))
    labelled: list[Cases] = label(plan.steps, len(group.populations), evaluation, library, plan.check)
    counts = [len(found) for found in labelled]
    observed = []
    for observer in plan.observers:
        rule = observer.observed
        members = remaining(labelled, rule.parent, rule.without)
        keyed = observe(observer, members, evaluation, subject_type, library, notes) if members else []
        counts[rule.index] = len(keyed)
        observed.append((rule, keyed))
    everyone: Cases = {}
    for cases in labelled if plan.stratifiers else ():
        if cases:
            everyone = {**everyone, **cases}

    def counted(inside: Cases) -> GroupResult:
        return count_among(inside, labelled, observed)

    return GroupResult(
        counts=tuple(counts),
        observations=tuple(tuple(value for _, value in keyed) for _, keyed in observed),
        strata=tuple(
            stratify(stratifier, everyone, counted, evaluation, library, subject_type)
            for stratifier in plan.stratifiers
        ),
        members=tuple(
            ()
            if not cases or SUBJECT_KEY in cases
            else tuple(found for item in cases.values() if (found := reference(item)) is not None)
            for cases in labelled
        ),
    )


@lru_cache(maxsize=1024)
def _counted(counts: tuple[int, ...], met: tuple[bool, ...]) -> GroupResult:
    """The result of a subject of which only counts are told, and which strata it is in: many have the same."""
    return GroupResult(counts, (), criteria_strata(counts, met), ((),) * len(counts))


def _supplemental(
    plan: MeasurePlan, evaluation: SubjectEvaluation, notes: list[Diagnostic]
) -> tuple[tuple[SupplementalValue, ...], ...]:
    found = []
    # What a composite has from its components follows its own elements.
    for item, path in zip(plan.definition.supplemental_data, plan.supplemental_paths, strict=False):
        result: Any
        try:
            if path is not None:
                result = find(path, evaluation.value(plan.definition.subject_type))
            else:
                result = evaluation.value(item.criteria.name)
        except CqlMeasureError as error:
            notes.extend(error.diagnostics)
            result = None
        found.append(tuple(_supplemental_value(value) for value in elements(result)))
    return tuple(found)


def _supplemental_value(value: Any) -> SupplementalValue:
    resource = reference(value)
    if resource is not None:
        # In a count a resource stands for its type: a summary names no one's resources.
        concept = {"text": str(value["resourceType"])}
        return SupplementalValue(concept, concept_key(concept), reference=resource)
    if not isinstance(value, dict):
        return _converted(value)
    # Races, payers and the like are a few values for many subjects: each is converted once.
    key = (type(value), orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS))
    found = _known.get(key)
    if found is None:
        if len(_known) >= _KNOWN_AT_MOST:
            _known.clear()
        found = _known[key] = _converted(value)
    return found


def _converted(value: Any) -> SupplementalValue:
    concept = concept_value(value)
    if isinstance(value, Tuple):
        parts = [
            {"code": {"text": name}, part_name: part}
            for name, item in value.items()
            for element in elements(item)
            for part_name, part in [_part(element)]
        ]
        return SupplementalValue(concept, concept_key(concept), content={"component": parts} if parts else {})
    name, json = observation_value(value)
    return SupplementalValue(concept, concept_key(concept), content={name: json})


def _part(value: Any) -> tuple[str, Any]:
    """The value of an Observation component; components do not nest, so inner lists and tuples are text."""
    return ("valueString", canonical(value)) if isinstance(value, list | Tuple) else observation_value(value)


def _references(resources: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted({found for resource in resources if (found := reference(resource)) is not None}))


def _messages(messages: Sequence[Any], library: str | None) -> Iterator[Diagnostic]:
    """What ``Message`` said, as diagnostics; traces are for the author's eyes and stay out of results."""
    for message in messages:
        if isinstance(message, Diagnostic):
            yield message
        elif isinstance(message, Message):
            if message.severity != "Trace":
                severity = Severity.WARNING if message.severity == "Warning" else Severity.INFORMATION
                yield Diagnostic(
                    code=message.code or "message", message=message.text or "", severity=severity, library=library
                )
        else:
            yield Diagnostic(code="message", message=str(message), severity=Severity.INFORMATION, library=library)
