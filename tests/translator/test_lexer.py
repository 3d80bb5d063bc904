"""Tokens: kinds, contents, places, and what is wrong with broken ones."""

from __future__ import annotations

import pytest

from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.lexer import tokenize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\r\n\f\v", []),
        ("a _b C1", ["IDENT:a", "IDENT:_b", "IDENT:C1"]),
        ("and And Code code", ["and:and", "IDENT:And", "Code:Code", "code:code"]),
        ('"a b" `c d`', ["QUOTED:a b", "QUOTED:c d"]),
        (r'"a\"b" `c\`d`', ['QUOTED:a"b', "QUOTED:c`d"]),
        (r"'a\'b\\' 'c'", ["STRING:a'b\\", "STRING:c"]),
        (r"'\n\r\t\f\/\u0041\u00e9'", ["STRING:\n\r\t\f/Aé"]),
        (r"'\ud83d\ude00\ud83d'", ["STRING:😀\ufffd"]),
        ("'a\nb'", ["STRING:a\nb"]),
        ("1 1.5 1L 007", ["NUMBER:1", "NUMBER:1.5", "LONG:1", "NUMBER:007"]),
        ("1.a 1..2", ["NUMBER:1", ".:.", "IDENT:a", "NUMBER:1", ".:.", ".:.", "NUMBER:2"]),
        ("@2014 @2014-02 @2014-02-03", ["DATE:2014", "DATE:2014-02", "DATE:2014-02-03"]),
        ("@2014T @2014-02-03T10:11Z", ["DATETIME:2014T", "DATETIME:2014-02-03T10:11Z"]),
        ("@2014-02-03T10:11:12.5+01:00", ["DATETIME:2014-02-03T10:11:12.5+01:00"]),
        ("@T10 @T10:11:12.123", ["TIME:10", "TIME:10:11:12.123"]),
        ("@2014 - 1", ["DATE:2014", "-:-", "NUMBER:1"]),
        ("@2014-01-01-1", ["DATE:2014-01-01", "-:-", "NUMBER:1"]),
        ("$this $index $total", ["THIS:$this", "THIS:$index", "THIS:$total"]),
        ("<=>=!=!~->", ["<=:<=", ">=:>=", "!=:!=", "!~:!~", "->:->"]),
        ("< = ~ ^ & | % ; /", [f"{mark}:{mark}" for mark in "<=~^&|%;/"]),
        ("a//b\nc/*d\n*/e", ["IDENT:a", "IDENT:c", "IDENT:e"]),
        ("/**/ /***/ a", ["IDENT:a"]),
        ("such that", ["such that:such that"]),
        ("included\n  in", ["included in:included in"]),
        ("less than more than", ["less than:less than", "more than:more than"]),
        ("such in less that", ["IDENT:such", "in:in", "IDENT:less", "IDENT:that"]),
        ("a.included in", ["IDENT:a", ".:.", "IDENT:included", "in:in"]),
        ('"such" that', ["QUOTED:such", "IDENT:that"]),
        ("on or before", ["on or:on", "or:or", "before:before"]),
        ("a.on or before", ["IDENT:a", ".:.", "IDENT:on", "or:or", "before:before"]),
        ("on or b", ["IDENT:on", "or:or", "IDENT:b"]),
        ("\ufeffa", ["IDENT:a"]),
        ("é", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    found = tokenize(text)
    pairs = [f"{kind}:{content}" for kind, content in zip(found.kinds, found.texts, strict=True)]
    assert pairs == [*expected, "EOF:"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a bc\n d", ["1:1-1:1", "1:3-1:4", "2:2-2:2", "2:3-2:3"]),
        ("a\r\nb\rc\nd", ["1:1-1:1", "2:1-2:1", "3:1-3:1", "4:1-4:1", "4:2-4:2"]),
        ("'a\nbc' d", ["1:1-2:3", "2:5-2:5", "2:6-2:6"]),
        ("'a\n'\n\nb", ["1:1-2:1", "4:1-4:1", "4:2-4:2"]),
        ("\ta", ["1:2-1:2", "1:3-1:3"]),
        ("/*\n\n*/ a", ["3:4-3:4", "3:5-3:5"]),
        ("1L @T10 @2014", ["1:1-1:2", "1:4-1:7", "1:9-1:13", "1:14-1:14"]),
        ("such\nthat", ["1:1-2:4", "2:5-2:5"]),
        ("\ufeffab\n", ["1:1-1:2", "2:1-2:1"]),
        ("", ["1:1-1:1"]),
        ("'😀' a", ["1:1-1:3", "1:5-1:5", "1:6-1:6"]),
    ],
)
def test_places(text: str, places: list[str]) -> None:
    found = tokenize(text)
    columns = zip(found.lines, found.columns, found.end_lines, found.end_columns, strict=True)
    assert [f"{line}:{column}-{end}:{last}" for line, column, end, last in columns] == places


@pytest.mark.parametrize(
    ("text", "expected", "kinds"),
    [
        ("'abc", ["1:1-1:4 unterminated-string"], [t.STRING]),
        ("'abc\nd", ["1:1-1:4 unterminated-string"], [t.STRING, t.IDENT]),
        ("'abc\ndefine x: 'd'", ["1:1-1:4 unterminated-string"], [t.STRING, "define", t.IDENT, ":", t.STRING]),
        ("`abc", ["1:1-1:4 unterminated-name"], [t.QUOTED]),
        ("a /* b", ["1:3-1:4 unterminated-comment"], [t.IDENT]),
        ("a # b", ["1:3-1:3 unknown-character"], [t.IDENT, t.IDENT]),
        ("$x", ["1:1-1:1 unknown-character"], [t.IDENT]),
        ("@", ["1:1-1:1 malformed-date"], [t.DATE]),
        ("@2014-1-1 a", ["1:1-1:9 malformed-date"], [t.DATE, t.IDENT]),
        ("@2014-01-01T1", ["1:1-1:13 malformed-date"], [t.DATETIME]),
        ("@T10:0", ["1:1-1:6 malformed-date"], [t.TIME]),
        ("@T10Z", ["1:1-1:5 malformed-date"], [t.TIME]),
        ("@20140101", ["1:1-1:9 malformed-date"], [t.DATE]),
        (r"'a\qb'", ["1:3-1:4 unknown-escape"], [t.STRING]),
        (r"'\u12'", ["1:2-1:3 unknown-escape"], [t.STRING]),
    ],
)
def test_broken(text: str, expected: list[str], kinds: list[str]) -> None:
    found = tokenize(text)
    places = [
        f"{one.span.line}:{one.span.column}-{one.span.end_line}:{one.span.end_column} {one.code}"
        for one in found.diagnostics
        if one.span
    ]
    assert places == expected
    assert found.kinds == [*kinds, t.EOF]


def test_words_of_the_grammar() -> None:
    assert not t.KEYWORD_IDENTIFIERS & t.RESERVED_WORDS
    assert t.CALENDAR_UNITS <= t.RESERVED_WORDS
    assert {"start", "end", "date", "code", "display"} <= t.REFERENTIAL
    assert t.EOF not in t.KEYWORDS
