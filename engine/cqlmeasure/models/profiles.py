"""Profiles that something in a resource decides where none is declared: facts of US Core and QI-Core.

Always holds: what is not known here is decided by declaration and type alone.
"""

from __future__ import annotations

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


def _last(profile: str) -> str:
    return profile.rpartition("/")[2]
