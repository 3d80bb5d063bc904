"""Rules for references, elements, constants, choices between values, and operators that pass values on."""

from __future__ import annotations

import msgspec

from cqlmeasure.elm import clinical, lists, literals, logical, queries, strings, types
from cqlmeasure.elm import library as names
from cqlmeasure.elm.base import Element as Node
from cqlmeasure.elm.base import UnaryExpression
from cqlmeasure.elm.intervals import Union
from cqlmeasure.requirements.paths import DATE_TYPES
from cqlmeasure.requirements.run import Read, Run, Scope, element_of, handler
from cqlmeasure.requirements.values import (
    EMPTY,
    NULL,
    Codes,
    Element,
    Item,
    Made,
    Symbol,
    Value,
    join,
)
from cqlmeasure.typesys import DATE, DATETIME, SYSTEM, IntervalType, ListType, NamedType

#: What ``is`` asks for, and the FHIR types of which that can be true; other System types are let through.
_FHIR_OF = {
    "Quantity": frozenset({"Quantity", "Age", "Duration", "Count", "Distance", "Money", "SimpleQuantity"}),
    "DateTime": frozenset({"dateTime", "instant"}),
    "Date": frozenset({"date"}),
    "Boolean": frozenset({"boolean"}),
    "Concept": frozenset({"CodeableConcept"}),
    "Code": frozenset({"Coding"}),
    "Ratio": frozenset({"Ratio"}),
}
_FHIR_OF_INTERVAL = {
    "Quantity": frozenset({"Range"}),
    "DateTime": frozenset({"Period"}),
    "Date": frozenset({"Period"}),
}


# references


@handler(names.ExpressionRef)
def expression_ref(run: Run, node: names.ExpressionRef, scope: Scope) -> Value:
    return run.definition(run.libraries.expression(scope.library, node.name, node.library_name))


@handler(names.FunctionRef)
def function_ref(run: Run, node: names.FunctionRef, scope: Scope) -> Value:
    arguments = tuple(run.evaluate(operand, scope) for operand in node.operand)
    found = run.libraries.functions(scope.library, node)
    if len(arguments) == 1 and all(is_conversion(one.key) for one in found):
        # What FHIRHelpers converts stays the element that it was; what is in it is needed with it.
        return arguments[0]
    return join([run.call(one, arguments) for one in found])


def is_conversion(key: tuple[str, str]) -> bool:
    """Whether a function, given by library and name, is one of the standard's conversions from FHIR."""
    return key[0] == "FHIRHelpers" and key[1].startswith("To")


@handler(names.OperandRef)
def operand_ref(run: Run, node: names.OperandRef, scope: Scope) -> Value:
    return scope.operands.get(node.name, EMPTY)


@handler(queries.AliasRef)
def alias_ref(run: Run, node: queries.AliasRef, scope: Scope) -> Value:
    return scope.aliases.get(node.name, scope.lets.get(node.name, EMPTY))


@handler(queries.QueryLetRef)
def let_ref(run: Run, node: queries.QueryLetRef, scope: Scope) -> Value:
    return scope.lets.get(node.name, scope.aliases.get(node.name, EMPTY))


@handler(names.IdentifierRef)
def identifier_ref(run: Run, node: names.IdentifierRef, scope: Scope) -> Value:
    if node.name == "$this":
        return scope.row
    return follow(run, scope.row, node.name, node)


@handler(lists.Current, lists.Iteration)
def current(run: Run, node: lists.Current, scope: Scope) -> Value:
    return scope.row


# elements


@handler(literals.Property)
def property_(run: Run, node: literals.Property, scope: Scope) -> Value:
    if node.source is not None:
        value = run.evaluate(node.source, scope)
    else:
        value = scope.aliases.get(node.scope or "", scope.lets.get(node.scope or "", EMPTY))
        if node.scope == "$this" and node.scope not in scope.aliases:
            value = scope.row
    _note(run, node, scope)
    return follow(run, value, node.path, node)


