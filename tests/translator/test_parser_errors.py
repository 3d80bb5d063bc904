"""Broken CQL: where the error is, what it is called, and what is read nevertheless."""

from __future__ import annotations

import sys

import pytest

from cqlmeasure.errors import Diagnostic, Severity, render
from cqlmeasure.translator import syntax
from cqlmeasure.translator.parser import parse_expression, parse_library
from cqlmeasure.translator.parser.core import MAX_NESTING

# The text; line:column and code of each diagnostic; the names of the definitions that are read.
ROWS: list[tuple[str, list[str], list[str]]] = [
    ("define A: (1 + 2\ndefine B: 3", ["2:1 unexpected-token"], ["B"]),
    ("define A: \ndefine B: 1", ["2:1 unexpected-token"], ["B"]),
    ("define A 5\ndefine B: 1", ["1:10 unexpected-token"], ["B"]),
    ("define A: 1 +", ["1:14 unexpected-end"], []),
    ("define A: 1 +\n\n// end\n", ["1:14 unexpected-end"], []),
    ("define A: [X].code", ["1:14 unexpected-token"], []),
    ("define A: 1 == 2", ["1:14 unexpected-token"], []),
    ("define A: 1 <> 2", ["1:14 unexpected-token"], []),
    ("define A: a && b", ["1:14 unexpected-token"], []),
    ("define A: a || b", ["1:14 unexpected-token"], []),
    ("define A: !a", ["1:11 unknown-character"], ["A"]),
    ("define A: 'abc\ndefine B: 1", ["1:11 unterminated-string"], ["A", "B"]),
    ("define A: \"abc\ndefine B: 'x'", ["1:11 unterminated-name"], ["A", "B"]),
    ("define A: 1 /* never", ["1:13 unterminated-comment"], ["A"]),
    ("define A: f(x) a where a", ["1:11 query-source"], ["A"]),
    ("define A: if a then b", ["1:22 unexpected-end"], []),
    ("define A: case when a then b end", ["1:30 unexpected-token"], []),
    ("define date: 1", ["1:8 reserved-word"], ["date"]),
    ("define A: [X] code where 1", ["1:15 unexpected-token"], ["A"]),
    ("define A: x is not Integer", ["1:20 unexpected-token"], []),
    ("define A: @2014-1-1", ["1:11 malformed-date"], ["A"]),
    ("define A: @T6", ["1:11 malformed-date"], ["A"]),
    ("define A: @", ["1:11 malformed-date"], ["A"]),
    ("define A: 5 foo bar", ["1:13 unexpected-token"], ["A"]),
    ("define A: Interval[1, 2", ["1:24 unexpected-end"], []),
    ("define A: Interval 1", ["1:20 unexpected-token"], []),
    ("define A: Tuple { }", ["1:19 unexpected-token"], []),
    ("define A: { a: 1, 2 }", ["1:19 unexpected-token"], []),
    ("define A: 1 + [X]", ["1:15 unexpected-token"], []),
    ("define A: 1 + exists x", ["1:15 unexpected-token"], []),
    ("define A: difference in day between a and b", ["1:25 unexpected-token"], []),
    ("define A: days of a", ["1:16 unexpected-token"], []),
    ("define A: duration in days", ["1:27 unexpected-end"], []),
    ("define A: x starts", ["1:19 unexpected-end"], []),
    ("define A: x 3 days y", ["1:13 unexpected-token"], []),
    ("define A: x same y", ["1:18 unexpected-token"], []),
    ("define A: x occurs y", ["1:20 unexpected-token"], []),
    ("define A: x properly before y", ["1:22 unexpected-token"], []),
    ("define A: x.", ["1:13 unexpected-end"], []),
    ("define A: x.5", ["1:13 unexpected-token"], []),
    ("define A: x.day", ["1:13 reserved-word"], ["A"]),
    ("define A: %", ["1:12 unexpected-end"], []),
    ('define A: "x" "y" "z"', ["1:19 unexpected-token"], ["A"]),
    ("define A: from x", ["1:17 unexpected-end"], []),
    ("define A: [X] x with [Y] such that z", ["1:26 unexpected-token"], []),
    ("define A: [X] x with f(y) z such that z", ["1:23 unexpected-token"], []),
    ("define A: [X] x sort", ["1:21 unexpected-end"], []),
    ("define A: [X", ["1:13 unexpected-end"], []),
    ("define A: [", ["1:12 unexpected-end"], []),
    ("define A: a b, c d e", ["1:20 unexpected-token"], ["A"]),
    ("define A: )", ["1:11 unexpected-token"], []),
    ("foo", ["1:1 unexpected-token"], []),
    ("5", ["1:1 unexpected-token"], []),
    ("define", ["1:7 unexpected-end"], []),
    ("define A", ["1:9 unexpected-end"], []),
    ("define f(x): 1", ["1:9 unexpected-token"], []),
    ("define function f(x): 1", ["1:20 unexpected-token"], []),
    ("define function f(x Integer) 1", ["1:30 unexpected-token"], []),
    ("define function (x Integer): 1", ["1:17 unexpected-token"], []),
    ("library", ["1:8 unexpected-end"], []),
    ("library A version 1", ["1:19 unexpected-token"], []),
    ("using 'x'", ["1:7 unexpected-token"], []),
    ("include", ["1:8 unexpected-end"], []),
    ("valueset \"V\" 'x'", ["1:14 unexpected-token"], []),
    ('valueset V: "x"', ["1:13 unexpected-token"], []),
    ("code C: 'x'", ["1:12 unexpected-end"], []),
    ("concept C: C1", ["1:12 unexpected-token"], []),
    ("parameter P 5", ["1:13 unexpected-token"], []),
    ("context", ["1:8 unexpected-end"], []),
    ("private define A: 1", ["1:9 unexpected-token"], ["A"]),
    ("private using X", ["1:9 unexpected-token"], []),
    ("define A: 1\nvalueset V: 'x'", ["2:1 declaration-order"], ["A"]),
    ("define A: 1\nlibrary B", ["2:1 unexpected-token"], ["A"]),
    (
        "define A: (\ndefine B: )\ndefine C: 1 1\ndefine D: 2",
        ["2:1 unexpected-token", "2:11 unexpected-token", "3:13 unexpected-token"],
        ["D"],
    ),
    ("define A: “x”", ["1:11 unknown-character", "1:13 unknown-character"], ["A"]),
    ("define A: a\xa0b", ["1:12 unknown-character"], ["A"]),
    ("define A: 'a\\qb'", ["1:13 unknown-escape"], ["A"]),
    ("define A: x as 5", ["1:16 unexpected-token"], []),
    ("define A: List<", ["1:16 unexpected-end"], []),
    ("define A: x as List", ["1:20 unexpected-end"], []),
    ('define A: Code "x" from y', ["1:16 unexpected-token"], []),
    ("define A: Code 'x'", ["1:19 unexpected-end"], []),
    ("define A: x between 1", ["1:22 unexpected-end"], []),
    ("define A: convert a", ["1:20 unexpected-end"], []),
    ("define A: year of a", ["1:16 unexpected-token"], []),
    ("define A: year a", ["1:16 unexpected-token"], []),
    ("define A: end of", ["1:17 unexpected-end"], []),
    ("\ufeffdefine A: \r\n  1 +\r\ndefine B: )", ["3:1 unexpected-token", "3:11 unexpected-token"], []),
    ("define A: cast a", ["1:17 unexpected-end"], []),
    ("define A: f(1,", ["1:15 unexpected-end"], []),
    ("define A: a[", ["1:13 unexpected-end"], []),
    ("define A: minimum", ["1:18 unexpected-end"], []),
    ("define A: collapse", ["1:19 unexpected-end"], []),
    ("define A: A a aggregate R 1", ["1:27 unexpected-token"], []),
    ("define A: A a return", ["1:21 unexpected-end"], []),
    ("define A: \x00", ["1:11 unknown-character"], []),
    ("define A: a and", ["1:16 unexpected-end"], []),
    ('define "A": not', ["1:16 unexpected-end"], []),
    ("define A: a less before b", [], ["A"]),
    ("define A: $foo", ["1:11 unknown-character"], ["A"]),
]


