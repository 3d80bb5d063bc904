"""The generated source: safe, shallow, located."""

from __future__ import annotations

import ast
import linecache

import pytest
from support import evaluator, program, subject, value

from cqlmeasure.compiler import compile_library
from cqlmeasure.elm import from_json
from cqlmeasure.errors import ContentError, EvaluationError, Span
from cqlmeasure.runtime.subject import Subject

HOSTILE = 'x\'); raise SystemExit #\n"""\\'


def test_names_and_literals_are_escaped() -> None:
    library = {
        "library": {
            "identifier": {"id": HOSTILE, "version": HOSTILE},
            "statements": {
                "def": [
                    {
                        "name": HOSTILE,
                        "context": "Patient",
                        "expression": {
                            "type": "Tuple",
                            "element": [
                                {
                                    "name": HOSTILE,
                                    "value": {
                                        "type": "Literal",
                                        "valueType": "{urn:hl7-org:elm-types:r1}String",
                                        "value": HOSTILE,
                                    },
                                }
                            ],
                        },
                    }
                ]
            },
        }
    }
    made = compile_library(from_json(library))
    ast.parse(made.source)
    from support import NOW

    from cqlmeasure.evaluation import Evaluator, environment

    shared = environment(made, now=NOW, parameters={}, value_set=lambda url, version: None)  # type: ignore[arg-type, return-value]
    assert Evaluator(made, shared).subject(Subject("s", [])).value(HOSTILE) == {HOSTILE: HOSTILE}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (" and ".join(["true"] * 3000), True),
        (" or ".join(["(1 = null)"] * 500), None),
        (" + ".join(["1"] * 300), 300),
        ("(" * 60 + "1" + " + 1)" * 60, 61),
        ("not " * 200 + "true", True),
    ],
)
def test_long_and_deep_expressions(expression: str, expected: object) -> None:
    assert value(expression) == expected


def test_many_nested_queries() -> None:
    text = "({1}) A0 where A0 = 1"
    for depth in range(1, 25):
        text = f"({{1}}) A{depth} where exists ({text}) and A{depth} = 1"
    assert value(text) == [1]


def test_failure_has_library_definition_and_place() -> None:
    text = "define A:\n  1 +\n    singleton from {1, 2}\ndefine B: 2"
    found = subject(text)
    with pytest.raises(EvaluationError) as failure:
        found.value("A")
    assert failure.value.library == "T|1"
    assert failure.value.definition == "A"
    assert failure.value.span is not None and failure.value.span.line in (3, 4)
    assert found.value("B") == 2


def test_failure_in_a_condition_is_placed_there() -> None:
    text = "define A:\n  ({1}) X\n    where X = (singleton from {1, X})\n    return X"
    with pytest.raises(EvaluationError) as failure:
        subject(text).value("A")
    assert failure.value.span is not None
    assert (failure.value.span.line, failure.value.span.end_line) == (4, 4)


def test_source_is_in_linecache() -> None:
    made = evaluator("define A: 1").program
    assert linecache.getlines(made.file) == made.source.splitlines(True)


def test_constant_parts_are_evaluated_once_for_all_subjects() -> None:
    text = "parameter P Interval<DateTime>\ndefine A: ({1, 2}) X where X = 1 and start of P = end of P"
    functions, _, constants = program(text).source.rpartition("return value")
    assert "start_interval(P_P" in constants
    assert "start_interval" not in functions.partition("def ")[2]


def test_a_constant_that_fails_fails_only_those_who_need_it() -> None:
    bad = "(Message(true, true, 'c', 'Error', 'broken'))"
    found = subject(f"define A: First({{1, singleton from {{1, 2}}}})\ndefine B: 1 = 2 and {bad}\ndefine C: 5")
    with pytest.raises(EvaluationError, match="singleton"):
        found.value("A")
    assert (found.value("B"), found.value("C")) == (False, 5)


def test_unknown_names() -> None:
    with pytest.raises(EvaluationError, match='no definition "Nothing"'):
        subject("define A: 1").value("Nothing")
    with pytest.raises(EvaluationError, match='no function "Nothing"'):
        subject("define A: 1").call("Nothing", 1)


def test_missing_include_is_named() -> None:
    library = {
        "library": {
            "identifier": {"id": "A", "version": "1"},
            "includes": {"def": [{"localIdentifier": "B", "path": "B", "version": "2"}]},
        }
    }
    with pytest.raises(ContentError, match=r"B\|2"):
        compile_library(from_json(library))


def test_circular_definitions_are_an_error() -> None:
    reference = {"type": "ExpressionRef", "name": "A"}
    library = {
        "library": {
            "identifier": {"id": "L"},
            "statements": {"def": [{"name": "A", "context": "Patient", "expression": reference}]},
        }
    }
    with pytest.raises(ContentError, match="refers to itself"):
        compile_library(from_json(library))


def test_span_of_a_locator() -> None:
    assert Span.from_locator("1:2-3:4") == Span(1, 2, 3, 4)
