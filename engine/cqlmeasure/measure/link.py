"""Which population a population belongs to: initial populations, observed populations, bases, the permitted table.

Owns the resolution of criteria references.  Always holds: a reference that matches nothing is never silently dropped;
it is paired in order, denominator first, and a warning says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from cqlmeasure.measure.codes import PRESENCE, AggregateMethod, PopulationType, Presence, Scoring
from cqlmeasure.measure.definition import Criteria, Population
from cqlmeasure.measure.findings import Findings, group_place, population_place

_P = PopulationType

# The population whose members a population selects from (for its basis; the steps of labelling are in `labels`).
_OWNER = {
    _P.DENOMINATOR_EXCLUSION: _P.DENOMINATOR,
    _P.DENOMINATOR_EXCEPTION: _P.DENOMINATOR,
    _P.NUMERATOR_EXCLUSION: _P.NUMERATOR,
    _P.MEASURE_POPULATION_EXCLUSION: _P.MEASURE_POPULATION,
}


class PopulationDraft(msgspec.Struct, kw_only=True):
    """A population as read, its references not yet resolved."""

    id: str
    type: PopulationType
    criteria: Criteria
    code: dict[str, Any]
    link_id: str | None = None
    description: str | None = None
    basis: str | None = None
    reference: str | None = None
    aggregate: AggregateMethod | None = None


def link_populations(
    drafts: Sequence[PopulationDraft], scoring: Scoring, basis: str, group: str, findings: Findings
) -> tuple[Population, ...]:
    """The populations with their references resolved; faults go to ``findings``."""
    before = len(findings.errors)
    _check_table(drafts, scoring, group, findings)
    if len(findings.errors) > before:
        return ()
    initial = _initials(drafts, group, findings)
    observed = _observed(drafts, scoring, group, findings)
    bases = _bases(drafts, initial, observed, basis, group, findings)
    return tuple(
        Population(
            id=draft.id,
            type=draft.type,
            criteria=draft.criteria,
            basis=bases[index],
            code=draft.code,
            link_id=draft.link_id,
            description=draft.description,
            initial=initial.get(index),
            observed=observed.get(index),
            aggregate=draft.aggregate,
        )
        for index, draft in enumerate(drafts)
    )


def _check_table(drafts: Sequence[PopulationDraft], scoring: Scoring, group: str, findings: Findings) -> None:
    table = PRESENCE[scoring]
    for kind in PopulationType:
        found = [draft for draft in drafts if draft.type is kind]
        presence = table.get(kind, Presence.OPTIONAL)
        if not found and presence is Presence.REQUIRED and drafts:
            findings.error(
                "missing-population", group_place(group), f"a {scoring.value} group needs a population {kind.value!r}"
            )
        if found and presence is Presence.NOT_PERMITTED:
            findings.error(
                "population-not-permitted",
                population_place(group, found[0].id),
                f"a {scoring.value} group may not have a population {kind.value!r}",
            )
        most = 2 if kind is _P.INITIAL_POPULATION and scoring is Scoring.RATIO else 1
        if len(found) > most and kind not in (_P.MEASURE_OBSERVATION, _P.OTHER):
            findings.error(
                "repeated-population",
                population_place(group, found[most].id),
                f"a {scoring.value} group may have {most} population{'s' if most > 1 else ''} {kind.value!r},"
                f" found {len(found)}",
            )


def _resolve(drafts: Sequence[PopulationDraft], reference: str | None) -> int | None:
    """The position that a criteria reference names: by id or linkId, else by the code of a type that is there once."""
    if reference is None:
        return None
    for index, draft in enumerate(drafts):
        if reference in (draft.id, draft.link_id):
            return index
    same = [index for index, draft in enumerate(drafts) if draft.type.value == reference]
    return same[0] if len(same) == 1 else None


def _initials(drafts: Sequence[PopulationDraft], group: str, findings: Findings) -> dict[int, int]:
    initials = [index for index, draft in enumerate(drafts) if draft.type is _P.INITIAL_POPULATION]
    found: dict[int, int] = {}
    if not initials:
        return found
    for order, kind in enumerate((_P.DENOMINATOR, _P.NUMERATOR, _P.MEASURE_POPULATION, _P.OTHER)):
        for index, draft in enumerate(drafts):
            if draft.type is not kind:
                continue
            if len(initials) == 1:
                found[index] = initials[0]
                continue
            named = _resolve(drafts, draft.reference)
            if named in initials:
                found[index] = named
                continue
            found[index] = initials[min(order, len(initials) - 1)]
            said = f"its criteria reference {draft.reference!r} names none" if draft.reference else "it names none"
            findings.warning(
                "criteria-reference",
                population_place(group, draft.id),
                f"there are two initial populations and {said}; {drafts[found[index]].id!r} is taken",
                "add the extension cqf-criteriaReference with the id of the initial population",
            )
    return found


def _observed(drafts: Sequence[PopulationDraft], scoring: Scoring, group: str, findings: Findings) -> dict[int, int]:
    if scoring is Scoring.RATIO:
        wanted: tuple[PopulationType, ...] = (_P.DENOMINATOR, _P.NUMERATOR)
    elif scoring is Scoring.CONTINUOUS_VARIABLE:
        wanted = (_P.MEASURE_POPULATION,)
    elif scoring is Scoring.PROPORTION:
        wanted = (_P.DENOMINATOR, _P.NUMERATOR)
    elif scoring is Scoring.ATTESTATION:
        wanted = (_P.INITIAL_POPULATION, _P.DENOMINATOR, _P.NUMERATOR, _P.MEASURE_POPULATION)
    else:
        wanted = (_P.INITIAL_POPULATION,)
    # In the order of `wanted`, not of the Measure: an unmatched pair is read denominator first.
    targets = [index for kind in wanted for index, draft in enumerate(drafts) if draft.type is kind]
    observations = [index for index, draft in enumerate(drafts) if draft.type is _P.MEASURE_OBSERVATION]
    found: dict[int, int] = {}
    for index in observations:
        named = _resolve(drafts, drafts[index].reference)
        if named in targets:
            found[index] = named
    for index in observations:
        draft = drafts[index]
        place = population_place(group, draft.id)
        if index not in found and not targets:
            findings.error("criteria-reference", place, "there is no population that it could observe")
            continue
        if index not in found:
            free = [target for target in targets if target not in found.values()] or targets[:1]
            found[index] = free[0]
            if draft.reference is not None or len(targets) > 1:
                said = f"its criteria reference {draft.reference!r} matches" if draft.reference else "it names"
                findings.warning(
                    "criteria-reference",
                    place,
                    f"{said} no population that it could observe; {drafts[free[0]].id!r} is taken",
                    "add the extension cqf-criteriaReference with the id of the population",
                )
        if draft.aggregate is None and scoring in (Scoring.RATIO, Scoring.CONTINUOUS_VARIABLE):
            findings.warning(
                "aggregate-method",
                place,
                "it has no aggregate method, so the group gets no score",
                "add the extension cqm-aggregateMethod or cqfm-aggregateMethod",
            )
    if scoring in (Scoring.RATIO, Scoring.CONTINUOUS_VARIABLE):
        for target in targets:
            several = [drafts[index].id for index in observations if found[index] == target]
            if len(several) > 1:
                findings.warning(
                    "several-observations",
                    population_place(group, drafts[target].id),
                    f"it has {len(several)} measure observations; the score uses {several[0]!r}",
                )
    return found


def _bases(
    drafts: Sequence[PopulationDraft],
    initial: dict[int, int],
    observed: dict[int, int],
    basis: str,
    group: str,
    findings: Findings,
) -> list[str]:
    """The basis of each population: its own, else that of the population it selects from, else the group's."""
    bases: dict[int, str] = {}

    def settle(index: int) -> str:
        if index in bases:
            return bases[index]
        draft = drafts[index]
        owner = initial.get(index, observed.get(index))
        if owner is None and draft.type in _OWNER:
            owner = next((n for n, other in enumerate(drafts) if other.type is _OWNER[draft.type]), None)
        inherited = basis if owner is None else settle(owner)
        bases[index] = draft.basis or inherited
        if owner is not None and bases[index] != inherited:
            findings.error(
                "population-basis",
                population_place(group, draft.id),
                f"its basis {bases[index]!r} is not that of {drafts[owner].id!r}, {inherited!r}",
            )
        return bases[index]

    return [settle(index) for index in range(len(drafts))]
