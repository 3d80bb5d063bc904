"""The compiler's centre: libraries, names, definitions, functions, and the way from a node to Python.

Always holds: a node is compiled in the library and function it belongs to; every definition and function becomes one
Python function, made when it is first referred to; what depends on parameters only becomes a module constant.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from functools import partial
from typing import Any

from cqlmeasure.compiler.catalog import FUNCTIONS
from cqlmeasure.compiler.code import Binding, Frame, Module, Place, Py, slug
from cqlmeasure.compiler.kinds import matches, settled
from cqlmeasure.compiler.reach import Reach
from cqlmeasure.compiler.sharing import Built, Sharing
from cqlmeasure.elm import ExpressionDef, FunctionDef, Library
from cqlmeasure.elm.base import Element, Expression
from cqlmeasure.elm.library import OperandRef
from cqlmeasure.elm.queries import AliasRef, QueryLetRef
from cqlmeasure.errors import ContentError
from cqlmeasure.models import FhirTypes, fhir_types
from cqlmeasure.typesys import DataType

Handler = Callable[["Emitter", Any], Py]
Conditions = Callable[["Emitter", Any], str]
Body = Callable[["Emitter", Any], "Py | None"]
Facts = tuple[tuple[bool, bool], ...]
"""What a call knows of each argument: that it is never null, that it is a list without nulls."""

MAXIMUM_NESTING = 14
"""Expressions nested deeper than this become helper functions: CPython's parser has a limit, and so have readers."""

_RECURSION_LIMIT = 40_000
_TEMPORARY = re.compile(r"\bt\d+\b")


@dataclass(slots=True)
class Scope:
    """One library: its definitions by name, its includes by local name."""

    key: str
    library: Library
    includes: dict[str, str]
    expressions: dict[str, ExpressionDef] = field(default_factory=dict)
    functions: dict[str, list[FunctionDef]] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, library: Library, includes: dict[str, str]) -> Scope:
        """The scope of a library."""
        scope = cls(key, library, includes)
        for statement in library.statements:
            if isinstance(statement, FunctionDef):
                scope.functions.setdefault(statement.name, []).append(statement)
            else:
                scope.expressions[statement.name] = statement
        return scope

    def named(self, section: str, name: str) -> Any:
        """A definition of one of the library's sections by name, ``None`` if there is none."""
        return next((found for found in getattr(self.library, section) if found.name == name), None)


@dataclass(slots=True)
class Compiled:
    """A definition or function that has a Python function; ``value`` is what a reference gives."""

    name: str
    slot: int | None
    value: Py
    external: bool = False


