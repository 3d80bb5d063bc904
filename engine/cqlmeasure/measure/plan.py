"""Binds a definition to an evaluator: which expression is called how, checked once for all subjects.

Always holds: after :func:`prepare` every named expression exists and its static type, where known, fits the basis; all
faults are reported together.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cqlmeasure.measure.codes import PopulationType
from cqlmeasure.measure.definition import (
    BOOLEAN_BASIS,
    Criteria,
    Group,
    MeasureDefinition,
    Stratifier,
    SupplementalData,
)
from cqlmeasure.measure.findings import Findings, population_place
from cqlmeasure.measure.labels import Observed, Step, label_steps, observed_members
from cqlmeasure.measure.observations import Observer
from cqlmeasure.measure.ports import Evaluator
from cqlmeasure.measure.stratify import StratifierPlan, Value
from cqlmeasure.typesys import ANY, BOOLEAN, ChoiceType, DataType, IntervalType, ListType, NamedType, TupleType


class GroupPlan(msgspec.Struct, frozen=True):
    """How one group is evaluated."""

    group: Group
    steps: tuple[Step, ...]
    observers: tuple[Observer, ...]
    stratifiers: tuple[StratifierPlan, ...]


class MeasurePlan(msgspec.Struct, frozen=True):
    """A measure bound to an evaluator; ``definition`` has the names as the library spells them."""

    definition: MeasureDefinition
    groups: tuple[GroupPlan, ...]
    library: str | None


def prepare(definition: MeasureDefinition, evaluator: Evaluator[Any]) -> MeasurePlan:
    """The plan of a measure; ``ContentError`` if it names what the library does not have."""
    findings = Findings(definition.name)
    binder = _Binder(definition, evaluator, findings)
    groups = []
    for number, group in enumerate(definition.groups, 1):
        groups.append(_bind_group(group, group.id or group.link_id or str(number), binder))
    supplemental = tuple(_bind_supplemental(item, binder) for item in definition.supplemental_data)
    findings.raise_errors()
    bound = msgspec.structs.replace(
        definition,
        groups=tuple(plan.group for plan in groups),
        supplemental_data=supplemental,
        warnings=(*definition.warnings, *findings.warnings),
    )
    return MeasurePlan(bound, tuple(groups), definition.library_name)


class _Binder:
    """Looks names up in the evaluator."""

    def __init__(self, definition: MeasureDefinition, evaluator: Evaluator[Any], findings: Findings) -> None:
        self.library = definition.library_name
        self.evaluator = evaluator
        self.findings = findings

    def resolve(self, criteria: Criteria, place: str, *, functions: bool = False) -> Criteria:
        """The criteria with the name that the library knows; what is not there is noted."""
        if criteria.text != criteria.name and self._known(criteria.text, functions):
            return msgspec.structs.replace(criteria, name=criteria.text, library=None)
        spelled = None if self._known(criteria.name, functions) else self._spelled_otherwise(criteria.name, functions)
        if spelled is not None:
            self.findings.warning(
                "expression-spelling", place, f"{criteria.name!r} is taken as {spelled!r}, which differs in case only"
            )
            return msgspec.structs.replace(criteria, name=spelled)
        if criteria.library is not None and self.library is not None and criteria.library != self.library:
            self.findings.error(
                "criteria-library",
                place,
                f"{criteria.text!r} names the library {criteria.library!r}, the primary library is {self.library!r}",
                "define the expression in the primary library",
            )
        elif not self._known(criteria.name, functions):
            what = "expression"
            hint = "check the spelling; names are case-sensitive"
            if functions:
                what = "expression or function"
            elif self.evaluator.function_signatures(criteria.name):
                hint = "there is a function of that name, but an expression is needed here"
            self.findings.error(
                "unknown-expression",
                place,
                f"library {self.library or '(unnamed)'} has no {what} {criteria.name!r}",
                hint,
            )
        return criteria

    def _spelled_otherwise(self, name: str, functions: bool) -> str | None:
        """The one name of the library that differs from ``name`` in case only."""
        folded = name.casefold()
        found = {known for known in self.evaluator.names if known.casefold() == folded}
        fitting = [known for known in found if self._known(known, functions)]
        return fitting[0] if len(fitting) == 1 else None

    def kind(self, name: str) -> DataType | None:
        return self.evaluator.definition_type(name)

    def arities(self, name: str) -> set[int]:
        return {len(operands) for operands in self.evaluator.function_signatures(name)}

    def _known(self, name: str, functions: bool) -> bool:
        return self.kind(name) is not None or (functions and bool(self.evaluator.function_signatures(name)))


def _bind_group(group: Group, label: str, binder: _Binder) -> GroupPlan:
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
    stratifiers = tuple(_bind_stratifier(item, basis, label, binder) for item in bound.stratifiers)
    bound = msgspec.structs.replace(bound, stratifiers=tuple(plan.stratifier for plan in stratifiers))
    return GroupPlan(bound, label_steps(bound), observers, stratifiers)


def _check_basis(name: str, basis: str, place: str, binder: _Binder) -> None:
    kind = binder.kind(name)
    if kind is None:
        return
    wrong = _never_boolean(kind) if basis == BOOLEAN_BASIS else _never_list(kind)
    if wrong:
        wanted = "Boolean" if basis == BOOLEAN_BASIS else f"List<{basis}>"
        binder.findings.error(
            "population-basis",
            place,
            f"{name!r} has the type {kind}, but with the population basis {basis!r} it must be {wanted}",
            "correct the population basis of the group, or the expression",
        )


def _never_boolean(kind: DataType) -> bool:
    """Whether a value of the type cannot be true or false; a model's own boolean type may."""
    if isinstance(kind, NamedType):
        return kind not in (ANY, BOOLEAN) and kind.name != "boolean"
    if isinstance(kind, ChoiceType):
        return all(_never_boolean(alternative) for alternative in kind.alternatives)
    return isinstance(kind, ListType | IntervalType | TupleType)


