"""The label steps: which population labels a case gets, in which order.

Owns the steps of the FHIR quality reporting topic for each scoring.  Always holds: a criterion is asked only when some
case could still get its label; a denominator exclusion closes the numerator and the exception; an exception is only for
cases outside the numerator; in a ratio the numerator does not depend on the denominator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from cqlmeasure.measure.codes import PopulationType, Scoring
from cqlmeasure.measure.definition import Group
from cqlmeasure.measure.members import NONE, Cases, cases
from cqlmeasure.measure.ports import SubjectEvaluation

_P = PopulationType

# (population, population it selects from, populations whose cases it does not take); None: everything, or the initial
# population that the Measure assigns.
_RULES: dict[Scoring, tuple[tuple[PopulationType, PopulationType | None, tuple[PopulationType, ...]], ...]] = {
    Scoring.PROPORTION: (
        (_P.INITIAL_POPULATION, None, ()),
        (_P.DENOMINATOR, None, ()),
        (_P.DENOMINATOR_EXCLUSION, _P.DENOMINATOR, ()),
        (_P.NUMERATOR, _P.DENOMINATOR, (_P.DENOMINATOR_EXCLUSION,)),
        (_P.DENOMINATOR_EXCEPTION, _P.DENOMINATOR, (_P.DENOMINATOR_EXCLUSION, _P.NUMERATOR)),
        (_P.NUMERATOR_EXCLUSION, _P.NUMERATOR, ()),
    ),
    Scoring.RATIO: (
        (_P.INITIAL_POPULATION, None, ()),
        (_P.DENOMINATOR, None, ()),
        (_P.DENOMINATOR_EXCLUSION, _P.DENOMINATOR, ()),
        (_P.NUMERATOR, None, ()),
        (_P.NUMERATOR_EXCLUSION, _P.NUMERATOR, ()),
    ),
    Scoring.CONTINUOUS_VARIABLE: (
        (_P.INITIAL_POPULATION, None, ()),
        (_P.MEASURE_POPULATION, None, ()),
        (_P.MEASURE_POPULATION_EXCLUSION, _P.MEASURE_POPULATION, ()),
    ),
    Scoring.COHORT: ((_P.INITIAL_POPULATION, None, ()),),
    # Nothing is needed and nothing is scored; what is there is counted by the same steps.
    Scoring.ATTESTATION: (
        (_P.INITIAL_POPULATION, None, ()),
        (_P.DENOMINATOR, None, ()),
        (_P.DENOMINATOR_EXCLUSION, _P.DENOMINATOR, ()),
        (_P.NUMERATOR, None, ()),
        (_P.DENOMINATOR_EXCEPTION, _P.DENOMINATOR, (_P.DENOMINATOR_EXCLUSION, _P.NUMERATOR)),
        (_P.NUMERATOR_EXCLUSION, _P.NUMERATOR, ()),
        (_P.MEASURE_POPULATION, None, ()),
        (_P.MEASURE_POPULATION_EXCLUSION, _P.MEASURE_POPULATION, ()),
    ),
    Scoring.COMPOSITE: (),
}
_OTHER = ((_P.OTHER, None, ()),)

_EXCLUSION = {
    _P.DENOMINATOR: (_P.DENOMINATOR_EXCLUSION, _P.DENOMINATOR_EXCEPTION),
    _P.NUMERATOR: (_P.NUMERATOR_EXCLUSION,),
    _P.MEASURE_POPULATION: (_P.MEASURE_POPULATION_EXCLUSION,),
}


class Step(msgspec.Struct, frozen=True):
    """One label: the population ``index``, taken from the cases of ``parent`` without those of ``without``."""

    index: int
    parent: int | None
    without: tuple[int, ...]
    expression: str
    basis: str


class Observed(msgspec.Struct, frozen=True):
    """The members that a measure observation is computed for: those of ``parent`` without those of ``without``."""

    index: int
    parent: int
    without: tuple[int, ...]
    expression: str
    basis: str


def label_steps(group: Group) -> tuple[Step, ...]:
    """The steps of a group, in an order in which every step finds its parents done."""
    steps = []
    for kind, parent_type, without_types in (*_RULES[group.scoring], *_OTHER):
        for index in group.positions(kind):
            population = group.populations[index]
            parent = population.initial if parent_type is None else group.position(parent_type)
            without = tuple(n for other in without_types for n in group.positions(other))
            steps.append(Step(index, parent, without, population.criteria.name, population.basis))
    return tuple(steps)


def observed_members(group: Group) -> tuple[Observed, ...]:
    """For each measure observation of a group, whose members it is computed for."""
    found = []
    for index in group.positions(_P.MEASURE_OBSERVATION):
        population = group.populations[index]
        parent = population.observed
        if parent is None:
            continue
        without = tuple(n for kind in _EXCLUSION.get(group.populations[parent].type, ()) for n in group.positions(kind))
        found.append(Observed(index, parent, without, population.criteria.name, population.basis))
    return tuple(found)


def label(
    steps: tuple[Step, ...],
    size: int,
    evaluation: SubjectEvaluation,
    library: str | None = None,
    check: Callable[[Any], bool] | None = None,
) -> list[Cases]:
    """The cases that carry the label of each population, by the population's position."""
    labelled: list[Cases] = [NONE] * size
    for step in steps:
        if step.parent is None:
            labelled[step.index] = cases(evaluation.value(step.expression), step.basis, step.expression, library, check)
            continue
        candidates = remaining(labelled, step.parent, step.without)
        if candidates:
            met = cases(evaluation.value(step.expression), step.basis, step.expression, library, check)
            labelled[step.index] = {key: item for key, item in candidates.items() if key in met}
    return labelled


def label_subject(
    steps: tuple[Step, ...], size: int, evaluation: SubjectEvaluation, library: str | None = None
) -> tuple[int, ...]:
    """What ``label`` gives where every basis is boolean: 1 for each population whose label the subject carries."""
    labelled = [0] * size
    for step in steps:
        parent = step.parent
        if parent is not None and (not labelled[parent] or any(labelled[other] for other in step.without)):
            continue
        value = evaluation.value(step.expression)
        if value is True:
            labelled[step.index] = 1
        elif value is not None and value is not False:
            cases(value, step.basis, step.expression, library)
    return tuple(labelled)


def remaining(labelled: list[Cases], parent: int, without: tuple[int, ...]) -> Cases:
    """The cases of one population that are in none of some others."""
    found = labelled[parent]
    for other in without:
        taken = labelled[other]
        if taken:
            found = {key: item for key, item in found.items() if key not in taken}
    return found