class Emitter:
    """Compiles the definitions of a set of libraries into one module.

    ``libraries`` are keyed ``name|version``; ``handlers`` and the two kinds of conditions say how to compile each node.
    """

    def __init__(
        self,
        libraries: Mapping[str, Scope],
        handlers: Mapping[type[Element], Handler],
        truths: Mapping[type[Element], Conditions],
        falsehoods: Mapping[type[Element], Conditions],
        fhir: FhirTypes | None = None,
        bodies: Mapping[type[Element], Body] | None = None,
    ) -> None:
        self.libraries = libraries
        self.module = Module()
        self.fhir = fhir or fhir_types()
        self.value_sets: dict[tuple[str, str | None], str] = {}
        self.parameters: dict[tuple[str, str], DataType | None] = {}
        self._handlers = handlers
        self._bodies = bodies or {}
        self._bodies_known: dict[str, Compiled] = {}
        self._truths = truths
        self._falsehoods = falsehoods
        self._expressions: dict[tuple[str, str], Compiled | None] = {}
        self._functions: dict[tuple[str, str, int, Facts], Compiled] = {}
        self._reach = Reach(libraries, self.fhir)
        self.retrieves: dict[str, int] = {}
        self.scope: Scope = next(iter(libraries.values()))
        self.frame = Frame("", Place("", "", None))
        self.touched: set[str] = set()
        self.sharing = Sharing()

    # -- nodes --------------------------------------------------------------------------------------------------------

    def value(self, node: Expression) -> Py:
        """The expression of a node's value."""
        frame = self.frame
        shared = self.sharing.find(node, frame)
        if shared is not None:
            self.touched |= shared.touched
            return shared.value
        if not self.sharing.wants(node, frame):
            return self._value(node)
        outer, self.touched = self.touched, set()
        found = self.sharing.keep(node, self._value(node), frame, self.touched)
        self.touched |= outer
        return found

    def sequence(self, parts: Sequence[Expression], build: Callable[[Expression], Built]) -> list[Built]:
        """What is built of parts of which each is only evaluated after those before it."""
        found: list[Built] = []
        with ExitStack() as sharing:
            for index, part in enumerate(parts):
                first = self.sharing.first(part, parts[index + 1 :], self.frame, partial(build, part))
                found.append(sharing.enter_context(first))
        return found

    def variable(self, node: Expression) -> Py | None:
        """The variable of this function that holds a node's value, if there is one."""
        shared = self.sharing.find(node, self.frame)
        if shared is not None:
            return shared.value
        if isinstance(node, AliasRef | QueryLetRef | OperandRef):
            found = self.value(node)
            return found if found.text.isidentifier() else None
        return None

    def _value(self, node: Expression) -> Py:
        frame = self.frame
        if frame.depth >= MAXIMUM_NESTING and frame.name:
            return self._split(node)
        frame.depth += 1
        place = frame.place
        if node.locator is not None:
            frame.place = Place(place.library, place.definition, node.locator)
        try:
            handler = self._handlers.get(type(node))
            if handler is None:
                return self.failure(f"the operator {type(node).__name__} is not supported")
            found = handler(self, node)
        finally:
            frame.depth -= 1
            frame.place = place
        kind = settled(found.type, node.result_type)
        return found if kind == found.type else found.typed(kind)

    def _split(self, node: Expression) -> Py:
        with self.function(f"e_{slug(self.frame.place.definition, 32)}") as inner:
            found = self.value(node)
            inner.line(f"return {found.text}")
        return replaced(found, text=self.call_of(inner), constant=False, atom=False, owner=None, keys=None)

    def true(self, node: Expression) -> str:
        """A condition that holds if and only if the node is true."""
        handler = self._truths.get(type(node))
        if handler is not None and self.frame.depth < MAXIMUM_NESTING:
            self.frame.depth += 1
            try:
                return handler(self, node)
            finally:
                self.frame.depth -= 1
        return self.use(self.value(node))

    def false(self, node: Expression) -> str:
        """A condition that holds if and only if the node is false."""
        handler = self._falsehoods.get(type(node))
        if handler is not None and self.frame.depth < MAXIMUM_NESTING:
            self.frame.depth += 1
            try:
                return handler(self, node)
            finally:
                self.frame.depth -= 1
        found = self.value(node)
        return f"(not {self.use(found)})" if found.sure else f"({self.use(found)} is False)"

    # -- pieces -------------------------------------------------------------------------------------------------------

    def call(self, name: str, *arguments: Py | str, kind: DataType | None = None, sure: bool = False) -> Py:
        """A call of a runtime function; constant if all arguments are.  Plain strings are constant code."""
        module = FUNCTIONS.get(name)
        if module is not None:
            self.module.use(module, name)
        return self.combine(f"{name}({{}})", arguments, kind, sure)

    def combine(
        self, template: str, arguments: Iterable[Py | str], kind: DataType | None = None, sure: bool = False
    ) -> Py:
        """An expression made of others; ``{}`` in the template stands for them, separated by commas."""
        given = list(arguments)
        constant = all(isinstance(one, str) or one.constant for one in given)
        texts = [one if isinstance(one, str) else one.text if constant else self.use(one) for one in given]
        return Py(template.replace("{}", ", ".join(texts), 1), kind, sure, constant=constant)

    def use(self, found: Py) -> str:
        """The text to use within something that is not constant: constants get a name."""
        if found.constant and not found.atom:
            return self.module.constant(found.text, self.frame.place)
        return found.text

    def temp(self) -> str:
        """A variable for use within one expression."""
        return self.frame.temp()

    def import_(self, module: str, name: str) -> str:
        """The name of something of the runtime that is no operator."""
        return self.module.use(module, name)

    def failure(self, message: str, kind: DataType | None = None) -> Py:
        """An expression that raises when it is reached."""
        self.import_("general", "fail")
        return Py(f"fail({message!r})", kind)

    # -- names --------------------------------------------------------------------------------------------------------

    def look_up(self, kind: str, name: str) -> Py | None:
        """The variable of an alias, let or operand in scope."""
        found = self.frame.look_up(f"{kind} {name}")
        if found is None:
            return None
        self.touched.add(found.value.text)
        return found.value

    def bind(self, kind: str, name: str, value: Py) -> Py:
        """Puts a name in scope; ``value`` says what is known, its text is the wished variable."""
        taken = set(self.frame.arguments) | set(self.frame.captured)
        frame: Frame | None = self.frame
        while frame is not None:
            taken |= {binding.value.text for binding in frame.scope.values()}
            frame = frame.parent
        text, number = value.text, 1
        while text in taken:
            number += 1
            text = f"{value.text}_{number}"
        bound = replaced(value, text=text, constant=False, atom=True, owner=None, keys=None)
        self.frame.scope[f"{kind} {name}"] = Binding(bound, self.frame)
        return bound

    @contextmanager
    def function(self, name: str) -> Iterator[Frame]:
        """A helper function within the current one; variables that it uses become its arguments."""
        outer = self.frame
        self.frame = inner = Frame(self.module.name(name), outer.place, outer)
        try:
            yield inner
        finally:
            self.frame = outer
            self.module.functions.append(inner)

    def call_of(self, inner: Frame) -> str:
        """The call of a helper function from the function around it."""
        return f"{inner.name}({', '.join(['c', *inner.arguments, *inner.captured])})"

    # -- definitions --------------------------------------------------------------------------------------------------

    def other(self, library_name: str | None) -> Scope:
        """The library that a local name means; without a name the current one."""
        if library_name is None:
            return self.scope
        key = self.scope.includes.get(library_name)
        if key is None:
            raise ContentError(
                f"library {self.scope.key} refers to '{library_name}', which it does not include",
                code="unknown-library",
            )
        return self.libraries[key]

    @contextmanager
    def _outside(self, scope: Scope, frame: Frame) -> Iterator[None]:
        saved = self.scope, self.frame, self.touched
        self.scope, self.frame, self.touched = scope, frame, set()
        try:
            yield
        finally:
            self.scope, self.frame, self.touched = saved

    def expression(self, scope: Scope, name: str) -> Compiled:
        """The Python function of an expression definition."""
        key = (scope.key, name)
        if key in self._expressions:
            known = self._expressions[key]
            if known is None:
                raise ContentError(f'{scope.key}: the definition "{name}" refers to itself', code="circular-definition")
            return known
        definition = scope.expressions.get(name)
        if definition is None:
            raise ContentError(f'library {scope.key} has no definition "{name}"', code="unknown-definition")
        self._expressions[key] = None
        place = Place(scope.key, name, definition.locator)
        function = self.module.name(f"d_{slug(scope.library.identifier.id or '', 24)}__{slug(name)}")
        slot = self.module.slot()
        frame = Frame(function, place, slot=slot)
        with self._outside(scope, frame):
            if definition.expression is None:
                found = Py("None", definition.result_type, constant=True, atom=True)
                frame.give("None")
            else:
                found = self._body(definition.expression)
            found = found.typed(settled(found.type, definition.result_type))
            frame.lines.insert(0, (1, repr(f"{scope.key}: {name}"), place))
        same = (
            self._bodies_known.get(found.text) if found.text and len(frame.lines) == 3 and not found.constant else None
        )
        if same is not None:
            # the same as a definition of another library: its function and its slot do for both
            compiled = self._expressions[key] = Compiled(same.name, same.slot, same.value.typed(found.type))
            return compiled
        self.module.functions.append(frame)
        if found.constant:
            text = found.text if found.atom else self.module.constant(found.text, place)
            value = replaced(found, text=text, atom=True)
        else:
            value = replaced(found, text=function, owner=None, keys=None, atom=False)
        compiled = self._expressions[key] = Compiled(function, slot, value)
        if found.text and len(frame.lines) == 3 and not found.constant:
            self._bodies_known.setdefault(found.text, compiled)
        return compiled

    def _body(self, node: Expression) -> Py:
        """A node's value as the value of the function that is under construction."""
        frame = self.frame
        place = frame.place
        if node.locator:
            frame.place = place._replace(locator=node.locator)
        body = self._bodies.get(type(node))
        found = body(self, node) if body is not None else None
        if found is not None:
            return found.typed(settled(found.type, node.result_type))
        found = self.value(node)
        frame.give(self.use(found))
        return found

    def once(self, found: Py) -> Py:
        """A value that depends on nothing but the subject, in a slot that all who need it share."""
        if found.constant:
            return found
        names: dict[str, str] = {}
        key = _TEMPORARY.sub(lambda match: names.setdefault(match[0], f"t{len(names) + 1}"), found.text)
        slot = self.retrieves.get(key)
        if slot is None:
            slot = self.retrieves[key] = self.module.slot()
        self.import_("context", "UNSET")
        self.import_("context", "keep")
        temp = self.temp()
        return replaced(
            found, text=f"({temp} if ({temp} := c[{slot}]) is not UNSET else keep(c, {slot}, {found.text}))"
        )

    def memoises(self, scope: Scope, definition: FunctionDef) -> bool:
        """Whether the values of a function are kept for each subject."""
        return self._reach.memoises(scope, definition)

    def reference(self, scope: Scope, name: str) -> Py:
        """The value of an expression definition, with the memo asked inline."""
        compiled = self.expression(scope, name)
        if compiled.value.constant:
            return compiled.value
        self.import_("context", "UNSET")
        temp = self.temp()
        text = f"({temp} if ({temp} := c[{compiled.slot}]) is not UNSET else {compiled.name}(c))"
        return replaced(compiled.value, text=text)

    def overload(
        self, scope: Scope, name: str, signature: tuple[DataType, ...], arguments: list[Py]
    ) -> FunctionDef | None:
        """The function of a name that takes these arguments; the signature decides if there is one."""
        fitting = [found for found in scope.functions.get(name, ()) if len(found.operand) == len(arguments)]
        if len(fitting) < 2:
            return fitting[0] if fitting else None
        types: list[DataType | None] = list(signature) if signature else [one.type for one in arguments]

        def score(found: FunctionDef) -> tuple[bool, int]:
            each = [
                matches(self.fhir, kind, operand.operand_type)
                for kind, operand in zip(types, found.operand, strict=True)
            ]
            return min(each, default=1) > 0, sum(each)

        return max(fitting, key=score)

    def function_definition(self, scope: Scope, definition: FunctionDef, facts: Facts = ()) -> Compiled:
        """The Python function of a function definition, for arguments of which so much is known."""
        facts = facts or ((False, False),) * len(definition.operand)
        key = (scope.key, definition.name, id(definition), facts)
        if key in self._functions:
            return self._functions[key]
        place = Place(scope.key, definition.name, definition.locator)
        function = self.module.name(f"f_{slug(scope.library.identifier.id or '', 24)}__{slug(definition.name)}")
        # Where the function calls itself, nothing is known of its value but the type.
        self._functions[key] = Compiled(function, None, Py(function, definition.result_type))
        frame = Frame(function, place)
        with self._outside(scope, frame):
            for operand, (sure, items) in zip(definition.operand, facts, strict=True):
                value = Py(f"p_{slug(operand.name)}", operand.operand_type, sure, items)
                bound = self.bind("operand", operand.name, value)
                frame.arguments.append(bound.text)
            if definition.expression is None:
                found = self.failure(f"the external function {definition.name} is not known", definition.result_type)
                frame.give(found.text)
            elif self.memoises(scope, definition):
                found = self.value(definition.expression)
                if definition.expression.locator:
                    frame.place = place._replace(locator=definition.expression.locator)
                self._memoised(frame, self.use(found))
            else:
                found = self._body(definition.expression)
            found = found.typed(settled(found.type, definition.result_type))
            frame.lines.insert(0, (1, repr(f"{scope.key}: {definition.name}"), place))
        self.module.functions.append(frame)
        value = replaced(found, text=function, constant=False, atom=False, owner=None, keys=None)
        compiled = self._functions[key] = Compiled(function, None, value)
        return compiled

    def _memoised(self, frame: Frame, text: str) -> None:
        """The body of a function that is evaluated once for the same arguments.

        Objects are the same if they are one; the memo holds them, so that no other can take their place.
        """
        self.import_("context", "UNSET")
        slot = self.module.slot()
        identities = ", ".join(f"id({name})" for name in frame.arguments)
        if len(frame.arguments) > 1:
            frame.line(f"key = ({identities})")
            identities = "key"
        frame.line(f"if (memo := c[{slot}]) is UNSET:")
        frame.lines.append((2, f"c[{slot}] = memo = {{}}", frame.place))
        frame.line(f"elif (known := memo.get({identities})) is not None:")
        frame.lines.append((2, "return known[0]", frame.place))
        frame.line(f"value = {text}")
        frame.line(f"memo[{identities}] = (value, {', '.join(frame.arguments)})")
        frame.line("return value")


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Lets ELM be as deep as its reader allows."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


__all__ = ["Compiled", "Conditions", "Emitter", "Handler", "Scope", "deep_recursion"]
