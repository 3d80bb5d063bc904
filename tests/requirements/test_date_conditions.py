"""The count of conditions that limit by date, and of the filters that say them."""

from __future__ import annotations

import pytest

from tools.date_conditions import count_conditions

from .support import found

MP = '"Measurement Period"'
# Conditions that limit by date, of these with a filter, those that ask for overlap, retrieves with a date filter.
COUNTS = {
    f"[Encounter] E where E.period during {MP}": (1, 1, 0, 1),
    f"[Encounter] E where E.period overlaps {MP}": (0, 0, 1, 0),
    f"[Encounter] E where E.period during {MP} or E.status = 'x'": (1, 0, 0, 0),
    f"([Encounter] union [Encounter: \"Visits\"]) E where E.period during {MP}": (1, 1, 0, 2),
    f"[Encounter] E where E.period starts during {MP} and E.period ends before end of {MP}": (2, 2, 0, 1),
    "[Encounter] E where Year(E) and E.period starts after Begin": (2, 2, 0, 1),
    "[Encounter] E with [Procedure] P such that E.period during (P.performed as Period)": (0, 0, 0, 0),
    f"[Encounter] E where AgeInYearsAt(start of {MP}) >= 18": (0, 0, 0, 0),
    "[Encounter] E where E.length > 2 days": (0, 0, 0, 0),
    "[Encounter] E where E.status = 'finished'": (0, 0, 0, 0),
}  # fmt: skip
HELPERS = f"""
define Begin: start of {MP} - 1 year
define function Year(item Encounter): item.period during {MP}
"""


@pytest.mark.parametrize("cql", COUNTS)
def test_conditions_are_counted(cql: str) -> None:
    counts = count_conditions(found(f"{HELPERS}define X: {cql}\n", "X"))
    assert (
        counts["conditions that limit by date"],
        counts["conditions that limit by date, with a date filter"],
        counts["conditions that ask for overlap with dates"],
        counts["retrieves with a date filter"],
    ) == COUNTS[cql]
