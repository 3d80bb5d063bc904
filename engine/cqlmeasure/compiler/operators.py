"""Operators that become calls by the table of ``catalog``, and those with operands or types of their own."""

from __future__ import annotations

from cqlmeasure.compiler.catalog import FUNCTIONS, NEVER_NULL, OPERATORS, Operator, candidates
from cqlmeasure.compiler.code import Py
from cqlmeasure.compiler.emitter import Conditions, Emitter, Handler
from cqlmeasure.compiler.kinds import INTERVAL_CLASSES, element_of, merge
from cqlmeasure.compiler.literals import NULL
from cqlmeasure.compiler.properties import access
from cqlmeasure.compiler.queries import exists_query
from cqlmeasure.compiler.retrieves import merged
from cqlmeasure.elm import clinical, datetimes, logical, strings
from cqlmeasure.elm.arithmetic import MaxValue, MinValue, Round
from cqlmeasure.elm.base import AggregateExpression, Element, Expression, UnaryExpression
from cqlmeasure.elm.intervals import Contains, In, ProperContains, ProperIn, Union
from cqlmeasure.elm.lists import Exists, First, IndexOf, Last, Slice
from cqlmeasure.elm.literals import Interval, List
from cqlmeasure.elm.queries import Query
from cqlmeasure.elm.registry import NODES
from cqlmeasure.elm.types import As, ToConcept, ToDateTime, ToList, ToString
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
    VALUE_SET,
    DataType,
    IntervalType,
    ListType,
)

_NAMED: dict[str, DataType] = {
    "Boolean": BOOLEAN,
    "Integer": INTEGER,
    "Long": LONG,
    "Decimal": DECIMAL,
    "String": STRING,
    "Date": DATE,
    "DateTime": DATETIME,
    "Time": TIME,
    "Quantity": QUANTITY,
    "Ratio": RATIO,
    "Concept": CONCEPT,
    "Strings": ListType(STRING),
    "Codes": ListType(CODE),
    "Anys": ListType(ANY),
}
_ORDER = (INTEGER, LONG, DECIMAL, QUANTITY)


def result_type(rule: str, operands: list[Py]) -> DataType | None:
    """The type of a call's value by the rule of the table; ``None`` if it cannot be told."""
    if rule in _NAMED:
        return _NAMED[rule]
    first = operands[0].type if operands else None
    match rule:
        case "point":
            return first.point if isinstance(first, IntervalType) else None
        case "element" | "average":
            inner = element_of(first)
            return DECIMAL if rule == "average" and inner == INTEGER else inner
        case "flatten":
            inner = element_of(first)
            return inner if isinstance(inner, ListType) else first
        case "indexer":
            return STRING if first == STRING else element_of(first)
        case "expand":
            inner = first.element if isinstance(first, ListType) else None
            return ListType(inner) if inner is not None else None
        case "arithmetic":
            second = operands[1].type if len(operands) > 1 else first
            if first in _ORDER and second in _ORDER:
                return max(first, second, key=_ORDER.index)
            return first
        case "divide":
            return QUANTITY if QUANTITY in (first, operands[1].type) else DECIMAL
        case _:
            return merge(first) if first == ANY and len(operands) > 1 else first


def function_name(name: str, operator: Operator, operands: list[Py]) -> str:
    """The runtime function for a node: the first of its candidates that exists."""
    for candidate in candidates(operator, [operand.type for operand in operands]):
        if candidate in FUNCTIONS:
            return candidate
    raise LookupError(f"no runtime function for {name}")


def apply(em: Emitter, name: str, operands: list[Py], precision: str | None = None) -> Py:
    """The call for a node of the table."""
    operator = OPERATORS[name]
    function = function_name(name, operator, operands)
    arguments: list[Py | str] = list(operands)
    if operator.precision and precision is not None and not function.endswith("_list"):
        arguments.append(em.import_("temporal", precision.upper()))
    found = em.call(function, *arguments, kind=result_type(operator.result, operands))
    return Py(
        found.text, found.type, name in NEVER_NULL, operands[0].items if name == "Distinct" else False, found.constant
    )


