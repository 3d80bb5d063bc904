"""Operators: prefix and infix, membership, tests and casts of types, durations, components, collapse and expand."""

from __future__ import annotations

from cqlmeasure.elm import clinical, literals, logical, types
from cqlmeasure.elm.registry import NODES
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.advice import shown
from cqlmeasure.translator.lower.build import operate, union
from cqlmeasure.translator.lower.conversions import cast, find_conversion
from cqlmeasure.translator.lower.core import Lowering, Typed, lowers
from cqlmeasure.translator.lower.typespec import resolve_type
from cqlmeasure.translator.lower.values import negated_number
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    CODE_SYSTEM,
    QUANTITY,
    STRING,
    VALUE_SET,
    VOCABULARY,
    ChoiceType,
    IntervalType,
    ListType,
    is_subtype,
)

MAX_CHAIN = 3_500  # operators in one chain: ELM nests them, and readers of ELM have their limits

_UNARY = {
    "not": "Not",
    "exists": "Exists",
    "distinct": "Distinct",
    "flatten": "Flatten",
    "-": "Negate",
    "start": "Start",
    "end": "End",
    "width": "Width",
    "successor": "Successor",
    "predecessor": "Predecessor",
    "singleton": "SingletonFrom",
    "point": "PointFrom",
}
_BINARY = {
    "and": "And",
    "or": "Or",
    "xor": "Xor",
    "implies": "Implies",
    "intersect": "Intersect",
    "except": "Except",
    "+": "Add",
    "-": "Subtract",
    "*": "Multiply",
    "/": "Divide",
    "div": "TruncatedDivide",
    "mod": "Modulo",
    "^": "Power",
    "=": "Equal",
    "~": "Equivalent",
    "<": "Less",
    "<=": "LessOrEqual",
    ">": "Greater",
    ">=": "GreaterOrEqual",
}
_COMPONENTS = {
    "date": "DateFrom",
    "time": "TimeFrom",
    "timezone": "TimezoneFrom",
    "timezoneoffset": "TimezoneOffsetFrom",
}
_DEFINITE = {
    "year": "a",
    "month": "mo",
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}
_TESTS = {"null": "IsNull", "true": "IsTrue", "false": "IsFalse"}


@lowers(syntax.Unary)
def lower_unary(lowering: Lowering, node: syntax.Unary) -> Typed:
    """A prefix operator."""
    number = node.operand if node.operator == "-" and isinstance(node.operand, syntax.Literal) else None
    operand = (negated_number(lowering, number) if number is not None else None) or lowering.lower(node.operand)
    if node.operator == "+":
        return operand
    return operate(lowering, _UNARY[node.operator], [operand], node.span, node.span)


@lowers(syntax.Binary)
def lower_binary(lowering: Lowering, node: syntax.Binary) -> Typed:
    """An infix operator.  A long chain (``a and b and ...``) is worked off from the left without recursion."""
    chain: list[syntax.Binary] = []
    first: syntax.Expression = node
    while isinstance(first, syntax.Binary):
        chain.append(first)
        first = first.left
    if len(chain) > MAX_CHAIN:
        message = f"{len(chain)} operators follow one another here, more than the {MAX_CHAIN} that are translated"
        raise lowering.fail("nesting-too-deep", message, node.span, hint="move parts to definitions of their own")
    operands = lowering.lower_all([first, *(link.right for link in reversed(chain))])
    value = operands[0]
    for link, right in zip(reversed(chain), operands[1:], strict=True):
        value = _infix(lowering, link, value, right)
    return value


def _infix(lowering: Lowering, node: syntax.Binary, left: Typed, right: Typed) -> Typed:
    span = node.span
    lowering.note(node, left.type, right.type)
    match node.operator:
        case "union":
            return union(lowering, left, right, span)
        case "!=":
            equal = operate(lowering, "Equal", [left, right], span, span)
            return lowering.typed(logical.Not, span, BOOLEAN, operand=equal.node)
        case "!~":
            equivalent = operate(lowering, "Equivalent", [left, right], span, span)
            return lowering.typed(logical.Not, span, BOOLEAN, operand=equivalent.node)
        case "&":
            return operate(
                lowering,
                "Concatenate",
                [_empty_for_null(lowering, operand, node) for operand in (left, right)],
                span,
                span,
            )
        case "+" if _is_text(lowering, left) or _is_text(lowering, right):
            return operate(lowering, "Concatenate", [left, right], span, span)
        case "except" | "intersect" if isinstance(left.type, ListType) and isinstance(right.type, ListType):
            return _list_set(lowering, _BINARY[node.operator], left, right, node)
    return operate(lowering, _BINARY[node.operator], [left, right], span, span)


