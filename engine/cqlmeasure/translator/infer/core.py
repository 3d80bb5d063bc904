"""The walk over one library: scopes, dispatch by node class, and rebuilding of nodes with their types.

Two kinds of handlers register themselves: a *rule* (:func:`types`) gives the type of a node whose children are typed
already; a *step* (:func:`scopes`) is a generator that yields each child in turn and gets it back typed, for nodes that
change the scope of their children or look elsewhere first.  The generators are run by a loop with its own stack, so
that chains of thousands of operators need no recursion.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Generator, Mapping
from functools import cache
from typing import Any

import msgspec

from cqlmeasure.elm.base import Element, Expression
from cqlmeasure.elm.library import ExpressionDef, FunctionDef, Library, ParameterDef
from cqlmeasure.translator.infer.datatypes import DataTypes
from cqlmeasure.typesys import ANY, DataType, NamedType

Step = Generator[Element, Any, Any]
Rule = Callable[["Inference", Any], DataType]
StepRule = Callable[["Inference", Any], Step]

RULES: dict[type[Element], Rule] = {}
STEPS: dict[type[Element], StepRule] = {}


def types(*nodes: type[Element]) -> Callable[[Rule], Rule]:
    """Registers the rule for the type of nodes."""

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(nodes, rule))
        return rule

    return register


def scopes(*nodes: type[Element]) -> Callable[[StepRule], StepRule]:
    """Registers the step for nodes that see to their children themselves."""

    def register(step: StepRule) -> StepRule:
        STEPS.update(dict.fromkeys(nodes, step))
        return step

    return register


class Shape(msgspec.Struct, frozen=True):
    """The fields of a node class that hold nodes, and types; the flag says that there are many."""

    nodes: tuple[tuple[str, bool], ...]
    types: tuple[tuple[str, bool], ...]


@cache
def shape(node: type[Element]) -> Shape:
    """The shape of a node class."""
    nodes: list[tuple[str, bool]] = []
    kinds: list[tuple[str, bool]] = []
    hints = typing.get_type_hints(node)
    for name in node.__struct_fields__:
        leaves = _leaves(hints[name])
        many = any(typing.get_origin(part) is tuple for part in (hints[name], *typing.get_args(hints[name])))
        if any(isinstance(leaf, type) and issubclass(leaf, Element) for leaf in leaves):
            nodes.append((name, many))
        elif NamedType in leaves and name != "result_type":
            kinds.append((name, many))
    return Shape(tuple(nodes), tuple(kinds))


def _leaves(hint: Any) -> list[Any]:
    arguments = typing.get_args(hint)
    return [leaf for argument in arguments for leaf in _leaves(argument)] if arguments else [hint]


class Scope(msgspec.Struct):
    """Names visible within a definition: aliases and lets by name, and the item that a sort or filter is at."""

    names: dict[str, DataType]
    item: DataType | None = None


class Index:
    """The definitions of a library by name."""

    __slots__ = ("expressions", "formals", "functions", "library", "parameters")

    def __init__(self, library: Library) -> None:
        self.library = library
        self.formals: dict[str, dict[tuple[DataType, ...], int]] = {}
        self.expressions: dict[str, int] = {}
        self.functions: dict[str, list[int]] = {}
        self.parameters: dict[str, ParameterDef] = {parameter.name: parameter for parameter in library.parameters}
        for position, definition in enumerate(library.statements):
            if isinstance(definition, FunctionDef):
                self.functions.setdefault(definition.name, []).append(position)
            else:
                self.expressions.setdefault(definition.name, position)


class Inference:
    """The state of one library's pass.  ``includes`` maps local names to libraries that are typed already."""

    __slots__ = ("data", "done", "includes", "index", "indexes", "library", "operands", "pending", "scopes", "selected")

    def __init__(self, library: Library, includes: Mapping[str, Library], data: DataTypes) -> None:
        self.library = library
        self.includes = includes
        self.data = data
        self.index = Index(library)
        self.indexes: dict[str, Index] = {}
        self.done: dict[int, ExpressionDef] = {}
        self.pending: set[int] = set()
        self.operands: dict[str, DataType] = {}
        self.scopes: list[Scope] = []
        self.selected: dict[tuple[Any, ...], DataType] = {}

    def run(self, root: Step) -> Any:
        """Runs a step, and all that it asks for, to its end."""
        stack = [root]
        value: Any = None
        while stack:
            try:
                child = stack[-1].send(value)
            except StopIteration as stop:
                stack.pop()
                value = stop.value
                continue
            kind = type(child)
            step = STEPS.get(kind)
            if step is not None:
                stack.append(step(self, child))
            elif shape(kind).nodes:
                stack.append(self.inside(child))
            else:
                value = self.finish(child, {})
                continue
            value = None
        return value

    def inside(self, node: Element) -> Step:
        """The step of a node without a scope of its own: its children, then its type."""
        changes: dict[str, Any] = {}
        for name, many in shape(type(node)).nodes:
            value = getattr(node, name)
            if many:
                items = []
                for item in value:
                    typed = yield item
                    items.append(typed)
                if items:
                    changes[name] = tuple(items)
            elif value is not None:
                changes[name] = yield value
        return self.finish(node, changes)

    def finish(self, node: Element, changes: dict[str, Any], kind: DataType | None = None) -> Element:
        """The node with new children and with its type: the stated one, ``kind``, or that of its rule."""
        for name, many in shape(type(node)).types:
            stated = getattr(node, name)
            if many and stated:
                changes[name] = tuple(self.data.of(item) for item in stated)
            elif stated:
                changes[name] = self.data.of(stated)
        if node.result_type is not None:
            kind = self.data.of(node.result_type)
        elif kind is None:
            if changes:
                node = msgspec.structs.replace(node, **changes)
                changes = {}
            rule = RULES.get(type(node))
            if rule is not None:
                kind = rule(self, node)
            elif isinstance(node, Expression):
                kind = ANY
        return msgspec.structs.replace(node, result_type=kind, **changes)

    def find(self, name: str) -> DataType | None:
        """The type of an alias or let, innermost first."""
        for scope in reversed(self.scopes):
            found = scope.names.get(name)
            if found is not None:
                return found
        return None

    def item(self) -> DataType | None:
        """The type of the item at hand, innermost first."""
        return next((scope.item for scope in reversed(self.scopes) if scope.item is not None), None)

    def included(self, alias: str) -> Index | None:
        """The names of an included library."""
        library = self.includes.get(alias)
        if library is None:
            return None
        index = self.indexes.get(alias)
        if index is None:
            index = self.indexes[alias] = Index(library)
        return index


def typed(node: Element | None) -> DataType:
    """The type of a node that has been through the pass; ``System.Any`` where there is none."""
    return ANY if node is None or node.result_type is None else node.result_type