def _standard(em: Emitter, node: Expression) -> Py:
    name = type(node).__name__
    if isinstance(node, AggregateExpression):
        operands = [_items_of(em, node)]
    elif isinstance(node, UnaryExpression):
        operands = [em.value(node.operand)]
    else:
        given: tuple[Expression, ...] = getattr(node, "operand", ())
        operands = [em.value(operand) for operand in given]
        if name in _BETWEEN_INTERVALS and len(given) > 1:
            operands[1] = _unbounded(em, given[1], operands[0].type) or operands[1]
    return apply(em, name, operands, getattr(node, "precision", None))


_INTERVALS = """
    After Before Ends Except IncludedIn Includes Intersect Meets MeetsAfter MeetsBefore Overlaps OverlapsAfter
    OverlapsBefore ProperIncludedIn ProperIncludes SameAs SameOrAfter SameOrBefore Starts
"""
_BETWEEN_INTERVALS = frozenset(_INTERVALS.split())


def _unbounded(em: Emitter, node: Expression, left: DataType | None) -> Py | None:
    """``Interval[null, null]`` on the right of an interval, whose type it takes: all values of that type."""
    inner = node.operand if isinstance(node, As) else node
    points = INTERVAL_CLASSES.get(left.point) if isinstance(left, IntervalType) else None
    if points is None or not isinstance(inner, Interval) or em.value(inner).text != "None":
        return None
    return Py(f"{em.import_('interval', points)}(None, None)", left, True, constant=True)


def _items_of(em: Emitter, node: AggregateExpression) -> Py:
    source = em.value(node.source)
    if node.path is not None:
        for step in node.path.split("."):
            source = access(em, source, step)
    return source


def _positional(*names: str) -> Handler:
    """Operands that have names of their own."""

    def handler(em: Emitter, node: Expression) -> Py:
        operands = []
        for name in names:
            given = getattr(node, name)
            operands.append(em.value(given) if given is not None else NULL)
        return apply(em, type(node).__name__, operands)

    return handler


def _round(em: Emitter, node: Round) -> Py:
    operands = [em.value(node.operand)]
    if node.precision is not None:
        operands.append(em.value(node.precision))
    return apply(em, "Round", operands)


# -- booleans ---------------------------------------------------------------------------------------------------------


def _literals(em: Emitter, node: Expression) -> str | None:
    """The constant of a set, if the node is a list of String or Integer literals."""
    if not isinstance(node, List) or not node.element:
        return None
    found = [em.value(element) for element in node.element]
    if all(one.atom and one.constant and one.sure and one.type in (STRING, INTEGER) for one in found):
        return em.module.constant(f"frozenset(({', '.join(one.text for one in found)},))", em.frame.place)
    return None


def _true_in(em: Emitter, node: In | ProperIn | Contains | ProperContains) -> str:
    left, right = node.operand if isinstance(node, In | ProperIn) else reversed(node.operand)
    if type(node) in (In, Contains):
        members = _literals(em, right)
        if members is not None:
            element = em.value(left)
            if element.type in (STRING, INTEGER):
                return f"({em.use(element)} in {members})"
    return em.use(em.value(node))


def _true_equal(em: Emitter, node: logical.Equal) -> str:
    left, right = (em.value(operand) for operand in node.operand)
    for one, other in ((left, right), (right, left)):
        if one.constant and one.sure and one.type == other.type and one.type in (STRING, BOOLEAN):
            return f"({em.use(other)} == {em.use(one)})"
    return em.use(_equal(em, left, right))


def _equal(em: Emitter, left: Py, right: Py) -> Py:
    return apply(em, "Equal", [left, right])


def _equivalent(em: Emitter, node: logical.Equivalent) -> Py:
    left, right = node.operand
    if isinstance(left, ToConcept) and not isinstance(right, ToConcept):
        left, right = right, left
    if isinstance(right, ToConcept):
        code, concept = em.value(right.operand), em.value(left)
        if code.type == CODE and concept.type == CONCEPT and code.sure:
            return em.call("equivalent_concept_code", concept, code, kind=BOOLEAN, sure=True)
    return apply(em, "Equivalent", [em.value(left), em.value(right)])


def _not_equal(em: Emitter, node: logical.NotEqual) -> Py:
    found = apply(em, "Equal", [em.value(operand) for operand in node.operand])
    return em.call("not_", found, kind=BOOLEAN)


