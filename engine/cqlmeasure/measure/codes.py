"""The vocabulary of quality measures as data: population types, scorings, aggregate methods, canonical URLs.

Owns the names of the standard that this room reads and writes.  Always holds: an enumeration's value is the code of the
standard; where the standard has had several spellings or URLs, all of them are listed here and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

_E = TypeVar("_E", bound=StrEnum)


def member(kind: type[_E], code: str | None) -> _E | None:
    """The member of an enumeration that has this code, or ``None``."""
    return next((item for item in kind if item.value == code), None)


class PopulationType(StrEnum):
    """What a population is for."""

    INITIAL_POPULATION = "initial-population"
    DENOMINATOR = "denominator"
    DENOMINATOR_EXCLUSION = "denominator-exclusion"
    DENOMINATOR_EXCEPTION = "denominator-exception"
    NUMERATOR = "numerator"
    NUMERATOR_EXCLUSION = "numerator-exclusion"
    MEASURE_POPULATION = "measure-population"
    MEASURE_POPULATION_EXCLUSION = "measure-population-exclusion"
    MEASURE_OBSERVATION = "measure-observation"
    OTHER = "other"
    """A population of a guide's own code system: counted within the initial population, and in no score."""


class Scoring(StrEnum):
    """How a group is scored."""

    PROPORTION = "proportion"
    RATIO = "ratio"
    CONTINUOUS_VARIABLE = "continuous-variable"
    COHORT = "cohort"
    ATTESTATION = "attestation"
    """The score is what the reporter attests; it is never computed."""
    COMPOSITE = "composite"
    """The score combines those of other groups."""


class CompositeScoring(StrEnum):
    """How a composite combines its components."""

    ALL_OR_NOTHING = "all-or-nothing"
    ANY = "any"
    OPPORTUNITY = "opportunity"
    LINEAR = "linear"
    WEIGHTED = "weighted"


class AggregateMethod(StrEnum):
    """How observations become one number."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    MEDIAN = "median"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"


class Presence(StrEnum):
    """Whether a scoring wants a population."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NOT_PERMITTED = "not permitted"


POPULATION_ALIASES = {"measure-population-observation": PopulationType.MEASURE_OBSERVATION}

AGGREGATE_ALIASES = {
    "avg": AggregateMethod.AVERAGE,
    "mean": AggregateMethod.AVERAGE,
    "min": AggregateMethod.MINIMUM,
    "max": AggregateMethod.MAXIMUM,
}

_P = PopulationType
_BY_RATE = (_P.DENOMINATOR, _P.DENOMINATOR_EXCLUSION, _P.DENOMINATOR_EXCEPTION, _P.NUMERATOR, _P.NUMERATOR_EXCLUSION)
_BY_MEMBER = (_P.MEASURE_POPULATION, _P.MEASURE_POPULATION_EXCLUSION)
_NONE_OF = Presence.NOT_PERMITTED

# The table of permitted populations; what is not listed is optional.
PRESENCE: dict[Scoring, dict[PopulationType, Presence]] = {
    Scoring.PROPORTION: {
        **dict.fromkeys((_P.INITIAL_POPULATION, _P.DENOMINATOR, _P.NUMERATOR), Presence.REQUIRED),
        **dict.fromkeys(_BY_MEMBER, _NONE_OF),
    },
    Scoring.RATIO: {
        **dict.fromkeys((_P.INITIAL_POPULATION, _P.DENOMINATOR, _P.NUMERATOR), Presence.REQUIRED),
        **dict.fromkeys((_P.DENOMINATOR_EXCEPTION, *_BY_MEMBER), _NONE_OF),
    },
    Scoring.CONTINUOUS_VARIABLE: {
        **dict.fromkeys((_P.INITIAL_POPULATION, _P.MEASURE_POPULATION, _P.MEASURE_OBSERVATION), Presence.REQUIRED),
        **dict.fromkeys(_BY_RATE, _NONE_OF),
    },
    Scoring.COHORT: {
        _P.INITIAL_POPULATION: Presence.REQUIRED,
        **dict.fromkeys((*_BY_RATE, *_BY_MEMBER), _NONE_OF),
    },
    Scoring.ATTESTATION: {},
    # A composite adds no criteria of its own: what it counts comes from its components.
    Scoring.COMPOSITE: dict.fromkeys(PopulationType, _NONE_OF),
}

POPULATION_SYSTEMS = (
    "http://terminology.hl7.org/CodeSystem/measure-population",
    "http://terminology.hl7.org/CodeSystem/measure-population-type",
    "http://hl7.org/fhir/measure-population",
)

CRITERIA_REFERENCE = "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference"
DATA_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
MESSAGES = "http://hl7.org/fhir/StructureDefinition/cqf-messages"
SUPPLEMENTAL_DATA = "http://hl7.org/fhir/5.0/StructureDefinition/extension-MeasureReport.supplementalData"
SCORING_SYSTEM = "http://terminology.hl7.org/CodeSystem/measure-scoring"
DATA_USAGE_SYSTEM = "http://terminology.hl7.org/CodeSystem/measure-data-usage"
IMPROVEMENT_NOTATION_SYSTEM = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"

_US = "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-"
_UV = "http://hl7.org/fhir/uv/cqm/StructureDefinition/cqm-"
_XVER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-"


def measure_extension(name: str) -> tuple[str, ...]:
    """The URLs under which a measure carries the extension ``name``, newest first."""
    own = (_UV + name, _US + name)
    return (CRITERIA_REFERENCE, *own) if name == "criteriaReference" else own


def link_id_extension(path: str) -> str:
    """The cross-version extension for the R5 element ``linkId`` at ``path``, such as ``Measure.group``."""
    return f"{_XVER}{path}.linkId"


def value_set_extension() -> tuple[str, ...]:
    """The cross-version extensions for a stratifier's or component's ``valueSet``."""
    path = "Measure.group.stratifier"
    return f"{_XVER}{path}.valueSet", f"{_XVER}{path}.component.valueSet"


_DEQM_US = "http://hl7.org/fhir/us/davinci-deqm/StructureDefinition/extension-"
_DEQM_UV = "http://hl7.org/fhir/uv/deqm/StructureDefinition/deqm-"
ALTERNATE_SCORE = f"{_DEQM_UV}alternateScoreType"
ALTERNATE_SCORES = frozenset({ALTERNATE_SCORE, f"{_DEQM_US}alternateScoreType"})
