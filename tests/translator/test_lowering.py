"""What CQL becomes in ELM, and where and how its errors are reported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from elm_text import show

from cqlmeasure.elm import ExpressionDef, from_json, to_json, walk
from cqlmeasure.elm.base import Expression
from cqlmeasure.errors import TranslationError
from cqlmeasure.translator import SourceText, annotate, translate

DATA = Path(__file__).parent / "data"


def read_rows() -> Iterator[tuple[str, str]]:
    lines = [line for line in (DATA / "lowering.txt").read_text().splitlines() if line and not line.startswith("#")]
    for cql, elm in zip(lines[::2], lines[1::2], strict=True):
        yield cql, elm.strip()


ROWS = list(read_rows())


def definition(text: str) -> ExpressionDef:
    return translate(SourceText("Test", None, text)).main.library.statements[-1]


@pytest.mark.parametrize(("cql", "expected"), ROWS, ids=lambda value: value[:40])
def test_expression(cql: str, expected: str) -> None:
    found = definition(f'define "X":\n  {cql}')
    assert f"{show(found.expression)} : {found.result_type}" == expected


@pytest.mark.parametrize("cql", [cql for cql, _ in ROWS], ids=lambda value: value[:40])
def test_elm_is_typed_and_survives_json(cql: str) -> None:
    library = translate(SourceText("Test", None, f'define "X":\n  {cql}')).main.library
    untyped = [node for node in walk(library) if isinstance(node, Expression) and node.result_type is None]
    assert not [node for node in untyped if type(node).__name__ != "CodeSystemRef"]
    assert from_json(to_json(library)) == library


HEADER = """library Test version '1'
using QICore version '6.0.0'
include FHIRHelpers version '4.4.000' called FHIRHelpers
valueset "VS": 'http://example.org/vs'
codesystem "CS": 'http://example.org/cs'
code "C": 'c' from "CS"
context Patient
"""
HELPERS = """library FHIRHelpers version '4.4.000'
using FHIR version '4.0.1'
define function ToConcept(concept FHIR.CodeableConcept) returns System.Concept: null as System.Concept
define function ToCode(coding FHIR.Coding) returns System.Code: null as System.Code
define function ToInterval(period FHIR.Period) returns Interval<System.DateTime>: null as Interval<System.DateTime>
define function ToQuantity(quantity FHIR.Quantity) returns System.Quantity: null as System.Quantity
define function ToString(value FHIR.uri) returns System.String: value.value
define function ToValue(value Choice<FHIR.boolean, FHIR.string, FHIR.Quantity, FHIR.CodeableConcept, FHIR.dateTime,
  FHIR.Period>) returns Choice<Boolean, String, System.Quantity, System.Concept, DateTime, Interval<DateTime>>: null
