"""Declarations and definitions: what a library is made of.

Always holds: a declaration that cannot be read costs only itself; reading goes on where the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Final

from cqlmeasure.errors import Severity
from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.parser.core import Abandon
from cqlmeasure.translator.parser.expressions import ExpressionParser
from cqlmeasure.translator.parser.queries import SOURCE_HINT

_DECLARATIONS: Final = "(define, context, parameter, valueset, ...)"
_BEFORE_NAME: Final = t.DECLARATIONS | {"function", "fluent"}
_CLOSERS: Final = frozenset((")", "]", "}"))  # a name after one of these may be meant as an alias
_CLAUSES: Final = frozenset(("where", "return", "sort", "let", "with", "without", "aggregate"))
# Words that may go on a declaration or query, for those that are misspelt.
_EXPECTED: Final = ("version", "called", "default", "display", *_CLAUSES, "union", "during", "before", "after")
_FIELDS: Final = {
    syntax.Using: "usings",
    syntax.Include: "includes",
    syntax.CodeSystemDeclaration: "code_systems",
    syntax.ValueSetDeclaration: "value_sets",
    syntax.CodeDeclaration: "codes",
    syntax.ConceptDeclaration: "concepts",
    syntax.ParameterDeclaration: "parameters",
}


class DeclarationParser(ExpressionParser):
    """Rules for libraries."""

    def __init__(self, tokens: t.Tokens) -> None:
        super().__init__(tokens)
        self.begun = 0  # where the declaration at hand begins
        self.abandoned: set[str] = set()
        self.unread: set[str] = set()

    def library(self) -> syntax.Library:
        """The whole text."""
        name: syntax.QualifiedName | None = None
        version: str | None = None
        found: dict[str, list[syntax.Declaration]] = {field: [] for field in (*_FIELDS.values(), "statements")}
        if self.kinds[0] == "library":
            try:
                self.pos += 1
                name = self.qualified_name("the library")
                version = self.version()
            except Abandon:
                self.recover()
        while self.kinds[self.pos] != t.EOF:
            start = self.pos
            self.depth = 0
            try:
                declaration = self.declaration()
            except Abandon:
                self.recover()
                continue
            except RecursionError:  # the caller has left too little stack for the levels that are allowed
                try:
                    self.too_deep()
                except Abandon:
                    self.recover()
                continue
            field = _FIELDS.get(type(declaration), "statements")
            if field != "statements" and found["statements"]:
                word = self.texts[start]
                message = f"'{word}' after the first definition: other translators refuse it"
                hint = "declarations come before the first define and context"
                self.report("declaration-order", message, self.token_span(start), hint)
            found[field].append(declaration)
        self.pos += 1
        last = max(len(self.kinds) - 2, 0)
        span = self.token_span(0).to(self.token_span(last))
        fields: dict[str, Any] = {field: tuple(nodes) for field, nodes in found.items()}
        return syntax.Library(span=span, name=name, version=version, **fields)

    def recover(self) -> None:
        """Note what the declaration at hand would have been called, and go to where the next one begins."""
        self.drop_consequence()
        name = self.begun + 1
        while self.kinds[name - 1] in _BEFORE_NAME and self.kinds[name] in _BEFORE_NAME:
            name += 1
        if self.kinds[name - 1] in _BEFORE_NAME and self.kinds[name] in t.NAMES:
            self.abandoned.add(self.texts[name])
        self.unread.add(self.kinds[max(name - 1, 0)])
        end = len(self.kinds) - 1
        self.pos = min(max(self.pos, self.begun + 1), end)
        while self.pos < end and not self.declaration_ahead(self.pos):
            self.pos += 1
        if "called" in self.kinds[name : self.pos]:
            self.abandoned.add(self.texts[self.kinds.index("called", name) + 1])

    def declaration(self) -> syntax.Declaration:
        """One declaration or definition."""
        start = self.begun = self.pos
        private = self.access()
        word = self.kinds[self.pos]
        rule = _RULES.get(word) if self.begins(self.pos) else None
        if rule is None:
            if word == "library":
                self.fail(
                    "the library's name at the beginning only", "there is one 'library' line, and it is the first"
                )
            self.fail(
                f"a declaration {_DECLARATIONS}"
                if start == 0 or private
                else f"an operator, the end of the definition or the next one {_DECLARATIONS}",
                self.alias_hint(start),
            )
        if self.pos != start and word in ("using", "include", "context", "define"):
            hint = (
                f"write 'define {self.texts[start]}'"
                if word == "define"
                else "only what is defined has an access modifier"
            )
            self.fail(f"a declaration that can be {self.texts[start]}", hint)
        self.pos += 1
        return rule(self, start, private)

    def drop_consequence(self) -> None:
        """Forget the last error if the lexer has reported what led to it: a lost quote, a mark that means nothing."""
        if not self.found or self.found[-1].span is None:
            return
        last = self.found[-1].span
        start = self.lines[self.begun], self.columns[self.begun]
        end = last.line, last.column
        errors = (one.span for one in self.tokens.diagnostics if one.severity is Severity.ERROR)
        if any(start <= (span.line, span.column) <= end for span in errors if span is not None):
            self.found.pop()

    def alias_hint(self, index: int) -> str | None:
        """What may be wrong where a definition should end and something goes on instead."""
        if self.kinds[index] == t.IDENT:
            near = get_close_matches(self.texts[index], _EXPECTED, n=1, cutoff=0.7)
            if near:
                return f"did you mean '{near[0]}'?"
        if self.kinds[index] in _CLAUSES:
            return f"a query gives its source an alias: [Type] A {self.kinds[index]} ..."
        if self.kinds[index] in t.NAMES and self.kinds[index - 1] in _CLOSERS:
            return SOURCE_HINT
        return None

    def begins(self, index: int) -> bool:
        """Whether token ``index`` is to be read as the begin of a declaration, well-formed or not."""
        own_line = not index or self.end_lines[index - 1] != self.lines[index]
        return own_line or self.declaration_ahead(index) or self.kinds[index - 1] in ("private", "public")

    def access(self) -> bool:
        """``private`` or ``public``, if it is there; whether it is ``private``."""
        word = self.kinds[self.pos]
        if word in ("private", "public"):
            self.pos += 1
        return word == "private"

    def version(self) -> str | None:
        """``version 'v'``, if it is there."""
        return self.string("the version") if self.accept("version") else None

    def named(self, what: str) -> syntax.Identifier:
        """``name :``."""
        name = self.identifier(what)
        self.expect(":", f"after the name of {what}")
        return name

    def local_name(self) -> syntax.Identifier | None:
        """``called Name``, if it is there."""
        return self.identifier("the local name") if self.accept("called") else None

    def using(self, start: int, private: bool) -> syntax.Declaration:
        """``using Model version 'v' called Name``."""
        name = self.qualified_name("a model")
        version = self.version()
        alias = self.local_name()
        return syntax.Using(span=self.span(start), name=name, version=version, alias=alias)

    def include(self, start: int, private: bool) -> syntax.Declaration:
        """``include Library version 'v' called Name``."""
        name = self.qualified_name("a library")
        version = self.version()
        alias = self.local_name()
        return syntax.Include(span=self.span(start), name=name, version=version, alias=alias)

    def code_system(self, start: int, private: bool) -> syntax.Declaration:
        """``codesystem "Name": 'id' version 'v'``."""
        name = self.named("a code system")
        id_ = self.string("the identifier of the code system")
        version = self.version()
        return syntax.CodeSystemDeclaration(span=self.span(start), private=private, name=name, id=id_, version=version)

    def value_set(self, start: int, private: bool) -> syntax.Declaration:
        """``valueset "Name": 'id' version 'v' codesystems { ... }``."""
        name = self.named("a value set")
        id_ = self.string("the identifier of the value set")
        version = self.version()
        systems = self.names("a code system") if self.accept("codesystems") else ()
        return syntax.ValueSetDeclaration(
            span=self.span(start), private=private, name=name, id=id_, version=version, code_systems=systems
        )

    def names(self, what: str) -> tuple[syntax.QualifiedName, ...]:
        """``{ name, name }``."""
        opened = self.pos
        self.expect("{", f"to begin the list: {what}")
        found = [self.qualified_name(what)]
        while self.accept(","):
            found.append(self.qualified_name(what))
        self.close("}", opened)
        return tuple(found)

    def code(self, start: int, private: bool) -> syntax.Declaration:
        """``code "Name": 'c' from "System" display 'd'``."""
        name = self.named("a code")
        id_ = self.string("the code")
        self.expect("from", "and a code system after the code")
        system = self.qualified_name("a code system")
        display = self.display()
        return syntax.CodeDeclaration(
            span=self.span(start), private=private, name=name, id=id_, system=system, display=display
        )

    def concept(self, start: int, private: bool) -> syntax.Declaration:
        """``concept "Name": { "code", ... } display 'd'``."""
        name = self.named("a concept")
        codes = self.names("a code")
        display = self.display()
        return syntax.ConceptDeclaration(
            span=self.span(start), private=private, name=name, codes=codes, display=display
        )

    def parameter(self, start: int, private: bool) -> syntax.Declaration:
        """``parameter Name Type default value``."""
        name = self.identifier("a parameter")
        kind: syntax.TypeSpecifier | None = None
        if self.kinds[self.pos] != "default" and not self.at_end():
            kind = self.type_specifier()
        default = self.expression() if self.accept("default") else None
        return syntax.ParameterDeclaration(
            span=self.span(start), private=private, name=name, type=kind, default=default
        )

    def at_end(self) -> bool:
        """Whether the declaration ends before the token at hand."""
        return self.kinds[self.pos] == t.EOF or self.declaration_ahead(self.pos)

    def context(self, start: int, private: bool) -> syntax.Declaration:
        """``context Model.Name``."""
        name = self.identifier("a context")
        model: str | None = None
        if self.accept("."):
            model, name = name.text, self.identifier("a context")
        return syntax.ContextStatement(span=self.span(start), model=model, name=name)

    def define(self, start: int, private: bool) -> syntax.Declaration:
        """``define Name: expression`` or ``define function ...``."""
        private = self.access() or private
        fluent = False
        if self.kinds[self.pos] == "fluent" and self.kinds[self.pos + 1] in ("function", "private", "public"):
            self.pos += 1
            fluent = True
            private = self.access() or private
        if self.kinds[self.pos] == "function" and self.kinds[self.pos + 1] != ":":
            return self.function(start, private, fluent)
        name = self.identifier("a definition")
        hint = "functions are introduced by 'define function'" if self.kinds[self.pos] == "(" else None
        self.expect(":", "after the name of the definition", hint)
        value = self.expression()
        return syntax.ExpressionDefinition(span=self.span(start), private=private, name=name, value=value)

    def function(self, start: int, private: bool, fluent: bool) -> syntax.Declaration:
        """``function name(operands) returns Type: body``."""
        self.pos += 1
        index = self.pos
        if self.kinds[index] not in t.ANY_WORD:
            self.fail("the function's name")
        self.pos += 1
        name = syntax.Identifier(span=self.token_span(index), text=self.texts[index])
        opened = self.pos
        self.expect("(", "after the name of the function")
        operands: list[syntax.Operand] = []
        if self.kinds[self.pos] != ")":
            operands.append(self.operand_definition())
            while self.accept(","):
                operands.append(self.operand_definition())
        self.close(")", opened)
        return_type: syntax.TypeSpecifier | None = None
        if self.kinds[self.pos] == t.IDENT and self.texts[self.pos] == "returns":
            self.pos += 1
            return_type = self.type_specifier()
        self.expect(":", "before the body of the function")
        body: syntax.Expression | None = None
        if self.kinds[self.pos] == t.IDENT and self.texts[self.pos] == "external":
            self.pos += 1
        else:
            body = self.expression()
        return syntax.FunctionDefinition(
            span=self.span(start),
            private=private,
            fluent=fluent,
            name=name,
            operands=tuple(operands),
            return_type=return_type,
            body=body,
        )

    def operand_definition(self) -> syntax.Operand:
        """``name Type``."""
        start = self.pos
        name = self.referential("an operand")
        kind = self.type_specifier()
        return syntax.Operand(span=self.span(start), name=name, type=kind)


_RULES: Final[dict[str, Callable[[DeclarationParser, int, bool], syntax.Declaration]]] = {
    "using": DeclarationParser.using,
    "include": DeclarationParser.include,
    "codesystem": DeclarationParser.code_system,
    "valueset": DeclarationParser.value_set,
    "code": DeclarationParser.code,
    "concept": DeclarationParser.concept,
    "parameter": DeclarationParser.parameter,
    "context": DeclarationParser.context,
    "define": DeclarationParser.define,
}
