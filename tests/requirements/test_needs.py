"""What evaluation has to read, from the CQL."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt

import pytest

from cqlmeasure.requirements import Kinds, Periods, needs_of
from cqlmeasure.runtime.temporal import DAY, MONTH, WEEK, Date
from cqlmeasure.runtime.temporal import YEAR as YEARS
from cqlmeasure.runtime.temporal_arithmetic import duration_between_date

from .support import YEAR, found


def told(one: Kinds) -> str:
    """Type, the codes that it has to have, and its days."""
    parts = [one.type]
    for terms in one.terms:
        codes = terms.value_set.rpartition("/")[2] if terms.value_set is not None else ",".join(terms.codes)
        parts.append(codes + (f" or {terms.profile.rpartition('/')[2]}" if terms.profile else ""))
    low, high = one.days(YEAR)
    return " ".join((*parts, f"{low or ''}..{high or ''}")).removesuffix(" ..")


USED = [
    ('exists [Encounter: "Visits"]', ["Encounter visits"]),
    ("exists [Encounter]", ["Encounter"]),
    ('exists ([Encounter: "Visits"] E where E.period during "Measurement Period")',
     ["Encounter visits 2025-12-31..2027-01-01"]),
    ('exists ([Encounter: "Visits"] E where E.period starts before start of "Measurement Period")',
     ["Encounter visits ..2026-01-02"]),
    ('exists ([Observation] O where O.code ~ "A1c")', ["Observation 4548-4"]),
    # A primitive has its code where codings have none: it is not looked for.
    ("exists ([Encounter] E where E.status = 'finished')", ["Encounter"]),
    # An age is a time too, of which a date says nothing.
    ('exists ([Condition: "Visits"] C where C.recordedDate during "Measurement Period")',
     ["Condition visits 2025-12-31..2027-01-01"]),
    ("AgeInYears() > 3", ["Patient"]),
    # Two conditions on times: one on or after the later bound, one on or before the earlier.
    ("exists ([Condition] C where C.recordedDate during Interval[@2020-01-01T00:00:00.0, @2024-01-01T00:00:00.0] "
     "and C.recordedDate during Interval[@2022-01-01T00:00:00.0, @2026-01-01T00:00:00.0])",
     ["Condition 2021-12-31..2024-01-02"]),
]  # fmt: skip


@pytest.mark.parametrize(("cql", "expected"), USED)
def test_what_is_used(cql: str, expected: list[str]) -> None:
    needs = needs_of(found(f"define X: {cql}\n", "X"))
    assert needs is not None
    assert sorted(map(told, needs.used)) == expected


def test_what_retrieves_give_is_told_without_conditions() -> None:
    needs = needs_of(found('define X: exists ([Encounter: "Visits"] E where E.period ends after Now())\n', "X"))
    assert needs is not None
    assert [told(one) for one in needs.retrieved] == ["Encounter visits"]


def test_what_members_have() -> None:
    body = 'define X: exists [Encounter: "Visits"] and (exists [Procedure] or exists [Observation: "A1c"])\n'
    needs = needs_of(found(body, "X", membership=["X"]))
    assert needs is not None
    clauses = sorted(sorted(map(told, clause)) for clause in needs.clauses)
    assert clauses == [["Encounter visits"], ["Observation 4548-4", "Procedure"]]


@pytest.mark.parametrize(
    "body",
    [
        "define X: Count([Resource])\n",
        "define X: [Encounter] E return (E.subject.reference.value).resolve()\n",
    ],
    ids=["any type", "references followed"],
)
def test_where_anything_may_matter(body: str) -> None:
    external = "define fluent function resolve(reference String) returns FHIR.Patient: external\n"
    assert needs_of(found(external + body, "X")) is None


@pytest.mark.parametrize(
    ("cql", "elements"),
    [
        ('exists [Encounter: "Visits"]', ("type",)),
        ('exists ([Observation] O where O.code ~ "A1c")', ("code",)),
        ('exists [MedicationRequest: "Visits"]', ("medicationCodeableConcept",)),
        ('exists [Encounter: class in "Visits"]', ("class",)),
        # What is deeper may be anywhere.
        ('exists ([Encounter] E where E.hospitalization.dischargeDisposition in "Visits")', ()),
    ],
)
def test_where_codes_are(cql: str, elements: tuple[str, ...]) -> None:
    needs = needs_of(found(f"define X: {cql}\n", "X"))
    assert needs is not None
    assert [[terms.elements for terms in one.terms] for one in needs.used] == [[elements]]


@pytest.mark.parametrize(
    ("cql", "dates", "others"),
    [
        ('exists ([Encounter] E where E.period during "Measurement Period")', ("period",), ()),
        ('exists ([Encounter] E where E.period starts during "Measurement Period")', ("period",), ()),
        ('exists ([Encounter] E where start of E.period during "Measurement Period")', ("period",), ()),
        ('exists ([Condition] C where C.recordedDate during "Measurement Period")', ("recordedDate",), ()),
        # Of an element that is deeper, or may be there several times, it is told that there is such a time somewhere.
        ('exists ([Observation] O where exists (O.component C where (C.value as FHIR.dateTime) '
         'during "Measurement Period"))', (), ()),
    ],
)  # fmt: skip
def test_where_times_are(cql: str, dates: tuple[str, ...], others: tuple[str, ...]) -> None:
    needs = needs_of(found(f"define X: {cql}\n", "X"))
    assert needs is not None
    assert {(time.dates, time.others) for one in needs.used for time in one.times} <= {(dates, others)}
    assert any(one.times for one in needs.used) or not dates


def test_where_times_of_a_choice_are() -> None:
    paths = found("define X: 1\n", "X").run.paths
    dates = paths.properties("Condition", "onset", frozenset({"dateTime", "Period"}))
    assert sorted(dates) == ["onsetDateTime", "onsetPeriod"]
    every = {"onsetAge", "onsetDateTime", "onsetPeriod", "onsetRange", "onsetString"}
    assert set(paths.properties("Condition", "onset")) == every
    assert paths.properties("Encounter", "period") == ("period",)
    assert paths.properties("Encounter", "nothing") == ()


AT_END = 'AgeInYearsAt(date from end of "Measurement Period")'
AT_START = 'AgeInYearsAt(date from start of "Measurement Period")'
AGES = [
    (f"{AT_END} in Interval[18, 75]", "1950-12-30", "2009-01-01"),
    (f"{AT_END} in Interval[18, 75)", "1950-12-30", "2009-01-01"),
    (f"Interval[18, 75] contains {AT_END}", "1950-12-30", "2009-01-01"),
    (f"{AT_END} >= 18", None, "2009-01-01"),
    (f"{AT_END} > 18", None, "2008-01-01"),
    (f"18 <= {AT_END}", None, "2009-01-01"),
    (f"{AT_START} < 2", "2023-12-31", None),
    (f"{AT_START} = 2", "2022-12-31", "2024-01-02"),
    ('AgeInMonthsAt(start of "Measurement Period") <= 6', "2025-05-31", None),
    ('years between Patient.birthDate and start of "Measurement Period" >= 65', None, "1961-01-02"),
    (f"{AT_END} >= 0", None, "2028-01-01"),
    (f"{AT_END} < 1", "2025-12-30", None),
    (f"{AT_END} < 0", "2027-12-30", None),
    (f"({AT_END} >= 18 and {AT_START} <= 30)", None, "2009-01-01"),
    # Nothing follows.
    (f"not ({AT_END} >= 18)", None, None),
    (f"({AT_END} >= 18 or exists [Encounter])", None, None),
    (f"{AT_END} >= Count([Encounter])", None, None),
    (f"{AT_END} + 1 >= 18", None, None),
    ("AgeInYearsAt(Max([Encounter] E return date from start of E.period)) >= 18", None, None),
    ('years between Coalesce(Patient.birthDate.value, @2000-01-01) and end of "Measurement Period" >= 18', None, None),
    ('years between (Patient.deceased as FHIR.dateTime) and end of "Measurement Period" >= 18', None, None),
    ('AgeInHoursAt(start of "Measurement Period") >= 18', None, None),
]


@pytest.mark.parametrize(("cql", "low", "high"), AGES)
def test_days_of_birth(cql: str, low: str | None, high: str | None) -> None:
    needs = needs_of(found(f"define X: {cql}\n", "X", membership=["X"]))
    assert needs is not None
    days = [one.days(YEAR) for clause in needs.clauses for one in clause if len(clause) == 1 and one.times]
    assert (low, high) in days if (low, high) != (None, None) else not days
    assert all(one.dates == ("birthDate",) for clause in needs.clauses for kind in clause for one in kind.times)


OPERATORS: dict[str, Callable[[int, int], bool]] = {"<": lt, "<=": le, "=": eq, ">=": ge, ">": gt}


@pytest.mark.parametrize("end", ["2026-12-31", "2024-02-29", "2025-02-28", "2025-03-31"])
@pytest.mark.parametrize("unit", ["Years", "Months", "Weeks", "Days"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_days_of_birth_are_never_too_few(operator: str, unit: str, end: str) -> None:
    at = Date.of(*map(int, end.split("-")))
    precision = {"Years": YEARS, "Months": MONTH, "Weeks": WEEK, "Days": DAY}[unit]
    periods = Periods({"Measurement Period": ("2022-01-01", end)})
    for number in (0, 1, 13):
        cql = f'AgeIn{unit}At(date from end of "Measurement Period") {operator} {number}'
        needs = needs_of(found(f"define X: {cql}\n", "X", membership=["X"]))
        assert needs is not None
        ((low, high),) = (one.days(periods) for clause in needs.clauses for one in clause if one.times)
        for day in range(at.low - 15 * 366, at.low + 800):
            birth = Date.of_day(day)
            years = duration_between_date(birth, at, precision)
            assert isinstance(years, int)
            if OPERATORS[operator](years, number):
                assert (low or "") <= str(birth) <= (high or "9999"), (number, birth)


def test_one_of_two_ages() -> None:
    cql = f"define X: {AT_END} < 2 or {AT_END} >= 65\n"
    needs = needs_of(found(cql, "X", membership=["X"]))
    assert needs is not None
    (clause,) = (clause for clause in needs.clauses if all(one.times for one in clause))
    assert {one.days(YEAR) for one in clause} == {(None, "1962-01-01"), ("2024-12-30", None)}


@pytest.mark.parametrize(
    ("cql", "there"),
    [
        ("exists ([Encounter] E where E.length is not null)", (("length",),)),
        ("exists ([Observation] O where O.value is not null)", None),
        ("exists ([MedicationRequest] R where (R.medication as FHIR.Reference).reference is not null)",
         (("medicationReference",),)),
        ("exists ([Encounter] E where E.length is null)", ()),
        ("exists ([Encounter] E where E.length is not null or E.period is not null)", ()),
    ],
)  # fmt: skip
def test_elements_that_are_there(cql: str, there: tuple[tuple[str, ...], ...] | None) -> None:
    needs = needs_of(found(f"define X: {cql}\n", "X"))
    assert needs is not None
    (used,) = needs.used
    if there is None:
        assert {"valueQuantity", "valueBoolean", "valueDateTime"} < set(used.there[0])
    else:
        assert used.there == there
