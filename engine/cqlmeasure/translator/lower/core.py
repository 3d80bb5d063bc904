"""The state of one library's lowering, and what all its parts share: nodes, scopes, errors.

Lowering makes typed ELM of a syntax tree.  Every part registers handlers for its syntax nodes with :func:`lowers`;
:meth:`Lowering.lower` dispatches.  Always holds: a lowered operand carries its source type, while the ELM node below
it carries the type of the real data; an error is recorded once, where it was found, and unwinds to the nearest place
that can go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from cqlmeasure.elm.base import Element, Expression
from cqlmeasure.errors import Diagnostic, Severity, Span
from cqlmeasure.models import ModelSet, fhir_types
from cqlmeasure.translator import syntax
from cqlmeasure.translator.options import DEFAULT, TranslatorOptions
from cqlmeasure.translator.symbols import FunctionSymbol, LibrarySymbols, Symbol
from cqlmeasure.typesys import (
    ANY,
    SYSTEM,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
    choice_of,
)

FHIR = "FHIR"
FHIR_URI = "http://hl7.org/fhir"


class Typed(NamedTuple):
    """A lowered expression and its source type."""

    node: Expression
    type: DataType


class Abandoned(Exception):
    """The rest of an expression cannot be lowered; the reason has been recorded."""


class Reference(NamedTuple):
    """What a name in a query, function or sort scope stands for: a way to make its node, and its type."""

    make: Callable[[Span], Typed]
    type: DataType


class Scope(NamedTuple):
    """Names of one query, function or sort clause.  ``implicit`` is the item whose elements are names too."""

    names: dict[str, Reference]
    implicit: DataType | None = None


class Fact(NamedTuple):
    """A syntax node as it was understood: the types of its operands, and the scopes around it."""

    node: syntax.Node
    types: tuple[DataType, ...]
    scopes: tuple[Scope, ...]


ElementType = TypeVar("ElementType", bound=Element)
Handler = Callable[["Lowering", Any], Typed]
_HANDLERS: dict[type[syntax.Expression], Handler] = {}


def lowers(*nodes: type[syntax.Expression]) -> Callable[[Handler], Handler]:
    """Register a function as the handler of syntax nodes."""

    def register(handler: Handler) -> Handler:
        for node in nodes:
            _HANDLERS[node] = handler
        return handler

    return register


class Lowering:
    """One library being lowered."""

    def __init__(
        self,
        *,
        library: str,
        file: str | None,
        lines: Sequence[str],
        models: ModelSet,
        includes: Mapping[str, LibrarySymbols],
        options: TranslatorOptions = DEFAULT,
    ) -> None:
        self.options = options
        self.lenient = options.lenient
        self.library = library
        self.file = file
        self.lines = lines
        self.models = models
        self.includes = includes
        self.scopes: list[Scope] = []
        self.diagnostics: list[Diagnostic] = []
        self.context: str | None = None
        self.values: dict[str, Symbol] = {}
        self.functions: dict[str, list[FunctionSymbol]] = {}
        # Names whose declarations could not be read or lowered, and local names of libraries of which not all is
        # known.  What refers to them is passed over in silence: the cause has been reported.
        self.broken: set[str] = set()
        self.incomplete: frozenset[str] = frozenset()
        # Definitions that have not been lowered yet.
        self.later: Mapping[str, object] = {}
        # For warnings: what was lowered with which types, and which declarations something refers to.
        self.facts: list[Fact] = []
        self.used: set[str | None] = set()
        # Set by the library stage: lowers a definition or function group that is needed before its turn.
        self.require_value: Callable[[str, Span], Symbol | None] = lambda name, span: self.values.get(name)
        self.require_functions: Callable[[str, Span], Sequence[FunctionSymbol]] = lambda name, span: self.functions.get(
            name, ()
        )
        self.finish_function: Callable[[FunctionSymbol, Span], FunctionSymbol] = lambda function, span: function
        self._next_id = 0
        self._data_types: dict[DataType, DataType] = {}

    def has_value(self, name: str) -> bool:
        """Whether a definition or declaration of that name is known."""
        return name in self.values or name in self.later

    # nodes

    def new_id(self) -> str:
        """The next localId."""
        self._next_id += 1
        return str(self._next_id)

    def make(
        self, kind: type[ElementType], span: Span | None, type_: DataType | None = None, **fields: Any
    ) -> ElementType:
        """A node with localId, locator (if it stands for text of its own) and the data type of ``type_``."""
        return kind(
            local_id=self.new_id(),
            locator=span.locator if span is not None else None,
            result_type=None if type_ is None else self.data_type(type_),
            **fields,
        )

    def typed(self, kind: type[Any], span: Span | None, type_: DataType, **fields: Any) -> Typed:
        """A node together with its source type."""
        return Typed(self.make(kind, span, type_, **fields), type_)

    def data_type(self, kind: DataType) -> DataType:
        """The type that the real data have: of a QICore profile, the FHIR resource that it profiles."""
        known = self._data_types.get(kind)
        if known is None:
            known = self._data_types[kind] = self._data_type(kind)
        return known

    def _data_type(self, kind: DataType) -> DataType:
        match kind:
            case NamedType(model_name, name):
                if model_name in (SYSTEM, FHIR):
                    return kind
                model = self.models.model(model_name)
                facts = self.models.class_of(kind)
                if model is None or facts is None or model.elm_url != FHIR_URI:
                    return kind
                ancestors = self.models.ancestors(kind)
                system = next((base for base in ancestors if isinstance(base, NamedType) and base.model == SYSTEM), ANY)
                if system != ANY:
                    return system
                fhir = fhir_types()
                for candidate in (facts.target, name):
                    if candidate and fhir.kind(candidate) is not None:
                        return NamedType(FHIR, candidate)
                return self.data_type(ancestors[0]) if ancestors else kind
            case ListType(element):
                return ListType(self.data_type(element))
            case IntervalType(point):
                return IntervalType(self.data_type(point))
            case ChoiceType(alternatives):
                return choice_of(*(self.data_type(alternative) for alternative in alternatives))
            case TupleType(elements):
                return TupleType(tuple((name, self.data_type(element)) for name, element in elements))
        return kind

    # expressions

    def lower(self, node: syntax.Expression) -> Typed:
        """The ELM of an expression.  Raises :class:`Abandoned` after recording an error."""
        return _HANDLERS[type(node)](self, node)

    def lower_all(self, nodes: Sequence[syntax.Expression]) -> list[Typed]:
        """The ELM of several expressions; an error in one does not hide errors in the others."""
        lowered: list[Typed] = []
        failed = False
        for node in nodes:
            try:
                lowered.append(self.lower(node))
            except Abandoned:
                failed = True
        if failed:
            raise Abandoned
        return lowered

    @contextmanager
    def scope(self, scope: Scope) -> Iterator[Scope]:
        """Names that hold while the block runs."""
        self.scopes.append(scope)
        try:
            yield scope
        finally:
            self.scopes.pop()

    def note(self, node: syntax.Node, *types: DataType) -> None:
        """Keep for the warnings how a node was understood."""
        self.facts.append(Fact(node, types, tuple(self.scopes)))

    # messages

    def report(
        self, code: str, message: str, span: Span, *, hint: str | None = None, severity: Severity = Severity.ERROR
    ) -> None:
        """Record a finding."""
        found = Diagnostic(
            code=code,
            message=message,
            severity=severity,
            library=self.library,
            file=self.file,
            span=span,
            source_line=self.lines[span.line - 1] if 0 < span.line <= len(self.lines) else None,
            hint=hint,
        )
        if found not in self.diagnostics:
            self.diagnostics.append(found)

    def fail(self, code: str, message: str, span: Span, *, hint: str | None = None) -> Abandoned:
        """Record an error; the caller raises what this returns."""
        self.report(code, message, span, hint=hint)
        return Abandoned()
