"""Bounds of data that are compared to other data: what is during an encounter of the period is in the period."""

from __future__ import annotations

import pytest

from .support import shown

MP = '"Measurement Period"'
YEAR = "[2026-01-01..2026-12-31]"

HELPERS = f"""
define Stays: [Encounter: "Visits"] E where E.period during day of {MP}
define Begun: [Encounter: "Visits"] E where E.period starts during {MP}
define Ended: [Encounter: "Visits"] E where E.period ends during {MP}
define Touching: [Encounter: "Visits"] E where E.period overlaps {MP}
define All: [Encounter: "Visits"]
define Mixed: [Encounter: "Visits"] E where E.period during {MP} or E.status = 'planned'
define function Stay(item Encounter): item.period
"""

# A condition on S of [ServiceRequest] with a row E of a definition, and the date filter that follows.
FOLLOWS = {
    ("Stays", "S.authoredOn during E.period"): YEAR,
    ("Stays", "E.period includes S.authoredOn"): YEAR,
    ("Stays", "S.authoredOn during Stay(E)"): YEAR,
    ("Stays", "S.authoredOn before E.period"): "[..2026-12-31]",
    ("Stays", "S.authoredOn on or before start of E.period"): "[..2026-12-31]",
    ("Stays", "end of E.period after S.authoredOn"): "[..2026-12-31]",
    ("Stays", "S.authoredOn after end of E.period"): "[2026-01-01..]",
    ("Stays", "S.authoredOn >= start of E.period - 2 weeks"): "[2025-12-18..]",
    ("Stays", "S.authoredOn <= end of E.period + 1 month"): "[..2027-01-31]",
    ("Stays", "S.authoredOn >= start of E.period - 3 hours"): "[2025-12-31..]",
    ("Stays", "S.authoredOn <= end of E.period + 30 hours"): "[..2027-01-02]",
    ("Stays", "date from S.authoredOn = date from start of E.period"): YEAR,
    ("Stays", "date from S.authoredOn during E.period"): YEAR,
    ("Stays", "S.authoredOn same day as start of E.period"): YEAR,
    ("Stays", "S.authoredOn before Coalesce(start of E.period, end of E.period)"): "[..2026-12-31]",
    ("Stays", f"S.authoredOn during Interval[start of E.period, end of {MP}]"): "[..2026-12-31]",
    ("Stays", f"S.authoredOn during Interval[start of {MP}, end of E.period]"): "[2026-01-01..]",
    ("Begun", "S.authoredOn during E.period"): "[2026-01-01..]",
    ("Begun", "S.authoredOn before start of E.period"): "[..2026-12-31]",
    ("Begun", "S.authoredOn after end of E.period"): "[2026-01-01..]",
    ("Ended", "S.authoredOn during E.period"): "[..2026-12-31]",
    ("Ended", "S.authoredOn after end of E.period"): "[2026-01-01..]",
    ("Touching", "S.authoredOn before start of E.period"): "[..2026-12-31]",
    ("Touching", "S.authoredOn after end of E.period"): "[2026-01-01..]",
}

DOES_NOT_FOLLOW = [
    ("Stays", "S.authoredOn overlaps E.period"),
    ("Stays", "not (S.authoredOn during E.period)"),
    ("Stays", "S.authoredOn during E.period or S.status = 'active'"),
    ("Stays", "S.authoredOn same month as start of E.period"),
    # A boundary that is null, of an interval that is closed there, is none.
    ("Stays", "S.authoredOn during Interval[start of E.period, end of E.period + 1 day]"),
    ("Stays", "S.authoredOn during Interval[First(E.location).period.start.value, null]"),
    ("Stays", "S.authoredOn during First(E.location).period"),
    ("Touching", "S.authoredOn during E.period"),
    ("Ended", "S.authoredOn after start of E.period"),
    ("Begun", "S.authoredOn before end of E.period"),
    ("All", "S.authoredOn during E.period"),
    ("Mixed", "S.authoredOn during E.period"),
    ("(Stays union All)", "S.authoredOn during E.period"),
]


def requests(rows: str, condition: str) -> str:
    """The requirement of ServiceRequest under a condition."""
    if "overlaps" in condition:
        condition = condition.replace("S.authoredOn", "(S.occurrence as Period)")
    body = f"{HELPERS}define X: [ServiceRequest] S with {rows} E such that {condition}\n"
    (found,) = [one for one in shown(body, "X") if one.startswith("ServiceRequest")]
    return found.removeprefix("ServiceRequest").strip()


@pytest.mark.parametrize(("rows", "condition"), FOLLOWS)
def test_bounds_of_other_data_bound_what_is_compared_to_them(rows: str, condition: str) -> None:
    assert requests(rows, condition) == f"authoredOn{FOLLOWS[rows, condition]}"


@pytest.mark.parametrize(("rows", "condition"), DOES_NOT_FOLLOW)
def test_nothing_is_left_out_that_could_matter(rows: str, condition: str) -> None:
    assert requests(rows, condition) == ""


def test_bounds_go_on_from_row_to_row() -> None:
    body = f"""{HELPERS}
define Orders: [ServiceRequest] S with Stays E such that S.authoredOn during E.period
define X: [MedicationRequest] M with Orders O such that M.authoredOn on or before O.authoredOn
"""
    assert shown(body, "X")[1] == "MedicationRequest authoredOn[..2026-12-31]"


def test_a_list_of_times_has_the_bounds_of_each() -> None:
    body = (
        f"{HELPERS}define X: [ServiceRequest] S with (Stays E return end of E.period) T such that S.authoredOn <= T\n"
    )
    assert shown(body, "X")[1] == "ServiceRequest authoredOn[..2026-12-31]"


def test_alternatives_have_in_common_what_both_say() -> None:
    later = f'define Later: [Encounter: "Drugs"] E where E.period during Interval[@2026-03-01, end of {MP}]\n'
    both = "[ServiceRequest] S with (Stays union Later) E such that S.authoredOn during E.period"
    body = f"{HELPERS}{later}define X: {both}\n"
    assert shown(body, "X")[-1] == "ServiceRequest authoredOn[..2026-12-31]"


def test_a_filter_that_another_one_implies_is_not_written() -> None:
    body = f"""{HELPERS}
define X: [ServiceRequest] S with Stays E
  such that S.authoredOn during day of {MP} and S.authoredOn before end of E.period
"""
    assert shown(body, "X")[1] == f"ServiceRequest authoredOn{YEAR}"