# -- sets -------------------------------------------------------------------------------------------------------------


def _union(em: Emitter, node: Union) -> Py:
    if isinstance(node.result_type, IntervalType):
        # The union of intervals that do not touch is null, so that the order of nested unions matters.
        result = em.value(node.operand[0])
        for operand in node.operand[1:]:
            result = em.call("union_interval", result, em.value(operand), kind=node.result_type)
        return result
    parts: list[Expression] = []
    waiting: list[Expression] = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Union):
            waiting.extend(reversed(current.operand))
        elif _is_widening(current):
            waiting.append(current.operand)  # type: ignore[attr-defined]  # an As
        else:
            parts.append(current)
    found = [em.value(part) for part in parts]
    if any(isinstance(one.type, IntervalType) for one in found):
        result = found[0]
        for one in found[1:]:
            result = em.call("union_interval", result, one, kind=result.type)
        return result
    kind = merge(*(one.type for one in found))
    if any(one.type is None or one.type == ANY for one in found) and not any(
        isinstance(one.type, ListType) for one in found
    ):
        em.import_("general", "union_any")
        return em.combine("union_any({})", found, None)
    items = all(one.items for one in found)
    found = merged(em, found)
    if len(found) == 1 and len(parts) > 1:
        return found[0].typed(kind)
    result = em.call("union_lists", *found, kind=kind, sure=True)
    return Py(result.text, kind, True, items, result.constant)


def _is_widening(node: Expression) -> bool:
    """A cast to a list of a choice, which a translator puts around the operands of a union: it changes nothing."""
    from_types = type(node).__name__ == "As" and not getattr(node, "strict", False)
    return (
        from_types
        and isinstance(getattr(node, "as_type", None), ListType)
        and isinstance(getattr(node, "operand", None), Union)
    )


def _exists(em: Emitter, node: Exists) -> Py:
    operand = node.operand
    if isinstance(operand, Query):
        found = exists_query(em, operand)
        if found is not None:
            return found
    value = em.value(operand)
    if value.items:
        text = em.use(value)
        return Py(f"bool({text})", BOOLEAN, True)
    return em.call("exists", value, kind=BOOLEAN, sure=True)


def _to_list(em: Emitter, node: ToList) -> Py:
    value = em.value(node.operand)
    if value.sure and not isinstance(value.type, ListType) and value.type is not None:
        return Py(f"[{value.text}]", ListType(value.type), True, True, value.constant)
    return em.call("to_list", value, kind=ListType(value.type) if value.type is not None else None, sure=True)


# -- dates ------------------------------------------------------------------------------------------------------------


def _to_datetime(em: Emitter, node: ToDateTime) -> Py:
    operand = em.value(node.operand)
    if operand.type == DATETIME:
        return operand
    return em.call("to_datetime", operand, "OFFSET", kind=DATETIME)


def _to_string(em: Emitter, node: ToString) -> Py:
    operand = em.value(node.operand)
    if operand.type in _NAMED.values() and operand.type != DATETIME:
        return apply(em, "ToString", [operand])
    return em.call("to_string", operand, "OFFSET", kind=STRING)


def _fixed(name: str, kind: DataType) -> Handler:
    return lambda em, node: Py(name, kind, True, constant=True, atom=True)


def _limit(em: Emitter, node: MinValue | MaxValue) -> Py:
    em.import_("general", "limit")
    greatest = isinstance(node, MaxValue)
    return Py(f"limit({node.value_type.name!r}, {greatest})", node.value_type, True, constant=True)  # type: ignore[union-attr]  # a named type


def _age(em: Emitter, node: clinical.CalculateAge) -> Py:
    precision = em.import_("temporal", (node.precision or "Year").upper())
    return em.call("calculate_age", em.value(node.operand), precision, "NOW", kind=INTEGER)


def _age_at(em: Emitter, node: clinical.CalculateAgeAt) -> Py:
    precision = em.import_("temporal", (node.precision or "Year").upper())
    outer, em.touched = em.touched, set()
    birth, at = (em.value(operand) for operand in node.operand)
    shared = not em.touched and at.constant
    em.touched |= outer
    found = em.call("calculate_age_at", birth, at, precision, kind=INTEGER)
    return em.once(found) if shared else found


