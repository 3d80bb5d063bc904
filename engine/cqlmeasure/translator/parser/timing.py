"""Timing phrases: the words between the operands of ``A starts 3 days or more before end B``."""

from __future__ import annotations

from typing import Final

from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.parser.terms import TermParser

TIMING_WORDS: Final = frozenset(
    ("same", "includes", "during", "included in", "before", "after", "within", "meets", "overlaps", "starts", "ends")
) | {"occurs", "properly", "less than", "more than", t.ON_OR, t.NUMBER}
# What may follow ``starts``/``ends`` as the boundary of a longer phrase.
_CONTINUES: Final = TIMING_WORDS - {"includes", "meets", "overlaps", "starts", "ends", "occurs"}
_BOUNDARY: Final = {"starts": "start", "ends": "end", "occurs": None}
# After ``start``/``end`` these show that the word is the boundary of the phrase and no name.
_OPERAND_WORDS: Final = """Interval Tuple List Code Concept not exists cast convert if case distinct flatten collapse
    expand start end date time singleton point minimum maximum null true false from duration difference code concept
    context successor predecessor width timezoneoffset display version"""
_OPERAND_KINDS: Final = (t.IDENT, t.QUOTED, t.STRING, t.LONG, t.DATE, t.DATETIME, t.TIME, t.THIS, "(", "[", "{", "%")
_OPERAND: Final = frozenset(_OPERAND_KINDS) | frozenset(_OPERAND_WORDS.split()) | t.CALENDAR_UNITS


class TimingParser(TermParser):
    """Rules for timing phrases."""

    def timing_phrase(self) -> syntax.TimingPhrase:
        """The phrase that begins here."""
        start = self.pos
        kinds = self.kinds
        left: str | None = None
        word = kinds[start]
        if word in _BOUNDARY:
            self.pos += 1
            following = kinds[self.pos]
            if following not in _CONTINUES:
                if word == "occurs":
                    self.fail("a timing phrase after 'occurs'")
                precision = self.precision_of()
                return syntax.TimingPhrase(span=self.span(start), kind=word, precision=precision)
            left = _BOUNDARY[word]
            word = following
        properly = self.accept("properly")
        if properly:
            word = kinds[self.pos]
            allowed = (
                ("during", "included in", "within")
                if self.pos - start > 1
                else ("includes", "during", "included in", "within")
            )
            if word not in allowed:
                self.fail(f"{', '.join(allowed)} after 'properly'")
        if word == "same":
            return self.same(start, left)
        if word == "within":
            return self.within(start, left, properly)
        if word in ("includes", "during", "included in"):
            self.pos += 1
            precision = self.precision_of()
            right = self.boundary() if word == "includes" else None
            kind = "includes" if word == "includes" else "during"
            return syntax.TimingPhrase(
                span=self.span(start),
                kind=kind,
                left_boundary=left,
                right_boundary=right,
                precision=precision,
                properly=properly,
            )
        if word in ("meets", "overlaps"):
            self.pos += 1
            relation = kinds[self.pos] if kinds[self.pos] in ("before", "after") else None
            if relation:
                self.pos += 1
            precision = self.precision_of()
            return syntax.TimingPhrase(span=self.span(start), kind=word, relation=relation, precision=precision)
        return self.before_or_after(start, left)

    def same(self, start: int, left: str | None) -> syntax.TimingPhrase:
        """``same [day] as``, ``same [day] or before``, ``same [day] or after``."""
        self.pos += 1
        precision = self.kinds[self.pos] if self.kinds[self.pos] in t.PRECISIONS else None
        if precision:
            self.pos += 1
        if self.accept("as"):
            relation = "as"
        elif self.kinds[self.pos] == "or" and self.kinds[self.pos + 1] in ("before", "after"):
            relation = f"or {self.kinds[self.pos + 1]}"
            self.pos += 2
        else:
            self.fail("'as', 'or before' or 'or after' to follow 'same'")
        right = self.boundary()
        return syntax.TimingPhrase(
            span=self.span(start),
            kind="same",
            left_boundary=left,
            right_boundary=right,
            precision=precision,
            relation=relation,
        )

    def within(self, start: int, left: str | None, properly: bool) -> syntax.TimingPhrase:
        """``within 3 days of``."""
        self.pos += 1
        offset = self.quantity("what follows 'within'")
        self.expect("of", "after 'within' and its quantity")
        right = self.boundary()
        return syntax.TimingPhrase(
            span=self.span(start),
            kind="within",
            left_boundary=left,
            right_boundary=right,
            properly=properly,
            offset=offset,
        )

    def before_or_after(self, start: int, left: str | None) -> syntax.TimingPhrase:
        """``[3 days or more] [on or] before [day of] [start]``."""
        kinds = self.kinds
        offset: syntax.QuantityLiteral | None = None
        offset_relation: str | None = None
        begun = self.pos
        if kinds[self.pos] in ("less than", "more than"):
            offset_relation = kinds[self.pos]
            self.pos += 1
            offset = self.quantity(f"what follows '{offset_relation}'")
        elif kinds[self.pos] == t.NUMBER:
            offset = self.quantity("an offset")
            if kinds[self.pos] == "or" and self.texts[self.pos + 1] in ("more", "less"):
                offset_relation = f"or {self.texts[self.pos + 1]}"
                self.pos += 2
        inclusive = self.accept(t.ON_OR)
        if inclusive:
            self.pos += 1  # the ``or``, which the lexer has seen
        kind = kinds[self.pos]
        if kind not in ("before", "after"):
            if offset is None:
                self.fail("a timing phrase")
            if offset_relation is None and not inclusive:
                self.pos = begun  # more likely an operator is missing than the rest of a timing phrase
                self.fail("an operator, or a timing phrase such as '3 days before'")
            self.fail("'before' or 'after'")
        self.pos += 1
        if not inclusive and kinds[self.pos] == "or" and self.texts[self.pos + 1] == "on":
            inclusive = kinds[self.pos + 1] == t.IDENT
            self.pos += 2
        precision = self.precision_of()
        right = self.boundary()
        return syntax.TimingPhrase(
            span=self.span(start),
            kind=kind,
            left_boundary=left,
            right_boundary=right,
            precision=precision,
            inclusive=inclusive,
            offset=offset,
            offset_relation=offset_relation,
        )

    def precision_of(self) -> str | None:
        """``day of``, if it is there."""
        word = self.kinds[self.pos]
        if word in t.PRECISIONS and self.kinds[self.pos + 1] == "of":
            self.pos += 2
            return word
        return None

    def boundary(self) -> str | None:
        """``start``/``end`` before the right operand.  ``start of x`` is an operand of its own."""
        word = self.kinds[self.pos]
        if word in ("start", "end") and self.kinds[self.pos + 1] in _OPERAND:
            self.pos += 1
            return word
        return None
