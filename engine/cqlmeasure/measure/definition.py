"""What a measure is, whatever form it was read from.

Owns the definition types.  Always holds: they are immutable; every population has an ``id`` that is unique in its group
(made up when the Measure gives none); ``basis`` is ``boolean`` or the type of the items that are counted; references
between populations are resolved to positions in ``Group.populations``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cqlmeasure.errors import Diagnostic
from cqlmeasure.measure.codes import AggregateMethod, PopulationType, Scoring

BOOLEAN_BASIS = "boolean"


class Criteria(msgspec.Struct, frozen=True):
    """A named expression of the primary library; ``text`` is what the Measure said.

    ``text`` and ``name`` differ when the Measure qualifies the name with a library or quotes it.
    """

    name: str
    text: str
    library: str | None = None


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """One population of a group.

    ``initial`` is the position of the initial population that a denominator or numerator is drawn from; ``observed``
    the position of the population whose members a measure observation is computed for.
    """

    id: str
    type: PopulationType
    criteria: Criteria
    basis: str
    code: dict[str, Any]
    link_id: str | None = None
    description: str | None = None
    initial: int | None = None
    observed: int | None = None
    aggregate: AggregateMethod | None = None


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a stratifier that has components."""

    criteria: Criteria
    id: str | None = None
    link_id: str | None = None
    code: dict[str, Any] | None = None


class Stratifier(msgspec.Struct, frozen=True, kw_only=True):
    """A stratifier: root ``criteria``, or ``components`` whose values are combined.

    ``applies_to`` are the population types whose counts a stratum reports; empty means all.  ``position`` counts from 1
    in the group.
    """

    position: int
    criteria: Criteria | None = None
    components: tuple[Component, ...] = ()
    id: str | None = None
    link_id: str | None = None
    code: dict[str, Any] | None = None
    description: str | None = None
    applies_to: frozenset[PopulationType] = frozenset()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One rate of a measure."""

    scoring: Scoring
    basis: str
    populations: tuple[Population, ...]
    stratifiers: tuple[Stratifier, ...] = ()
    id: str | None = None
    link_id: str | None = None
    code: dict[str, Any] | None = None
    description: str | None = None
    types: tuple[str, ...] = ()
    improvement_notation: dict[str, Any] | None = None
    rate_aggregation: str | None = None
    scoring_unit: dict[str, Any] | None = None
    scoring_precision: int | None = None

    def position(self, kind: PopulationType) -> int | None:
        """Where the first population of that type is, or ``None``."""
        return next((index for index, population in enumerate(self.populations) if population.type is kind), None)

    def positions(self, kind: PopulationType) -> tuple[int, ...]:
        """Where all populations of that type are."""
        return tuple(index for index, population in enumerate(self.populations) if population.type is kind)


class SupplementalData(msgspec.Struct, frozen=True, kw_only=True):
    """An expression whose values are reported beside the score; ``usage`` tells supplemental data from risk factors."""

    id: str
    criteria: Criteria
    code: dict[str, Any] | None = None
    description: str | None = None
    usage: tuple[str, ...] = ()


class MeasureDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A measure, ready to be bound to an evaluator.  ``warnings`` are what was doubtful about its text."""

    name: str
    groups: tuple[Group, ...]
    library: str | None = None
    id: str | None = None
    url: str | None = None
    version: str | None = None
    title: str | None = None
    subject_type: str = "Patient"
    supplemental_data: tuple[SupplementalData, ...] = ()
    effective_period: dict[str, Any] | None = None
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def canonical(self) -> str:
        """``url|version``; the name stands in where a draft has no url."""
        base = self.url or f"Measure/{self.id or self.name}"
        return f"{base}|{self.version}" if self.version and self.url else base

    @property
    def library_name(self) -> str | None:
        """The name of the primary library: the last segment of its canonical, without the version."""
        if self.library is None:
            return None
        return self.library.partition("|")[0].rstrip("/").rpartition("/")[2]
