"""Expressions: the operators below arithmetic, by precedence.

Owns the order in which operators bind, which is the order of the alternatives of the grammar: the tests ``is``/``as``
bind tightest, then ``not``, ``exists``, ``between``, inequality, timing, equality, membership, ``and``, ``or``/``xor``,
``implies``, and the set operators loosest.  A prefix operator takes only operators above its own place, so
``not a = b`` is ``(not a) = b`` and ``exists a union b`` is ``(exists a) union b``.
"""

from __future__ import annotations

from typing import Final

from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.parser.queries import SOURCE_HINT, QueryParser
from cqlmeasure.translator.parser.timing import TIMING_WORDS

_BETWEEN: Final = 9
_BINDING: Final = {
    "between": _BETWEEN,
    **dict.fromkeys(("<=", "<", ">", ">="), 8),
    **dict.fromkeys(TIMING_WORDS, 7),
    **dict.fromkeys(("=", "!=", "~", "!~"), 6),
    **dict.fromkeys(("in", "contains"), 5),
    "and": 4,
    "or": 3,
    "xor": 3,
    "implies": 2,
    **dict.fromkeys(("|", "union", "intersect", "except"), 1),
}
_BOOLEANS: Final = frozenset(("null", "true", "false"))
_PREFIXES: Final = frozenset(("not", "exists"))
_SOURCES: Final = (syntax.IdentifierExpression, syntax.Invocation, syntax.Parenthesized, syntax.Retrieve)
_PLACED: Final = (*_SOURCES, syntax.FunctionCall, syntax.IndexerExpression)


class ExpressionParser(QueryParser):
    """Rules for expressions."""

    def expression(self, minimum: int = 1) -> syntax.Expression:
        """An expression whose operators bind at least as tight as ``minimum``."""
        left = self.operand()
        kinds = self.kinds
        while True:
            kind = kinds[self.pos]
            binding = _BINDING.get(kind)
            if binding is None:
                return left
            if kind == "properly" and kinds[self.pos + 1] == "between":
                binding = _BETWEEN
            if binding < minimum:
                return left
            if binding == 7:
                phrase = self.timing_phrase()
                right = self.expression(8)
                left = syntax.Timing(span=self.since(left.span), left=left, phrase=phrase, right=right)
            elif binding == _BETWEEN:
                left = self.between(left)
            elif binding == 5:
                self.pos += 1
                precision = self.precision_of()
                right = self.expression(6)
                left = syntax.Membership(
                    span=self.since(left.span), operator=kind, left=left, right=right, precision=precision
                )
            else:
                self.pos += 1
                right = self.expression(binding + 1)
                operator = "union" if kind == "|" else kind
                left = syntax.Binary(span=self.since(left.span), operator=operator, left=left, right=right)

    def between(self, operand: syntax.Expression) -> syntax.Expression:
        """``[properly] between low and high``; the bounds are terms."""
        properly = self.accept("properly")
        self.pos += 1
        low = self.term()
        self.expect("and", "between the bounds of 'between'")
        high = self.term()
        return syntax.Between(span=self.since(operand.span), operand=operand, low=low, high=high, properly=properly)

    def operand(self) -> syntax.Expression:
        """``not`` and ``exists`` in any number, an atom, and the tests that bind tighter."""
        self.enter()
        if self.kinds[self.pos] in _PREFIXES:
            prefixes = [self.pos]
            self.pos += 1
            while self.kinds[self.pos] in _PREFIXES:
                prefixes.append(self.pos)
                self.pos += 1
            result = self.atom()
            if self.kinds[self.pos] in ("is", "as"):
                result = self.tests(result)
            for index in reversed(prefixes):
                result = syntax.Unary(span=self.span(index), operator=self.kinds[index], operand=result)
        else:
            result = self.atom()
            if self.kinds[self.pos] in ("is", "as"):
                result = self.tests(result)
        self.depth -= 1
        return result

    def tests(self, left: syntax.Expression) -> syntax.Expression:
        """``is null``, ``is T``, ``as T``, in any number."""
        while True:
            if self.accept("is"):
                negated = self.accept("not")
                word = self.kinds[self.pos]
                if word in _BOOLEANS:
                    self.pos += 1
                    span = self.since(left.span)
                    left = syntax.BooleanTest(span=span, operand=left, value=word, negated=negated)
                elif negated:
                    self.fail("null, true or false after 'is not'", "a type is tested by 'not (x is T)'")
                else:
                    kind = self.type_specifier()
                    left = syntax.TypeTest(span=self.since(left.span), operand=left, type=kind)
            elif self.accept("as"):
                kind = self.type_specifier()
                left = syntax.Cast(span=self.since(left.span), operand=left, type=kind, strict=False)
            else:
                return left

    def atom(self) -> syntax.Expression:
        """A retrieve, a query, a duration, a cast or a term."""
        start = self.pos
        kinds = self.kinds
        kind = kinds[start]
        if kind == "[":
            left = self.retrieve()
            if kinds[self.pos] in (".", "["):
                self.fail("an operator, an alias or the end of the definition", "put the retrieve in parentheses")
        elif kind == "from":
            return self.query_from()
        elif kind == "cast":
            return self.cast()
        elif kind in t.PLURAL_PRECISIONS or (
            kind in ("duration", "difference") and kinds[start + 3 : start + 4] != ["of"]
        ):
            return self.duration_between()
        else:
            left = self.term()
        if kinds[self.pos] not in t.NAMES or not isinstance(left, _PLACED):
            return left
        inner: syntax.Expression = left
        while isinstance(inner, syntax.Invocation):
            inner = inner.source
        if not isinstance(inner, syntax.IdentifierExpression) and not isinstance(left, _SOURCES[2:]):
            message = "the source of a query is a retrieve, a name or an expression in parentheses"
            self.report("query-source", message, left.span, SOURCE_HINT)
        return self.query(start, left)

    def cast(self) -> syntax.Expression:
        """``cast x as T``; of several ``as`` the last is the cast's."""
        start = self.pos
        self.pos += 1
        operand = self.atom()
        self.expect("as", "and a type after 'cast' and its operand", "put the operand in parentheses")
        kind = self.type_specifier()
        while self.accept("as"):
            operand = syntax.Cast(span=self.since(operand.span), operand=operand, type=kind, strict=False)
            kind = self.type_specifier()
        return syntax.Cast(span=self.span(start), operand=operand, type=kind, strict=True)

    def duration_between(self) -> syntax.Expression:
        """``[duration in] days between a and b``, ``difference in days between a and b``; the operands are terms."""
        start = self.pos
        operator, where = "duration", f"after '{self.kinds[start]}'"
        if self.kinds[start] in ("duration", "difference"):
            operator = self.kinds[start]
            self.pos += 1
            self.expect("in", where)
            where = f"or 'of' after '{operator} in' and a precision"
        precision = self.plural_precision(f"after '{operator} in'")
        self.expect("between", where)
        left = self.term()
        self.expect("and", "between the operands of 'between'")
        right = self.term()
        span = self.span(start)
        return syntax.DurationBetween(span=span, operator=operator, precision=precision, left=left, right=right)
