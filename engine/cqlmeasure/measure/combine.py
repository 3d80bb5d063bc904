"""How the components' labels of one subject become those of a composite.

Owns the five methods.  A *case* is the subject, or an item where the composite counts items; a component with another
basis counts by existence.  Always holds: a case is eligible for a component if it is in its denominator, not excluded
and not excepted; the component is fulfilled if an eligible case is in the numerator and not excluded from it, or, for a
reversed component, if it is not.

The guides say nothing of components that are composites themselves.  Here such a component is what its method makes of
a case: all-or-nothing and any give the labels of a proportion, linear gives the observation of a continuous variable.
Opportunity gives each case several services, which stay cases of their own: a composite around it that combines yes and
no takes them as its own components, and a linear one takes the share of them that is fulfilled.  Weighted gives nobody
a label, so that only a weighted composite can be around it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from decimal import Decimal

import msgspec

from cqlmeasure.measure.codes import CompositeScoring, PopulationType, Scoring
from cqlmeasure.measure.definition import BOOLEAN_BASIS, Group
from cqlmeasure.measure.observations import ObservationValue, divide
from cqlmeasure.measure.results import GroupResult

_P = PopulationType


class Membership(msgspec.Struct, frozen=True):
    """One component for one case; ``score`` is how far it is fulfilled, where that is not just yes or no."""

    initial: bool = False
    denominator: bool = False
    exclusion: bool = False
    exception: bool = False
    eligible: bool = False
    fulfilled: bool = False
    numerator_exclusion: bool = False
    score: Decimal | None = None


def combine(group: Group, results: Sequence[GroupResult]) -> GroupResult:
    """A composite group for one subject, from the results of its components in their order; its strata are empty."""
    if group.composite is CompositeScoring.WEIGHTED:
        return GroupResult((), (), (), (), tuple(results))
    keys: list[str | None] = [None]
    if group.basis != BOOLEAN_BASIS:
        keys = list(dict.fromkeys(item for result in results for members in result.members for item in members))
    counts = [0] * len(group.populations)
    members: list[list[str]] = [[] for _ in group.populations]
    observations: list[ObservationValue] = []
    for key in keys:
        found = list(_memberships(group, results, key))
        labels, observation = _labels(group.composite, found)
        if observation is not None:
            observations.append(ObservationValue(observation, None, key))
            labels[_P.MEASURE_OBSERVATION] = 1
        for index, population in enumerate(group.populations):
            number = labels.get(population.type, 0)
            counts[index] += number
            if key is not None:
                # An item counts as often as it has services.
                members[index].extend([key] * number)
    linear = group.composite is CompositeScoring.LINEAR
    return GroupResult(
        counts=tuple(counts),
        observations=(tuple(observations),) if linear else (),
        members=tuple(map(tuple, members)),
        parts=tuple(results),
    )


def restrict(group: Group, result: GroupResult, inside: Container[str]) -> GroupResult:
    """What a group that counts items gives for some of a subject's items; its strata are empty."""
    if group.composite is not None:
        pairs = zip(group.parts, result.parts, strict=True)
        return combine(group, [restrict(part.group, found, inside) for part, found in pairs if part.group is not None])
    members = tuple(tuple(item for item in found if item in inside) for found in result.members)
    counts = [len(found) for found in members]
    observations = tuple(tuple(one for one in values if one.member in inside) for values in result.observations)
    for index, values in zip(group.positions(_P.MEASURE_OBSERVATION), observations, strict=True):
        counts[index] = len(values)
    return GroupResult(tuple(counts), observations, members=members)


def nothing(group: Group) -> GroupResult:
    """What a group gives for a subject that is in none of its populations."""
    return GroupResult(
        counts=(0,) * len(group.populations),
        observations=tuple(() for _ in group.positions(_P.MEASURE_OBSERVATION)),
        strata=tuple(() for _ in group.stratifiers),
        members=((),) * len(group.populations),
        parts=tuple(nothing(part.group) for part in group.parts if part.group is not None),
    )


def _memberships(
    group: Group, results: Sequence[GroupResult], key: str | None, turned: bool = False
) -> Iterator[Membership]:
    """Where a case stands in each component of a group; the services of a nested opportunity composite one by one."""
    for part, result in zip(group.parts, results, strict=True):
        component = part.group
        if component is None:
            continue
        if component.composite is not CompositeScoring.OPPORTUNITY:
            yield membership(component, result, key, part.reversed != turned)
            continue
        services = list(_memberships(component, result.parts, key, part.reversed != turned))
        if group.composite is CompositeScoring.LINEAR:
            yield _shared(services)
        else:
            yield from services


