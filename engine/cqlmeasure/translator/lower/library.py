"""A whole library: its declarations, then its definitions, each lowered when first needed.

Definitions may refer to later ones; a definition that needs itself is an error, a function may recurse if it says what
it returns.  A definition with an error yields none of its ELM, and what refers to it is passed over in silence: the
cause has been reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from cqlmeasure.elm import clinical, library, lists, queries
from cqlmeasure.elm.base import Expression
from cqlmeasure.errors import Span
from cqlmeasure.models import ModelSet
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower import functions as functions  # registers the handlers of calls
from cqlmeasure.translator.lower import retrieves as retrieves
from cqlmeasure.translator.lower import timing as timing
from cqlmeasure.translator.lower.advice import did_you_mean, listed, mismatch, shown
from cqlmeasure.translator.lower.conversions import convert
from cqlmeasure.translator.lower.core import Abandoned, Lowering, Reference, Scope, Typed
from cqlmeasure.translator.lower.queries import lower_query as lower_query
from cqlmeasure.translator.lower.typespec import resolve_type
from cqlmeasure.translator.lower.values import code_system_reference
from cqlmeasure.translator.options import DEFAULT, TranslatorOptions
from cqlmeasure.translator.symbols import FunctionSymbol, Kind, LibrarySymbols, Symbol
from cqlmeasure.typesys import ANY, CODE, CODE_SYSTEM, CONCEPT, VALUE_SET, DataType, ListType

DeclarationType = TypeVar("DeclarationType")
Result = TypeVar("Result")


class LibraryLowering(Lowering):
    """The lowering of one library; :meth:`run` gives its ELM and its symbols."""

    def __init__(
        self,
        tree: syntax.Library,
        *,
        file: str | None,
        lines: Sequence[str],
        models: ModelSet,
        includes: Mapping[str, LibrarySymbols],
        versions: Mapping[str, str | None],
        broken: Iterable[str] = (),
        incomplete: Iterable[str] = (),
        options: TranslatorOptions = DEFAULT,
    ) -> None:
        name = tree.name.text if tree.name is not None else ""
        super().__init__(library=name, file=file, lines=lines, models=models, includes=includes, options=options)
        self.tree = tree
        self.versions = versions
        self.require_value = self._require_value
        self.require_functions = self._require_functions
        self.finish_function = self._finish_function
        self._contexts: dict[int, str | None] = {}
        self._pending: dict[str, syntax.ExpressionDefinition] = {}
        self.later = self._pending
        self.broken |= set(broken)
        self.incomplete = frozenset(incomplete)
        self._places: dict[str, Span] = {_alias(item): item.span for item in tree.includes}
        self._failed: set[str] = set()
        self._running: list[str] = []
        self._definitions: dict[str, library.ExpressionDef] = {}
        self._declared: dict[str, list[_Function]] = {}
        self._own_functions: dict[str, list[FunctionSymbol]] = {}

    def run(self) -> tuple[library.Library, LibrarySymbols]:
        """Lower everything; errors are in ``diagnostics``."""
        tree = self.tree
        usings = self._usings()
        includes = tuple(
            self.make(
                library.IncludeDef,
                item.span,
                local_identifier=_alias(item),
                path=item.name.text,
                version=self.versions.get(_alias(item), item.version),
            )
            for item in tree.includes
        )
        code_systems = tuple(self._code_system(item) for item in tree.code_systems)
        value_sets = tuple(filter(None, [self._guard(self._value_set, item) for item in tree.value_sets]))
        codes = tuple(filter(None, [self._guard(self._code, item) for item in tree.codes]))
        concepts = tuple(filter(None, [self._guard(self._concept, item) for item in tree.concepts]))
        parameters = tuple(filter(None, [self._guard(self._parameter, item) for item in tree.parameters]))
        statements = self._statements()
        node = self.make(
            library.Library,
            None,
            identifier=library.VersionedIdentifier(
                id=tree.name.name if tree.name else None,
                system=tree.name.qualifier if tree.name else None,
                version=tree.version,
            ),
            usings=usings,
            includes=includes,
            parameters=parameters,
            code_systems=code_systems,
            value_sets=value_sets,
            codes=codes,
            concepts=concepts,
            contexts=tuple(
                self.make(library.ContextDef, None, name=name)
                for name in dict.fromkeys(
                    item.name.text for item in tree.statements if isinstance(item, syntax.ContextStatement)
                )
            ),
            statements=statements,
        )
        symbols = LibrarySymbols(
            name=self.library,
            version=tree.version,
            values=dict(self.values),
            functions={name: tuple(overloads) for name, overloads in self._own_functions.items()},
        )
        return node, symbols

    # declarations

    def _usings(self) -> tuple[library.UsingDef, ...]:
        system = self.make(library.UsingDef, None, local_identifier="System", uri="urn:hl7-org:elm-types:r1")
        found = [system]
        for item in self.tree.usings:
            name = item.name.text
            if name == "System":
                continue
            model = self.models.model(item.alias.text if item.alias else name) or self.models.model(name)
            uri = (model.elm_url if model else None) or name
            version = item.version if model is None or model.target_url is None else None
            local = item.alias.text if item.alias else name
            found.append(self.make(library.UsingDef, item.span, local_identifier=local, uri=uri, version=version))
        return tuple(found)

    def _guard(self, lower: Callable[[DeclarationType], Result], item: DeclarationType) -> Result | None:
        try:
            return lower(item)
        except (Abandoned, RecursionError) as error:
            node = item.item if isinstance(item, _Function) else item
            assert isinstance(node, syntax.Node)
            name = getattr(node, "name", None)
            if isinstance(name, syntax.Identifier):
                self.broken.add(name.text)
            if isinstance(error, RecursionError):
                message = "expressions, or definitions that refer to each other, are nested too deeply here"
                hint = "move inner expressions to definitions of their own"
                self.report("nesting-too-deep", message, getattr(name, "span", node.span), hint=hint)
            return None

    def _duplicate(self, what: str, name: syntax.Identifier) -> None:
        """Report a name that is taken, with the place of the one that has it."""
        place = self._places.get(name.text)
        where = f"first at {place.line}:{place.column}; " if place is not None else ""
        hint = f"{where}names of definitions, parameters, terminology and included libraries must differ"
        self.report("duplicate-name", f"{what} is already defined in this library", name.span, hint=hint)

    def _declare(self, item: syntax.Node, name: syntax.Identifier, symbol: Symbol) -> None:
        if symbol.name in self.values or symbol.name in self.includes:
            self._duplicate(f"'{symbol.name}'", name)
            raise Abandoned
        self.values[symbol.name] = symbol
        self._places[symbol.name] = name.span

    def _code_system(self, item: syntax.CodeSystemDeclaration) -> clinical.CodeSystemDef:
        self._guard(
            lambda _: self._declare(
                item, item.name, Symbol(item.name.text, Kind.CODE_SYSTEM, CODE_SYSTEM, item.private)
            ),
            item,
        )
        return self.make(
            clinical.CodeSystemDef,
            item.span,
            CODE_SYSTEM,
            name=item.name.text,
            id=item.id,
            version=item.version,
            access_level=_access(item.private),
        )

    def _value_set(self, item: syntax.ValueSetDeclaration) -> clinical.ValueSetDef:
        self._declare(item, item.name, Symbol(item.name.text, Kind.VALUE_SET, VALUE_SET, item.private))
        return self.make(
            clinical.ValueSetDef,
            item.span,
            VALUE_SET,
            name=item.name.text,
            id=item.id,
            version=item.version,
            access_level=_access(item.private),
            code_system=tuple(code_system_reference(self, name) for name in item.code_systems),
        )

    def _code(self, item: syntax.CodeDeclaration) -> clinical.CodeDef:
        self._declare(item, item.name, Symbol(item.name.text, Kind.CODE, CODE, item.private))
        return self.make(
            clinical.CodeDef,
            item.span,
            CODE,
            name=item.name.text,
            id=item.id,
            display=item.display,
            access_level=_access(item.private),
            code_system=code_system_reference(self, item.system),
        )

    def _concept(self, item: syntax.ConceptDeclaration) -> clinical.ConceptDef:
        self._declare(item, item.name, Symbol(item.name.text, Kind.CONCEPT, CONCEPT, item.private))
        codes: list[clinical.CodeRef] = []
        for name in item.codes:
            symbols = self.includes.get(name.qualifier or "")
            symbol = symbols.values.get(name.name) if symbols else self.values.get(name.name)
            if symbol is None or symbol.kind is not Kind.CODE:
                if name.name in self.broken or name.qualifier in self.incomplete:
                    raise Abandoned
                known = [key for key, one in self.values.items() if one.kind is Kind.CODE]
                hint = did_you_mean(name.name, known) if symbol is None else f"'{name.text}' is a {symbol.kind}"
                raise self.fail("unknown-identifier", f"there is no code '{name.text}'", name.span, hint=hint)
            self.used.add(name.qualifier or name.name)
            codes.append(self.make(clinical.CodeRef, name.span, CODE, name=name.name, library_name=name.qualifier))
        return self.make(
            clinical.ConceptDef,
            item.span,
            CONCEPT,
            name=item.name.text,
            display=item.display,
            access_level=_access(item.private),
            code=tuple(codes),
        )

    def _parameter(self, item: syntax.ParameterDeclaration) -> library.ParameterDef:
        kind = resolve_type(self, item.type) if item.type is not None else None
        default: Typed | None = self.lower(item.default) if item.default is not None else None
        if default is not None and kind is not None:
            converted = convert(self, default, kind)
            if converted is None:
                message = f"the value is {shown(default.type)}, the parameter is {shown(kind)}"
                place = item.default.span if item.default is not None else item.span
                raise self.fail("type-mismatch", message, place, hint=mismatch(self, default.type, kind))
            default = converted
        if kind is None and default is None:
            message = f"the parameter '{item.name.text}' has neither a type nor a default"
            hint = f'write its type: parameter "{item.name.text}" Interval<DateTime>'
            raise self.fail("untyped-parameter", message, item.name.span, hint=hint)
        kind = kind or (default.type if default is not None else ANY)
        self._declare(item, item.name, Symbol(item.name.text, Kind.PARAMETER, kind, item.private))
        return self.make(
            library.ParameterDef,
            item.span,
            kind,
            name=item.name.text,
            access_level=_access(item.private),
            parameter_type=self.data_type(kind),
            default=default.node if default is not None else None,
        )

    # definitions

    def _statements(self) -> tuple[library.ExpressionDef, ...]:
        context: str | None = None
        order: list[tuple[str, int]] = []
        for item in self.tree.statements:
            if isinstance(item, syntax.ContextStatement):
                context = item.name.text
                self._guard(self._context_definition, item)
                if context in self._definitions and (f"value:{context}", 0) not in order:
                    order.append((f"value:{context}", 0))
                continue
            self._contexts[id(item)] = context
            if isinstance(item, syntax.ExpressionDefinition):
                name = item.name.text
                if name in self._pending or name in self.values or name in self.includes:
                    self._duplicate(f"'{name}'", item.name)
                    continue
                self._pending[name] = item
                self._places[name] = item.name.span
                order.append((f"value:{name}", 0))
            else:
                declared = self._guard(self._declare_function, item)
                if declared is not None:
                    order.append((f"function:{item.name.text}", declared))
        for name in list(self._pending):
            self._guard(self._define, self._pending[name])
        for declared_functions in self._declared.values():
            for function in declared_functions:
                self._guard(self._finish, function)
        statements: dict[int, library.ExpressionDef] = {}
        for key, index in order:
            sort, _, name = key.partition(":")
            if sort == "value":
                found = self._definitions.get(name)
            else:
                found = self._declared[name][index].node
            if found is not None:
                statements[id(found)] = found
        return tuple(statements.values())

    def _context_definition(self, item: syntax.ContextStatement) -> None:
        """``context Patient`` defines ``Patient``: the one resource that evaluation is about."""
        name = item.name.text
        if name in self._definitions or name in ("Unfiltered", "Population"):
            return
        context = self.models.context(name, item.model)
        if context is None:
            known = sorted({found for model in self.models.used for found in model.contexts})
            raise self.fail(
                "unknown-context",
                f"the models in use have no context '{name}'",
                item.name.span,
                hint=f"there are {', '.join(['Unfiltered', *known])}",
            )
        facts = self.models.class_of(context.type)
        kind = context.type
        retrieve = self.make(
            queries.Retrieve,
            None,
            ListType(kind),
            data_type=self.data_type(kind),
            template_id=facts.identifier if facts is not None else None,
        )
        value = self.make(lists.SingletonFrom, None, kind, operand=retrieve)
        self.values[name] = Symbol(name, Kind.EXPRESSION, kind, context=name)
        self._definitions[name] = self.make(
            library.ExpressionDef, None, kind, name=name, context=name, expression=value
        )

    def _define(self, item: syntax.ExpressionDefinition) -> Symbol | None:
        return self._require_value(item.name.text, item.span)

    def _require_value(self, name: str, span: Span) -> Symbol | None:
        known = self.values.get(name)
        if known is not None:
            return known
        if name in self._failed:
            raise Abandoned
        item = self._pending.get(name)
        if item is None:
            return None
        if name in self._running:
            cycle = " -> ".join([*self._running[self._running.index(name) :], name])
            raise self.fail("circular-definition", f"'{name}' is defined by itself: {cycle}", span)
        self._running.append(name)
        outer, self.scopes = self.scopes, []
        outer_context, self.context = self.context, self._contexts[id(item)]
        try:
            value = self.lower(item.value)
        except (Abandoned, RecursionError):
            self._failed.add(name)
            raise
        finally:
            self.scopes, self.context = outer, outer_context
            self._running.pop()
        context = self._contexts[id(item)]
        self.values[name] = Symbol(name, Kind.EXPRESSION, value.type, item.private, context)
        self._definitions[name] = self.make(
            library.ExpressionDef,
            item.span,
            value.type,
            name=name,
            context=context or "Unfiltered",
            access_level=_access(item.private),
            expression=value.node,
        )
        return self.values[name]

    # functions

    def _declare_function(self, item: syntax.FunctionDefinition) -> int:
        name = item.name.text
        operands = tuple(resolve_type(self, operand.type) for operand in item.operands)
        returns = resolve_type(self, item.return_type) if item.return_type is not None else None
        overloads = self._own_functions.setdefault(name, [])
        if any(overload.operands == operands for overload in overloads):
            message = f"the function {name}({listed(operands)}) is already defined"
            raise self.fail("duplicate-name", message, item.name.span, hint="overloads differ in types of operands")
        overloads.append(
            FunctionSymbol(name, operands, returns or ANY, item.fluent, item.private, external=item.body is None)
        )
        self.functions[name] = overloads
        declared = self._declared.setdefault(name, [])
        declared.append(_Function(item, operands, returns, len(declared)))
        return len(declared) - 1

    def _require_functions(self, name: str, span: Span) -> Sequence[FunctionSymbol]:
        return self._own_functions.get(name, ())

    def _finish_function(self, function: FunctionSymbol, span: Span) -> FunctionSymbol:
        """The function with its result type, its body lowered if it was not yet."""
        index = self._own_functions[function.name].index(function)
        declared = self._declared[function.name][index]
        if declared.running:
            if declared.returns is None:
                raise self.fail(
                    "circular-definition",
                    f"the result type of the recursive function {function.name} cannot be found",
                    span,
                    hint="declare it: define function name(...) returns Type: ...",
                )
            return function
        self._finish(declared)
        return self._own_functions[function.name][index]

    def _finish(self, function: _Function) -> None:
        if function.node is not None:
            return
        if function.failed:
            raise Abandoned
        item = function.item
        function.running = True
        outer, self.scopes = self.scopes, []
        outer_context, self.context = self.context, self._contexts.get(id(item))
        try:
            body, result = self._body(function)
        except (Abandoned, RecursionError):
            function.failed = True
            raise
        finally:
            self.scopes, self.context = outer, outer_context
            function.running = False
        overloads = self._own_functions[item.name.text]
        old = overloads[function.index]
        overloads[function.index] = FunctionSymbol(
            old.name, old.operands, result, old.fluent, old.private, old.external
        )
        function.node = self.make(
            library.FunctionDef,
            item.span,
            result,
            name=item.name.text,
            context=self._contexts.get(id(item)) or "Unfiltered",
            access_level=_access(item.private),
            expression=body,
            external=item.body is None,
            fluent=item.fluent,
            operand=tuple(
                self.make(library.OperandDef, None, kind, name=operand.name.text, operand_type=self.data_type(kind))
                for operand, kind in zip(item.operands, function.operands, strict=True)
            ),
        )

    def _body(self, function: _Function) -> tuple[Expression | None, DataType]:
        item = function.item
        if item.body is None:
            if function.returns is None:
                raise self.fail("missing-result", f"the external function {item.name.text} needs 'returns'", item.span)
            return None, function.returns
        self.note(item)
        names: dict[str, Reference] = {}
        for operand, kind in zip(item.operands, function.operands, strict=True):
            names[operand.name.text] = _operand(self, operand.name.text, kind)
        with self.scope(Scope(names)):
            value = self.lower(item.body)
        if function.returns is None:
            return value.node, value.type
        converted = convert(self, value, function.returns)
        if converted is None:
            raise self.fail(
                "type-mismatch",
                f"the function returns {shown(value.type)}, not {shown(function.returns)} as it says",
                item.body.span,
                hint=mismatch(self, value.type, function.returns),
            )
        return converted.node, function.returns


class _Function:
    """A declared function on its way: its body is lowered once, when first called or at the end."""

    def __init__(
        self,
        item: syntax.FunctionDefinition,
        operands: tuple[DataType, ...],
        returns: DataType | None,
        index: int,
    ) -> None:
        self.item = item
        self.operands = operands
        self.returns = returns
        self.index = index
        self.node: library.FunctionDef | None = None
        self.running = False
        self.failed = False


def _operand(lowering: Lowering, name: str, kind: DataType) -> Reference:
    def make(span: Span) -> Typed:
        return lowering.typed(library.OperandRef, span, kind, name=name)

    return Reference(make, kind)


def _alias(item: syntax.Include) -> str:
    return item.alias.text if item.alias is not None else item.name.name


def _access(private: bool) -> str:
    return "Private" if private else "Public"


__all__ = ["LibraryLowering"]
