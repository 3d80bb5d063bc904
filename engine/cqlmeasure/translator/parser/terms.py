"""Terms: literals, names, selectors, calls, and the arithmetic that binds tighter than every comparison.

Owns what the grammar calls ``expressionTerm``.  Always holds: chains (members, indexers, signs, sums) are read in
loops, so their length costs no stack.
"""

from __future__ import annotations

from abc import abstractmethod
from decimal import Decimal
from typing import Final

from cqlmeasure.errors import Span
from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.parser.selectors import SelectorParser

_LITERALS: Final = {
    t.STRING: syntax.LiteralKind.STRING,
    t.LONG: syntax.LiteralKind.LONG,
    t.DATE: syntax.LiteralKind.DATE,
    t.DATETIME: syntax.LiteralKind.DATETIME,
    t.TIME: syntax.LiteralKind.TIME,
    "true": syntax.LiteralKind.BOOLEAN,
    "false": syntax.LiteralKind.BOOLEAN,
    "null": syntax.LiteralKind.NULL,
}
_ARITHMETIC: Final = {"^": 3, "*": 2, "/": 2, "div": 2, "mod": 2, "+": 1, "-": 1, "&": 1}
# Prefix operators: the word and the word after it; ``None`` if the word alone is the operator.
_PREFIXES: Final[dict[str, str | None]] = {
    "+": None,
    "-": None,
    "start": "of",
    "end": "of",
    "width": "of",
    "successor": "of",
    "predecessor": "of",
    "singleton": "from",
    "point": "from",
    **dict.fromkeys(t.COMPONENTS, "from"),
}
_POSTFIXES: Final = frozenset((".", "["))
_WHOLE: Final = frozenset(("exists", "not", "[", "cast", "from"))  # begin an expression, but no term


