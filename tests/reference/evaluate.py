"""The interpreter: one method per kind of node, operands first, no short cuts.

An environment is a dict of what names stand for: aliases, lets and operands.  Every reference to a definition is
evaluated anew.  Errors are those of CQL (``CqlFailure``); ``Unsupported`` says that this evaluator does not know a
node.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cqlmeasure.elm.base import Element, Expression
from cqlmeasure.elm.walk import walk
from cqlmeasure.typesys import DataType, IntervalType, ListType, NamedType
from reference import conversions, equality, intervals, logic, numbers, points, strings
from reference.operators import AGGREGATES, LISTS, OPERATORS, conforms
from reference.values import CqlFailure, Interval, Long, Point, Quantity, Tuple

Scope = dict[str, Any]


class Unsupported(Exception):
    """A node, or a combination of values, that this evaluator does not cover."""


def evaluate(libraries: Mapping[str, Any], name: str, definition: str, now: Point) -> Any:
    """The value of a definition.  ``libraries`` are ELM libraries by the name that includes give them."""
    return _Interpreter(libraries, name, now).definition(definition)


class _Interpreter:
    def __init__(self, libraries: Mapping[str, Any], name: str, now: Point, depth: int = 0) -> None:
        self.libraries = libraries
        self.library = libraries[name]
        self.now = now
        self.depth = depth

    def definition(self, name: str) -> Any:
        for statement in self.library.statements:
            if statement.name == name and not hasattr(statement, "operand"):
                try:
                    return self.value(statement.expression, {})
                except NotImplementedError as error:
                    raise Unsupported(str(error)) from error
        raise Unsupported(f"definition {name}")

    def value(self, node: Expression | None, scope: Scope) -> Any:
        """The value of a node."""
        if node is None:
            return None
        name = type(node).__name__
        method = getattr(self, f"on_{name}", None)
        if method is not None:
            return method(node, scope)
        function = OPERATORS.get(name)
        if function is not None:
            operands = node.operand if isinstance(node.operand, tuple) else (node.operand,)  # type: ignore[attr-defined]
            return function(*(self.value(operand, scope) for operand in operands))
        if name in AGGREGATES and node.path is None:  # type: ignore[attr-defined]
            return AGGREGATES[name](self.value(node.source, scope))  # type: ignore[attr-defined]
        raise Unsupported(name)

    def values(self, node: Any, scope: Scope) -> list[Any]:
        """The values of all operands."""
        return [self.value(operand, scope) for operand in node.operand]

    # -- literals and selectors ---------------------------------------------------------------------------------------

    def on_Literal(self, node: Any, scope: Scope) -> Any:
        match node.value_type.name:
            case "Boolean":
                return {"true": True, "false": False}[node.value]
            case "Integer":
                return int(node.value)
            case "Long":
                return Long(int(node.value.rstrip("L")))
            case "Decimal":
                return Decimal(node.value)
            case "String":
                return node.value or ""
        raise Unsupported(f"literal {node.value_type}")

    def on_Null(self, node: Any, scope: Scope) -> Any:
        return None

    def on_Tuple(self, node: Any, scope: Scope) -> Any:
        return Tuple((element.name, self.value(element.value, scope)) for element in node.element)

    def on_List(self, node: Any, scope: Scope) -> Any:
        return [self.value(element, scope) for element in node.element]

    def on_Quantity(self, node: Any, scope: Scope) -> Any:
        return Quantity(node.value, node.unit or "1")

    def on_Interval(self, node: Any, scope: Scope) -> Any:
        low, high = self.value(node.low, scope), self.value(node.high, scope)
        low_closed, high_closed = node.low_closed, node.high_closed
        if node.low_closed_expression is not None:
            low_closed = self.value(node.low_closed_expression, scope)
        if node.high_closed_expression is not None:
            high_closed = self.value(node.high_closed_expression, scope)
        kind = node.result_type.point if isinstance(node.result_type, IntervalType) else None
        name = kind.name if isinstance(kind, NamedType) and kind.name != "Any" else None
        if name is None and low is None and high is None:
            raise Unsupported("an interval of no type")  # the suite and the specification are at odds
        try:
            return intervals.selector(low, high, low_closed is True, high_closed is True, name)
        except CqlFailure:
            if all(_is_constant(end) for end in (node.low, node.high)):
                raise
            return None  # choice: an interval of data that is none is null, and stops nothing

    def _point(self, kind: str, parts: list[Any], offset: int = 0) -> Point | None:
        given = list(itertools.takewhile(lambda part: part is not None, parts))
        if any(part is not None for part in parts[len(given) :]):
            raise CqlFailure("a component below one that is null")
        return points.made(kind, tuple(given), offset) if given else None

    def on_DateTime(self, node: Any, scope: Scope) -> Any:
        names = ("year", "month", "day", "hour", "minute", "second", "millisecond")
        offset = self.value(node.timezone_offset, scope)
        minutes = self.now.offset if offset is None else int(offset * 60)
        return self._point("DateTime", [self.value(getattr(node, name), scope) for name in names], minutes)

    def on_Date(self, node: Any, scope: Scope) -> Any:
        return self._point("Date", [self.value(part, scope) for part in (node.year, node.month, node.day)])

    def on_Time(self, node: Any, scope: Scope) -> Any:
        parts = (node.hour, node.minute, node.second, node.millisecond)
        return self._point("Time", [self.value(part, scope) for part in parts])

    def on_Property(self, node: Any, scope: Scope) -> Any:
        value = scope[node.scope] if node.scope is not None else self.value(node.source, scope)
        if value is None:
            return None
        match value, node.path:
            case Tuple(), path if "." not in path:
                return value.get(path)
            case Interval(), "low":
                return value.low
            case Interval(), "high":
                return value.high
            case Interval(), "lowClosed":
                return value.low_closed
            case Interval(), "highClosed":
                return value.high_closed
            case Quantity(), "value":
                return value.value
            case Quantity(), "unit":
                return value.unit
        raise Unsupported(f"property {node.path} of {type(value).__name__}")

    # -- references ---------------------------------------------------------------------------------------------------

    def _other(self, name: str | None) -> _Interpreter:
        if self.depth > 60:
            raise Unsupported("recursion that deep")
        target = self.library.identifier.id
        if name is not None:
            target = next(one.path for one in self.library.includes if one.local_identifier == name)
        return _Interpreter(self.libraries, target, self.now, self.depth + 1)

    def on_ExpressionRef(self, node: Any, scope: Scope) -> Any:
        return self._other(node.library_name).definition(node.name)

    def on_FunctionRef(self, node: Any, scope: Scope) -> Any:
        other = self._other(node.library_name)
        fitting = [
            one
            for one in other.library.statements
            if one.name == node.name
            and len(getattr(one, "operand", ())) == len(node.operand)
            and hasattr(one, "operand")
        ]
        if len(fitting) != 1 or fitting[0].expression is None:
            raise Unsupported(f"function {node.name}")
        names = [operand.name for operand in fitting[0].operand]
        return other.value(fitting[0].expression, dict(zip(names, self.values(node, scope), strict=True)))

    def on_AliasRef(self, node: Any, scope: Scope) -> Any:
        return scope[node.name]

    on_QueryLetRef = on_OperandRef = on_AliasRef

    def on_IdentifierRef(self, node: Any, scope: Scope) -> Any:
        item = scope.get("$this")
        if node.name == "$this":
            return item
        if item is None or isinstance(item, Tuple):
            return item and item.get(node.name)
        raise Unsupported(f"identifier {node.name}")

    # -- logic and conditionals ---------------------------------------------------------------------------------------

    def on_If(self, node: Any, scope: Scope) -> Any:
        return self.value(node.then if self.value(node.condition, scope) is True else node.else_, scope)

    def on_Case(self, node: Any, scope: Scope) -> Any:
        for item in node.case_item:
            when = self.value(item.when, scope)
            if node.comparand is not None:
                when = equality.equal(self.value(node.comparand, scope), when)
            if when is True:
                return self.value(item.then, scope)
        return self.value(node.else_, scope)

    def on_Coalesce(self, node: Any, scope: Scope) -> Any:
        values: Any = (self.value(operand, scope) for operand in node.operand)
        if len(node.operand) == 1 and isinstance(node.operand[0].result_type, ListType):
            values = self.value(node.operand[0], scope) or []
        return next((value for value in values if value is not None), None)

    def on_And(self, node: Any, scope: Scope) -> Any:
        left = self.value(node.operand[0], scope)
        return False if left is False else logic.and_(left, self.value(node.operand[1], scope))

    def on_Or(self, node: Any, scope: Scope) -> Any:
        left = self.value(node.operand[0], scope)
        return True if left is True else logic.or_(left, self.value(node.operand[1], scope))

    def on_Implies(self, node: Any, scope: Scope) -> Any:
        left = self.value(node.operand[0], scope)
        return True if left is False else logic.implies(left, self.value(node.operand[1], scope))

    # -- comparison and timing ----------------------------------------------------------------------------------------

    def _ordered(self, node: Any, scope: Scope, wanted: tuple[int, ...]) -> Any:
        left, right = self.values(node, scope)
        if left is None or right is None:
            return None
        if isinstance(left, str):
            order: int | None = (left > right) - (left < right)
        elif any(type(value).__name__ == "Uncertain" for value in (left, right)):
            low, high = (numbers._ends(value) for value in (left, right))
            orders = {(one > other) - (one < other) for one in low for other in high}
            if min(low) <= max(high) and min(high) <= max(low):
                orders.add(0)
            truths = {order in wanted for order in orders}
            return truths.pop() if len(truths) == 1 else None
        else:
            order = intervals.compare(left, right)
        return None if order is None else order in wanted

    def on_Less(self, node: Any, scope: Scope) -> Any:
        return self._ordered(node, scope, (-1,))

    def on_LessOrEqual(self, node: Any, scope: Scope) -> Any:
        return self._ordered(node, scope, (-1, 0))

    def on_Greater(self, node: Any, scope: Scope) -> Any:
        return self._ordered(node, scope, (1,))

    def on_GreaterOrEqual(self, node: Any, scope: Scope) -> Any:
        return self._ordered(node, scope, (0, 1))

    def _timing(self, node: Any, scope: Scope) -> Any:
        name, precision = type(node).__name__, node.precision.lower() if node.precision else None
        left, right = self.values(node, scope)
        lists = isinstance(node.operand[0].result_type, ListType) or isinstance(node.operand[1].result_type, ListType)
        kinds = [operand.result_type for operand in node.operand]
        if lists:
            return LISTS[name](left, right, isinstance(kinds[0], ListType), isinstance(kinds[1], ListType))
        if name in ("In", "Contains", "ProperIn", "ProperContains"):
            point, container = (left, right) if name in ("In", "ProperIn") else (right, left)
            relation = intervals.proper_in if name.startswith("Proper") else intervals.in_
            return relation(point, container, precision)
        if name in ("IncludedIn", "ProperIncludedIn") and not isinstance(kinds[0], IntervalType):
            return (intervals.in_ if name == "IncludedIn" else intervals.proper_in)(left, right, precision)
        if name in ("Includes", "ProperIncludes") and not isinstance(kinds[1], IntervalType):
            return (intervals.in_ if name == "Includes" else intervals.proper_in)(right, left, precision)
        return intervals.relate(name, left, right, precision)

    on_Before = on_After = on_SameAs = on_SameOrBefore = on_SameOrAfter = _timing
    on_In = on_Contains = on_ProperIn = on_ProperContains = _timing
    on_Includes = on_IncludedIn = on_ProperIncludes = on_ProperIncludedIn = _timing
    on_Meets = on_MeetsBefore = on_MeetsAfter = _timing
    on_Overlaps = on_OverlapsBefore = on_OverlapsAfter = on_Starts = on_Ends = _timing

    def _sets(self, node: Any, scope: Scope) -> Any:
        name = type(node).__name__
        values = self.values(node, scope)
        of_lists = any(isinstance(operand.result_type, ListType) for operand in node.operand)
        operate = getattr(equality if of_lists else intervals, {"Except": "except_"}.get(name, name.lower()))
        found = values[0]
        for value in values[1:]:
            found = operate(found, value)
        return found

    on_Union = on_Intersect = on_Except = _sets

    def on_Collapse(self, node: Any, scope: Scope) -> Any:
        values, per = self.values(node, scope)
        if per is not None:
            raise Unsupported("collapse per")
        return intervals.collapse(values)

    def on_Expand(self, node: Any, scope: Scope) -> Any:
        value, per = self.values(node, scope)
        if per is not None:
            raise Unsupported("expand per")
        return intervals.expand(value)

    # -- arithmetic and dates -----------------------------------------------------------------------------------------

    def on_Add(self, node: Any, scope: Scope) -> Any:
        left, right = self.values(node, scope)
        return points.add(left, right) if _is_point(node.operand[0].result_type) else numbers.add(left, right)

    def on_Subtract(self, node: Any, scope: Scope) -> Any:
        left, right = self.values(node, scope)
        return points.add(left, right, -1) if _is_point(node.operand[0].result_type) else numbers.subtract(left, right)

    def on_Round(self, node: Any, scope: Scope) -> Any:
        return numbers.round_(self.value(node.operand, scope), self.value(node.precision, scope))

    def _limit(self, node: Any, scope: Scope) -> Any:
        greatest = type(node).__name__ == "MaxValue"
        name = node.value_type.name
        return points.least(name, greatest) if _is_point(node.value_type) else numbers.least(name, greatest)

    on_MinValue = on_MaxValue = _limit

    def _step(self, node: Any, scope: Scope) -> Any:
        value = self.value(node.operand, scope)
        found = intervals.neighbour(value, 1 if type(node).__name__ == "Successor" else -1)
        if found is None and value is not None:
            raise CqlFailure("there is no such value")
        return found

    on_Successor = on_Predecessor = _step

    def _between(self, node: Any, scope: Scope) -> Any:
        left, right = self.values(node, scope)
        crossed = type(node).__name__ == "DifferenceBetween"
        return points.between(left, right, node.precision.lower(), crossed)

    on_DurationBetween = on_DifferenceBetween = _between

    def on_DateTimeComponentFrom(self, node: Any, scope: Scope) -> Any:
        value = self.value(node.operand, scope)
        if value is None:
            return None
        index = points.units_of(value).index(node.precision.lower())
        return value.parts[index] if index < len(value.parts) else None

    def on_TimezoneOffsetFrom(self, node: Any, scope: Scope) -> Any:
        value = self.value(node.operand, scope)
        return None if value is None else Decimal(value.offset) / 60

    def on_DateFrom(self, node: Any, scope: Scope) -> Any:
        value = self.value(node.operand, scope)
        return None if value is None else Point("Date", value.parts[:3])

    def on_Now(self, node: Any, scope: Scope) -> Any:
        return self.now

    def on_Today(self, node: Any, scope: Scope) -> Any:
        return Point("Date", self.now.parts[:3])

    # -- types --------------------------------------------------------------------------------------------------------

    def on_As(self, node: Any, scope: Scope) -> Any:
        value = self.value(node.operand, scope)
        if value is None:
            return None
        if not conforms(value, node.as_type):
            if node.strict:
                raise CqlFailure(f"not of type {node.as_type}")
            return None
        if isinstance(value, Interval) and isinstance(node.as_type, IntervalType) and value.point is None:
            kind = node.as_type.point
            name = kind.name if isinstance(kind, NamedType) and kind.name != "Any" else None
            return Interval(value.low, value.high, value.low_closed, value.high_closed, name)
        return value

    def on_Is(self, node: Any, scope: Scope) -> Any:
        value = self.value(node.operand, scope)
        return value is not None and conforms(value, node.is_type)

    def on_ToDateTime(self, node: Any, scope: Scope) -> Any:
        return conversions.to_datetime(self.value(node.operand, scope), self.now.offset)

    def on_Convert(self, node: Any, scope: Scope) -> Any:
        value = self.value(node.operand, scope)
        if node.to_type.name == "DateTime":
            return conversions.to_datetime(value, self.now.offset)
        return OPERATORS[f"To{node.to_type.name}"](value)

    # -- lists --------------------------------------------------------------------------------------------------------

    def on_First(self, node: Any, scope: Scope) -> Any:
        return equality.at(self.value(node.source, scope), 0)

    def on_Last(self, node: Any, scope: Scope) -> Any:
        items = self.value(node.source, scope)
        return items[-1] if items else None

    def on_IndexOf(self, node: Any, scope: Scope) -> Any:
        return equality.index_of(self.value(node.source, scope), self.value(node.element, scope))

    def on_Slice(self, node: Any, scope: Scope) -> Any:
        parts = (node.source, node.start_index, node.end_index)
        return equality.slice_(*(self.value(part, scope) for part in parts))

    def on_Length(self, node: Any, scope: Scope) -> Any:
        value = self.value(node.operand, scope)
        if value is None:
            return 0 if isinstance(node.operand.result_type, ListType) else None
        return len(value)

    # -- strings ------------------------------------------------------------------------------------------------------

    def on_Combine(self, node: Any, scope: Scope) -> Any:
        return strings.combine(self.value(node.source, scope), self.value(node.separator, scope))

    def on_PositionOf(self, node: Any, scope: Scope) -> Any:
        return strings.position(self.value(node.pattern, scope), self.value(node.string, scope), False)

    def on_LastPositionOf(self, node: Any, scope: Scope) -> Any:
        return strings.position(self.value(node.pattern, scope), self.value(node.string, scope), True)

    def on_Split(self, node: Any, scope: Scope) -> Any:
        return strings.split(self.value(node.string_to_split, scope), self.value(node.separator, scope))

    def on_Substring(self, node: Any, scope: Scope) -> Any:
        parts = (node.string_to_sub, node.start_index, node.length)
        return strings.substring(*(self.value(part, scope) for part in parts))

    # -- queries ------------------------------------------------------------------------------------------------------

    def on_Query(self, node: Any, scope: Scope) -> Any:
        scopes = [scope]
        singular = True
        for source in node.source:
            is_list = isinstance(source.expression.result_type, ListType)
            singular = singular and not is_list
            wider = []
            for one in scopes:
                value = self.value(source.expression, one)
                if is_list and value is None and len(node.source) == 1 and node.aggregate is None:
                    return None
                wider += [{**one, source.alias: item} for item in ((value or []) if is_list else [value])]
            scopes = wider
        kept = []
        for one in scopes:
            for clause in node.let:
                one = {**one, clause.identifier: self.value(clause.expression, one)}
            if all(self._related(clause, one) for clause in node.relationship) and (
                node.where is None or self.value(node.where, one) is True
            ):
                kept.append(one)
        if node.aggregate is not None:
            return self._aggregate(node, kept, scope)
        if node.return_ is not None:
            items = [self.value(node.return_.expression, one) for one in kept]
            if node.return_.distinct and not singular:
                items = equality.distinct(items) or []
        elif len(node.source) == 1:
            items = [one[node.source[0].alias] for one in kept]
        else:
            items = [Tuple((source.alias, one[source.alias]) for source in node.source) for one in kept]
        if node.sort is not None:
            for criterion in reversed(node.sort.by):
                keys = [self._key(criterion, item, scope) for item in items]
                items = equality.insertion_sorted(items, keys, criterion.direction.startswith("desc"))
        if singular:
            return items[0] if items else None
        return items

    def _related(self, clause: Any, scope: Scope) -> bool:
        value = self.value(clause.expression, scope)
        items = value if isinstance(clause.expression.result_type, ListType) else [value]
        found = any(self.value(clause.such_that, {**scope, clause.alias: item}) is True for item in items or [])
        return found if type(clause).__name__ == "With" else not found

    def _aggregate(self, node: Any, scopes: list[Scope], outer: Scope) -> Any:
        clause = node.aggregate
        total = self.value(clause.starting, outer)
        seen: list[Any] = []
        for one in scopes:
            if clause.distinct:
                item = [one[source.alias] for source in node.source]
                if any(equality.equal(item, other) is True for other in seen):
                    continue
                seen.append(item)
            total = self.value(clause.expression, {**one, clause.identifier: total})
        return total

    def _key(self, criterion: Any, item: Any, scope: Scope) -> Any:
        match type(criterion).__name__:
            case "ByDirection":
                return item
            case "ByColumn":
                return None if item is None else item.get(criterion.path)
        return self.value(criterion.expression, {**scope, "$this": item})


def _is_constant(node: Expression | None) -> bool:
    """Whether an end of an interval is written out."""
    return node is None or all(type(one).__name__ in _WRITTEN for one in walk(node))


_WRITTEN = (
    "Literal",
    "Null",
    "As",
    "Negate",
    "Quantity",
    "Date",
    "DateTime",
    "Time",
    "MinValue",
    "MaxValue",
    "ToDecimal",
)


def _is_point(kind: DataType | None) -> bool:
    return isinstance(kind, NamedType) and kind.name in ("Date", "DateTime", "Time")


KNOWN: frozenset[str] = (
    frozenset(OPERATORS)
    | frozenset(AGGREGATES)
    | frozenset(name.removeprefix("on_") for name in vars(_Interpreter) if name.startswith("on_"))
)
"""The nodes that this evaluator knows."""


def knows(node: Element) -> bool:
    """Whether this evaluator knows a kind of node; nodes that are no expressions are parts of some that it knows."""
    return not isinstance(node, Expression) or type(node).__name__ in KNOWN
