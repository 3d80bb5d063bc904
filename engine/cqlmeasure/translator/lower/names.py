"""Names: aliases, operands, definitions, terminology, and qualified names of included libraries.

CQL specification, Developer's Guide, "Identifier resolution": the innermost query, function or sort clause first, then
the library.
"""

from __future__ import annotations

from cqlmeasure.elm import clinical, library
from cqlmeasure.errors import Span
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.advice import did_you_mean, shown
from cqlmeasure.translator.lower.core import Abandoned, Lowering, Typed, lowers
from cqlmeasure.translator.lower.properties import access, element_type, implicit
from cqlmeasure.translator.symbols import Kind, Symbol
from cqlmeasure.typesys import ListType, signatures

UNFILTERED = ("Unfiltered", "Population")
"""Contexts of no subject; the second is the first's name in earlier versions of CQL."""

_REFERENCES = {
    Kind.EXPRESSION: library.ExpressionRef,
    Kind.PARAMETER: library.ParameterRef,
    Kind.CODE_SYSTEM: clinical.CodeSystemRef,
    Kind.VALUE_SET: clinical.ValueSetRef,
    Kind.CODE: clinical.CodeRef,
    Kind.CONCEPT: clinical.ConceptRef,
}


def reference(lowering: Lowering, symbol: Symbol, alias: str | None, span: Span) -> Typed:
    """The node that refers to a named value, of this library or of the included one called ``alias``."""
    lowering.used.add(symbol.name if alias is None else alias)
    fields: dict[str, object] = {"name": symbol.name, "library_name": alias}
    if symbol.kind is Kind.VALUE_SET:
        fields["preserve"] = True
    kind = symbol.type
    if lowering.context in UNFILTERED and symbol.context is not None and symbol.context not in UNFILTERED:
        kind = ListType(kind)  # the values for all subjects of that context
    return lowering.typed(_REFERENCES[symbol.kind], span, kind, **fields)


def find_local(lowering: Lowering, name: str, span: Span) -> Typed | None:
    """What a name means in the scopes around it and then in the library; ``None`` if nothing."""
    for scope in reversed(lowering.scopes):
        found = scope.names.get(name)
        if found is not None:
            return found.make(span)
        if scope.implicit is not None:
            element = implicit(lowering, scope.implicit, name, span)
            if element is not None:
                return element
    symbol = lowering.require_value(name, span)
    return None if symbol is None else reference(lowering, symbol, None, span)


@lowers(syntax.IdentifierExpression)
def lower_identifier(lowering: Lowering, node: syntax.IdentifierExpression) -> Typed:
    """A name on its own."""
    found = find_local(lowering, node.name, node.span)
    if found is not None:
        return found
    if node.name in lowering.includes:
        raise lowering.fail(
            "library-as-value",
            f"'{node.name}' is an included library, not a value",
            node.span,
            hint=f'name one of its definitions: {node.name}."..."',
        )
    raise unknown_name(lowering, node.name, node.span)


def unknown_name(lowering: Lowering, name: str, span: Span) -> Exception:
    """The error for a name that means nothing here, with near ones and libraries that have it."""
    if name in lowering.broken:
        return Abandoned()
    return lowering.fail("unknown-identifier", f"'{name}' is not defined", span, hint=_hint_for_name(lowering, name))


def _hint_for_name(lowering: Lowering, name: str) -> str | None:
    """Where a thing of that name is; failing that, near names."""
    owners = [alias for alias, symbols in lowering.includes.items() if name in symbols.values]
    if owners:
        return f'{" and ".join(owners)} {"have" if len(owners) > 1 else "has"} it: write {owners[0]}."{name}"'
    for scope in reversed(lowering.scopes):
        for alias, known in scope.names.items():
            if not alias.startswith("$") and element_type(lowering, known.type, name) is not None:
                return f"'{alias}' has an element of that name: write {alias}.{name}"
    if name in lowering.functions or signatures(name):
        return f"'{name}' is a function: write {name}(...)"
    types = lowering.models.find_types(name)
    facts = lowering.models.class_of(types[0]) if types else None
    if facts is not None and facts.retrievable:
        return f"{types[0]} is a type: '[{name}]' retrieves its resources"
    names = [key for scope in reversed(lowering.scopes) for key in scope.names if not key.startswith("$")]
    return did_you_mean(name, [*names, *lowering.values, *lowering.later, *lowering.includes])


@lowers(syntax.ThisExpression)
def lower_this(lowering: Lowering, node: syntax.ThisExpression) -> Typed:
    """``$this``, ``$index`` and ``$total``."""
    for scope in reversed(lowering.scopes):
        found = scope.names.get(node.name)
        if found is not None:
            return found.make(node.span)
        if scope.implicit is not None and node.name == "$this":
            return lowering.typed(library.IdentifierRef, node.span, scope.implicit, name="$this")
    raise lowering.fail("misplaced-this", f"{node.name} has no meaning here", node.span)


@lowers(syntax.Parenthesized)
def lower_parenthesized(lowering: Lowering, node: syntax.Parenthesized) -> Typed:
    """Parentheses only group."""
    return lowering.lower(node.expression)


@lowers(syntax.Invocation)
def lower_invocation(lowering: Lowering, node: syntax.Invocation) -> Typed:
    """``Library.name``, ``Model``-qualified names aside, or an element of a value."""
    alias = included_library(lowering, node.source)
    if alias is not None:
        return included_value(lowering, alias, node.name.text, node.span)
    value = lowering.lower(node.source)
    if isinstance(node.source, syntax.IdentifierExpression) and node.source.name in lowering.includes:
        hidden = lowering.includes[node.source.name]
        if element_type(lowering, value.type, node.name.text) is None and node.name.text in hidden.values:
            message = f"{shown(value.type)} has no element '{node.name.text}'"
            hint = f"'{node.source.name}' hides the included library {hidden.name}, which has it: rename one of them"
            raise lowering.fail("unknown-element", message, node.span, hint=hint)
    return access(lowering, value, node.name.text, node.span)


def included_library(lowering: Lowering, source: syntax.Expression | None) -> str | None:
    """The local name of the included library that an expression names, if it does and nothing hides it."""
    if not isinstance(source, syntax.IdentifierExpression) or source.name not in lowering.includes:
        return None
    if any(source.name in scope.names for scope in lowering.scopes) or source.name in lowering.values:
        return None
    return source.name


def included_value(lowering: Lowering, alias: str, name: str, span: Span) -> Typed:
    """A named value of an included library."""
    symbols = lowering.includes[alias]
    symbol = symbols.values.get(name)
    if symbol is None:
        if alias in lowering.incomplete:
            raise Abandoned
        hint = did_you_mean(name, symbols.values)
        if name in symbols.functions:
            hint = f"it is a function: write {alias}.{name}(...)"
        message = f"the library {symbols.name} has no definition '{name}'"
        raise lowering.fail("unknown-identifier", message, span, hint=hint)
    if symbol.private:
        raise lowering.fail("private", f"'{name}' is private to the library {symbols.name}", span)
    return reference(lowering, symbol, alias, span)
