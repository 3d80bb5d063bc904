"""Literals and selectors: numbers, strings, dates, quantities, intervals, lists, tuples, instances, codes."""

from __future__ import annotations

import re
from decimal import Decimal

from cqlmeasure.elm import arithmetic, clinical, literals
from cqlmeasure.elm.base import Expression
from cqlmeasure.errors import Span
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.advice import did_you_mean, mismatch, shown
from cqlmeasure.translator.lower.conversions import convert
from cqlmeasure.translator.lower.core import Abandoned, Lowering, Typed, lowers
from cqlmeasure.translator.lower.merging import merge
from cqlmeasure.translator.lower.properties import element_type, unknown_element
from cqlmeasure.translator.lower.typespec import resolve_named, resolve_type
from cqlmeasure.translator.symbols import Kind
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    CODE,
    CONCEPT,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    LONG,
    QUANTITY,
    RATIO,
    STRING,
    TIME,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
)

_SIMPLE = {
    syntax.LiteralKind.BOOLEAN: BOOLEAN,
    syntax.LiteralKind.STRING: STRING,
    syntax.LiteralKind.INTEGER: INTEGER,
    syntax.LiteralKind.LONG: LONG,
    syntax.LiteralKind.DECIMAL: DECIMAL,
}
_LIMITS: dict[DataType, int] = {INTEGER: 2**31, LONG: 2**63}
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$")
_TIME = re.compile(r"(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?$")
_OFFSET = re.compile(r"(Z|[+-]\d\d:\d\d)$")


@lowers(syntax.Literal)
def lower_literal(lowering: Lowering, node: syntax.Literal) -> Typed:
    """A literal of a simple type, a date, a time or null."""
    kind = _SIMPLE.get(node.kind)
    if kind is not None:
        return _simple(lowering, node, kind)
    match node.kind:
        case syntax.LiteralKind.NULL:
            return lowering.typed(literals.Null, node.span, ANY)
        case syntax.LiteralKind.DATE:
            return _date(lowering, node)
        case syntax.LiteralKind.TIME:
            return lowering.typed(literals.Time, node.span, TIME, **_time_parts(lowering, node, node.text))
    return _datetime(lowering, node)


def negated_number(lowering: Lowering, node: syntax.Literal) -> Typed | None:
    """The number that ``-`` stands before, which may be greater by one than the greatest of its type."""
    kind = _SIMPLE.get(node.kind)
    return _simple(lowering, node, kind, negated=True) if kind in (INTEGER, LONG) else None


def _simple(lowering: Lowering, node: syntax.Literal, kind: DataType, *, negated: bool = False) -> Typed:
    limit = _LIMITS.get(kind)
    if limit is not None and int(node.text) >= limit + negated:
        larger = "a Long literal (with L)" if kind == INTEGER else "a Decimal literal"
        raise lowering.fail(
            "number-range", f"{node.text} is too large for {shown(kind)}", node.span, hint=f"write it as {larger}"
        )
    if kind == DECIMAL:
        _check_decimal(lowering, node.text, node.span)
    return lowering.typed(literals.Literal, node.span, kind, value_type=kind, value=node.text)


def _check_decimal(lowering: Lowering, text: str, span: Span) -> None:
    whole, _, places = text.partition(".")
    if len(whole.lstrip("0")) > 28:
        raise lowering.fail("number-range", f"{text} is too large for {DECIMAL}: it has more than 28 digits", span)
    if len(places) > 8:
        hint = "a Decimal has at most 8 places"
        raise lowering.fail("number-range", f"{text} has {len(places)} decimal places", span, hint=hint)


def _integer(lowering: Lowering, text: str) -> Expression:
    return lowering.make(literals.Literal, None, INTEGER, value_type=INTEGER, value=str(int(text)))


def _date(lowering: Lowering, node: syntax.Literal) -> Typed:
    return lowering.typed(literals.Date, node.span, DATE, **_date_parts(lowering, node, node.text))


def _datetime(lowering: Lowering, node: syntax.Literal) -> Typed:
    day, _, clock = node.text.partition("T")
    offset: Expression | None = None
    found = _OFFSET.search(clock)
    if found is not None:
        clock = clock[: found.start()]
        offset = lowering.make(literals.Literal, None, DECIMAL, value_type=DECIMAL, value=_offset_hours(found.group()))
    fields = _date_parts(lowering, node, day)
    if clock:
        fields |= _time_parts(lowering, node, clock)
    return lowering.typed(literals.DateTime, node.span, DATETIME, timezone_offset=offset, **fields)