def _is_text(lowering: Lowering, operand: Typed) -> bool:
    return is_subtype(operand.type, STRING, lowering.models) and operand.type != ANY


def _empty_for_null(lowering: Lowering, operand: Typed, node: syntax.Binary) -> Typed:
    """``&`` treats null as the empty string."""
    conversion = find_conversion(lowering, operand.type, STRING)
    text = conversion.apply(operand) if conversion is not None else operand
    empty = lowering.typed(literals.Literal, None, STRING, value_type=STRING, value="")
    return operate(lowering, "Coalesce", [text, empty], None, node.span)


def _list_set(lowering: Lowering, operator: str, left: Typed, right: Typed, node: syntax.Binary) -> Typed:
    """Items of the left that are (not) in the right: the right may hold other types, the result is of the left's."""
    assert isinstance(left.type, ListType) and isinstance(right.type, ListType)
    if find_conversion(lowering, right.type, left.type) or find_conversion(lowering, left.type, right.type):
        return operate(lowering, operator, [left, right], node.span, node.span)
    return lowering.typed(NODES[operator], node.span, left.type, operand=(left.node, right.node))


@lowers(syntax.Membership)
def lower_membership(lowering: Lowering, node: syntax.Membership) -> Typed:
    """``in`` and ``contains``: lists, intervals, value sets and code systems."""
    left, right = lowering.lower_all([node.left, node.right])
    item, container = (left, right) if node.operator == "in" else (right, left)
    lowering.note(node, item.type, container.type)
    vocabulary = _vocabulary(container, lowering)
    if vocabulary is not None:
        return in_terminology(lowering, item, container, node)
    operator = "In" if node.operator == "in" else "Contains"
    fields = {} if node.precision is None else {"precision": node.precision.capitalize()}
    return operate(lowering, operator, [left, right], node.span, node.span, **fields)


def _vocabulary(container: Typed, lowering: Lowering) -> str | None:
    if container.type in (VALUE_SET, CODE_SYSTEM, VOCABULARY):
        return "CodeSystem" if container.type == CODE_SYSTEM else "ValueSet"
    return None


def in_terminology(lowering: Lowering, item: Typed, container: Typed, node: syntax.Expression) -> Typed:
    """Membership in a value set or code system, of one code or of any of a list."""
    name = "InCodeSystem" if container.type == CODE_SYSTEM else "InValueSet"
    reference = "codesystem" if container.type == CODE_SYSTEM else "valueset"
    if _is_list(item):
        name = f"Any{name}"
    vocabulary = Typed(container.node, CODE_SYSTEM if container.type == CODE_SYSTEM else VALUE_SET)
    found = operate(lowering, name, [item, vocabulary], node.span, node.span)
    if not isinstance(container.node, clinical.ValueSetRef | clinical.CodeSystemRef):
        return found
    operand = "codes" if name.startswith("Any") else "code"
    return lowering.typed(
        NODES[name], node.span, BOOLEAN, **{operand: getattr(found.node, operand), reference: container.node}
    )


def _is_list(item: Typed) -> bool:
    if isinstance(item.type, ChoiceType):
        return all(isinstance(kind, ListType) for kind in item.type.alternatives)
    return isinstance(item.type, ListType)


@lowers(syntax.BooleanTest)
def lower_boolean_test(lowering: Lowering, node: syntax.BooleanTest) -> Typed:
    """``is [not] null``, ``true``, ``false``."""
    operand = lowering.lower(node.operand)
    test = operate(lowering, _TESTS[node.value], [operand], node.span, node.span)
    if not node.negated:
        return test
    return lowering.typed(logical.Not, node.span, BOOLEAN, operand=test.node)


@lowers(syntax.TypeTest)
def lower_type_test(lowering: Lowering, node: syntax.TypeTest) -> Typed:
    """``x is T``."""
    operand = lowering.lower(node.operand)
    kind = resolve_type(lowering, node.type)
    lowering.note(node, operand.type, kind)
    return lowering.typed(types.Is, node.span, BOOLEAN, operand=operand.node, is_type=lowering.data_type(kind))


