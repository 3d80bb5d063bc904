"""Stratifiers: which cases of a group fall into which stratum.

Owns the kinds: criteria of the group's basis; the value of an expression, of a function of the member, or at a path in
the subject or member; components whose combinations are computed.  Always holds: a criteria stratifier has one stratum,
always there; a null value is a stratum of its own; a case with several values is in several strata.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import msgspec

from cqlmeasure.measure.definition import BOOLEAN_BASIS, Stratifier
from cqlmeasure.measure.labels import Observed
from cqlmeasure.measure.members import SUBJECT_KEY, Cases, cases, reference
from cqlmeasure.measure.observations import ObservationValue
from cqlmeasure.measure.paths import Path, find
from cqlmeasure.measure.ports import SubjectEvaluation
from cqlmeasure.measure.results import GroupResult, StratumResult
from cqlmeasure.measure.values import concept_key, concept_value, elements

Keyed = tuple[Hashable, ObservationValue]

SUBJECT_STRATUM = "true"
"""The value of the stratum of a criteria stratifier with a boolean basis."""


class Expected(msgspec.Struct, frozen=True):
    """The concepts that a value set expects; ``names`` tells which of them a value means."""

    concepts: tuple[dict[str, Any], ...]
    names: dict[str, int]

    def concept(self, value: dict[str, Any]) -> dict[str, Any]:
        """The expected concept that a value means, else the value."""
        number = self.names.get(concept_key(value))
        return value if number is None else self.concepts[number]


class Value(msgspec.Struct, frozen=True):
    """A value of a stratifier: a definition, a function of the member, or a path in the subject or the member."""

    expression: str
    by_member: bool
    path: Path | None = None
    in_member: bool = False
    expected: Expected | None = None

    def of(self, item: Any, evaluation: SubjectEvaluation, subject_type: str) -> Any:
        """The value for a case."""
        if self.path is not None:
            return find(self.path, item if self.in_member else evaluation.value(subject_type))
        return evaluation.call(self.expression, item) if self.by_member else evaluation.value(self.expression)


class StratifierPlan(msgspec.Struct, frozen=True):
    """How a stratifier is evaluated: by ``criteria``, else by ``values``."""

    stratifier: Stratifier
    basis: str
    criteria: str | None
    values: tuple[Value, ...]


def criteria_label(stratifier: Stratifier, basis: str) -> str:
    """The value that the stratum of a criteria stratifier is reported with.

    ``true`` for a boolean basis; for items, of which some of a subject's may be in and others out, the number of the
    stratifier, as the published test cases of US measures write it.
    """
    return SUBJECT_STRATUM if basis == BOOLEAN_BASIS else f"Strata-{stratifier.position}"


def stratify(
    plan: StratifierPlan,
    everyone: Cases,
    counted: Callable[[Cases], GroupResult],
    evaluation: SubjectEvaluation,
    library: str | None,
    subject_type: str = "Patient",
) -> tuple[StratumResult, ...]:
    """The strata of one stratifier for one subject.

    ``everyone``: the cases that are in any population; ``counted`` gives what the group counts among some of them.
    """
    if plan.criteria is not None:
        label = criteria_label(plan.stratifier, plan.basis)
        met = cases(evaluation.value(plan.criteria), plan.basis, plan.criteria, library) if everyone else {}
        return (_stratum((label,), ({"text": label},), counted, met),)
    strata: dict[tuple[str, ...], Cases] = {}
    shown: dict[tuple[str, ...], tuple[dict[str, Any], ...]] = {}
    for key, item in everyone.items():
        per_component = [list(elements(value.of(item, evaluation, subject_type))) or [None] for value in plan.values]
        for combination in itertools.product(*per_component):
            concepts = tuple(
                concept_value(found) if value.expected is None else value.expected.concept(concept_value(found))
                for value, found in zip(plan.values, combination, strict=True)
            )
            stratum = tuple(concept_key(concept) for concept in concepts)
            strata.setdefault(stratum, {})[key] = item
            shown.setdefault(stratum, concepts)
    return tuple(_stratum(stratum, shown[stratum], counted, strata[stratum]) for stratum in sorted(strata))


def met_criteria(
    plans: Sequence[StratifierPlan], counts: Sequence[int], evaluation: SubjectEvaluation, library: str | None
) -> tuple[bool, ...]:
    """Of criteria stratifiers with a boolean basis, which a subject with these counts meets."""
    if not plans or not any(counts):
        return (False,) * len(plans)
    names = [plan.criteria for plan in plans if plan.criteria is not None]
    return tuple([bool(cases(evaluation.value(name), BOOLEAN_BASIS, name, library)) for name in names])


def criteria_strata(counts: tuple[int, ...], met: Sequence[bool]) -> tuple[tuple[StratumResult, ...], ...]:
    """What ``stratify`` gives for such stratifiers."""
    values: tuple[dict[str, Any], ...] = ({"text": SUBJECT_STRATUM},)
    none = (0,) * len(counts)
    return tuple((StratumResult((SUBJECT_STRATUM,), values, counts if one else none, ()),) for one in met)


def count_among(
    inside: Cases, labelled: Sequence[Cases], observed: Sequence[tuple[Observed, Sequence[Keyed]]]
) -> GroupResult:
    """Counts and observations of a group for some of its cases."""
    counts = [sum(1 for case in found if case in inside) for found in labelled]
    observations = []
    for members, keyed in observed:
        kept = tuple(value for case, value in keyed if case in inside)
        counts[members.index] = len(kept)
        observations.append(kept)
    return GroupResult(tuple(counts), tuple(observations))


def _stratum(
    key: tuple[str, ...],
    values: tuple[dict[str, Any], ...],
    counted: Callable[[Cases], GroupResult],
    inside: Cases,
) -> StratumResult:
    found = counted(inside)
    items = () if SUBJECT_KEY in inside else tuple(name for item in inside.values() if (name := reference(item)))
    return StratumResult(key, values, found.counts, found.observations, items, found.parts)