class TermParser(SelectorParser):
    """Rules for terms."""

    def term(self, minimum: int = 1) -> syntax.Expression:
        """A term whose arithmetic operators bind at least as tight as ``minimum``."""
        left = self.unary()
        while True:
            operator = self.kinds[self.pos]
            binding = _ARITHMETIC.get(operator)
            if binding is None or binding < minimum:
                return left
            self.pos += 1
            right = self.term(binding + 1)
            left = syntax.Binary(span=self.since(left.span), operator=operator, left=left, right=right)

    def unary(self) -> syntax.Expression:
        """Prefix operators before a primary with its members and indexers."""
        kinds = self.kinds
        if kinds[self.pos] not in _PREFIXES and self.texts[self.pos] not in ("duration", "difference", "timezone"):
            return self.postfix()
        prefixes: list[tuple[int, str]] = []
        while True:
            start = self.pos
            word = kinds[start]
            if word in _PREFIXES:
                second = _PREFIXES[word]
                if second is not None and kinds[start + 1] != second:
                    if word in t.REFERENTIAL:
                        break
                    self.pos += 1
                    self.fail(f"'{second}' after '{word}'")
                self.pos += 1 if second is None else 2
                prefixes.append((start, word))
            elif word in ("duration", "difference"):
                self.pos += 1
                self.expect("in", f"after '{word}'")
                precision = self.plural_precision(f"after '{word} in'")
                self.expect("of", f"after '{word} in {precision}s'")
                prefixes.append((start, f"{word} {precision}"))
            elif word == t.IDENT and self.texts[start] == "timezone" and kinds[start + 1] == "from":
                self.pos += 2
                prefixes.append((start, "timezone"))
            else:
                break
        operand = self.postfix()
        for start, word in reversed(prefixes):
            operand = self.prefixed(self.span(start), word, operand)
        return operand

    def prefixed(self, span: Span, word: str, operand: syntax.Expression) -> syntax.Expression:
        """The node of one prefix operator."""
        if word in t.COMPONENTS or word == "timezone":
            return syntax.ComponentFrom(span=span, component=word, operand=operand)
        operator, _, precision = word.partition(" ")
        if precision:
            return syntax.DurationBetween(span=span, operator=operator, precision=precision, left=operand, right=None)
        return syntax.Unary(span=span, operator=operator, operand=operand)

    def plural_precision(self, where: str) -> str:
        """``days`` and its like, as the singular."""
        word = self.kinds[self.pos]
        precision = t.PLURAL_PRECISIONS.get(word)
        if precision is None:
            hint = f"write '{word}s'" if word in t.PRECISIONS else None
            self.fail(f"years, months, weeks, days, hours, minutes, seconds or milliseconds {where}", hint)
        self.pos += 1
        return precision

    def postfix(self) -> syntax.Expression:
        """A primary, then ``.member``, ``.function()`` and ``[index]``."""
        start = self.pos
        kinds = self.kinds
        left = self.primary()
        if kinds[self.pos] not in _POSTFIXES:
            return left
        named = isinstance(left, syntax.IdentifierExpression)
        first = left.span
        while True:
            kind = kinds[self.pos]
            if kind == ".":
                self.pos += 1
                if kinds[self.pos] == t.THIS:
                    self.fail("a member or function name")
                name = self.member()
                if kinds[self.pos] == "(":
                    arguments = self.arguments()
                    named = False
                    left = syntax.FunctionCall(span=self.since(first), source=left, name=name, arguments=arguments)
                else:
                    left = syntax.Invocation(span=self.since(first), source=left, name=name)
            elif kind == "[":
                named = False
                opened = self.pos
                self.pos += 1
                index = self.expression()
                self.close("]", opened)
                left = syntax.IndexerExpression(span=self.since(first), source=left, index=index)
            elif kind == "{" and named:
                self.pos = start
                return self.instance_selector()
            else:
                return left

    def arguments(self) -> tuple[syntax.Expression, ...]:
        """``( ... )`` after a function's name."""
        opened = self.pos
        self.pos += 1
        if self.accept(")"):
            return ()
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        self.close(")", opened)
        return tuple(found)

    def primary(self) -> syntax.Expression:
        """What holds together by itself."""
        start = self.pos
        kind = self.kinds[start]
        if kind in t.NAMES:
            return self.name_or_call(start)
        if kind == t.NUMBER:
            return self.number(start)
        if kind in _LITERALS:
            self.pos += 1
            return syntax.Literal(span=self.token_span(start), kind=_LITERALS[kind], text=self.texts[start])
        if kind == "(":
            self.pos += 1
            inner = self.expression()
            self.close(")", start)
            return syntax.Parenthesized(span=self.span(start), expression=inner)
        if kind == "{":
            return self.braces()
        rule = _WORDS.get(kind)
        if rule is not None:
            return rule(self)
        if kind == t.THIS:
            self.pos += 1
            return syntax.ThisExpression(span=self.token_span(start), name=self.texts[start])
        if kind == "%":
            self.pos += 1
            if self.kinds[self.pos] != t.STRING and self.kinds[self.pos] not in t.NAMES:
                self.fail("the name of an external constant after '%'")
            self.pos += 1
            return syntax.ExternalConstant(span=self.span(start), name=self.texts[self.pos - 1])
        if kind in t.KEYWORD_IDENTIFIERS and not self.declaration_ahead(start):
            return self.name_or_call(start)
        hint = "put it in parentheses" if kind in _WHOLE or kind in t.PLURAL_PRECISIONS else None
        return self.fail("an expression", hint)

    def name_or_call(self, start: int) -> syntax.Expression:
        """A name, a function call, or an instance of a type with a simple name."""
        kind = self.kinds[start]
        text = self.texts[start]
        following = self.kinds[start + 1]
        self.pos += 1
        if following == "(":
            name = syntax.Identifier(span=self.token_span(start), text=text)
            arguments = self.arguments()
            return syntax.FunctionCall(span=self.span(start), name=name, arguments=arguments)
        if following == "{":
            self.pos = start
            return self.instance_selector()
        return syntax.IdentifierExpression(span=self.token_span(start), name=text, quoted=kind == t.QUOTED)

    # --- numbers ---

    def number(self, start: int) -> syntax.Expression:
        """A number, a quantity or a ratio."""
        kinds = self.kinds
        following = kinds[start + 1]
        if following == ":" and kinds[start + 2] == t.NUMBER:
            return self.ratio(start)
        if following == t.STRING or following in t.CALENDAR_UNITS:
            quantity = self.quantity("a quantity")
            if kinds[self.pos] == ":" and kinds[self.pos + 1] == t.NUMBER:
                self.pos = start
                return self.ratio(start)
            return quantity
        self.pos += 1
        text = self.texts[start]
        kind = syntax.LiteralKind.DECIMAL if "." in text else syntax.LiteralKind.INTEGER
        return syntax.Literal(span=self.token_span(start), kind=kind, text=text)

    def ratio(self, start: int) -> syntax.RatioLiteral:
        """``1 'mg' : 2 'mL'``."""
        numerator = self.quantity("the numerator of a ratio")
        self.expect(":", "in a ratio")
        denominator = self.quantity("the denominator of a ratio")
        return syntax.RatioLiteral(span=self.span(start), numerator=numerator, denominator=denominator)

    def quantity(self, what: str) -> syntax.QuantityLiteral:
        """A number and its unit, if it has one."""
        start = self.pos
        if self.kinds[start] != t.NUMBER:
            self.fail(f"{what}, a number with a unit")
        self.pos += 1
        unit, kind = None, self.kinds[self.pos]
        if kind == t.STRING or kind in t.CALENDAR_UNITS:
            unit = self.texts[self.pos]
            self.pos += 1
        value = Decimal(self.texts[start])
        calendar = unit is not None and kind != t.STRING
        return syntax.QuantityLiteral(span=self.span(start), value=value, unit=unit, calendar=calendar)

    # --- conversion, choice, sets ---

    def conversion(self) -> syntax.Expression:
        """``convert x to T`` or ``convert x to 'unit'``."""
        start = self.pos
        self.pos += 1
        operand = self.expression()
        self.expect("to", "and a type or unit after 'convert' and its operand")
        kind = self.kinds[self.pos]
        if kind == t.STRING or kind in t.CALENDAR_UNITS:
            self.pos += 1
            return syntax.Convert(span=self.span(start), operand=operand, unit=self.texts[self.pos - 1])
        target = self.type_specifier()
        return syntax.Convert(span=self.span(start), operand=operand, type=target)

    def type_extent(self) -> syntax.Expression:
        """``minimum T`` / ``maximum T``."""
        start = self.pos
        operator = self.kinds[start]
        self.pos += 1
        kind = self.named_type()
        return syntax.TypeExtent(span=self.span(start), operator=operator, type=kind)

    def conditional(self) -> syntax.Expression:
        """``if`` with its ``else if`` chain, read in a loop."""
        branches: list[tuple[int, syntax.Expression, syntax.Expression]] = []
        while self.kinds[self.pos] == "if":
            start = self.pos
            self.pos += 1
            condition = self.expression()
            self.expect("then", "after the condition of 'if'")
            then = self.expression()
            self.expect("else", "and an alternative", "every 'if' has an 'else'; 'else null' is one")
            branches.append((start, condition, then))
        result = self.expression()
        for start, condition, then in reversed(branches):
            result = syntax.If(span=self.span(start), condition=condition, then=then, otherwise=result)
        return result

    def case(self) -> syntax.Expression:
        """``case [x] when ... then ... else ... end``."""
        start = self.pos
        self.pos += 1
        comparand = None if self.kinds[self.pos] == "when" else self.expression()
        items: list[syntax.CaseItem] = []
        while self.kinds[self.pos] == "when" or not items:
            first = self.pos
            self.expect("when", "in 'case'")
            when = self.expression()
            self.expect("then", "after the condition of 'when'")
            then = self.expression()
            items.append(syntax.CaseItem(span=self.span(first), when=when, then=then))
        self.expect("else", "or 'when' in 'case'", "every 'case' has an 'else'; 'else null' is one")
        otherwise = self.expression()
        self.expect("end", "after the 'else' of 'case'")
        return syntax.Case(span=self.span(start), comparand=comparand, items=tuple(items), otherwise=otherwise)

    def aggregate_term(self) -> syntax.Expression:
        """``distinct x`` / ``flatten x``: the operand is all that follows."""
        start = self.pos
        operator = self.kinds[start]
        self.pos += 1
        operand = self.expression()
        return syntax.Unary(span=self.span(start), operator=operator, operand=operand)

    def collapse_or_expand(self) -> syntax.Expression:
        """``collapse x per day``."""
        start = self.pos
        operator = self.kinds[start]
        self.pos += 1
        operand = self.expression()
        per: syntax.Expression | None = None
        if self.accept("per"):
            index = self.pos
            unit = self.kinds[index]
            if unit in t.CALENDAR_UNITS and self.kinds[index + 1] not in ("from", "between"):
                self.pos += 1
                value = Decimal(1)
                per = syntax.QuantityLiteral(span=self.token_span(index), value=value, unit=unit, calendar=True)
            else:
                per = self.expression()
        return syntax.CollapseExpand(span=self.span(start), operator=operator, operand=operand, per=per)

    @abstractmethod
    def expression(self) -> syntax.Expression:
        """Any expression."""


_WORDS: Final = {
    "Interval": TermParser.interval_selector,
    "Tuple": TermParser.tuple_selector,
    "List": TermParser.list_selector,
    "Code": TermParser.code_or_instance,
    "Concept": TermParser.concept_or_instance,
    "if": TermParser.conditional,
    "case": TermParser.case,
    "convert": TermParser.conversion,
    "minimum": TermParser.type_extent,
    "maximum": TermParser.type_extent,
    "distinct": TermParser.aggregate_term,
    "flatten": TermParser.aggregate_term,
    "collapse": TermParser.collapse_or_expand,
    "expand": TermParser.collapse_or_expand,
}