def _offset_hours(text: str) -> str:
    if text == "Z":
        return "0.0"
    hours = Decimal(text[1:3]) + Decimal(text[4:6]) / 60
    return str((hours if text[0] == "+" else -hours).quantize(Decimal("0.00000001")).normalize() + Decimal("0.0"))


def _date_parts(lowering: Lowering, node: syntax.Literal, text: str) -> dict[str, Expression]:
    found = _DATE.match(text)
    if found is None:
        raise lowering.fail("date-literal", f"'{text}' is not a date", node.span, hint="write @YYYY-MM-DD")
    return _parts(lowering, ("year", "month", "day"), found.groups())


def _time_parts(lowering: Lowering, node: syntax.Literal, text: str) -> dict[str, Expression]:
    found = _TIME.match(text)
    if found is None:
        raise lowering.fail("time-literal", f"'{text}' is not a time", node.span, hint="write @Thh:mm:ss.fff")
    hour, minute, second, fraction = found.groups()
    for name, text, most in (("hour", hour, 23), ("minute", minute, 59), ("second", second, 59)):
        if text is not None and int(text) > most:
            raise lowering.fail("time-literal", f"there is no {name} {text}: it is at most {most}", node.span)
    milliseconds = None if fraction is None else fraction[:3].ljust(3, "0")
    return _parts(lowering, ("hour", "minute", "second", "millisecond"), (hour, minute, second, milliseconds))


def _parts(lowering: Lowering, names: tuple[str, ...], texts: tuple[str | None, ...]) -> dict[str, Expression]:
    return {name: _integer(lowering, text) for name, text in zip(names, texts, strict=True) if text is not None}


@lowers(syntax.QuantityLiteral)
def lower_quantity(lowering: Lowering, node: syntax.QuantityLiteral) -> Typed:
    """A number with a unit."""
    return lowering.typed(literals.Quantity, node.span, QUANTITY, value=node.value, unit=node.unit or "1")


@lowers(syntax.RatioLiteral)
def lower_ratio(lowering: Lowering, node: syntax.RatioLiteral) -> Typed:
    """A quantity to a quantity."""
    numerator, denominator = (lower_quantity(lowering, part).node for part in (node.numerator, node.denominator))
    return lowering.typed(literals.Ratio, node.span, RATIO, numerator=numerator, denominator=denominator)


@lowers(syntax.ExternalConstant)
def lower_external(lowering: Lowering, node: syntax.ExternalConstant) -> Typed:
    """``%name``: CQL leaves external constants to the environment; a parameter of that name is what we have."""
    symbol = lowering.values.get(node.name)
    if symbol is None or symbol.kind is not Kind.PARAMETER:
        raise lowering.fail(
            "external-constant", f"%{node.name} is not defined", node.span, hint="declare a parameter of that name"
        )
    return lowering.lower(syntax.IdentifierExpression(span=node.span, name=node.name))


@lowers(syntax.IntervalSelector)
def lower_interval(lowering: Lowering, node: syntax.IntervalSelector) -> Typed:
    """``Interval[low, high)``."""
    given = lowering.lower_all([node.low, node.high])
    lowering.note(node, *(bound.type for bound in given))
    bounds, point = merge(lowering, given)
    low, high = (bound.node for bound in bounds)
    return lowering.typed(
        literals.Interval,
        node.span,
        IntervalType(point),
        low=low,
        high=high,
        low_closed=node.low_closed,
        high_closed=node.high_closed,
    )


@lowers(syntax.ListSelector)
def lower_list(lowering: Lowering, node: syntax.ListSelector) -> Typed:
    """``{ a, b }``; the elements have one type, by conversion or as a choice."""
    elements = lowering.lower_all(node.elements)
    if node.element_type is None:
        merged, kind = merge(lowering, elements)
        return lowering.typed(
            literals.List, node.span, ListType(kind), element=tuple(element.node for element in merged)
        )
    kind = resolve_type(lowering, node.element_type)
    converted = [
        _converted(lowering, element, kind, source) for element, source in zip(elements, node.elements, strict=True)
    ]
    return lowering.typed(
        literals.List,
        node.span,
        ListType(kind),
        type_specifier=lowering.data_type(kind),
        element=tuple(element.node for element in converted),
    )