def _shared(services: Sequence[Membership]) -> Membership:
    """Several services as one component: as far fulfilled as the share of those for which the case is eligible."""
    denominator = any(item.denominator for item in services)
    _, share = _linear(services, False, denominator)
    return Membership(
        initial=any(item.initial for item in services),
        denominator=denominator,
        exclusion=denominator and all(item.exclusion for item in services if item.denominator),
        eligible=share is not None,
        fulfilled=share is not None and share > 0,
        score=share,
    )


def membership(component: Group, result: GroupResult, key: str | None, turned: bool = False) -> Membership:
    """Where a case stands in a component; ``turned``: it counts the other way round."""

    def labelled(kind: PopulationType) -> bool:
        if key is None:
            return result.count(component, kind) > 0
        return any(key in result.members[index] for index in component.positions(kind))

    if component.formula is Scoring.CONTINUOUS_VARIABLE:
        found, excluded = labelled(_P.MEASURE_POPULATION), labelled(_P.MEASURE_POPULATION_EXCLUSION)
        value = (result if key is None else restrict(component, result, (key,))).score(component)
        amount = None if value is None or value.value is None or excluded else value.value
        if amount is not None and turned:
            amount = 1 - amount
        return Membership(
            initial=labelled(_P.INITIAL_POPULATION),
            denominator=found,
            exclusion=excluded,
            eligible=found and amount is not None,
            fulfilled=amount is not None and amount > 0,
            score=amount,
        )
    denominator, exclusion = labelled(_P.DENOMINATOR), labelled(_P.DENOMINATOR_EXCLUSION)
    # Of a component's items, some may be labelled and others not: the steps are taken again on what exists.
    numerator = labelled(_P.NUMERATOR) and denominator and not exclusion
    exception = labelled(_P.DENOMINATOR_EXCEPTION) and denominator and not exclusion and not numerator
    eligible = denominator and not exclusion and not exception
    counted = numerator and not labelled(_P.NUMERATOR_EXCLUSION)
    return Membership(
        initial=labelled(_P.INITIAL_POPULATION),
        denominator=denominator,
        exclusion=denominator and exclusion,
        exception=exception,
        eligible=eligible,
        fulfilled=eligible and counted != turned,
        numerator_exclusion=numerator and not counted and not turned,
    )


def _labels(
    method: CompositeScoring | None, found: Sequence[Membership]
) -> tuple[dict[PopulationType, int], Decimal | None]:
    initial = any(item.initial for item in found)
    denominator = any(item.denominator for item in found)
    if method is CompositeScoring.LINEAR:
        return _linear(found, initial, denominator)
    if method is CompositeScoring.OPPORTUNITY:
        return {
            _P.INITIAL_POPULATION: sum(item.initial for item in found),
            _P.DENOMINATOR: sum(item.denominator for item in found),
            _P.DENOMINATOR_EXCLUSION: sum(item.exclusion for item in found),
            _P.DENOMINATOR_EXCEPTION: sum(item.exception for item in found),
            _P.NUMERATOR: sum(item.fulfilled or item.numerator_exclusion for item in found),
            _P.NUMERATOR_EXCLUSION: sum(item.numerator_exclusion for item in found),
        }, None
    involved = [item for item in found if item.denominator]
    if method is CompositeScoring.ANY:
        # Excluded or excepted only if no component is left for which the case is eligible.
        exclusion = denominator and all(item.exclusion for item in involved)
        numerator = any(item.fulfilled for item in found)
        exception = denominator and not exclusion and not any(item.eligible for item in involved)
    else:
        exclusion = any(item.exclusion for item in involved)
        numerator = denominator and not exclusion and all(item.fulfilled or not item.eligible for item in found)
        # A case with nothing but exceptions fulfils nothing.
        numerator = numerator and any(item.eligible for item in found)
        exception = denominator and not exclusion and not numerator and any(item.exception for item in involved)
    return {
        _P.INITIAL_POPULATION: int(initial),
        _P.DENOMINATOR: int(denominator),
        _P.DENOMINATOR_EXCLUSION: int(exclusion),
        _P.DENOMINATOR_EXCEPTION: int(exception),
        _P.NUMERATOR: int(numerator),
        _P.NUMERATOR_EXCLUSION: 0,
    }, None


def _linear(
    found: Sequence[Membership], initial: bool, denominator: bool
) -> tuple[dict[PopulationType, int], Decimal | None]:
    """The share of the components that a case is eligible for and fulfils."""
    eligible = [item for item in found if item.eligible]
    excluded = denominator and all(item.exclusion for item in found if item.denominator)
    labels = {
        _P.INITIAL_POPULATION: int(initial),
        _P.MEASURE_POPULATION: int(denominator),
        _P.MEASURE_POPULATION_EXCLUSION: int(excluded),
    }
    if not eligible:
        return labels, None
    amount = sum((Decimal(int(item.fulfilled)) if item.score is None else item.score for item in eligible), Decimal(0))
    return labels, divide(amount, Decimal(len(eligible)))