@lowers(syntax.Cast)
def lower_cast(lowering: Lowering, node: syntax.Cast) -> Typed:
    """``x as T`` and ``cast x as T``."""
    operand = lowering.lower(node.operand)
    kind = resolve_type(lowering, node.type)
    lowering.note(node, operand.type, kind)
    return lowering.typed(
        types.As, node.span, kind, operand=operand.node, as_type=lowering.data_type(kind), strict=node.strict
    )


@lowers(syntax.Convert)
def lower_convert(lowering: Lowering, node: syntax.Convert) -> Typed:
    """``convert x to T`` and ``convert x to 'unit'``."""
    operand = lowering.lower(node.operand)
    if node.type is None:
        # A calendar word stands for the definite duration, which is what the result then has.
        name = _DEFINITE.get((node.unit or "1").removesuffix("s"), node.unit or "1")
        unit = lowering.typed(literals.Literal, None, STRING, value_type=STRING, value=name)
        return operate(lowering, "ConvertQuantity", [operand, unit], node.span, node.span)
    kind = resolve_type(lowering, node.type)
    operator = (
        f"To{kind.name}" if not isinstance(kind, ListType | IntervalType | ChoiceType) and hasattr(kind, "name") else ""
    )
    if operator in NODES and operand.type != kind:
        return operate(lowering, operator, [operand], node.span, node.span)
    conversion = find_conversion(lowering, operand.type, kind)
    if conversion is None:
        raise lowering.fail("no-conversion", f"{shown(operand.type)} cannot be converted to {shown(kind)}", node.span)
    return conversion.apply(operand)


@lowers(syntax.Between)
def lower_between(lowering: Lowering, node: syntax.Between) -> Typed:
    """``x between a and b``: of points by comparison, of intervals as inclusion."""
    operand, low, high = lowering.lower_all([node.operand, node.low, node.high])
    lowering.note(node, operand.type, low.type, high.type)
    if isinstance(operand.type, IntervalType):
        bounds = lowering.typed(
            literals.Interval, None, operand.type, low=low.node, high=high.node, low_closed=True, high_closed=True
        )
        operator = "ProperIncludedIn" if node.properly else "IncludedIn"
        return operate(lowering, operator, [operand, bounds], node.span, node.span)
    above, below = ("Greater", "Less") if node.properly else ("GreaterOrEqual", "LessOrEqual")
    first = operate(lowering, above, [operand, low], None, node.span)
    second = operate(lowering, below, [operand, high], None, node.span)
    return operate(lowering, "And", [first, second], node.span, node.span)


@lowers(syntax.DurationBetween)
def lower_duration(lowering: Lowering, node: syntax.DurationBetween) -> Typed:
    """``days between a and b``, ``difference in days between a and b``, ``duration in days of interval``."""
    operator = "DurationBetween" if node.operator == "duration" else "DifferenceBetween"
    if node.right is None:
        interval = lowering.lower(node.left)
        operands = [operate(lowering, bound, [interval], None, node.span) for bound in ("Start", "End")]
    else:
        operands = lowering.lower_all([node.left, node.right])
    return operate(lowering, operator, operands, node.span, node.span, precision=node.precision.capitalize())


@lowers(syntax.ComponentFrom)
def lower_component(lowering: Lowering, node: syntax.ComponentFrom) -> Typed:
    """``year from x``, ``date from x``."""
    operand = lowering.lower(node.operand)
    operator = _COMPONENTS.get(node.component)
    if operator is not None:
        return operate(lowering, operator, [operand], node.span, node.span)
    precision = node.component.capitalize()
    return operate(lowering, "DateTimeComponentFrom", [operand], node.span, node.span, precision=precision)


@lowers(syntax.CollapseExpand)
def lower_collapse(lowering: Lowering, node: syntax.CollapseExpand) -> Typed:
    """``collapse x per q`` and ``expand x per q``; without ``per`` its operand is null."""
    operand = lowering.lower(node.operand)
    if node.per is None:
        per = cast(lowering, lowering.typed(literals.Null, None, ANY), QUANTITY)
    else:
        per = lowering.lower(node.per)
    operator = "Collapse" if node.operator == "collapse" else "Expand"
    return operate(lowering, operator, [operand, per], node.span, node.span)


@lowers(syntax.IndexerExpression)
def lower_indexer(lowering: Lowering, node: syntax.IndexerExpression) -> Typed:
    """``x[n]``."""
    return operate(lowering, "Indexer", lowering.lower_all([node.source, node.index]), node.span, node.span)
