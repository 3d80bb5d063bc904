"""Profiles that something in a resource decides where none is declared: facts of US Core and QI-Core.

Always holds: what is not known here is decided by declaration and type alone.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from cqlmeasure.models.builtin import builtin

_PROFILED_MODELS = ("QICore", "USCore")
_PLAIN = "http://hl7.org/fhir/StructureDefinition/"
_NEGATIONS = ("notrequested", "notdone", "observationcancelled", "rejected", "donotperform")
_VITAL_SIGNS = {
    "us-core-blood-pressure": "85354-9",
    "us-core-bmi": "39156-5",
    "us-core-body-height": "8302-2",
    "us-core-body-temperature": "8310-5",
    "us-core-body-weight": "29463-7",
    "us-core-head-circumference": "9843-4",
    "us-core-heart-rate": "8867-4",
    "us-core-respiratory-rate": "9279-1",
}


def is_negation(profile: str) -> bool:
    """Whether a profile states that something was not done."""
    return _last(profile).lower().endswith(_NEGATIONS)


def fixed_code(profile: str) -> str | None:
    """The LOINC code that a profile of Observation fixes."""
    return _VITAL_SIGNS.get(_last(profile))


@cache
def profiles_of(kind: str) -> frozenset[str]:
    """The canonical urls of all profiles of a resource type that the shipped models know."""
    found: set[str] = set()
    for name in _PROFILED_MODELS:
        model = builtin(name)
        for facts in model.classes.values() if model is not None else ():
            if facts.retrievable and facts.identifier and (facts.target or facts.name) == kind:
                found.add(facts.identifier)
    return frozenset(found)


class ProfileFacts(NamedTuple):
    """What decides whether a resource is one of a profile: its url, the other profiles of the type, whether it states
    that something was not done, and the LOINC code that it fixes.
    """

    url: str
    others: tuple[str, ...]
    negation: bool
    code: str | None


def profile_facts(kind: str, template: str | None) -> ProfileFacts | None:
    """The facts of a profile of a resource type; ``None`` for no template, and for the base type itself."""
    if template is None or template.startswith(_PLAIN):
        return None
    others = tuple(sorted(profiles_of(kind) - {template}))
    return ProfileFacts(template, others, is_negation(template), fixed_code(template))


def _last(profile: str) -> str:
    return profile.rpartition("/")[2]
