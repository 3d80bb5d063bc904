"""Every diagnostic code has a page, every page a code, and every example in CQL gives what it is an example of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cqlmeasure.errors import Diagnostic, TranslationError, UsageError
from cqlmeasure.errors.catalogue import page, pages
from cqlmeasure.translator import SourceText, translate

PACKAGE = Path(__file__).resolve().parents[2] / "engine" / "cqlmeasure"
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)*")
# Functions and classes whose first argument is a code.
GIVERS = {"report", "fail", "error", "warning", "warn", "_error", "_warn", "Finding"}


def trees() -> Iterator[ast.AST]:
    for file in sorted(PACKAGE.rglob("*.py")):
        yield ast.parse(file.read_text(encoding="utf-8"))


def constants(node: ast.AST) -> Iterator[str]:
    """Texts that an expression can be: also those of both branches of a conditional."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


def given() -> set[str]:
    """The codes that stand in the source where a code is given."""
    found: set[str] = set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == "default_code" for target in node.targets
            ):
                found.update(constants(node.value))
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in GIVERS and node.args:
                found.update(constants(node.args[0]))
            for keyword in node.keywords:
                # Errors and diagnostics only: ``code`` is a field of CQL's codes too.
                if keyword.arg == "code" and (name in GIVERS or name.endswith(("Error", "Diagnostic", "_Gap"))):
                    found.update(constants(keyword.value))
    return found


def test_every_code_has_a_page() -> None:
    assert sorted(given() - pages().keys()) == []


def test_every_page_has_a_code() -> None:
    texts = {
        node.value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(pages().keys() - texts) == []


@pytest.mark.parametrize("code", pages())
def test_page(code: str) -> None:
    found = page(code)
    language, example = found.example
    assert found.summary.endswith(".")
    assert language in ("cql", "text")
    assert example.strip()
    assert "\nMend: " in found.text


def test_every_code_stands_once() -> None:
    headings = [
        line
        for file in (PACKAGE / "errors" / "catalogue").glob("*.md")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    ]
    assert len(headings) == len(set(headings)) == len(pages())


def diagnostics(text: str) -> list[Diagnostic]:
    try:
        return list(translate(SourceText("Example", None, text), warn=True).diagnostics)
    except TranslationError as error:
        return list(error.diagnostics)


@pytest.mark.parametrize("code", [code for code, one in pages().items() if one.example[0] == "cql"])
def test_example(code: str) -> None:
    assert code in {one.code for one in diagnostics(page(code).example[1])}


def test_unknown_code_names_near_ones() -> None:
    with pytest.raises(UsageError) as caught:
        page("unknown-identifer")
    assert "unknown-identifier" in (caught.value.diagnostics[0].hint or "")