def _never_list(kind: DataType) -> bool:
    if isinstance(kind, ChoiceType):
        return all(_never_list(alternative) for alternative in kind.alternatives)
    return kind != ANY and isinstance(kind, NamedType | IntervalType | TupleType)


def _call_form(observed: Observed, place: str, binder: _Binder) -> str:
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


def _bind_stratifier(stratifier: Stratifier, basis: str, label: str, binder: _Binder) -> StratifierPlan:
    place = f'group "{label}", stratifier "{stratifier.id or stratifier.position}"'
    items = basis != BOOLEAN_BASIS
    if stratifier.criteria is not None:
        criteria = binder.resolve(stratifier.criteria, place, functions=items)
        stratifier = msgspec.structs.replace(stratifier, criteria=criteria)
        kind = binder.kind(criteria.name)
        if kind is not None and not (_never_list(kind) if items else _never_boolean(kind)):
            return StratifierPlan(stratifier, basis, criteria.name, ())
        return StratifierPlan(stratifier, basis, None, (_value(criteria.name, kind, place, binder),))
    components, values = [], []
    for number, component in enumerate(stratifier.components, 1):
        inner = f"{place}, component {number}"
        criteria = binder.resolve(component.criteria, inner, functions=items)
        components.append(msgspec.structs.replace(component, criteria=criteria))
        values.append(_value(criteria.name, binder.kind(criteria.name), inner, binder))
    stratifier = msgspec.structs.replace(stratifier, components=tuple(components))
    return StratifierPlan(stratifier, basis, None, tuple(values))


def _value(name: str, kind: DataType | None, place: str, binder: _Binder) -> Value:
    if kind is not None:
        return Value(name, False)
    arities = binder.arities(name)
    if arities and 1 not in arities:
        binder.findings.error(
            "stratifier-signature", place, f"{name!r} is no function with one operand", "give it the member as operand"
        )
    return Value(name, True)


def _bind_supplemental(item: SupplementalData, binder: _Binder) -> SupplementalData:
    criteria = binder.resolve(item.criteria, f'supplemental data "{item.id}"')
    return msgspec.structs.replace(item, criteria=criteria)
