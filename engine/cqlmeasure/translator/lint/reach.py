"""Definitions that nobody reaches from those that count: the criteria of a measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cqlmeasure import elm
from cqlmeasure.elm.library import ExpressionRef, FunctionDef, FunctionRef
from cqlmeasure.errors import Span
from cqlmeasure.translator.lint.finding import Finding


def unreached(library: elm.Library, roots: Iterable[str]) -> Iterator[Finding]:
    """The definitions of a library that neither are among ``roots`` nor are reached from them."""
    functions: dict[str, list[FunctionDef]] = {}
    values: dict[str, elm.ExpressionDef] = {}
    for item in library.statements:
        if isinstance(item, FunctionDef):
            functions.setdefault(item.name, []).append(item)
        else:
            values[item.name] = item
    seen: set[int] = set()
    waiting: list[elm.ExpressionDef] = [values[name] for name in roots if name in values]
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        for node in elm.walk(item):
            if isinstance(node, FunctionRef):
                waiting += functions.get(node.name, ()) if node.library_name is None else ()
            elif isinstance(node, ExpressionRef) and node.library_name is None and node.name in values:
                waiting.append(values[node.name])
    for item in library.statements:
        if id(item) not in seen and item.locator is not None:
            what = "function" if isinstance(item, FunctionDef) else "definition"
            message = f"the {what} '{item.name}' is reached from none of the definitions that count"
            yield Finding("unreached-definition", message, Span.from_locator(item.locator))
