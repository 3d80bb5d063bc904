"""The shapes of generated code that make it fast, and that they change no value."""

from __future__ import annotations

from typing import Any

import pytest
from support import FHIR, evaluator, program, subject

from cqlmeasure.errors import EvaluationError
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.runtime.values import ValueSet

SYSTEM = "http://codes"
HEAD = f"{FHIR}codesystem \"S\": '{SYSTEM}'\nvalueset \"A\": 'http://a'\nvalueset \"B\": 'http://b'\n"
CODES = 'code "X": \'x\' from "S"\ncode "Y": \'y\' from "S"\ncode "Z": \'z\' from "S"\ncontext Patient\n'
VALUE_SETS = [
    ValueSet("http://a", members=[{"system": SYSTEM, "code": "x"}, {"system": SYSTEM, "code": "y"}]),
    ValueSet("http://b", members=[{"system": SYSTEM, "code": "y"}, {"system": SYSTEM, "code": "z"}]),
]


def procedure(identifier: str, code: str, start: str = "2020-01-01", status: str = "completed") -> dict[str, Any]:
    return {
        "resourceType": "Procedure",
        "id": identifier,
        "status": status,
        "code": {"coding": [{"system": SYSTEM, "code": code}]},
        "performedDateTime": start,
    }


PROCEDURES = [
    {"resourceType": "Patient", "id": "p", "birthDate": "1980-02-03"},
    procedure("1", "z"),
    procedure("2", "x", "2020-03-01"),
    procedure("3", "y", status="stopped"),
    procedure("4", "q"),
    {"resourceType": "Procedure", "id": "5"},
]


def ids(text: str, name: str = "D") -> Any:
    found = subject(HEAD + CODES + text, PROCEDURES, value_sets=VALUE_SETS).value(name)
    return [one["id"] for one in found] if isinstance(found, list) else found


def source(text: str) -> str:
    return program(HEAD + CODES + text).source


def test_a_union_of_retrieves_is_one_look_up_in_the_order_of_its_operands() -> None:
    text = 'define D: [Procedure: "B"] union [Procedure: "A"]'
    assert "retrieve_any" in source(text)
    assert "union_lists(" not in source(text)
    assert ids(text) == ["1", "3", "2"]


def test_a_union_of_other_things_stays_one() -> None:
    text = 'define D: [Procedure: "A"] union ([Procedure: "B"] P where P.status = \'completed\') union [Procedure: "A"]'
    assert ids(text) == ["2", "3", "1"]


def test_a_filter_function_becomes_a_condition_of_the_loop() -> None:
    function = "define function Done(list List<Procedure>): list P where P.status = 'completed'\n"
    text = function + 'define D: (Done([Procedure])) P where P.code ~ "X" or P.code ~ "Z" return all P'
    assert "in f_T__Done(" not in source(text)
    assert ids(text) == ["1", "2"]


def test_fused_filters_of_null() -> None:
    function = "define function Done(list List<Procedure>): list P where P.status = 'completed'\n"
    text = function + 'define D: (Done(null as List<Procedure>)) P where P.code ~ "X"'
    assert ids(text) is None


def test_a_fused_filter_sees_the_names_of_its_own_library() -> None:
    other = (
        f"library O version '1'\n{FHIR}context Patient\n"
        "define P: 'completed'\n"
        "define function Done(list List<Procedure>, wanted String): list P where P.status = wanted"
    )
    text = f"{FHIR}include O version '1'\ncontext Patient\ndefine Status: 'stopped'\n"
    text += "define D: (O.Done([Procedure], 'stopped')) Q let P: 1 where P = 1 return Q.id.value"
    assert subject(text, PROCEDURES, others={"O": other}).value("D") == ["3"]


def test_several_codes_are_asked_for_at_once() -> None:
    text = 'define D: [Procedure] P where P.code ~ "X" or P.code ~ "Y" or P.status = \'none\''
    assert "concept_among(" in source(text)
    assert ids(text) == ["2", "3"]


ENCOUNTERS = [
    {"resourceType": "Encounter", "id": "1", "type": [{"coding": [{"system": SYSTEM, "code": "q"}]}]},
    {"resourceType": "Encounter", "id": "2", "type": [{"text": "none"}, {"coding": [{"system": SYSTEM, "code": "x"}]}]},
    {"resourceType": "Encounter", "id": "3"},
    {"resourceType": "Encounter", "id": "4", "type": [{"coding": [{"system": "http://other", "code": "x"}]}]},
    {"resourceType": "Encounter", "id": "5", "type": [{"coding": [{"code": "z"}, {"system": SYSTEM, "code": "y"}]}]},
]


@pytest.mark.parametrize(
    ("condition", "one_call", "expected"),
    [
        ('exists (E.type T where T ~ "X")', True, ["2"]),
        ('exists (E.type T where T ~ "X" or T ~ "Y")', True, ["2", "5"]),
        ('exists (E.type T where T ~ "X" or T ~ "Y" return T.text)', False, []),
        ("exists (E.type T where T ~ \"X\" and E.id.value = '2')", False, ["2"]),
        ('not exists (E.type T where T ~ "X")', True, ["1", "3", "4", "5"]),
    ],
)
def test_a_list_of_concepts_is_asked_for_codes_in_one_call(condition: str, one_call: bool, expected: list[str]) -> None:
    text = f"{HEAD}{CODES}define D: [Encounter] E where {condition} return all E.id.value"
    assert ("any_among(" in program(text).source) is one_call
    assert subject(text, ENCOUNTERS).value("D") == expected


