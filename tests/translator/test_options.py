"""Translator options: what they change in the meaning of CQL, and in what is written."""

from __future__ import annotations

from typing import Any

import pytest
from elm_text import show

from cqlmeasure.elm import ExpressionDef, Library, from_json, to_json, walk
from cqlmeasure.elm.base import OperatorExpression
from cqlmeasure.elm.queries import Query, Retrieve
from cqlmeasure.errors import TranslationError
from cqlmeasure.translator import SourceText, TranslatorOptions, options_of, translate, write_elm

DEFAULT_NAMES = "EnableAnnotations,EnableLocators,DisableListDemotion,DisableListPromotion"
FHIR = "using FHIR version '4.0.1'\ninclude FHIRHelpers version '1'\n"
HELPERS = (
    "library FHIRHelpers version '1'\nusing FHIR version '4.0.1'\n"
    'define function ToInterval(period FHIR.Period): Interval[period."start".value, period."end".value]\n'
    "define function ToDateTime(value FHIR.dateTime): value.value\n"
    "define function ToString(value FHIR.EncounterStatus): value.value\n"
)
EXAMPLE = """library T version '1'
define "One": 1
define "Sum": One + 2.5
define "Text": ToString(One)
define function "f"(x Integer): x
define function "f"(x String): x
define function "g"(x Decimal): x
define "Calls": Tuple { a: f(1), b: g(1) }
define function "out"(x Integer) returns String: external
"""


class Helpers:
    def find(self, name: str, version: str | None, /) -> SourceText | None:
        return SourceText(name, version, HELPERS) if name == "FHIRHelpers" else None

    def versions(self, name: str, /) -> list[str]:
        return []


def library(text: str, options: TranslatorOptions) -> Library:
    return translate(SourceText("T", "1", text), Helpers(), options=options).main.library


def value(expression: str, *names: str, before: str = "") -> Any:
    found = library(f"library T version '1'\n{before}define X: {expression}", options_of(names)).statements[-1]
    return found.expression


def written(*names: str, level: str = "Overloads") -> Library:
    options = options_of(names, signature_level=level)
    return write_elm(library(EXAMPLE, options), EXAMPLE, options, version="9.9")


def signatures(level: str) -> dict[str, list[str]]:
    """The operand types of operators and functions of the example, by definition."""
    return {
        definition.name: [",".join(map(str, node.signature)) for node in walk(definition) if hasattr(node, "signature")]
        for definition in written(level=level).statements
        if isinstance(definition, ExpressionDef) and definition.name in ("Sum", "Text", "Calls")
    }


@pytest.mark.parametrize(
    ("expression", "option", "expected"),
    [
        ("exists 1", "EnableListPromotion", "Exists(ToList(1))"),
        ("{ 1 } union 2", "EnableListPromotion", "Union(List(element=[1]), ToList(2))"),
        ("{ 1 } + 2", "EnableListDemotion", "Add(SingletonFrom(List(element=[1])), 2)"),
        ("Interval[1, 1] + 2.0", "EnableIntervalDemotion", "Add(ToDecimal(PointFrom(Interval(low=1, high=1))), 2.0)"),
        ("1 overlaps Interval[1, 2]", "EnableIntervalPromotion", "Overlaps(If(condition=IsNull(1)"),
    ],
)
def test_promotion_and_demotion(expression: str, option: str, expected: str) -> None:
    with pytest.raises(TranslationError):
        value(expression)
    assert expected in show(value(expression, option))


def test_promotion_is_the_last_resort() -> None:
    every = ("EnableListPromotion", "EnableListDemotion", "EnableIntervalPromotion", "EnableIntervalDemotion")
    for expression in ("1 + 2.0", "{ 1, 2 } union { 3 }", "1 in { 1 }", "Interval[1, 2] overlaps Interval[2, 3]"):
        assert show(value(expression, *every)) == show(value(expression))


@pytest.mark.parametrize(
    ("option", "refused", "accepted", "code"),
    [
        ("DisableListTraversal", "([Encounter]).status", "[Encounter] E return E.status", "list-traversal"),
        ("DisableMethodInvocation", "'a'.g()", "g('a')", "method-invocation"),
        ("RequireFromKeyword", "[Encounter] E return E.id", "from [Encounter] E return E.id", "missing-from"),
    ],
)
def test_options_that_refuse(option: str, refused: str, accepted: str, code: str) -> None:
    before = FHIR + "context Patient\ndefine fluent function g(x String): x\n"
    assert value(refused, before=before) is not None
    assert value(accepted, option, before=before) is not None
    with pytest.raises(TranslationError) as caught:
        value(refused, option, before=before)
    assert [found.code for found in caught.value.diagnostics] == [code]


# --- date ranges ---

PERIOD = "parameter P Interval<DateTime>\ncontext Patient\n"


