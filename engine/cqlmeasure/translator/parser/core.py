"""The token cursor: where the parser is, what it expects, how it reports.

Always holds: a syntax error is recorded as a diagnostic before :class:`Abandon` is raised, and nothing but ``Abandon``
is raised for any text.
"""

from __future__ import annotations

from typing import Final, NoReturn

from cqlmeasure.errors import Diagnostic, Severity, Span
from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t

MAX_NESTING: Final = 64  # levels of brackets and clauses in one definition; content has about a dozen
MAX_DIAGNOSTICS: Final = 100

_DESCRIPTIONS: Final = {t.EOF: "the end of the text", t.STRING: "the string", t.QUOTED: "the name"}
_HINTS: Final = {
    ("=", "="): "equality is '='",
    ("<", ">"): "inequality is '!='",
    ("&", "&"): "use 'and'",
    ("|", "|"): "use 'or'",
    (">", "="): "write '>=' without a space",
}
_NAME_EXPECTED: Final = ("a name", "an operator")
_ACCESS: Final = frozenset(("private", "public"))
_NAMED_WITH_COLON: Final = frozenset(("codesystem", "valueset", "code", "concept"))


class Abandon(Exception):
    """The declaration at hand cannot be read on; its diagnostic is recorded."""


class Cursor:
    """A position in the tokens, and the moves every rule shares."""

    def __init__(self, tokens: t.Tokens) -> None:
        self.tokens = tokens
        self.kinds = tokens.kinds
        self.texts = tokens.texts
        self.lines = tokens.lines
        self.columns = tokens.columns
        self.end_lines = tokens.end_lines
        self.end_columns = tokens.end_columns
        self.pos = 0
        self.depth = 0
        self.found: list[Diagnostic] = []

    # --- places ---

    def span(self, start: int) -> Span:
        """From token ``start`` to the last token read."""
        last = self.pos - 1
        return Span(self.lines[start], self.columns[start], self.end_lines[last], self.end_columns[last])

    def since(self, first: Span) -> Span:
        """From the start of ``first`` to the last token read."""
        last = self.pos - 1
        return Span(first.line, first.column, self.end_lines[last], self.end_columns[last])

    def token_span(self, index: int) -> Span:
        """The span of one token; an end of the text in a later line is right after what was last."""
        if index and self.kinds[index] == t.EOF and self.lines[index] > self.end_lines[index - 1]:
            line, column = self.end_lines[index - 1], self.end_columns[index - 1] + 1
            return Span(line, column, line, column)
        return Span(self.lines[index], self.columns[index], self.end_lines[index], self.end_columns[index])

    # --- reports ---

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Record a diagnostic and go on."""
        if len(self.found) < MAX_DIAGNOSTICS:
            self.found.append(Diagnostic(code=code, message=message, span=span, hint=hint, severity=severity))

    def describe(self, index: int) -> str:
        """A token as a message names it."""
        kind = self.kinds[index]
        if kind == t.EOF:
            return _DESCRIPTIONS[kind]
        text = self.texts[index]
        shown = text if len(text) <= 60 else text[:57] + "..."
        if kind == t.STRING:
            return f"the string '{shown}'"
        return f'the name "{shown}"' if kind == t.QUOTED else f"'{shown}'"

    def fail(self, expected: str, hint: str | None = None) -> NoReturn:
        """Report that the token at hand is not what the grammar wants here."""
        index = self.pos
        if hint is None and index:
            hint = _HINTS.get((self.kinds[index - 1], self.kinds[index]))
        word = self.kinds[index]
        if hint is None and word in t.KEYWORDS and expected.startswith(_NAME_EXPECTED):
            hint = f"'{word}' is a keyword; as a name it is written \"{word}\""
        code = "unexpected-end" if self.kinds[index] == t.EOF else "unexpected-token"
        self.report(code, f"found {self.describe(index)}, expected {expected}", self.token_span(index), hint)
        raise Abandon

    def enter(self) -> None:
        """One level deeper; the caller leaves by ``depth -= 1``, an abandoned declaration starts again at 0."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            self.too_deep()

    def too_deep(self) -> NoReturn:
        """Report that the text is nested too deeply to be read."""
        self.report(
            "nesting-too-deep",
            f"expressions are nested more than {MAX_NESTING} levels deep here",
            self.token_span(min(self.pos, len(self.kinds) - 1)),
            "move inner expressions to definitions of their own",
        )
        raise Abandon

    # --- moves ---

    def accept(self, kind: str) -> bool:
        """Step over the token if it is of this kind."""
        if self.kinds[self.pos] == kind:
            self.pos += 1
            return True
        return False

    def expect(self, kind: str, where: str, hint: str | None = None) -> None:
        """Step over a token of this kind, or fail; ``where`` says what it belongs to."""
        if self.kinds[self.pos] != kind:
            self.fail(f"'{kind}' {where}", hint)
        self.pos += 1

    def close(self, kind: str, opened: int) -> None:
        """Step over the bracket that closes the one at token ``opened``."""
        if self.kinds[self.pos] != kind:
            place = f"{self.lines[opened]}:{self.columns[opened]}"
            self.fail(f"'{kind}' to close '{self.texts[opened]}' of {place}")
        self.pos += 1

    def string(self, what: str) -> str:
        """The contents of a string token."""
        if self.kinds[self.pos] != t.STRING:
            hint = "strings have single quotes" if self.kinds[self.pos] == t.QUOTED else None
            self.fail(f"a string ({what})", hint)
        self.pos += 1
        return self.texts[self.pos - 1]

    def identifier(self, what: str) -> syntax.Identifier:
        """A name that is introduced here.  A keyword before ``:`` is reported and taken as the name."""
        index = self.pos
        kind = self.kinds[index]
        if kind not in t.NAMES:
            word = self.texts[index]
            if kind not in t.KEYWORDS or self.kinds[index + 1] != ":":
                self.fail(f"a name ({what})")
            message = f"'{word}' is a keyword and no name unless it is quoted"
            self.report("reserved-word", message, self.token_span(index), f'write "{word}"')
        self.pos += 1
        return syntax.Identifier(span=self.token_span(index), text=self.texts[index])

    def referential(self, what: str) -> syntax.Identifier:
        """A name where keywords that are not reserved may stand too."""
        index = self.pos
        if self.kinds[index] not in t.REFERENTIAL:
            self.fail(f"a name ({what})")
        self.pos += 1
        return syntax.Identifier(span=self.token_span(index), text=self.texts[index])

    def member(self) -> syntax.Identifier:
        """The name after a dot: any word; a reserved one that names no function is warned of."""
        index = self.pos
        kind = self.kinds[index]
        if kind not in t.ANY_WORD:
            self.fail("a member or function name")
        if kind in t.RESERVED_WORDS and self.kinds[index + 1] not in ("(", "{"):
            word = self.texts[index]
            message = f"'{word}' is a reserved word; other translators refuse it as the name of a member"
            self.report("reserved-word", message, self.token_span(index), f'write "{word}"', Severity.WARNING)
        self.pos += 1
        return syntax.Identifier(span=self.token_span(index), text=self.texts[index])

    def qualified_name(self, what: str) -> syntax.QualifiedName:
        """``a.b.c``."""
        start = self.pos
        parts = [self.identifier(what)]
        while self.accept("."):
            parts.append(self.identifier(what))
        return syntax.QualifiedName(span=self.span(start), parts=tuple(parts))

    # --- looking ahead ---

    def declaration_ahead(self, index: int) -> bool:
        """Whether a declaration begins at token ``index``: tells ``define X:`` from a name that is a keyword."""
        kind = self.kinds[index]
        if kind not in t.DECLARATIONS:
            return False
        following = self.kinds[index + 1]
        if kind == "define":
            after_name = following in t.KEYWORDS and self.kinds[index + 2] == ":"
            return following in t.NAMES or following in ("function", "fluent", "private", "public") or after_name
        if index and self.end_lines[index - 1] == self.lines[index]:
            return False
        if kind in _ACCESS:
            return following in t.DECLARATIONS
        if following not in t.NAMES:
            return False
        return kind not in _NAMED_WITH_COLON or self.kinds[index + 2] == ":"
