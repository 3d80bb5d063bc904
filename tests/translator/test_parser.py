"""The syntax tree of expressions, from tables: a line of CQL, then its tree on an indented line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from syntax_dump import dump

from cqlmeasure.errors import render
from cqlmeasure.translator import syntax
from cqlmeasure.translator.parser import parse_expression

TABLES = Path(__file__).parent / "syntax"


def rows() -> Iterator[tuple[str, str]]:
    for table in sorted(TABLES.glob("*.txt")):
        lines = table.read_text(encoding="utf-8").splitlines()
        for text, expected in zip(lines[::2], lines[1::2], strict=True):
            yield text, expected.strip()


@pytest.mark.parametrize(("text", "expected"), list(rows()))
def test_tree(text: str, expected: str) -> None:
    result = parse_expression(text)
    assert not result.diagnostics, "\n".join(map(render, result.diagnostics))
    assert dump(result.expression) == expected
    assert result.expression is not None
    assert result.expression.span.line == 1
    assert check_spans(result.expression) > 0


def check_spans(node: syntax.Node) -> int:
    """Every node lies within its parent; returns how many nodes there are."""
    count = 1
    for field in node.__struct_fields__:
        value = getattr(node, field)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, syntax.Node):
                assert (node.span.line, node.span.column) <= (child.span.line, child.span.column)
                assert (child.span.end_line, child.span.end_column) <= (node.span.end_line, node.span.end_column)
                count += check_spans(child)
    return count


@pytest.mark.parametrize(
    ("text", "path", "locator"),
    [
        ("a and b", "", "1:1-1:7"),
        ("a and b", "right", "1:7"),
        (" a\n  and\n 'b\nc' ", "", "1:2-4:2"),
        (" a\r\n  and\r\n 'b'", "right", "3:2-3:4"),
        ("\ufeffa + b", "left", "1:1"),
        ("(a) + f(x, y).z", "right", "1:7-1:15"),
        ("(a) + f(x, y).z", "right.source", "1:7-1:13"),
        ("a starts 3 days or more before end b", "phrase", "1:3-1:34"),
        ("a starts 3 days or more before end b", "phrase.offset", "1:10-1:15"),
        ("not exists a", "operand", "1:5-1:12"),
        ("[X] x where x /* c */ return x // d", "", "1:1-1:30"),
        ("[X] x where x return x", "returns", "1:15-1:22"),
        ("a such\n that", "", ""),
        ("start of a.b", "operand", "1:10-1:12"),
        ("1 'mg' : 2", "denominator", "1:10"),
        ("a included in b", "phrase", "1:3-1:13"),
        ("a included\n in b", "phrase", "1:3-2:3"),
    ],
)
def test_spans(text: str, path: str, locator: str) -> None:
    result = parse_expression(text)
    node = result.expression
    for step in path.split(".") if path else ():
        node = getattr(node, step)
    assert (node.span.locator if node else "") == locator
