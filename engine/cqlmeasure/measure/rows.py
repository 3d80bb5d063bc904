"""Results as plain rows, for frames and tables.

Always holds: one row per subject, group and population, or, where items are counted, per item of a population; every
row has the same columns; values are texts, numbers, true, false or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from cqlmeasure.measure.codes import PopulationType
from cqlmeasure.measure.definition import BOOLEAN_BASIS, Group, MeasureDefinition, Stratifier
from cqlmeasure.measure.results import GroupResult, SubjectResult

Row = dict[str, Any]


def columns(definition: MeasureDefinition) -> tuple[str, ...]:
    """The columns of the rows of a measure, in order."""
    return (
        *("measure", "subject", "failed", "group", "scoring", "population", "type", "member", "count", "item"),
        *("observation", "unit"),
        *dict.fromkeys(
            stratum_column(group, number, stratifier)
            for number, group in enumerate(definition.groups, 1)
            for stratifier in group.stratifiers
        ),
        *(f"data:{item.id}" for item in definition.supplemental_data),
    )


def rows(definition: MeasureDefinition, subjects: Iterable[SubjectResult]) -> Iterator[Row]:
    """The rows of subjects, in their order.

    A subject that could not be scored has one row, which says that it failed.  ``member`` tells whether the subject or
    item is in the population; an observation population has a row per observation.
    """
    empty: Row = dict.fromkeys(columns(definition))
    for subject in subjects:
        common = {**empty, "measure": definition.name, "subject": subject.subject, "failed": subject.failed}
        for item, values in zip(definition.supplemental_data, subject.supplemental, strict=False):
            common[f"data:{item.id}"] = "; ".join(value.reference or _text(value.concept) for value in values) or None
        if subject.failed:
            yield common
            continue
        for number, (group, found) in enumerate(zip(definition.groups, subject.groups, strict=True), 1):
            label = group.id or group.link_id or str(number)
            base = {**common, "group": label, "scoring": group.scoring.value}
            yield from _of_group(base, group, number, found)


def _of_group(base: Row, group: Group, number: int, found: GroupResult) -> Iterator[Row]:
    observed = iter(found.observations)
    for index, (population, count) in enumerate(zip(group.populations, found.counts, strict=True)):
        row = {**base, "population": population.id, "type": population.type.value, "member": count > 0, "count": count}
        if population.type is PopulationType.MEASURE_OBSERVATION:
            for value in next(observed):
                plain = float(value.value) if isinstance(value.value, Decimal) else value.value
                one = {**row, "count": 1, "item": value.member, "observation": plain, "unit": value.unit}
                yield one | _strata(group, number, found, value.member)
            continue
        members = found.members[index] if found.members else ()
        if population.basis == BOOLEAN_BASIS or not members:
            yield row | _strata(group, number, found, None)
            continue
        for member in members:
            yield {**row, "count": 1, "item": member} | _strata(group, number, found, member)


def _strata(group: Group, number: int, found: GroupResult, member: str | None) -> Row:
    """The strata that a subject or an item is in."""
    row: Row = {}
    for stratifier, strata in zip(group.stratifiers, found.strata, strict=False):
        inside = (stratum for stratum in strata if (member in stratum.items if member else stratum.occupied))
        shown = "; ".join(" / ".join(map(_text, stratum.values)) for stratum in inside)
        row[stratum_column(group, number, stratifier)] = shown or None
    return row


def stratum_column(group: Group, number: int, stratifier: Stratifier) -> str:
    """What the column of a stratifier is called."""
    label = group.id or group.link_id or str(number)
    return f"stratum:{label}:{stratifier.id or stratifier.link_id or stratifier.position}"


def _text(concept: Row) -> str:
    coding = (concept.get("coding") or [{}])[0]
    return str(concept.get("text") or coding.get("display") or coding.get("code") or "")
