"""From the ELM of a measure to steps, and to the derived libraries that compute their values.

Always holds: a derived library has all that the original has, so every definition keeps its value; every library of
the set can name every other, under a name that no CQL can have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from cqlmeasure.elm import Library, walk
from cqlmeasure.elm.base import BinaryExpression, Element, Expression
from cqlmeasure.elm.intervals import Except, Intersect, Union
from cqlmeasure.elm.library import ExpressionDef, ExpressionRef, FunctionDef, FunctionRef, IncludeDef, OperandRef
from cqlmeasure.elm.lists import Distinct, Exists, Filter, First, Flatten, ForEach, Last, SingletonFrom, Slice, Sort
from cqlmeasure.elm.literals import Tuple, TupleElement
from cqlmeasure.elm.logical import And, Implies, IsFalse, IsNull, IsTrue, Not, Or, Xor
from cqlmeasure.elm.queries import AliasedQuerySource, AliasRef, Query, Retrieve, ReturnClause, With
from cqlmeasure.elm.types import As, ToList
from cqlmeasure.explain.steps import Candidates, Condition, Kind, Sought, Step
from cqlmeasure.explain.trees import flat, inner_of, is_closed, is_constant, operands_of, replaced
from cqlmeasure.typesys import ListType

Definition = tuple[str, str]
"""Library key and name."""

_PREFIX = "explain:"
_THROUGH_OPERAND = (Not, Exists, Distinct, Flatten, SingletonFrom, As, ToList, IsTrue, IsFalse, IsNull)
_THROUGH_SOURCE = (First, Last, Slice, Sort, Filter, ForEach)
_MOST_CALLS = 6


class Planner:
    """Makes steps of definitions, and notes the derived definitions that they need.

    ``libraries`` are keyed ``name|version``; the first is the primary one.
    """

    def __init__(self, libraries: Mapping[str, Library], includes: Mapping[str, Mapping[str, str]]) -> None:
        self._libraries = libraries
        self._includes = includes
        self._primary = next(iter(libraries))
        self._derived: dict[str, list[ExpressionDef]] = {key: [] for key in libraries}
        self._number = 0
        self._calls: list[tuple[str, str]] = []
        self.steps: dict[Definition, Step] = {}
        self.values: dict[Definition, str] = {}
        self.retrieves: dict[Definition, tuple[str, ...]] = {}

    def add(self, name: str) -> None:
        """Plan a definition of the primary library and all that it reaches."""
        waiting = [(self._primary, name)]
        while waiting:
            key, name = waiting.pop()
            definition = self._find(key, name)
            if (key, name) in self.steps or definition is None or definition.expression is None:
                continue
            context = definition.context
            self.values[key, name] = self._derive(key, ExpressionRef(name=name), context)
            self.steps[key, name] = self._step(definition.expression, key, context)
            self.retrieves[key, name] = tuple(
                self._derive(key, one, context)
                for one in walk(definition.expression)
                if isinstance(one, Retrieve) and is_closed(one)
            )
            waiting += reversed(list(dict.fromkeys(self._reached(definition.expression, key, set()))))

    def libraries(self) -> tuple[Library, dict[str, Library]]:
        """The derived primary library, and all derived libraries by key."""
        found = {}
        others = tuple(
            IncludeDef(
                local_identifier=_PREFIX + key, path=library.identifier.id or "", version=library.identifier.version
            )
            for key, library in self._libraries.items()
        )
        for key, library in self._libraries.items():
            found[key] = msgspec.structs.replace(
                library,
                includes=(*library.includes, *others),
                statements=(*library.statements, *self._derived[key]),
            )
        return found[self._primary], found

    # -- definitions --------------------------------------------------------------------------------------------------

    def _find(self, key: str, name: str) -> ExpressionDef | None:
        for statement in self._libraries[key].statements:
            if statement.name == name and not isinstance(statement, FunctionDef):
                return statement
        return None

    def _other(self, key: str, library_name: str | None) -> str | None:
        if library_name is None:
            return key
        if library_name.startswith(_PREFIX):
            return library_name.removeprefix(_PREFIX)
        return self._includes[key].get(library_name)

    def _function(self, key: str, node: FunctionRef) -> tuple[str, FunctionDef] | None:
        """The function that is called, if that can be told without the compiler."""
        other = self._other(key, node.library_name)
        if other is None:
            return None
        fitting = [
            one
            for one in self._libraries[other].statements
            if isinstance(one, FunctionDef) and one.name == node.name and len(one.operand) == len(node.operand)
        ]
        if len(fitting) > 1:
            types: tuple[object, ...] = node.signature or tuple(one.result_type for one in node.operand)
            fitting = [one for one in fitting if tuple(operand.operand_type for operand in one.operand) == types]
        return (other, fitting[0]) if len(fitting) == 1 else None

    def _reached(self, node: Element, key: str, seen: set[int]) -> Iterator[Definition]:
        """The definitions that an expression names, also in the functions that it calls."""
        for one in walk(node):
            if isinstance(one, ExpressionRef):
                other = self._other(key, one.library_name)
                if other is not None:
                    yield other, one.name
            elif isinstance(one, FunctionRef):
                called = self._function(key, one)
                if called is not None and called[1].expression is not None and id(called[1]) not in seen:
                    seen.add(id(called[1]))
                    yield from self._reached(called[1].expression, called[0], seen)

    def _derive(self, key: str, node: Expression, context: str | None) -> str:
        """The name in the primary library of a definition with this expression."""
        self._number += 1
        name = f"{_PREFIX}{self._number}"
        self._derived[key].append(ExpressionDef(name=name, context=context, expression=node))
        if key != self._primary:
            reference = ExpressionRef(name=name, library_name=_PREFIX + key, result_type=node.result_type)
            self._derived[self._primary].append(ExpressionDef(name=name, context=context, expression=reference))
        return name

    # -- steps --------------------------------------------------------------------------------------------------------

    def _step(self, node: Expression, key: str, context: str | None) -> Step:
        """The step of a closed expression."""
        derived = self._derive(key, node, context)

        def step(kind: Kind, *parts: Expression) -> Step:
            made = tuple(self._step(part, key, context) for part in parts)
            return Step(kind=kind, key=derived, node=node, library=key, parts=made)

        if isinstance(node, And | Or):
            return step(Kind.ALL if isinstance(node, And) else Kind.ANY, *flat(node, type(node)))
        if isinstance(node, Xor | Implies):
            return step(Kind.EACH, *node.operand)
        if isinstance(node, _THROUGH_OPERAND):
            return step(Kind.THROUGH, node.operand)
        if isinstance(node, _THROUGH_SOURCE) and is_closed(node.source):
            return step(Kind.THROUGH, node.source)
        if isinstance(node, Union):
            return step(Kind.LISTS, *flat(node, Union))
        if isinstance(node, Intersect | Except):
            return step(Kind.LISTS, *node.operand)
        if isinstance(node, ExpressionRef):
            other = self._other(key, node.library_name)
            target = (other, node.name) if other is not None else None
            return msgspec.structs.replace(step(Kind.REFERENCE), definition=target)
        if isinstance(node, Retrieve):
            return msgspec.structs.replace(step(Kind.RETRIEVE), sought=self._sought(node, key, context))
        if isinstance(node, Query):
            sources = [source.expression for source in node.source if is_closed(source.expression)]
            return msgspec.structs.replace(step(Kind.QUERY, *sources), candidates=self._candidates(node, key, context))
        if isinstance(node, FunctionRef):
            inlined = self._inlined(node, key, context)
            if inlined is not None:
                return Step(kind=Kind.THROUGH, key=derived, node=node, library=key, parts=(inlined,))
        operands = tuple(
            (operand, self._derive(key, operand, context)) for operand in operands_of(node) if not is_constant(operand)
        )
        return msgspec.structs.replace(step(Kind.CONDITION, *inner_of(node)), operands=operands)

    def _sought(self, node: Retrieve, key: str, context: str | None) -> Sought:
        kind = str(getattr(node.data_type, "name", node.data_type))
        if node.codes is None:
            return Sought(kind, template=node.template_id)
        codes = self._derive(key, node.codes, context)
        anywhere = msgspec.structs.replace(node, template_id=None)
        coded = self._derive(key, anywhere, context) if node.template_id is not None else None
        return Sought(kind, node.code_property or "code", codes, coded, node.template_id)

    def _candidates(self, node: Query, key: str, context: str | None) -> Candidates | None:
        """The items of the sources, each with the values of the query's conditions."""
        conditions: list[Expression] = []
        for clause in node.relationship:
            source = AliasedQuerySource(alias=clause.alias, expression=clause.expression)
            some: Expression = Exists(operand=Query(source=(source,), where=clause.such_that), locator=clause.locator)
            conditions.append(some if isinstance(clause, With) else Not(operand=some, locator=clause.locator))
        if node.where is not None:
            conditions += flat(node.where, And)
        if not conditions:
            return None
        names = tuple(f"item {number}" for number in range(len(node.source)))
        elements = [
            TupleElement(name=name, value=AliasRef(name=source.alias))
            for name, source in zip(names, node.source, strict=True)
        ]
        found = []
        for number, condition in enumerate(conditions):
            name = f"condition {number}"
            elements.append(TupleElement(name=name, value=condition))
            inner = condition.operand if isinstance(condition, Not) else condition
            operands = []
            for place, operand in enumerate(operands_of(inner) if isinstance(inner, BinaryExpression) else ()):
                if not is_constant(operand):
                    operands.append((operand, f"{name} operand {place}"))
                    elements.append(TupleElement(name=operands[-1][1], value=operand))
            found.append(Condition(condition, name, tuple(operands)))
        query = msgspec.structs.replace(
            node,
            relationship=(),
            where=None,
            aggregate=None,
            sort=None,
            return_=ReturnClause(expression=Tuple(element=tuple(elements)), distinct=False),
            result_type=None,
        )
        related = tuple(
            self._step(clause.expression, key, context)
            for clause in node.relationship
            if isinstance(clause, With) and is_closed(clause.expression)
        )
        return Candidates(self._derive(key, query, context), names, tuple(found), related)

    def _inlined(self, node: FunctionRef, key: str, context: str | None) -> Step | None:
        """The body of a function of lists, with the arguments of this call as its operands."""
        called = self._function(key, node)
        if called is None or len(self._calls) >= _MOST_CALLS:
            return None
        library, definition = called
        if definition.expression is None:
            return None
        if not any(isinstance(operand.operand_type, ListType) for operand in definition.operand):
            return None
        if (library, node.name) in self._calls:
            return None
        arguments = {
            operand.name: ExpressionRef(
                name=self._derive(key, argument, context),
                library_name=_PREFIX + key,
                result_type=operand.operand_type,
                locator=argument.locator,
            )
            for operand, argument in zip(definition.operand, node.operand, strict=True)
        }
        body = replaced(
            definition.expression,
            lambda one: arguments.get(one.name) if isinstance(one, OperandRef) else None,
        )
        steps = {
            arguments[operand.name].name: argument
            for operand, argument in zip(definition.operand, node.operand, strict=True)
        }
        self._calls.append((library, node.name))
        try:
            return self._with_arguments(self._step(body, library, context), steps, key, context)
        finally:
            self._calls.pop()

    def _with_arguments(self, step: Step, arguments: dict[str, Expression], key: str, context: str | None) -> Step:
        """The steps of a function's body, with the steps of the arguments where the body names them."""
        if step.definition is not None and step.definition[1] in arguments:
            return self._step(arguments[step.definition[1]], key, context)
        parts = tuple(self._with_arguments(part, arguments, key, context) for part in step.parts)
        return msgspec.structs.replace(step, parts=parts)
