"""``if`` and ``case``."""

from __future__ import annotations

from cqlmeasure.elm import logical
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.conversions import find_conversion
from cqlmeasure.translator.lower.core import Lowering, Typed, lowers
from cqlmeasure.translator.lower.merging import merge
from cqlmeasure.typesys import BOOLEAN


def condition(lowering: Lowering, value: Typed, node: syntax.Expression) -> Typed:
    """A value that must be Boolean."""
    conversion = find_conversion(lowering, value.type, BOOLEAN)
    if conversion is None:
        raise lowering.fail("type-mismatch", f"expected a Boolean, found {value.type}", node.span)
    return conversion.apply(value)


@lowers(syntax.If)
def lower_if(lowering: Lowering, node: syntax.If) -> Typed:
    """``if c then a else b``."""
    test, then, otherwise = lowering.lower_all([node.condition, node.then, node.otherwise])
    (then, otherwise), kind = merge(lowering, [then, otherwise])
    test = condition(lowering, test, node.condition)
    return lowering.typed(logical.If, node.span, kind, condition=test.node, then=then.node, else_=otherwise.node)


@lowers(syntax.Case)
def lower_case(lowering: Lowering, node: syntax.Case) -> Typed:
    """``case when c then a ... else b end`` and ``case x when v then a ... end``."""
    tests = lowering.lower_all([item.when for item in node.items])
    results, kind = merge(lowering, lowering.lower_all([*(item.then for item in node.items), node.otherwise]))
    comparand: Typed | None = None
    if node.comparand is None:
        tests = [condition(lowering, test, item.when) for test, item in zip(tests, node.items, strict=True)]
    else:
        (comparand, *tests), _ = merge(lowering, [lowering.lower(node.comparand), *tests])
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
