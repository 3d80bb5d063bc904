"""Comparisons that cannot come out as they seem to: with null, of a code's bare text, of types that never meet."""

from __future__ import annotations

from collections.abc import Iterator

from cqlmeasure.translator import syntax
from cqlmeasure.translator.lint.finding import Finding, alternatives, bare, overlap
from cqlmeasure.translator.lower.advice import shown
from cqlmeasure.translator.lower.core import Fact, Lowering
from cqlmeasure.typesys import (
    ANY,
    CODE,
    CODE_SYSTEM,
    CONCEPT,
    STRING,
    VALUE_SET,
    DataType,
    ListType,
    NamedType,
    is_subtype,
)

_FHIR_CODE = NamedType("FHIR", "code")
_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_EQUALITIES = frozenset(("=", "!=", "~", "!~"))


def null_comparison(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``x = null`` is null whatever ``x`` is."""
    node = fact.node
    if not isinstance(node, syntax.Binary) or node.operator not in _COMPARISONS:
        return
    if _is_null(node.left) or _is_null(node.right):
        message = f"a comparison by '{node.operator}' with null is always null, which counts as not true"
        test = "is not null" if node.operator == "!=" else "is null"
        yield Finding("comparison-with-null", message, node.span, f"null is tested with '{test}'")


def _is_null(node: syntax.Expression) -> bool:
    node = bare(node)
    return isinstance(node, syntax.Literal) and node.kind is syntax.LiteralKind.NULL


def code_as_text(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """A bare text where a code is meant: the code system is not looked at."""
    node = fact.node
    one, other = fact.types
    if isinstance(node, syntax.Membership | syntax.Timing):
        if other in (VALUE_SET, CODE_SYSTEM) and one == STRING:
            message = f"a String in a {'value set' if other == VALUE_SET else 'code system'}: codes of any system fit"
            yield Finding("code-as-text", message, node.span, "test the code itself, which has its system")
        return
    if not isinstance(node, syntax.Binary) or node.operator not in _EQUALITIES:
        return
    for side, kind, value in ((node.left, one, other), (node.right, other, one)):
        literal = bare(node.right if side is node.left else node.left)
        if not isinstance(literal, syntax.Literal) or value != STRING:
            continue
        if _is_text_of_code(side, kind):
            message = "the bare text of a code is compared: the same text in another code system fits too"
            yield Finding("code-as-text", message, node.span, "declare the code with its system, and compare by '~'")
        kinds = alternatives(kind)
        codes = [item for item in kinds if _is_code(item)]
        if codes and len(kinds) > 1:
            message = f"a value that may be a {shown(codes[0])} is compared with a String: as a code it never fits"
            yield Finding("code-as-text", message, node.span, "compare with a code that is declared, by '~'")


def _is_text_of_code(node: syntax.Expression, kind: DataType) -> bool:
    """``X.code``: where it is no Concept, ``X`` is a code."""
    node = bare(node)
    return isinstance(node, syntax.Invocation) and node.name.text == "code" and kind in (STRING, _FHIR_CODE)


def _is_code(kind: DataType) -> bool:
    return kind in (CODE, CONCEPT) or (isinstance(kind, NamedType) and kind.name in ("Coding", "CodeableConcept"))


def never_equal(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """Equality and set operators of types that have no value in common."""
    node = fact.node
    if not isinstance(node, syntax.Binary):
        return
    one, other = fact.types
    if node.operator in ("intersect", "except"):
        if isinstance(one, ListType) and isinstance(other, ListType) and not overlap(lowering, one, other):
            result = "always empty" if node.operator == "intersect" else "always the left list"
            message = f"{shown(one)} and {shown(other)} have no items in common: '{node.operator}' is {result}"
            yield Finding("never-equal", message, node.span)
    elif node.operator in _EQUALITIES and one != other and not overlap(lowering, one, other):
        message = f"{shown(one)} and {shown(other)} are never equal"
        yield Finding("never-equal", message, node.span)


def case_without_match(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``case x when v``, where ``x`` and ``v`` are of types that never meet."""
    node = fact.node
    if not isinstance(node, syntax.Case) or not fact.types:
        return
    compared, *tests = fact.types
    for item, kind in zip(node.items, tests, strict=True):
        if not overlap(lowering, compared, kind):
            message = f"{shown(compared)} and {shown(kind)} are never equal: this case is never taken"
            yield Finding("never-equal", message, item.when.span)


def type_without_values(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``x is T`` and ``x as T``, where no value of the type of ``x`` is a ``T``."""
    node = fact.node
    one, other = fact.types
    if one == ANY or _meets(lowering, lowering.data_type(one), lowering.data_type(other)):
        return
    message = f"{shown(one)} and {shown(other)} have no values in common: this is always"
    if isinstance(node, syntax.TypeTest):
        yield Finding("impossible-type", f"{message} false", node.span)
    elif isinstance(node, syntax.Cast):
        hint = f"'convert ... to {shown(other)}' makes one of another type, where there is a conversion"
        yield Finding("impossible-type", f"{message} null", node.span, hint)


def _meets(lowering: Lowering, one: DataType, other: DataType) -> bool:
    if isinstance(one, ListType) and isinstance(other, ListType):
        return _meets(lowering, one.element, other.element)
    return any(
        ANY in (left, right)
        or is_subtype(left, right, lowering.models)
        or is_subtype(right, left, lowering.models)
        or (isinstance(left, ListType) and isinstance(right, ListType) and _meets(lowering, left, right))
        for left in alternatives(one)
        for right in alternatives(other)
    )