def _note(run: Run, node: literals.Property, scope: Scope) -> None:
    """Note the reading as the ELM has it: elements of elements under one path."""
    path = node.path
    root: Node | None = node.source
    name = node.scope
    while isinstance(root, literals.Property):
        path = f"{root.path}.{path}"
        name, root = root.scope, root.source
    if isinstance(root, queries.AliasRef | queries.QueryLetRef):
        name = root.name
    if name is not None:
        value = scope.aliases.get(name, scope.lets.get(name, EMPTY))
        origin = scope.origins.get(name, "rows")
    else:
        value, origin = run.evaluate(root, scope), "value"
    sites = frozenset(item.site for item in value.items)
    if sites:
        whole = all(not item.path for item in value.items)
        run.texts.setdefault(Read(origin, path, sites, whole))


def follow(run: Run, value: Value, path: str, node: Node) -> Value:
    """The element at a dotted path of a value."""
    for name in path.split("."):
        symbol = _symbol_step(run, value, name)
        found = run.step(value, name)
        value = Value(found.items, found.fields, found.symbol or symbol, needs=found.needs)
    return value


def _symbol_step(run: Run, value: Value, name: str) -> Symbol | None:
    if name == "codes" and isinstance(value.symbol, Codes):
        return value.symbol
    element = element_of(value)
    if element is None:
        return None
    here = element.types or run.types_of(value)
    if name in ("low", "high") and "Range" not in here and "SampledData" not in here:
        return part_of(element, "start" if name == "low" else "end")
    if here and all(run.paths.fhir.is_primitive(kind) for kind in here) and name == "value":
        return element
    if "Period" in here and name in ("start", "end"):
        return part_of(element, name)
    if element.part != "whole" or element.day:
        return None
    items = [Item(item.site, item.filters, (*item.path, name), item.scopes) for item in value.items]
    types = run.types_of(Value(frozenset(items)))
    if not types:
        return None
    return Element(element.scope, (*element.path, name), types=types)


def part_of(element: Element, part: str) -> Element | None:
    """The start or end of an element that is an interval."""
    if element.part != "whole":
        return None
    return Element(element.scope, element.path, part, element.day, element.types, element.partial)


# structure


@handler(literals.Tuple, literals.Instance)
def tuple_(run: Run, node: literals.Tuple | literals.Instance, scope: Scope) -> Value:
    parts = tuple((part.name, run.evaluate(part.value, scope)) for part in node.element)
    return Value(fields=tuple((name, Value(value.items, value.fields, value.symbol)) for name, value in parts))


@handler(literals.List)
def list_(run: Run, node: literals.List, scope: Scope) -> Value:
    values = [run.evaluate(part, scope) for part in node.element]
    joined = join(values)
    if any(not isinstance(value.symbol, Codes | Element) for value in values):
        joined = Value(joined.items, joined.fields)
    return Value(joined.items, joined.fields, joined.symbol)


# choices


@handler(logical.If)
def if_(run: Run, node: logical.If, scope: Scope) -> Value:
    condition = run.evaluate(node.condition, scope)
    run.demand(condition)
    return join([run.evaluate(node.then, scope), run.evaluate(node.else_, scope)])


@handler(logical.Case)
def case(run: Run, node: logical.Case, scope: Scope) -> Value:
    if node.comparand is not None:
        run.demand(run.evaluate(node.comparand, scope))
    branches: list[Value] = []
    others = False
    for item in node.case_item:
        run.demand(run.evaluate(item.when, scope))
        test = item.when if node.comparand is None else None
        subject = element_of(run.evaluate(test.operand, scope)) if isinstance(test, types.Is) else None
        if subject is not None and isinstance(test, types.Is) and not _possible(subject, test):
            continue
        value = run.evaluate(item.then, scope)
        if subject is not None and isinstance(test, types.Is) and not _is_date(test) and element_of(value) is None:
            # A branch for values that are no times says nothing about those that are.
            run.demand(value)
            others = others or value.symbol != NULL.symbol
            continue
        branches.append(value)
    branches.append(run.evaluate(node.else_, scope))
    found = join(branches)
    element = element_of(found)
    if others and element is not None:
        element = Element(element.scope, element.path, element.part, element.day, element.types, partial=True)
        return Value(found.items, found.fields, element, found.facts, found.needs)
    return Value(found.items, found.fields, None) if others else found


