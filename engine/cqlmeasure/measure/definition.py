"""What a measure is, whatever form it was read from.

Owns the definition types.  Always holds: they are immutable; every population has an ``id`` that is unique in its group
(made up when the Measure gives none); ``basis`` is ``boolean`` or the type of the items that are counted; references
between populations are resolved to positions in ``Group.populations``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cqlmeasure.errors import Diagnostic
from cqlmeasure.measure.codes import AggregateMethod, CompositeScoring, PopulationType, Scoring

BOOLEAN_BASIS = "boolean"
PATH_LANGUAGE = "text/fhirpath"
RISK_ADJUSTMENT_FACTOR = "risk-adjustment-factor"


class Criteria(msgspec.Struct, frozen=True):
    """A named expression of the primary library, or a path in a resource; ``text`` is what the Measure said.

    ``text`` and ``name`` differ when the Measure qualifies the name with a library or quotes it.  ``language`` is what
    the Measure gave; where it gave none, and the library has no such name, the text may be a path.
    """

    name: str
    text: str
    library: str | None = None
    language: str | None = None

    @property
    def is_path(self) -> bool:
        """Whether the Measure says that this is a path."""
        return self.language is not None and self.language.lower() == PATH_LANGUAGE


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


class CodeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The element at ``path`` has a code of the value set, or one of ``codes`` (system, code)."""

    path: str
    value_set: str | None = None
    codes: frozenset[tuple[str | None, str]] = frozenset()


class BasisRequirement(msgspec.Struct, frozen=True, kw_only=True):
    """What items of a group may be: of a type, with all these profiles, passing all these filters."""

    type: str
    profiles: tuple[str, ...] = ()
    filters: tuple[CodeFilter, ...] = ()


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a stratifier that has components; ``value_set`` has the values that are expected."""

    criteria: Criteria
    value_set: str | None = None
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
    value_set: str | None = None
    expected: tuple[tuple[dict[str, Any], ...], ...] = ()
    """The values (one concept per component) that are reported even if nobody has them."""
    allowed: tuple[frozenset[str] | None, ...] = ()
    """Per component the keys of the values that its value set has; ``None`` where it has none."""


class CompositePart(msgspec.Struct, frozen=True, kw_only=True):
    """A component of a composite: a measure by canonical url, its group, its weight.

    ``group`` with its position ``number`` in the measure, ``own`` and ``reversed`` are there once the composite is
    bound to its components' definitions.  ``own``: the group is another one of the composite's own Measure.
    ``reversed``: its improvement notation is not the composite's, so that it counts the other way round.
    """

    url: str
    version: str | None = None
    group_id: str | None = None
    weight: Decimal = Decimal(1)
    group: Group | None = None
    number: int = 0
    own: bool = False
    reversed: bool = False

    @property
    def canonical(self) -> str:
        """``url|version``."""
        return f"{self.url}|{self.version}" if self.version else self.url

    def means(self, definition: MeasureDefinition) -> bool:
        """Whether this is a component of that measure, as far as url and version tell."""
        return definition.url == self.url and (not self.version or definition.version in (None, self.version))


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
    basis_requirements: tuple[BasisRequirement, ...] = ()
    composite: CompositeScoring | None = None
    parts: tuple[CompositePart, ...] = ()

    @property
    def formula(self) -> Scoring:
        """The scoring whose formula gives the score: that of a composite depends on how it combines."""
        if self.composite is None:
            return self.scoring
        if self.composite is CompositeScoring.LINEAR:
            return Scoring.CONTINUOUS_VARIABLE
        return Scoring.COMPOSITE if self.composite is CompositeScoring.WEIGHTED else Scoring.PROPORTION

    def labels(self, number: int) -> tuple[str, ...]:
        """What the group may be called, that being the ``number``-th of its measure: its id, its linkId, the number."""
        return tuple(name for name in (self.id, self.link_id, str(number)) if name)

    def position(self, kind: PopulationType) -> int | None:
        """Where the first population of that type is, or ``None``."""
        return next((index for index, population in enumerate(self.populations) if population.type is kind), None)

    def positions(self, kind: PopulationType) -> tuple[int, ...]:
        """Where all populations of that type are."""
        return tuple(index for index, population in enumerate(self.populations) if population.type is kind)


class SupplementalData(msgspec.Struct, frozen=True, kw_only=True):
    """An expression whose values are reported beside the score; ``usage`` tells supplemental data from risk factors.

    ``report_types`` are the types of reports that it belongs to; empty means all.  ``type`` is the static type of the
    expression, where the library tells it.
    """

    id: str
    criteria: Criteria
    code: dict[str, Any] | None = None
    description: str | None = None
    usage: tuple[str, ...] = ()
    report_types: frozenset[str] = frozenset()
    type: str | None = None

    @property
    def is_risk_factor(self) -> bool:
        """Whether it adjusts for risk; an element may be used for both."""
        return RISK_ADJUSTMENT_FACTOR in self.usage

    def belongs_in(self, report_type: str) -> bool:
        """Whether reports of a type carry it."""
        return not self.report_types or report_type in self.report_types


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
    def needs_library(self) -> bool:
        """Whether anything in it is computed from criteria."""
        groups = any(group.populations and group.scoring is not Scoring.COMPOSITE for group in self.groups)
        asked = [item.criteria for item in self.supplemental_data]
        for stratifier in (stratifier for group in self.groups for stratifier in group.stratifiers):
            asked += [part.criteria for part in stratifier.components]
            asked += [] if stratifier.criteria is None else [stratifier.criteria]
        return groups or any(not criteria.is_path for criteria in asked)

    @property
    def is_composite(self) -> bool:
        """Whether any of its groups combines others."""
        return any(group.scoring is Scoring.COMPOSITE for group in self.groups)

    @property
    def library_name(self) -> str | None:
        """The name of the primary library: the last segment of its canonical, without the version."""
        if self.library is None:
            return None
        return self.library.partition("|")[0].rstrip("/").rpartition("/")[2]