def _converted(lowering: Lowering, value: Typed, kind: DataType, source: syntax.Expression) -> Typed:
    found = convert(lowering, value, kind)
    if found is None:
        message = f"expected {shown(kind)}, found {shown(value.type)}"
        raise lowering.fail("type-mismatch", message, source.span, hint=mismatch(lowering, value.type, kind))
    return found


@lowers(syntax.TupleSelector)
def lower_tuple(lowering: Lowering, node: syntax.TupleSelector) -> Typed:
    """``Tuple { name: value }``."""
    values = lowering.lower_all([element.value for element in node.elements])
    elements: dict[str, Typed] = {}
    for element, value in zip(node.elements, values, strict=True):
        if element.name.text in elements:
            raise lowering.fail("duplicate-element", f"'{element.name.text}' is given twice", element.span)
        elements[element.name.text] = value
    return lowering.typed(
        literals.Tuple,
        node.span,
        TupleType(tuple((name, value.type) for name, value in elements.items())),
        element=tuple(
            lowering.make(literals.TupleElement, None, name=name, value=value.node) for name, value in elements.items()
        ),
    )


@lowers(syntax.InstanceSelector)
def lower_instance(lowering: Lowering, node: syntax.InstanceSelector) -> Typed:
    """``FHIR.Period { start: ... }``."""
    kind = resolve_named(lowering, node.type)
    elements: list[literals.InstanceElement] = []
    failed = False
    for element in node.elements:
        try:
            elements.append(_instance_element(lowering, kind, element))
        except Abandoned:
            failed = True
    if failed:
        raise Abandoned
    return lowering.typed(
        literals.Instance, node.span, kind, class_type=lowering.data_type(kind), element=tuple(elements)
    )


def _instance_element(
    lowering: Lowering, kind: NamedType, element: syntax.TupleElementSelector
) -> literals.InstanceElement:
    wanted = element_type(lowering, kind, element.name.text)
    if wanted is None:
        raise unknown_element(lowering, kind, element.name.text, element.span)
    value = _converted(lowering, lowering.lower(element.value), wanted, element.value)
    return lowering.make(literals.InstanceElement, None, name=element.name.text, value=value.node)


@lowers(syntax.CodeSelector)
def lower_code(lowering: Lowering, node: syntax.CodeSelector) -> Typed:
    """``Code 'c' from "System"``."""
    system = code_system_reference(lowering, node.system)
    return lowering.typed(clinical.Code, node.span, CODE, code=node.code, display=node.display, system=system)


@lowers(syntax.ConceptSelector)
def lower_concept(lowering: Lowering, node: syntax.ConceptSelector) -> Typed:
    """``Concept { ... }``."""
    codes = tuple(lower_code(lowering, code).node for code in node.codes)
    return lowering.typed(clinical.Concept, node.span, CONCEPT, display=node.display, code=codes)


def code_system_reference(lowering: Lowering, name: syntax.QualifiedName) -> clinical.CodeSystemRef:
    """The reference to a code system by its (perhaps qualified) name."""
    symbols = lowering.includes.get(name.qualifier or "")
    symbol = symbols.values.get(name.name) if symbols else lowering.require_value(name.name, name.span)
    if symbol is None or symbol.kind is not Kind.CODE_SYSTEM:
        if name.name in lowering.broken or name.qualifier in lowering.incomplete:
            raise Abandoned
        known = [key for key, one in lowering.values.items() if one.kind is Kind.CODE_SYSTEM]
        hint = did_you_mean(name.name, known) or f"declare it: codesystem \"{name.name}\": 'http://...'"
        if symbol is not None:
            hint = f"'{name.text}' is a {symbol.kind}"
        raise lowering.fail("unknown-code-system", f"there is no code system '{name.text}'", name.span, hint=hint)
    lowering.used.add(name.qualifier or name.name)
    return lowering.make(clinical.CodeSystemRef, name.span, name=name.name, library_name=name.qualifier)


@lowers(syntax.TypeExtent)
def lower_extent(lowering: Lowering, node: syntax.TypeExtent) -> Typed:
    """``minimum Integer`` and ``maximum DateTime``."""
    kind = resolve_named(lowering, node.type)
    if kind not in (INTEGER, LONG, DECIMAL, QUANTITY, DATE, DATETIME, TIME):
        raise lowering.fail("no-extent", f"{shown(kind)} has no {node.operator}", node.span)
    operator = arithmetic.MinValue if node.operator == "minimum" else arithmetic.MaxValue
    return lowering.typed(operator, node.span, kind, value_type=kind)