@pytest.mark.parametrize(
    ("expression", "path", "where"),
    [
        ("[Encounter] E where E.period during P", "period", None),
        ("[Encounter] E where P includes E.period", None, "Includes"),
        ("[Condition] C where C.recordedDate during P", "recordedDate", None),
        ("[Encounter] E where E.period during P and E.status = 'finished'", "period", "Equal"),
        ("[Encounter] E where E.status = 'finished' and E.period during P and true", "period", "And"),
        ("[Encounter] E where E.period during P and E.period during P", "period", "IncludedIn"),
        # these stay where they are
        ("[Encounter] E where E.period during day of P", None, "IncludedIn"),
        ("[Encounter] E where E.period during P or true", None, "Or"),
        ("[Condition] C where C.onset as Period during P", None, "IncludedIn"),
        ('[Encounter] E where E.period during Interval[E.period."start".value, Now()]', None, "IncludedIn"),
        ("[Encounter] E let p: P where E.period during p", None, "IncludedIn"),
        ("from [Encounter] E, [Condition] C where E.period during P", None, "IncludedIn"),
    ],
)
def test_date_range_optimization(expression: str, path: str | None, where: str | None) -> None:
    query = value(expression, "EnableDateRangeOptimization", before=FHIR + PERIOD)
    assert isinstance(query, Query)
    retrieve = query.source[0].expression
    assert isinstance(retrieve, Retrieve)
    assert retrieve.date_property == path
    assert (retrieve.date_range is not None) is (path is not None)
    assert (type(query.where).__name__ if query.where is not None else None) == where


# --- what is written ---


def test_default_options_are_those_of_published_content() -> None:
    assert ",".join(TranslatorOptions().names) == DEFAULT_NAMES
    assert options_of(DEFAULT_NAMES.split(",")) == TranslatorOptions()


def test_the_library_says_what_it_comes_from() -> None:
    info = {"type": "CqlToElmInfo", "translatorVersion": "9.9", "translatorOptions": "EnableResultTypes"}
    names = "EnableResultTypes,DisableListDemotion,DisableListPromotion"
    found = written("EnableResultTypes", level="All")
    assert found.annotation[0] == {**info, "translatorOptions": names, "signatureLevel": "All"}
    again = write_elm(found, EXAMPLE, TranslatorOptions(), version="10")
    assert [note["translatorVersion"] for note in again.annotation] == ["10"]
    older = write_elm(found, None, TranslatorOptions(compatibility_level="1.4"), version="10")
    assert older.annotation[0]["compatibilityLevel"] == "1.4"


@pytest.mark.parametrize(
    ("option", "field"),
    [("EnableLocators", "locator"), ("EnableResultTypes", "resultTypeName"), ("EnableAnnotations", "localId")],
)
def test_writing_options(option: str, field: str) -> None:
    def has(found: Any) -> bool:
        if isinstance(found, dict):
            return field in found or any(map(has, found.values()))
        return isinstance(found, list) and any(map(has, found))

    # the result type of an external function is always there, for nothing else says what it gives
    statements = to_json(written(option))["library"]["statements"]["def"][:-1]
    assert has(statements)
    assert not has(to_json(written())["library"]["statements"]["def"][:-1])


def text(narrative: dict[str, Any]) -> str:
    """The text that an annotation cuts to pieces."""
    return "".join(narrative.get("value", [])) + "".join(map(text, narrative.get("s", [])))


def test_annotations_hold_the_text() -> None:
    found = written("EnableAnnotations").statements[1]
    assert text(found.annotation[0]["s"]) == 'define "Sum": One + 2.5'


def test_annotations_of_all_declarations_and_any_line_ends() -> None:
    lines = [
        "\ufefflibrary T",
        "/* \x0c \u2028 */ using FHIR version '4.0.1'",
        "codesystem A: 'a'",
        "code B: 'b' from A",
    ]
    cql = "\r\n".join([*lines, "parameter P Integer", "define C:", "  P"])
    found = write_elm(library(cql, TranslatorOptions()), cql, version="1")
    sections = (found.usings[1], found.code_systems[0], found.codes[0], found.parameters[0], found.statements[0])
    texts = [text(one.annotation[0]["s"]) for one in sections]
    assert texts == ["using FHIR version '4.0.1'", *lines[2:], "parameter P Integer", "define C:\r\n  P"]


def test_external_functions_keep_their_result() -> None:
    external = written().statements[-1]
    assert str(external.result_type) == "System.String"


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("None", {"Sum": ["", ""], "Text": [""], "Calls": ["", "", ""]}),
        (
            "Differing",
            {"Sum": ["System.Decimal,System.Decimal", ""], "Text": [""], "Calls": ["", "System.Decimal", ""]},
        ),
        (
            "Overloads",
            {
                "Sum": ["System.Decimal,System.Decimal", "System.Integer"],
                "Text": ["System.Integer"],
                "Calls": ["System.Integer", "", "System.Integer"],
            },
        ),
        (
            "All",
            {
                "Sum": ["System.Decimal,System.Decimal", "System.Integer"],
                "Text": ["System.Integer"],
                "Calls": ["System.Integer", "System.Decimal", "System.Integer"],
            },
        ),
    ],
)
def test_signature_levels(level: str, expected: dict[str, list[str]]) -> None:
    assert signatures(level) == expected


def test_written_elm_is_read_and_typed_again() -> None:
    plain = from_json(to_json(written()))
    typed = translate(SourceText("T", "1", elm=plain)).main.library
    before = {
        definition.name: str(definition.result_type) for definition in library(EXAMPLE, TranslatorOptions()).statements
    }
    assert {definition.name: str(definition.result_type) for definition in typed.statements} == before
    assert all(node.result_type for node in walk(typed.statements[1]) if isinstance(node, OperatorExpression))


@pytest.mark.parametrize(
    ("names", "more", "message"),
    [
        (["EnableMagic"], {}, "no translator option 'EnableMagic'; there are EnableAnnotations"),
        (["EnableListPromotion", "DisableListPromotion"], {}, "contradicts"),
        ([], {"signature_level": "Some"}, "no signature level"),
        ([], {"compatibility_level": "2"}, "no compatibility level"),
    ],
)
def test_wrong_options(names: list[str], more: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        options_of(names, **more)