"""


class Helpers:
    """A provider with a small FHIRHelpers."""

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        found = name == "FHIRHelpers" and version in (None, "4.4.000")
        return SourceText("FHIRHelpers", "4.4.000", HELPERS) if found else None

    def versions(self, name: str, /) -> list[str]:
        return ["4.4.000"] if name == "FHIRHelpers" else []


QICORE = [
    (
        '[Encounter: "VS"]',
        'Retrieve(data_type=FHIR.Encounter, code_property="type", code_comparator="in", codes=ValueSetRef(name="VS"))',
    ),
    (
        '[ConditionEncounterDiagnosis: "C"]',
        'Retrieve(data_type=FHIR.Condition, code_property="code", code_comparator="~", '
        'codes=ToList(CodeRef(name="C")))',
    ),
    (
        '[ServiceNotRequested: "VS"]',
        'Union(Retrieve(data_type=FHIR.ServiceRequest, code_property="code", code_comparator="in", '
        'codes=ValueSetRef(name="VS")), Retrieve(data_type=FHIR.ServiceRequest, code_property="code", '
        'code_comparator="~", codes=ValueSetRef(name="VS")))',
    ),
    (
        "[Encounter] E return E.status",
        'Query(source=[AliasedQuerySource(alias="E", expression=Retrieve(data_type=FHIR.Encounter))], '
        'return=ReturnClause(expression=Property(path="value", source=Property(path="status", scope="E"))))',
    ),
    (
        "[Encounter] E return E.period",
        'Query(source=[AliasedQuerySource(alias="E", expression=Retrieve(data_type=FHIR.Encounter))], '
        'return=ReturnClause(expression=FunctionRef(name="ToInterval", library_name="FHIRHelpers", '
        'Property(path="period", scope="E"))))',
    ),
    (
        "AgeInYearsAt(@2020-01-01)",
        'CalculateAgeAt(Property(path="value", source=Property(path="birthDate", '
        'source=ExpressionRef(name="Patient"))), Date(year=2020, month=1, day=1), precision="Year")',
    ),
]


@pytest.mark.parametrize(("cql", "expected"), QICORE, ids=lambda value: value[:40])
def test_model_with_target_maps(cql: str, expected: str) -> None:
    text = f'{HEADER}define "X": {cql}'
    found = translate(SourceText("Test", "1", text), Helpers()).main.library.statements[-1]
    assert show(found.expression) == expected


ERRORS = [
    # text, code, line:column, in the hint
    ("define X: Y", "unknown-identifier", "1:11", None),
    ('define "Number": 1\ndefine X: Numbr', "unknown-identifier", "2:11", "Number"),
    ("define X: 1 + 'a'", "no-overload", "1:11", "ToString(...) makes a String of Integer"),
    (
        "define X: 1 < 'a'",
        "no-overload",
        "1:11",
        "'<'(Integer, Integer): the right operand, String, does not convert to Integer",
    ),
    ("define X: Tuple { a: 1 }.b", "unknown-element", "1:11", None),
    ("define X: Tuple { apple: 1 }.aple", "unknown-element", "1:11", "apple"),
    ("define X: Foo(1)", "unknown-function", "1:11", None),
    ("define X: Coun({1})", "unknown-function", "1:11", "Count"),
    ("define X: 1 as Integr", "unknown-type", "1:16", "Integer"),
    ("define X: X", "circular-definition", "1:11", None),
    ("define X: Y\ndefine Y: X", "circular-definition", "2:11", None),
    ("define X: 1\ndefine X: 2", "duplicate-name", "2:8", None),
    ("define X: if 1 then 2 else 3", "type-mismatch", "1:14", None),
    ("define X: ({1}) A where A", "type-mismatch", "1:25", None),
    ("define X: from ({1}) A, ({2}) A", "duplicate-alias", "1:31", None),
    ("define X: (1) A sort desc", "sort-of-one", "1:17", None),
    ("define X: 3000000000", "number-range", "1:11", "Long"),
    ("define X: Message(1, true)", "no-overload", "1:11", "Message(source"),
    ("define X: $this", "misplaced-this", "1:11", None),
    (
        "define function F(a Integer): G(a)\ndefine function G(a Integer): F(a)",
        "circular-definition",
        "2:31",
        "returns",
    ),
    ("include Other version '1'\ndefine X: 1", "missing-library", "1:1", "no version"),
    ("using FHIR version '9.9'\ndefine X: 1", "unknown-model", "1:1", "4.0.1"),
    ("using FHIR version '4.0.1'\ndefine X: [Quantity]", "not-retrievable", "2:12", None),
    ("using FHIR version '4.0.1'\ndefine X: [Encountr]", "unknown-type", "2:12", "Encounter"),
    ("using FHIR version '4.0.1'\ncontext Pationt\ndefine X: 1", "unknown-context", "2:9", "Patient"),
    ('code "C": \'c\' from "Missing"\ndefine X: 1', "unknown-code-system", "1:20", "codesystem"),
    ("define X: AgeInYears()", "no-birth-date", "1:11", "context Patient"),
    ("define X: minimum String", "no-extent", "1:11", None),
]


@pytest.mark.parametrize(("text", "code", "place", "hint"), ERRORS, ids=lambda value: str(value)[:40])
def test_error(text: str, code: str, place: str, hint: str | None) -> None:
    with pytest.raises(TranslationError) as caught:
        translate(SourceText("Test", None, text, file="test.cql"))
    first = caught.value.diagnostics[0]
    assert first.span is not None
    assert (first.code, f"{first.span.line}:{first.span.column}") == (code, place)
    assert first.source_line == text.splitlines()[first.span.line - 1]
    assert hint is None or hint in (first.hint or "")


def test_all_errors_in_one_run_and_each_cause_once() -> None:
    text = "define A: Unknown1\ndefine B: A\ndefine C: 1 + 'a'\ndefine D: Tuple { x: Unknown2, y: Unknown3 }"
    with pytest.raises(TranslationError) as caught:
        translate(SourceText("Test", None, text))
    found = [(item.code, item.span.line if item.span else 0) for item in caught.value.diagnostics]
    assert found == [
        ("unknown-identifier", 1),
        ("no-overload", 3),
        ("unknown-identifier", 4),
        ("unknown-identifier", 4),
    ]


def test_include_of_another_version_names_those_there() -> None:
    text = "library T version '1'\nusing FHIR version '4.0.1'\ninclude FHIRHelpers version '9'\ndefine X: 1"
    with pytest.raises(TranslationError) as caught:
        translate(SourceText("T", "1", text), Helpers())
    assert "'4.4.000'" in (caught.value.diagnostics[0].hint or "")
    done = translate(SourceText("T", "1", text), Helpers(), any_version=True)
    assert [item.code for item in done.diagnostics] == ["other-version"]
    assert done.main.library.includes[0].version == "4.4.000"


def test_annotations_put_together_are_the_text() -> None:
    text = 'define "A": 1 + 2\n\ndefine "B":\n  ({1, 2}) X\n    where X > "A"'
    annotated = annotate(translate(SourceText("T", None, text)).main.library, text)

    def plain(narrative: dict[str, object]) -> str:
        if "value" in narrative:
            return "".join(narrative["value"])  # type: ignore[arg-type]
        return "".join(plain(part) for part in narrative["s"])  # type: ignore[attr-defined]

    texts = [plain(item.annotation[0]["s"]) for item in annotated.statements]
    assert texts == ['define "A": 1 + 2', 'define "B":\n  ({1, 2}) X\n    where X > "A"']


def test_long_chains_need_no_recursion() -> None:
    found = definition("define X: 1" + " + 1" * 3000)
    assert str(found.result_type) == "System.Integer"


FHIR_HEADER = """library Test version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.4.000' called FHIRHelpers
valueset "VS": 'http://example.org/vs'
context Patient
"""
FHIR_MODEL = [
    (
        "[Encounter] E where E.period during Interval[@2020-01-01T00, @2021-01-01T00]",
        'IncludedIn(FunctionRef(name="ToInterval", library_name="FHIRHelpers", Property(path="period", scope="E"))',
    ),
    ("[Encounter] E return E.period.start", 'Property(path="start", source=Property(path="period", scope="E"))'),
    (
        '[MedicationRequest: medication in "VS"]',
        'Retrieve(data_type=FHIR.MedicationRequest, code_property="medication"',
    ),
]


@pytest.mark.parametrize(("cql", "expected"), FHIR_MODEL, ids=lambda value: value[:40])
def test_model_with_conversions(cql: str, expected: str) -> None:
    text = f'{FHIR_HEADER}define "X": {cql}'
    assert expected in show(translate(SourceText("Test", "1", text), Helpers()).main.library.statements[-1].expression)