def places(diagnostics: tuple[Diagnostic, ...]) -> list[str]:
    return [f"{one.span.line}:{one.span.column} {one.code}" for one in diagnostics if one.span]


@pytest.mark.parametrize(("text", "expected", "read"), ROWS)
def test_error(text: str, expected: list[str], read: list[str]) -> None:
    result = parse_library(text)
    assert places(result.diagnostics) == expected
    assert [one.name.text for one in result.library.statements] == read
    assert all(one.source_line in text for one in result.diagnostics if one.source_line)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("define A: (1\ndefine B: 1", "found 'define', expected ')' to close '(' of 1:11", None),
        ("define A: 1 == 2", "found '=', expected an expression", "equality is '='"),
        ("define A: 1 <> 2", "found '>', expected an expression", "inequality is '!='"),
        ("define A: a && b", "found '&', expected an expression", "use 'and'"),
        ("define A: if a then b", None, "every 'if' has an 'else'; 'else null' is one"),
        ("define A: 1 + exists x", "found 'exists', expected an expression", "put it in parentheses"),
        ("define A: days between [X] and b", "found '[', expected an expression", "put it in parentheses"),
        ("define date: 1", "'date' is a keyword and no name unless it is quoted", 'write "date"'),
        ("define A: [X] code where 1", None, "'code' is a keyword; as a name it is written \"code\""),
        ("define A: “x”", "'“' has no meaning in CQL here", 'use a straight double quote (")'),
        ("define A: @2014-1", "@2014-1 is no date or time", None),
        ('define A: Code "x" from y', "found the name \"x\", expected a string (the code after 'Code')", None),
        ("private define A: 1", None, "write 'define private'"),
        ("define A: x 3 y", "found '3', expected an operator, or a timing phrase such as '3 days before'", None),
    ],
)
def test_message(text: str, message: str | None, hint: str | None) -> None:
    first = parse_library(text).diagnostics[0]
    assert message in (None, first.message)
    assert hint in (None, first.hint)


