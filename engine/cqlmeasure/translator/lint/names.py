"""Names in queries and functions: those that hide others, and aliases that nothing refers to."""

from __future__ import annotations

from collections.abc import Iterator

from cqlmeasure.translator import syntax
from cqlmeasure.translator.lint.finding import Finding, nodes
from cqlmeasure.translator.lower.core import Fact, Lowering


def hidden_in_query(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """An alias or a name of ``let`` that is also something else's."""
    node = fact.node
    if not isinstance(node, syntax.Query):
        return
    outer = {name for scope in fact.scopes for name in scope.names if not name.startswith("$")}
    own = [source.alias for source in node.sources]
    inner = [relationship.source.alias for relationship in node.relationships]
    lets = [item.name for item in node.lets]
    before: set[str] = set()
    for name in [*own, *lets, *inner]:
        if name.text in outer or name.text in before:
            message = f"'{name.text}' hides the alias of the same name around it"
            yield Finding("hidden-name", message, name.span, "give one of them another name")
        else:
            yield from _hides(lowering, name, "the alias" if name not in lets else "the name")
        if name not in inner:
            before.add(name.text)


def hidden_by_operand(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """An operand of a function that has the name of an included library or a definition."""
    node = fact.node
    if isinstance(node, syntax.FunctionDefinition):
        for operand in node.operands:
            yield from _hides(lowering, operand.name, "the operand")


def _hides(lowering: Lowering, name: syntax.Identifier, what: str) -> Iterator[Finding]:
    other = None
    if name.text in lowering.includes:
        other = "the included library"
    elif lowering.has_value(name.text):
        symbol = lowering.values.get(name.text)
        other = "the definition" if symbol is None or symbol.kind == "expression" else f"the {symbol.kind}"
    if other is not None:
        message = f"{what} '{name.text}' hides {other} of the same name"
        yield Finding("hidden-name", message, name.span, "give one of them another name")


def unused_alias(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``with X x such that c``, where ``c`` does not look at ``x``: every x, or none, fits."""
    node = fact.node
    if not isinstance(node, syntax.Query):
        return
    for relationship in node.relationships:
        alias = relationship.source.alias
        if not _mentions(relationship.such_that, alias.text):
            message = f"the condition of '{relationship.kind}' does not look at '{alias.text}'"
            yield Finding("unused-alias", message, alias.span, f"compare something of {alias.text}, or use 'exists'")


def _mentions(tree: syntax.Expression, name: str) -> bool:
    return any(isinstance(node, syntax.IdentifierExpression) and node.name == name for node in nodes(tree))
