"""Which filters follow from CQL, and which must not."""

from __future__ import annotations

import pytest

from cqlmeasure.requirements import Options

from .support import module, shown

MP = '"Measurement Period"'

FOLLOWS = {
    # The retrieve's own codes.
    '[Encounter: "Visits"]': "Encounter type=visits",
    '[Observation: "A1c"]': "Observation code=4548-4",
    # Codes in conditions.
    "[Encounter] E where E.status = 'finished'": "Encounter status=finished",
    "[Encounter] E where E.status in {'finished', 'arrived'}": "Encounter status=finished,arrived",
    "[Encounter] E where E.status = 'finished' or E.status = 'arrived'": "Encounter status=finished,arrived",
    '[Observation] O where O.code ~ "A1c"': "Observation code=4548-4",
    '[Observation] O where (O.value as CodeableConcept) ~ "Yes" or (O.value as CodeableConcept) ~ "No"': (
        "Observation value=373066001,373067005"
    ),
    "[Procedure] P where P.code in \"Visits\" and P.status = 'completed'": "Procedure code=visits status=completed",
    '[Encounter] E where exists (E.reasonCode R where R ~ "Yes")': "Encounter reasonCode=373066001",
    # Dates.
    f"[Encounter] E where E.period during {MP}": "Encounter period[2026-01-01..2026-12-31]",
    f"[Encounter] E where E.period during day of {MP}": "Encounter period[2026-01-01..2026-12-31]",
    f"[Encounter] E where E.period starts during {MP}": "Encounter period[2026-01-01..]",
    f"[Encounter] E where start of E.period during {MP}": "Encounter period[2026-01-01..]",
    f"[Encounter] E where E.period ends during {MP}": "Encounter period[..2026-12-31]",
    f"[Encounter] E where end of E.period during {MP}": "Encounter period[..2026-12-31]",
    f"[Encounter] E where E.period before {MP}": "Encounter period[..2026-01-01T00:00:00.000Z]",
    f"[Encounter] E where E.period after start of {MP}": "Encounter period[2026-01-01..]",
    f"[Encounter] E where E.period overlaps {MP}": "Encounter",
    f"[Encounter] E where {MP} includes E.period": "Encounter period[2026-01-01..2026-12-31]",
    f"[ServiceRequest] S where S.authoredOn in {MP}": "ServiceRequest authoredOn[2026-01-01..2026-12-31]",
    f"[ServiceRequest] S where S.authoredOn >= start of {MP}": "ServiceRequest authoredOn[2026-01-01..]",
    f"[ServiceRequest] S where S.authoredOn 2 years or less on or before end of {MP}": (
        "ServiceRequest authoredOn[2024-12-31T23:59:59.999Z..2026-12-31]"
    ),
    f"[ServiceRequest] S where S.authoredOn during Interval[start of {MP} - 2 years, end of {MP}]": (
        "ServiceRequest authoredOn[2024-01-01..2026-12-31]"
    ),
    f"[ServiceRequest] S where date from S.authoredOn during Interval[date from start of {MP}, @2026-06-30]": (
        "ServiceRequest authoredOn[2026-01-01..2026-06-30]"
    ),
    f"[ServiceRequest] S where date from S.authoredOn = date from end of {MP}": (
        "ServiceRequest authoredOn[2026-12-31..2026-12-31]"
    ),
    # Through lets, functions, definitions, unions, flattened lists.
    f"[Encounter] E let P: E.period where P during {MP}": "Encounter period[2026-01-01..2026-12-31]",
    "Finished([Encounter])": "Encounter status=finished",
    "[Encounter] E where IsFinished(E)": "Encounter status=finished",
    'Done E where E.class ~ "Yes"': "Encounter class=373066001 status=finished",
    'exists (Done E where E.class ~ "Yes")': "Encounter class=373066001 status=finished",
    '(Done union Done) E where E.class ~ "Yes"': "Encounter class=373066001 status=finished",
    # A related row.
    "[Encounter] E with [Observation: \"A1c\"] O such that E.status = 'finished' and O.status = 'final'": (
        "Encounter status=finished"
    ),
}

HELPERS = """
define function Finished(items List<Encounter>): items I where I.status = 'finished'
define function IsFinished(item Encounter): item.status = 'finished'
define Done: Finished([Encounter])
"""


@pytest.mark.parametrize("cql", FOLLOWS)
def test_a_condition_that_every_use_implies_becomes_a_filter(cql: str) -> None:
    written = shown(f"{HELPERS}define X: {cql}\n", "X")
    assert written[0] == FOLLOWS[cql]