def test_diagnostics_name_file_library_and_line() -> None:
    result = parse_library("library L\n\tdefine A: 1 +\n\tdefine B: 2", file="l.cql")
    (one,) = result.diagnostics
    assert (one.file, one.library, one.source_line) == ("l.cql", "L", "\tdefine B: 2")
    assert render(one).splitlines()[2] == "    |  ^^^^^^"


def test_warnings_leave_the_tree_whole() -> None:
    result = parse_library("define A: x.day\ndefine B: 'a\\qb'")
    assert [one.severity for one in result.diagnostics] == [Severity.WARNING, Severity.WARNING]
    value = result.library.statements[1]
    assert isinstance(value, syntax.ExpressionDefinition)
    assert isinstance(value.value, syntax.Literal)
    assert value.value.text == "a\\qb"


def test_all_errors_of_a_file_come_in_one_run() -> None:
    text = "\n".join(f"define A{number}: {')' if number % 2 else '1'}" for number in range(20))
    result = parse_library(text)
    assert places(result.diagnostics) == [
        f"{number + 1}:{13 if number > 9 else 12} unexpected-token" for number in range(1, 20, 2)
    ]
    assert len(result.library.statements) == 10
    assert result.abandoned == {f"A{number}" for number in range(1, 20, 2)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('define private "A b": )', {"A b"}),
        ("define fluent function f(x): 1", {"f"}),
        ("valueset \"V\" 'x'", {"V"}),
        ("parameter P 5", {"P"}),
        ("define : 5", set()),
        ("define A: 1 )", set()),
    ],
)
def test_abandoned(text: str, names: set[str]) -> None:
    assert parse_library(text).abandoned == names


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "1" + ")" * 10_000,
        "{" * 10_000,
        "f(" * 10_000,
        "[" * 10_000,
        "null as " + "List<" * 10_000,
        "distinct " * 10_000,
        "case when " * 10_000,
        "a[" * 10_000,
        "(A a where exists " * 10_000,
        "a and (" * 10_000,
        "if " * 10_000,
        "convert " * 10_000,
        "Tuple { a: " * 10_000,
        "Interval[" * 10_000,
        "cast " * 10_000,
        "[X: " * 10_000,
        "from (" * 10_000,
        "A a, (" * 10_000 + "A" + ") b" * 10_000,
    ],
)
def test_deep_nesting_is_a_diagnostic(text: str) -> None:
    result = parse_library(f"define A: {text}\ndefine B: 1")
    assert [one.code for one in result.diagnostics] in (["nesting-too-deep"], ["unexpected-token"])
    assert [one.name.text for one in result.library.statements] == ["B"]
    assert parse_expression(text).expression is None


@pytest.mark.parametrize(
    "text",
    [
        " and ".join(["a"] * 2_000),
        " + ".join(["1"] * 2_000),
        " union ".join(["[X]"] * 2_000),
        "a" + ".b" * 2_000,
        "a" + "[0]" * 2_000,
        "not " * 2_000 + "a",
        "-" * 2_000 + "a",
        "a" + " is null" * 2_000,
        "if a then b else " * 2_000 + "c",
        "f(" + "A a, " * 2_000 + "B b)",
        "case" + " when a then b" * 2_000 + " else c end",
        "(" * (MAX_NESTING - 2) + "1" + ")" * (MAX_NESTING - 2),
    ],
)
def test_long_chains_are_read(text: str) -> None:
    result = parse_expression(text)
    assert result.diagnostics == ()
    assert result.expression is not None


def test_no_recursion_error_when_the_stack_is_nearly_full() -> None:
    text = "define A: " + "(1 + f({" * 20 + "1" + "}))" * 20 + "\ndefine B: 1"
    assert parse_library(text).diagnostics == ()

    def at_depth(depth: int) -> list[str]:
        return at_depth(depth - 1) if depth else places(parse_library(text).diagnostics)

    depth, frame = 0, sys._getframe()
    while frame.f_back:
        depth, frame = depth + 1, frame.f_back
    assert [place.split()[1] for place in at_depth(sys.getrecursionlimit() - depth - 120)] == ["nesting-too-deep"]


def test_too_long_a_text() -> None:
    text = "define A: 1\n" * 400_000
    assert [one.code for one in parse_library(text).diagnostics] == ["text-too-long"]
    assert [one.code for one in parse_expression(text).diagnostics] == ["text-too-long"]


HOSTILE = [
    '"\\\n' * 100_000,
    "'\\\n" * 100_000,
    "\x00" * 1_000_000,
    "@" * 100_000,
    "A a, (" * 20_000,
    "define A: A a, (\n" * 50_000,
    "define\n" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_to_an_end(text: str) -> None:
    # Where each character made all others be read again, this would take hours.
    assert parse_library(text).diagnostics