def test_a_choice_by_type_asks_for_null_first() -> None:
    text = (
        f"{HEAD}{CODES}define function Kind(p Procedure):\n"
        "  if p.performed is FHIR.dateTime then 'moment'\n"
        "  else if p.performed is FHIR.Period then 'period' else null\n"
        "define D: [Procedure] P return all Kind(P)"
    )
    performed = [{"performedPeriod": {"start": "2020"}}, {"performedString": "once"}, {}]
    others = [{"resourceType": "Procedure", "id": f"o{number}", **one} for number, one in enumerate(performed)]
    assert subject(text, [*PROCEDURES[:2], *others]).value("D") == ["moment", "period", None, None]
    helpers = text.replace("p.performed is FHIR.dateTime", "FHIRHelpers.ToValue(p.performed) is DateTime").replace(
        "p.performed is FHIR.Period", "FHIRHelpers.ToValue(p.performed) is Interval<DateTime>"
    )
    body = program(helpers).source.partition("def f_T__Kind")[2].partition("\n\n")[0]
    assert body.count(" is None else ") == 1
    assert subject(helpers, [*PROCEDURES[:2], *others]).value("D") == ["moment", "period", None, None]


def test_what_is_needed_twice_is_evaluated_once() -> None:
    function = "define function Slow(p Procedure): First(({1, 2}) X sort desc) + Length(p.status.value)\n"
    text = function + "define D: [Procedure] P where Slow(P) > 8 and Slow(P) < 20 return all Slow(P)"
    body = source(text).partition("def d_T__D")[2].partition("\n\n")[0]
    assert body.count("f_T__Slow(c") == 1
    assert subject(HEAD + CODES + text, PROCEDURES, value_sets=VALUE_SETS).value("D") == [11, 11, 9, 11]


def test_a_shared_value_is_not_read_where_it_was_not_evaluated() -> None:
    function = "define function F(p Procedure): Length(p.status.value)\n"
    text = function + (
        "define D: [Procedure] P return all "
        "case when P.id.value = '1' then F(P) when F(P) = 7 then F(P) + 100 else 0 end"
    )
    assert subject(HEAD + CODES + text, PROCEDURES, value_sets=VALUE_SETS).value("D") == [9, 0, 107, 0, 0]


def test_conditions_on_outer_sources_are_asked_before_the_inner_ones() -> None:
    sources = "from ({1, 2, 3}) A, ({1, 2, 3}) B, ({1, 2, 3}) C"
    text = f"define D: {sources} where C = 3 and A = 2 and B > A return all A * B * C"
    lines = program(text).source.partition("def d_T__D")[2].partition("\n\n")[0].splitlines()
    conditions = [line for line in lines if line.strip().startswith("if not")]
    assert len({len(line) - len(line.lstrip()) for line in conditions}) == 3
    assert subject(text).value("D") == [18]


@pytest.mark.parametrize(("expression", "expected"), [("Kind(4)", "i4"), ("Kind('x')", "sx"), ("Kind(true)", "?")])
def test_after_a_test_of_a_type_the_type_is_known(expression: str, expected: str) -> None:
    text = (
        "define function Kind(v Choice<Integer, String, Boolean>): "
        "case when v is Integer then 'i' + ToString(v as Integer)"
        f" when v is String then 's' + (v as String) else '?' end\ndefine D: {expression}"
    )
    assert "as_type" not in program(text).source
    assert subject(text).value("D") == expected


def test_functions_over_the_data_are_memoised() -> None:
    function = (
        "define function Later(p Procedure): "
        'First([Procedure: "A"] Q where Q.id.value > p.id.value return Q.id.value)\n'
    )
    text = (
        function
        + "define D: [Procedure] P return all Coalesce(Later(P), 'none')\ndefine E: [Procedure] P return all Later(P)"
    )
    assert "memo" in source(text)
    found = subject(HEAD + CODES + text, PROCEDURES, value_sets=VALUE_SETS)
    assert found.value("D") == ["2", "3", "none", "none", "none"]
    assert found.value("E") == ["2", "3", None, None, None]


def test_messages_are_not_lost_to_a_memo() -> None:
    function = "define function Tell(p Procedure): Message(exists [Procedure], true, 'c', 'Warning', 'seen')\n"
    text = HEAD + CODES + function + "define D: [Procedure] P return all Tell(P) and Tell(P)"
    assert "memo" not in program(text).source
    found = subject(text, PROCEDURES[:3], value_sets=VALUE_SETS)
    assert found.value("D") == [True, True]
    assert len(found.messages()) >= 2


def test_ages_are_shared_between_definitions() -> None:
    text = (
        f"{FHIR}parameter P Interval<DateTime>\ncontext Patient\n"
        "define A: AgeInYearsAt(start of P) > 18\ndefine B: AgeInYearsAt(start of P) < 65"
    )
    made = program(text).source
    slots = {line.partition(" keep(c, ")[2].partition(",")[0] for line in made.splitlines() if " keep(c, " in line}
    assert len(slots) == 1


def test_a_failure_in_a_fused_filter_is_placed_in_it() -> None:
    function = (
        "define function Bad(list List<Procedure>):\n  list P\n"
        "    where P.status = (singleton from {'a', P.id.value})\n"
    )
    shared = evaluator(HEAD + CODES + function + "define D: (Bad([Procedure])) Q where true", value_sets=VALUE_SETS)
    with pytest.raises(EvaluationError) as failure:
        shared.subject(Subject("s", PROCEDURES)).value("D")
    assert failure.value.definition == "Bad"
