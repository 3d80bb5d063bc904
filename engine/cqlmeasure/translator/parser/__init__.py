"""Tokens to syntax tree.

Owns the grammar of CQL 1.5.3 as a hand-written recursive-descent parser with operator precedence.  Always holds: every
text gives a tree and diagnostics, in source order, and never an exception; what could not be read is missing from the
tree and named by a diagnostic.
"""

from __future__ import annotations

import contextlib

import msgspec

from cqlmeasure.errors import Diagnostic
from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.lexer import TOO_LONG, source_lines, tokenize
from cqlmeasure.translator.parser.core import Abandon, Cursor
from cqlmeasure.translator.parser.declarations import DeclarationParser

__all__ = ["ExpressionResult", "ParseResult", "parse_expression", "parse_library"]


class ParseResult(msgspec.Struct, frozen=True, kw_only=True):
    """A library's syntax tree and what is wrong with its text.

    ``abandoned``: names of declarations that are missing from the tree because they cannot be read, so that a
    reference to one is not reported a second time.  ``unread``: the words, such as ``include``, that begin them.
    """

    library: syntax.Library
    diagnostics: tuple[Diagnostic, ...]
    abandoned: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()


class ExpressionResult(msgspec.Struct, frozen=True, kw_only=True):
    """The tree of a single expression, ``None`` if it cannot be read, and what is wrong with it."""

    expression: syntax.Expression | None
    diagnostics: tuple[Diagnostic, ...]


def parse_library(text: str, *, file: str | None = None) -> ParseResult:
    """The syntax tree of a CQL library; ``file`` is named in the diagnostics."""
    parser = DeclarationParser(tokenize(text))
    library = parser.library()
    name = library.name.text if library.name else None
    diagnostics = _finish(parser, text, name, file)
    return ParseResult(
        library=library, diagnostics=diagnostics, abandoned=frozenset(parser.abandoned), unread=frozenset(parser.unread)
    )


def parse_expression(text: str, *, file: str | None = None) -> ExpressionResult:
    """The syntax tree of one expression that is the whole text."""
    parser = DeclarationParser(tokenize(text))
    expression: syntax.Expression | None = None
    try:
        read = parser.expression()
        if parser.kinds[parser.pos] != t.EOF:
            parser.fail("an operator or the end of the expression")
        expression = read
    except Abandon:
        pass
    except RecursionError:  # the caller has left too little stack for the levels that are allowed
        with contextlib.suppress(Abandon):
            parser.too_deep()
    return ExpressionResult(expression=expression, diagnostics=_finish(parser, text, None, file))


def _finish(parser: Cursor, text: str, library: str | None, file: str | None) -> tuple[Diagnostic, ...]:
    """The diagnostics of lexer and parser in source order, with what only the whole text tells."""
    found = [*parser.tokens.diagnostics, *parser.found]
    if not found:
        return ()
    if any(one.code == TOO_LONG for one in found):
        return tuple(msgspec.structs.replace(one, file=file) for one in parser.tokens.diagnostics)
    found.sort(key=lambda one: (one.span.line, one.span.column) if one.span else (0, 0))
    lines = source_lines(text, {one.span.line for one in found if one.span})
    return tuple(
        msgspec.structs.replace(
            one, library=library, file=file, source_line=lines.get(one.span.line) if one.span else None
        )
        for one in found
    )
