"""Binds a definition to an evaluator: which expression is called how, checked once for all subjects.

Always holds: after :func:`prepare` every named expression exists and its static type, where known, fits the basis; all
faults are reported together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from cqlmeasure.measure.basis_check import Check, ResolveValueSet, basis_check
from cqlmeasure.measure.binder import Binder, never_boolean, never_list
from cqlmeasure.measure.codes import PopulationType, Scoring
from cqlmeasure.measure.composite_bind import bind_composite, composing_order
from cqlmeasure.measure.definition import BOOLEAN_BASIS, Group, MeasureDefinition
from cqlmeasure.measure.findings import Findings, group_place, population_place
from cqlmeasure.measure.labels import Observed, Step, label_steps, observed_members
from cqlmeasure.measure.observations import Observer
from cqlmeasure.measure.paths import Path
from cqlmeasure.measure.plan_values import bind_stratifier, bind_supplemental
from cqlmeasure.measure.ports import Evaluator
from cqlmeasure.measure.stratify import StratifierPlan


class GroupPlan(msgspec.Struct, frozen=True):
    """How one group is evaluated; ``counting``: what there is to tell of a subject is which criteria it meets."""

    group: Group
    steps: tuple[Step, ...]
    observers: tuple[Observer, ...]
    stratifiers: tuple[StratifierPlan, ...]
    check: Check | None = None
    counting: bool = False


class MeasurePlan(msgspec.Struct, frozen=True):
    """A measure bound to an evaluator; ``definition`` has the names as the library spells them.

    ``has_subject``: the library has a context of the subject's type.  ``supplemental_paths`` are of the elements that
    the measure names itself; those that a composite has from its components follow them.  ``composites`` are the
    positions of composite groups, in the order of their evaluation.
    """

    definition: MeasureDefinition
    groups: tuple[GroupPlan, ...]
    library: str | None
    has_subject: bool
    supplemental_paths: tuple[Path | None, ...] = ()
    composites: tuple[int, ...] = ()


def prepare(
    definition: MeasureDefinition,
    evaluator: Evaluator[Any],
    value_set: ResolveValueSet | None = None,
    components: Sequence[MeasureDefinition] = (),
) -> MeasurePlan:
    """The plan of a measure; ``ContentError`` if it names what the library does not have.

    ``value_set`` gives the value sets that the Measure itself refers to (expected values, code filters).
    ``components``: the bound definitions of the measures that a composite combines.
    """
    findings = Findings(definition.name)
    binder = Binder(definition, evaluator, findings, value_set)
    groups = []
    for number, group in enumerate(definition.groups, 1):
        groups.append(_bind_group(group, group.id or group.link_id or str(number), binder))
    found = [bind_supplemental(item, binder) for item in definition.supplemental_data]
    findings.raise_errors()
    bound = msgspec.structs.replace(
        definition,
        groups=tuple(plan.group for plan in groups),
        supplemental_data=tuple(item for item, _ in found),
        warnings=(*definition.warnings, *findings.warnings),
    )
    if bound.is_composite:
        bound = bind_composite(bound, components)
        groups = [msgspec.structs.replace(plan, group=group) for plan, group in zip(groups, bound.groups, strict=True)]
    paths = tuple(path for _, path in found)
    return MeasurePlan(
        bound,
        tuple(groups),
        definition.library_name,
        evaluator.definition_type(definition.subject_type) is not None,
        paths,
        composing_order(bound),
    )


def _bind_group(group: Group, label: str, binder: Binder) -> GroupPlan:
    if group.scoring is Scoring.COMPOSITE:
        # What it counts comes from the results of its components; its strata are its own.
        stratifiers = tuple(bind_stratifier(item, group.basis, label, binder) for item in group.stratifiers)
        bound = msgspec.structs.replace(group, stratifiers=tuple(plan.stratifier for plan in stratifiers))
        return GroupPlan(bound, (), (), stratifiers)
    populations = []
    for population in group.populations:
        place = population_place(label, population.id)
        observation = population.type is PopulationType.MEASURE_OBSERVATION
        criteria = binder.resolve(population.criteria, place, functions=observation)
        if not observation:
            _check_basis(criteria.name, population.basis, place, binder)
        populations.append(msgspec.structs.replace(population, criteria=criteria))
    bound = msgspec.structs.replace(group, populations=tuple(populations))
    observers = tuple(
        Observer(observed, _call_form(observed, population_place(label, populations[observed.index].id), binder))
        for observed in observed_members(bound)
    )
    basis = next(
        (item.basis for item in bound.populations if item.type is PopulationType.INITIAL_POPULATION), bound.basis
    )
    stratifiers = tuple(bind_stratifier(item, basis, label, binder) for item in bound.stratifiers)
    bound = msgspec.structs.replace(bound, stratifiers=tuple(plan.stratifier for plan in stratifiers))
    check = basis_check(bound.basis_requirements, group_place(label), binder.findings, binder.value_set)
    steps = label_steps(bound)
    counting = (
        not observers
        and all(step.basis == BOOLEAN_BASIS for step in steps)
        and all(plan.criteria is not None and plan.basis == BOOLEAN_BASIS for plan in stratifiers)
    )
    return GroupPlan(bound, steps, observers, stratifiers, check, counting)


def _check_basis(name: str, basis: str, place: str, binder: Binder) -> None:
    kind = binder.kind(name)
    if kind is None:
        return
    wrong = never_boolean(kind) if basis == BOOLEAN_BASIS else never_list(kind)
    if wrong:
        wanted = "Boolean" if basis == BOOLEAN_BASIS else f"List<{basis}>"
        binder.findings.error(
            "population-basis",
            place,
            f"{name!r} has the type {kind}, but with the population basis {basis!r} it must be {wanted}",
            "correct the population basis of the group, or the expression",
        )


def _call_form(observed: Observed, place: str, binder: Binder) -> str:
    arities = binder.arities(observed.expression)
    if observed.basis != BOOLEAN_BASIS:
        if 1 in arities:
            return Observer.MEMBER
        if arities or binder.kind(observed.expression) is not None:
            binder.findings.error(
                "observation-signature",
                place,
                f"{observed.expression!r} is no function with one operand",
                f"with the population basis {observed.basis!r} the observation is a function of the {observed.basis}",
            )
        return Observer.MEMBER
    if 0 in arities:
        return Observer.NOTHING
    if 1 in arities:
        return Observer.SUBJECT
    if arities:
        binder.findings.error(
            "observation-signature",
            place,
            f"{observed.expression!r} has {' or '.join(map(str, sorted(arities)))} operands",
            "with a boolean basis the observation takes no operand, or the subject",
        )
    return Observer.DEFINITION