# Each line: definitions, and the requirements of X.
DOES_NOT_FOLLOW = {
    "first, then the condition": (
        "define X: (First([Encounter] E sort by start of period)) F where F.status = 'finished'",
        ["Encounter"],
    ),
    "the last of filtered ones": (
        "define X: (Last([Encounter] E where E.status = 'finished' sort by start of period)) F"
        " where F.period is not null",
        ["Encounter status=finished"],
    ),
    "counting all, and some": (
        "define A: [Encounter]\ndefine X: Count(A) > 3 or exists (A E where E.status = 'finished')",
        ["Encounter"],
    ),
    "one of two, differently": (
        "define A: [Encounter]\n"
        "define X: exists (A E where E.status = 'finished') and exists (A E where E.status = 'planned')",
        ["Encounter status=finished", "Encounter status=planned"],
    ),
    "or with something else": (
        "define X: [Encounter] E where E.status = 'finished' or E.period is null",
        ["Encounter"],
    ),
    "not": ("define X: [Encounter] E where not (E.status = 'finished')", ["Encounter"]),
    "implies": ("define X: [Encounter] E where E.length is null implies E.status = 'finished'", ["Encounter"]),
    "null counts as true": (
        "define X: [Encounter] E where Coalesce(E.status = 'finished', true)",
        ["Encounter"],
    ),
    "a string whatever its case": ("define X: [Encounter] E where E.status ~ 'finished'", ["Encounter"]),
    "what except takes away": (
        "define X: ([Encounter] except ([Encounter] F where F.status = 'planned')) E where E.status = 'finished'",
        ["Encounter"],
    ),
    "rows of two sources stay with each other": (
        "define P: from [Encounter] E, [Observation] O return Coalesce(E.status.value, O.status.value)\n"
        "define X: P S where S = 'final'",
        ["Encounter", "Observation"],
    ),
    "rows that are put together": (
        "define P: [Encounter] E return Tuple { a: E.status, b: 1 }\ndefine X: Count(P T return T.b)",
        ["Encounter"],
    ),
    "part of rows, counted": (
        'define P: [Encounter] E return all (E.reasonCode R where R ~ "Yes")\ndefine X: Count(P)',
        ["Encounter"],
    ),
    "one of two elements, either": (
        "define X: ([Encounter] E return Coalesce(E.class, E.serviceType.coding[0])) C where C.code = 'AMB'",
        ["Encounter class.code=AMB", "Encounter serviceType.coding.code=AMB"],
    ),
    "a time that may be an age": (
        "define function ToPeriod(choice Choice<FHIR.dateTime, FHIR.Period, FHIR.Age>):\n"
        "  case when choice is FHIR.Period then FHIRHelpers.ToInterval(choice as FHIR.Period)\n"
        "    when choice is FHIR.Age then Interval[@2020-01-01T00:00:00.0, @2021-01-01T00:00:00.0]\n"
        "    else Interval[(choice as FHIR.dateTime).value, (choice as FHIR.dateTime).value] end\n"
        "define X: [Condition] C where ToPeriod(C.onset as Choice<FHIR.dateTime, FHIR.Period, FHIR.Age>)"
        ' during "Measurement Period"',
        ["Condition"],
    ),
    "an interval of two elements": (
        "define X: [Condition] C where Interval[C.recordedDate.value, (C.onset as FHIR.dateTime).value]"
        ' during "Measurement Period"',
        ["Condition"],
    ),
    "an open end": (
        'define X: [Encounter] E where Interval[E.period.start.value, E.period.end.value) during "Measurement Period"',
        ["Encounter"],
    ),
    "a bound that depends on data": (
        "define X: [Encounter] E with [Procedure] P"
        " such that E.period during FHIRHelpers.ToInterval(P.performed as FHIR.Period)",
        ["Encounter", "Procedure"],
    ),
    "codes that are not constant": (
        "define X: [Encounter] E where E.class.code in ([Observation] O return O.status.value)",
        ["Encounter", "Observation"],
    ),
}


@pytest.mark.parametrize("name", DOES_NOT_FOLLOW)
def test_nothing_is_left_out_that_could_matter(name: str) -> None:
    body, expected = DOES_NOT_FOLLOW[name]
    assert shown(f"{body}\n", "X") == expected


def test_the_absent_rows_of_without_are_asked_for_as_far_as_they_matter() -> None:
    body = "define X: [Encounter] E without [Observation] O such that O.status = 'final' and E.status = 'finished'\n"
    assert shown(body) == ["Encounter", "Observation status=final"]


def test_filters_of_a_retrieve_differ_by_use_until_they_are_many() -> None:
    uses = "\n".join(
        f"define X{number}: [Encounter] E where E.status = 'finished' and E.class.code = '{number}'"
        for number in range(9)
    )
    assert shown(f"{uses}\n") == ["Encounter status=finished"]


def test_bounds_are_cql_when_the_period_is_not_known() -> None:
    body = (
        'define X: [Encounter] E where E.period during Interval[start of "Measurement Period" - 1 year, @2026-06-30]\n'
    )
    made = module(body, options=Options())["dataRequirement"][0]["dateFilter"][0]["valuePeriod"]["extension"][0]
    assert made["valueExpression"] == {
        "language": "text/cql-expression",
        "expression": 'Interval[start of "Measurement Period" - 1 year, @2026-06-30]',
    }
