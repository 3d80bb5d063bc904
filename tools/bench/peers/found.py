"""Which populations patients are in, here and elsewhere, and where that differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cqlmeasure as cm
from cqlmeasure.measure import MeasureDefinition

Groups = tuple[frozenset[str], ...]
"""For each group the populations that a patient is in."""

_WITHIN: tuple[tuple[str, str | None, frozenset[str]], ...] = (
    ("initial-population", None, frozenset()),
    ("denominator", "initial-population", frozenset()),
    ("denominator-exclusion", "denominator", frozenset()),
    ("numerator", "denominator", frozenset({"denominator-exclusion"})),
    ("numerator-exclusion", "numerator", frozenset()),
    ("denominator-exception", "denominator", frozenset({"denominator-exclusion", "numerator"})),
)


@dataclass(frozen=True, slots=True)
class Different:
    """A patient whose populations are not the same."""

    patient: str
    ours: list[list[str]]
    theirs: list[list[str]]


def members(met: Iterable[str]) -> frozenset[str]:
    """The populations of a proportion that a patient is in, of those whose criteria are met.

    Some peers give the values of criteria and some have applied these rules already, which changes nothing.
    """
    met, found = frozenset(met), set[str]()
    for name, within, unless in _WITHIN:
        if name in met and (within is None or within in found) and not unless & found:
            found.add(name)
    return frozenset(found)


def is_comparable(definition: MeasureDefinition) -> bool:
    """Whether all groups are proportions of patients; of other measures only the times are compared."""
    return all(group.scoring == "proportion" and group.basis == "boolean" for group in definition.groups)


def theirs(found: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Groups]:
    """The answer of a peer."""
    return {patient: tuple(members(group) for group in groups) for patient, groups in found.items()}


def ours(result: cm.MeasureResult) -> dict[str, Groups]:
    """The result of this engine; who failed is in no group."""
    names = {name for name, _, _ in _WITHIN}
    found: dict[str, list[frozenset[str]]] = {}
    for row in result.rows():
        groups = found.setdefault(row["subject"], [])
        if not row["failed"]:
            groups.append(frozenset(name for name in names if row.get(name)))
    return {patient: tuple(groups) for patient, groups in found.items()}


def differences(own: Mapping[str, Groups], other: Mapping[str, Groups]) -> list[Different]:
    """The patients that differ, those of one side only too, by id."""
    return [
        Different(patient, _shown(own.get(patient)), _shown(other.get(patient)))
        for patient in sorted({*own, *other})
        if own.get(patient) != other.get(patient)
    ]


def _shown(groups: Groups | None) -> list[list[str]]:
    return [sorted(group) for group in groups or ()]