def _possible(element: Element, test: types.Is) -> bool:
    if not element.types or element.part != "whole":
        return True
    kind = test.is_type
    if isinstance(kind, IntervalType) and isinstance(kind.point, NamedType):
        wanted = _FHIR_OF_INTERVAL.get(kind.point.name)
    elif isinstance(kind, NamedType):
        wanted = _FHIR_OF.get(kind.name) if kind.model == SYSTEM else frozenset({kind.name})
    else:
        wanted = None
    return wanted is None or bool(wanted & element.types)


def _is_date(test: types.Is) -> bool:
    kind = test.is_type
    point = kind.point if isinstance(kind, IntervalType) else kind
    return point in (DATE, DATETIME) or (isinstance(kind, NamedType) and kind.name in DATE_TYPES)


# operators that give their operand, or what is in it


@handler(
    clinical.ExpandValueSet, types.As, types.ToConcept, types.ToDateTime, types.ToString, types.ToDate, types.Convert
)
def same(run: Run, node: UnaryExpression, scope: Scope) -> Value:
    return run.evaluate(node.operand, scope)


@handler(types.As)
def as_(run: Run, node: types.As, scope: Scope) -> Value:
    value = run.evaluate(node.operand, scope)
    element = element_of(value)
    kind = node.as_type
    if element is None or not isinstance(kind, NamedType) or kind.name not in element.types:
        return value
    symbol = msgspec.structs.replace(element, types=frozenset({kind.name}))
    return Value(value.items, value.fields, symbol, value.facts, value.needs)


@handler(lists.Distinct, lists.Flatten, types.ToList)
def same_items(run: Run, node: UnaryExpression, scope: Scope) -> Value:
    value = run.evaluate(node.operand, scope)
    if isinstance(node, lists.Flatten) and _nested(node.operand):
        return Value(value.items, value.fields, None, value.facts)
    return value


def _nested(node: Node) -> bool:
    return isinstance(node.result_type, ListType) and isinstance(node.result_type.element, ListType)


@handler(lists.SingletonFrom)
def singleton(run: Run, node: lists.SingletonFrom, scope: Scope) -> Value:
    value = run.evaluate(node.operand, scope)
    run.demand(value)
    return value


@handler(lists.First, lists.Last)
def first(run: Run, node: lists.First, scope: Scope) -> Value:
    value = run.evaluate(node.source, scope)
    run.demand(value)
    return value


@handler(Union)
def union(run: Run, node: Union, scope: Scope) -> Value:
    values = [run.evaluate(operand, scope) for operand in node.operand]
    found = join(values)
    if any(value.symbol is None for value in values):
        return Value(found.items, found.fields, None, found.facts, found.needs)
    return found


@handler(strings.Split)
def split(run: Run, node: strings.Split, scope: Scope) -> Value:
    text = run.evaluate(node.string_to_split, scope)
    separator = run.evaluate(node.separator, scope) if node.separator is not None else EMPTY
    found = run.consumed(node, [text, separator])
    element = element_of(text)
    if element is None or not element.path or element.part != "whole" or element.partial:
        return found
    return Value(found.items, symbol=Made(element.scope, element.path))


@handler(logical.Message)
def message(run: Run, node: logical.Message, scope: Scope) -> Value:
    for part in (node.condition, node.code, node.severity, node.message):
        run.demand(run.evaluate(part, scope))
    return run.evaluate(node.source, scope)
