"""Expressions and their parameters, as Python callers use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm
from cqlmeasure.typesys import LONG, ChoiceType, IntervalType, ListType, NamedType

MEASURE = "DiabetesHbA1cPoorControl"


@pytest.mark.parametrize(
    ("expression", "parameters", "text"),
    [
        ("x + 1", {"x": 5}, "6"),
        ("x", {"x": "1 + 1"}, "'1 + 1'"),
        ("x", {"x": cm.Cql("1 + 1")}, "2"),
        ('"a b" union {3}', {"a b": [1, 2]}, "{ 1, 2, 3 }"),
        ("x is null", {"x": None}, "true"),
        ("x.unit", {"x": cm.Cql("5 'mg'")}, "'mg'"),
        ("end of x", {"x": cm.Cql("Interval[@2026-01-01, @2026-12-31]")}, "@2026-12-31"),
    ],
)
def test_parameters(expression: str, parameters: dict[str, Any], text: str) -> None:
    assert cm.to_cql(cm.evaluate_expression(expression, **parameters)) == text


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with parameters of many types."""
    (tmp_path / "Limits.cql").write_text("""library Limits version '1'
parameter "Upper" Decimal
parameter "Window" Interval<DateTime>
parameter "Names" List<String> default {'a'}
parameter "Either" Choice<Integer, String>
parameter "Pair" Tuple { low Integer, high Integer }
parameter "Coded" Code
parameter "Anything" Any
context Unfiltered
define "All": Tuple { upper: "Upper", window: "Window", names: "Names", either: "Either", pair: "Pair",
  coded: "Coded", anything: "Anything" }
""")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value", "element", "text"),
    [
        ("Upper", "5", "upper", "5.0"),
        ("Limits.Upper", "5", "upper", "5.0"),
        ("Window", "Interval[@2026-01-01, @2026-02-01)", "window", "Interval[@2026-01-01T, @2026-02-01T)"),
        ("Names", "{'x', 'y'}", "names", "{ 'x', 'y' }"),
        ("Names", "null", "names", "null"),
        ("Either", "'five'", "either", "'five'"),
        ("Pair", "Tuple { low: 1, high: 2 }", "pair", "Tuple { low: 1, high: 2 }"),
        ("Coded", "Code { code: 'c', system: 's' }", "coded", "Code { code: 'c', system: 's' }"),
        ("Anything", "@T08:30", "anything", "@T08:30"),
    ],
)
def test_parameters_of_libraries(library: Path, name: str, value: str, element: str, text: str) -> None:
    session = cm.Session(library, includes=["Limits|1"], parameters={name: cm.Cql(value)})
    assert cm.to_cql(session.evaluate(f'Limits."All".{element}').value) == text
    session.check_parameters()


@pytest.mark.parametrize(
    ("name", "value", "messages"),
    [
        ("Upper", "'five'", ("parameter 'Upper'", "String", "System.Decimal")),
        ("Upper", "5 +", ("parameter 'Upper'", "expected an expression")),
        ("Upper", "fife", ("parameter 'Upper'", "1:1: ", "fife")),
        ("Names", "{1}", ("parameter 'Names'", "List<")),
        ("Uper", "5", ("no expression uses the parameter 'Uper'", "did you mean 'Upper'")),
    ],
)
def test_parameters_that_do_not_fit(library: Path, name: str, value: str, messages: tuple[str, ...]) -> None:
    session = cm.Session(library, includes=["Limits|1"], parameters={"x": 1, name: cm.Cql(value)})
    with pytest.raises(cm.CqlMeasureError) as caught:
        session.evaluate('Limits."All"')
        session.evaluate("x")
        session.check_parameters()
    assert all(message in str(caught.value) for message in messages), str(caught.value)


def test_a_measure_takes_parameters_and_the_moment(repository: Path, tmp_path: Path) -> None:
    source = repository / "measures" / "diabetes-hba1c"
    for file in source.rglob("*"):
        if file.is_file():
            target = tmp_path / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    cql = tmp_path / "input" / "cql" / f"{MEASURE}.cql"
    text = (
        cql.read_text()
        .replace("> 9 '%'", "> Limit")
        .replace("\ncontext Patient", "\nparameter Limit Quantity\n\ncontext Patient")
    )
    cql.write_text(text)
    measure = cm.Content(tmp_path).measure(MEASURE)
    patients = list(cm.subjects(tmp_path / "input" / "tests" / "measure" / MEASURE))

    def numerator(limit: Any) -> int:
        result = measure.evaluate(patients, period="2026", parameters={"Limit": limit})
        return int(sum(row["numerator"] for row in result.rows()))

    assert numerator(cm.Cql("9 '%'")) == 3
    assert numerator(cm.Cql("8.9 '%'")) == 4
    with pytest.raises(cm.UsageError, match="there is no parameter 'Limt'"):
        measure.evaluate(patients, parameters={"Limt": 5})
    with pytest.raises(cm.UsageError, match="is set by the period"):
        measure.evaluate(patients, parameters={"Measurement Period": None})


