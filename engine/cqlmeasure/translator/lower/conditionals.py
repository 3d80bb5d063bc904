"""``if`` and ``case``."""

from __future__ import annotations

from cqlmeasure.elm import logical
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.advice import mismatch, shown
from cqlmeasure.translator.lower.conversions import find_conversion
from cqlmeasure.translator.lower.core import Lowering, Typed, lowers
from cqlmeasure.translator.lower.merging import merge
from cqlmeasure.typesys import BOOLEAN


def condition(lowering: Lowering, value: Typed, node: syntax.Expression) -> Typed:
    """A value that must be Boolean."""
    conversion = find_conversion(lowering, value.type, BOOLEAN)
    if conversion is None:
        hint = mismatch(lowering, value.type, BOOLEAN) or "compare it with something, or test 'is not null'"
        message = f"expected a condition, which is Boolean; found {shown(value.type)}"
        raise lowering.fail("type-mismatch", message, node.span, hint=hint)
    return conversion.apply(value)


@lowers(syntax.If)
def lower_if(lowering: Lowering, node: syntax.If) -> Typed:
    """``if c then a else b``."""
    test, then, otherwise = lowering.lower_all([node.condition, node.then, node.otherwise])
    (then, otherwise), kind = merge(lowering, [then, otherwise])
    test = condition(lowering, test, node.condition)
    lowering.note(node)
    return lowering.typed(logical.If, node.span, kind, condition=test.node, then=then.node, else_=otherwise.node)


@lowers(syntax.Case)
def lower_case(lowering: Lowering, node: syntax.Case) -> Typed:
    """``case when c then a ... else b end`` and ``case x when v then a ... end``."""
    parts = [*(item.when for item in node.items), *(item.then for item in node.items), node.otherwise]
    lowered = lowering.lower_all(parts)
    tests = lowered[: len(node.items)]
    results, kind = merge(lowering, lowered[len(node.items) :])
    comparand: Typed | None = None
    if node.comparand is None:
        tests = [condition(lowering, test, item.when) for test, item in zip(tests, node.items, strict=True)]
    else:
        compared = lowering.lower(node.comparand)
        lowering.note(node, compared.type, *(test.type for test in tests))
        (comparand, *tests), _ = merge(lowering, [compared, *tests])
    items = tuple(
        lowering.make(logical.CaseItem, item.span, result.type, when=test.node, then=result.node)
        for item, test, result in zip(node.items, tests, results[:-1], strict=True)
    )
    return lowering.typed(
        logical.Case,
        node.span,
        kind,
        comparand=comparand.node if comparand is not None else None,
        case_item=items,
        else_=results[-1].node,
    )
