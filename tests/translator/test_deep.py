"""Texts that are nested as no author nests them: a result or a clear error, never a crash."""

from __future__ import annotations

import pytest

from cqlmeasure.elm import to_json
from cqlmeasure.errors import TranslationError
from cqlmeasure.translator import SourceText, translate

DEEP = {
    "parentheses": "define A: " + "(" * 10_000 + "1" + ")" * 10_000,
    "open parentheses": "define A: " + "(" * 10_000,
    "braces": "define A: " + "{" * 10_000,
    "signs": "define A: " + "-" * 10_000 + "1",
    "not": "define A: " + "not " * 10_000 + "true",
    "sum": "define A: 1" + " + 1" * 10_000,
    "members": "define A: B" + ".c" * 10_000,
    "indexers": "define A: {1}" + "[0]" * 10_000,
    "list types": "define A: 1 as " + "List<" * 10_000,
    "queries": "define A: " + "({1}) X where exists " * 500 + "({1})",
    "cases": "define A: " + "case when true then " * 3_000,
    "definitions": "".join(f"define A{i}: A{i + 1} + 1\n" for i in range(3_000)) + "define A3000: 1",
    "functions": "".join(f"define function f{i}(x Integer): f{i + 1}(x)\n" for i in range(3_000))
    + "define function f3000(x Integer): x",
}
LONG = {
    "and": "define A: true" + " and true" * 2_000,
    "or": "define A: " + " or ".join(f"{i} = {i + 1}" for i in range(2_000)),
    "union": "define A: {0}" + "".join(f" union {{{i}}}" for i in range(1_000)),
    "else if": "define A: " + "if true then 1 else " * 2_000 + "2",
    "is null": "define A: 1" + " is null" * 2_000,
    "list": "define A: {" + ", ".join("1" for _ in range(10_000)) + "}",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep(name: str) -> None:
    with pytest.raises(TranslationError) as caught:
        translate(SourceText("Deep", None, DEEP[name] + "\ndefine Z: 1"), warn=True)
    assert {one.code for one in caught.value.diagnostics} <= {"nesting-too-deep", "unexpected-token", "unexpected-end"}
    assert caught.value.diagnostics[0].span is not None
    assert len(str(caught.value)) < 2_000


@pytest.mark.parametrize("name", LONG)
def test_long(name: str) -> None:
    found = translate(SourceText("Long", None, LONG[name]), warn=True)
    assert to_json(found.main.library)["library"]["statements"]["def"]