LITERALS = [
    ("Boolean", "true", "true"),
    ("Integer", "5", "5"),
    ("Long", "5", "5L"),
    ("Decimal", "5L", "5.0"),
    ("String", "'x'", "'x'"),
    ("Date", "@2026", "@2026"),
    ("DateTime", "@2026-01-01", "@2026-01-01T"),
    ("Time", "@T10", "@T10"),
    ("Quantity", "5 'mg'", "5.0 'mg'"),
    ("Ratio", "1 'mg' : 2 'mL'", "1.0 'mg' : 2.0 'mL'"),
    ("Concept", "Code { code: 'c' }", "Concept { codes: { Code { code: 'c' } } }"),
    ("Interval<Quantity>", "Interval[1 'mg', 2 'mg')", "Interval[1.0 'mg', 2.0 'mg')"),
    ("List<Interval<Date>>", "{ Interval[@2026, @2027] }", "{ Interval[@2026, @2027] }"),
]


@pytest.mark.parametrize(("kind", "value", "text"), LITERALS, ids=[kind for kind, _, _ in LITERALS])
def test_parameters_of_every_type(tmp_path: Path, kind: str, value: str, text: str) -> None:
    lines = ["library Typed version '1'", f"parameter X {kind}", "context Unfiltered", "define Value: X"]
    (tmp_path / "Typed.cql").write_text("\n".join(lines))
    session = cm.Session(tmp_path, includes=["Typed"], parameters={"X": cm.Cql(value)})
    assert cm.to_cql(session.evaluate('Typed."Value"').value) == text


@pytest.mark.parametrize(
    ("now", "zone", "text"),
    [
        ("2026-07-01", None, "@2026-07-01T00:00:00.000+00:00"),
        ("2026-07-01T08:30", "+02:00", "@2026-07-01T08:30:00.000+02:00"),
        ("2026-07-01T08:30Z", "+02:00", "@2026-07-01T10:30:00.000+02:00"),
    ],
)
def test_now(now: str, zone: str | None, text: str) -> None:
    assert cm.to_cql(cm.evaluate_expression("Now()", now=now, timezone=zone)) == text


def test_now_must_be_a_time() -> None:
    with pytest.raises(cm.UsageError, match="there is no date and time 'noon'"):
        cm.evaluate_expression("Now()", now="noon")


RESOURCES: list[tuple[Any, Any, list[dict[str, Any]]]] = [
    (5, None, [{"name": "return", "valueInteger": 5}]),
    ([1, 2], None, [{"name": "return", "valueInteger": 1}, {"name": "return", "valueInteger": 2}]),
    (
        cm.evaluate_expression("5L"),
        LONG,
        [
            {
                "name": "return",
                "extension": [
                    {"url": "http://hl7.org/fhir/StructureDefinition/cqf-cqlType", "valueString": "System.Long"}
                ],
                "valueString": "5",
            }
        ],
    ),
    (
        {"resourceType": "Patient", "id": "p"},
        None,
        [{"name": "return", "resource": {"resourceType": "Patient", "id": "p"}}],
    ),
    (
        cm.evaluate_expression("Interval[@2026-01-01, @2026-12-31]"),
        IntervalType(NamedType("System", "Date")),
        [{"name": "return", "valuePeriod": {"start": "2026-01-01", "end": "2026-12-31"}}],
    ),
    (
        [{"start": "2026"}],
        ListType(NamedType("FHIR", "Period")),
        [{"name": "return", "valuePeriod": {"start": "2026"}}],
    ),
    ("x", ChoiceType((NamedType("System", "String"), LONG)), [{"name": "return", "valueString": "x"}]),
    ({"code": "c"}, NamedType("System", "Code"), [{"name": "return", "valueCoding": {"code": "c"}}]),
]


@pytest.mark.parametrize(
    ("value", "kind", "expected"), RESOURCES, ids=[str(number) for number in range(len(RESOURCES))]
)
def test_fhir_parameters(value: Any, kind: Any, expected: list[dict[str, Any]]) -> None:
    found = cm.fhir_parameters([("return", value, kind)])
    assert found == {"resourceType": "Parameters", "parameter": expected}


def test_session_keeps_definitions() -> None:
    session = cm.Session()
    assert session.define('define "Two": 2') == ["Two"]
    assert session.define("define function double(x Integer): x * Two") == ["double(Integer)"]
    assert session.evaluate("double(4)").value == 8
    session.define("define Two: 3")
    assert session.evaluate("double(4)").value == 12
    with pytest.raises(cm.TranslationError, match="1:13"):
        session.define("define Bad: nothing_like_this")
    assert session.definitions == ["double(Integer)", "Two"]
    assert str(session.type_of("Two + 1.0")) == "System.Decimal"
    assert session.elm_of("1 + 2")["type"] == "Add"
    assert "return value" in session.python_of("Two + 1")
