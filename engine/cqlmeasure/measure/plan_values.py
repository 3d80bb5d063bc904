"""Binds stratifiers and supplemental data: each is a criterion, an expression, a function of the member, or a path."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from cqlmeasure.measure.basis_check import resolve
from cqlmeasure.measure.binder import Binder, never_boolean, never_list
from cqlmeasure.measure.definition import BOOLEAN_BASIS, Component, Criteria, Stratifier, SupplementalData
from cqlmeasure.measure.paths import Path
from cqlmeasure.measure.stratify import Expected, StratifierPlan, Value
from cqlmeasure.measure.values import concept_key
from cqlmeasure.typesys import DataType

# More combinations of expected values than this are not listed where nobody has them.
_MOST_EXPECTED = 2000


def bind_stratifier(stratifier: Stratifier, basis: str, label: str, binder: Binder) -> StratifierPlan:
    """How a stratifier is evaluated; what is wrong with it goes to the binder's findings."""
    place = f'group "{label}", stratifier "{stratifier.id or stratifier.position}"'
    items = basis != BOOLEAN_BASIS
    if stratifier.criteria is None:
        parts = [
            _component(component, basis, f"{place}, component {number}", binder)
            for number, component in enumerate(stratifier.components, 1)
        ]
        components = tuple(component for component, _ in parts)
        values = tuple(value for _, value in parts)
        return _with_expected(msgspec.structs.replace(stratifier, components=components), basis, values, place, binder)
    path = binder.path(stratifier.criteria, place, basis=basis, functions=items)
    criteria = stratifier.criteria
    if path is None and not criteria.is_path:
        criteria = binder.resolve(criteria, place, functions=items)
        stratifier = msgspec.structs.replace(stratifier, criteria=criteria)
        kind = binder.kind(criteria.name)
        consistent = kind is not None and not (never_list(kind) if items else never_boolean(kind))
        if consistent and stratifier.value_set is None:
            return StratifierPlan(stratifier, basis, criteria.name, ())
    expected = _expected(stratifier.value_set, place, binder)
    value = _value(criteria, path, expected, basis, place, binder)
    return _with_expected(stratifier, basis, (value,), place, binder)


def bind_supplemental(item: SupplementalData, binder: Binder) -> tuple[SupplementalData, Path | None]:
    """The element with its name as the library spells it and its type, or its path."""
    place = f'supplemental data "{item.id}"'
    path = binder.path(item.criteria, place)
    if path is not None or item.criteria.is_path:
        return item, path
    criteria = binder.resolve(item.criteria, place)
    kind = binder.kind(criteria.name)
    return msgspec.structs.replace(item, criteria=criteria, type=None if kind is None else str(kind)), None


def _component(component: Component, basis: str, place: str, binder: Binder) -> tuple[Component, Value]:
    items = basis != BOOLEAN_BASIS
    path = binder.path(component.criteria, place, basis=basis, functions=items)
    criteria = component.criteria
    if path is None and not criteria.is_path:
        criteria = binder.resolve(criteria, place, functions=items)
        component = msgspec.structs.replace(component, criteria=criteria)
    expected = _expected(component.value_set, place, binder)
    return component, _value(criteria, path, expected, basis, place, binder)


def _value(
    criteria: Criteria, path: Path | None, expected: Expected | None, basis: str, place: str, binder: Binder
) -> Value:
    if path is not None or criteria.is_path:
        # A path from the subject's type is about the subject, also where items are counted.
        of_subject = basis == BOOLEAN_BASIS or (path is not None and path.root == binder.subject_type != basis)
        return Value(criteria.name, False, path, not of_subject, expected)
    kind: DataType | None = binder.kind(criteria.name)
    if kind is not None:
        return Value(criteria.name, False, expected=expected)
    arities = binder.arities(criteria.name)
    if arities and 1 not in arities:
        binder.findings.error(
            "stratifier-signature",
            place,
            f"{criteria.name!r} is no function with one operand",
            "give it the member as operand",
        )
    return Value(criteria.name, True, expected=expected)


def _expected(canonical: str | None, place: str, binder: Binder) -> Expected | None:
    """The concepts of a value set, by what a value may be that means them: system and code, the code, the display."""
    found = resolve(canonical, place, binder.findings, binder.value_set) if canonical is not None else None
    if found is None:
        return None
    concepts: list[dict[str, Any]] = []
    names: dict[str, int] = {}
    for number, member in enumerate(found.members):
        coding = {key: member[key] for key in ("system", "code", "display") if member.get(key)}
        concepts.append({"coding": [coding]})
        names.setdefault(concept_key(concepts[-1]), number)
        names.setdefault(str(member["code"]), number)
        if member.get("display"):
            names.setdefault(str(member["display"]), number)
    return Expected(tuple(concepts), names)


def _with_expected(
    stratifier: Stratifier, basis: str, values: tuple[Value, ...], place: str, binder: Binder
) -> StratifierPlan:
    listed = [value.expected.concepts for value in values if value.expected is not None]
    combinations: tuple[tuple[dict[str, Any], ...], ...] = ()
    if listed and len(listed) == len(values):
        number = 1
        for concepts in listed:
            number *= len(concepts)
        if number <= _MOST_EXPECTED:
            combinations = tuple(itertools.product(*listed))
        else:
            binder.findings.warning(
                "expected-strata", place, f"{number} combinations are expected; those that nobody has are not reported"
            )
    allowed = tuple(
        None if value.expected is None else frozenset(concept_key(item) for item in value.expected.concepts)
        for value in values
    )
    bound = msgspec.structs.replace(stratifier, expected=combinations, allowed=allowed)
    return StratifierPlan(bound, basis, None, values)