# -- terminology ------------------------------------------------------------------------------------------------------


def _membership(
    em: Emitter, code: Py, reference: Expression | None, expression: Expression | None, single: str, general: str
) -> Py:
    target = em.value(reference) if reference is not None else em.value(expression) if expression is not None else NULL
    name = general
    if target.sure:
        typed_names: dict[DataType, str] = {
            CODE: f"code_{single}",
            CONCEPT: f"concept_{single}",
            STRING: f"string_{single}",
        }
        typed = typed_names.get(code.type or ANY, general)
        name = typed if typed in FUNCTIONS else general
    return em.call(name, code, target, kind=BOOLEAN, sure=target.sure)


def _in_value_set(em: Emitter, node: clinical.InValueSet) -> Py:
    code = em.value(node.code)
    return _membership(em, code, node.valueset, node.valueset_expression, "in_value_set", "in_value_set")


def _any_in_value_set(em: Emitter, node: clinical.AnyInValueSet) -> Py:
    codes = em.value(node.codes)
    return _membership(em, codes, node.valueset, node.valueset_expression, "", "any_in_value_set")


def _in_code_system(em: Emitter, node: clinical.InCodeSystem) -> Py:
    code = em.value(node.code)
    return _membership(em, code, node.codesystem, node.codesystem_expression, "in_code_system", "in_code_system")


def _any_in_code_system(em: Emitter, node: clinical.AnyInCodeSystem) -> Py:
    codes = em.value(node.codes)
    return _membership(em, codes, node.codesystem, node.codesystem_expression, "", "any_in_code_system")


def _in(em: Emitter, node: In | Contains) -> Py:
    values = [em.value(operand) for operand in node.operand]
    element, container = values if isinstance(node, In) else reversed(values)
    if container.type == VALUE_SET:
        return em.call("in_value_set", element, container, kind=BOOLEAN)
    return apply(em, type(node).__name__, values, node.precision)


# -- messages ---------------------------------------------------------------------------------------------------------


def _message(em: Emitter, node: logical.Message) -> Py:
    source = em.value(node.source)
    condition = em.true(node.condition) if node.condition is not None else "True"
    em.call("message")
    rest = [em.use(em.value(part)) if part is not None else "None" for part in (node.code, node.severity, node.message)]
    return Py(f"message({em.use(source)}, bool({condition}), {', '.join(rest)}, c[0].messages)", source.type)


_OWN: dict[type[Element], Handler] = {
    Round: _round,
    logical.Equivalent: _equivalent,
    logical.NotEqual: _not_equal,
    Union: _union,
    Exists: _exists,
    ToList: _to_list,
    ToDateTime: _to_datetime,
    ToString: _to_string,
    datetimes.Now: _fixed("NOW", DATETIME),
    datetimes.Today: _fixed("TODAY", DATE),
    datetimes.TimeOfDay: _fixed("TIME_OF_DAY", TIME),
    MinValue: _limit,
    MaxValue: _limit,
    clinical.CalculateAge: _age,
    clinical.CalculateAgeAt: _age_at,
    clinical.InValueSet: _in_value_set,
    clinical.AnyInValueSet: _any_in_value_set,
    clinical.InCodeSystem: _in_code_system,
    clinical.AnyInCodeSystem: _any_in_code_system,
    In: _in,
    Contains: _in,
    logical.Message: _message,
    First: _positional("source"),
    Last: _positional("source"),
    IndexOf: _positional("source", "element"),
    Slice: _positional("source", "start_index", "end_index"),
    strings.Combine: _positional("source", "separator"),
    strings.LastPositionOf: _positional("pattern", "string"),
    strings.PositionOf: _positional("pattern", "string"),
    strings.Split: _positional("string_to_split", "separator"),
    strings.SplitOnMatches: _positional("string_to_split", "separator_pattern"),
    strings.Substring: _positional("string_to_sub", "start_index", "length"),
}

HANDLERS: dict[type[Element], Handler] = {
    **{NODES[name]: _standard for name in OPERATORS if name in NODES},
    **_OWN,
}

TRUTHS: dict[type[Element], Conditions] = {
    In: _true_in,
    Contains: _true_in,
    logical.Equal: _true_equal,
}
