"""Type specifiers: names, ``List<>``, ``Interval<>``, ``Choice<>``, ``Tuple {}``."""

from __future__ import annotations

from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.parser.core import Cursor


class TypeParser(Cursor):
    """Rules for types."""

    def type_specifier(self) -> syntax.TypeSpecifier:
        """Any type."""
        start = self.pos
        kind = self.kinds[start]
        following = self.kinds[start + 1] if kind != t.EOF else kind
        if following == "<" and (kind in ("List", "Interval") or self.texts[start] == "Choice"):
            self.enter()
            self.pos += 2
            inner = [self.type_specifier()]
            if kind == t.IDENT:
                while self.accept(","):
                    inner.append(self.type_specifier())
            self.close(">", start + 1)
            self.depth -= 1
            span = self.span(start)
            if kind == "List":
                return syntax.ListTypeSpecifier(span=span, element=inner[0])
            if kind == "Interval":
                return syntax.IntervalTypeSpecifier(span=span, point=inner[0])
            return syntax.ChoiceTypeSpecifier(span=span, alternatives=tuple(inner))
        if kind == "Tuple":
            return self.tuple_type()
        if kind in ("List", "Interval"):
            self.pos += 1
            self.fail(f"'<' and a type after '{kind}'")
        return self.named_type()

    def named_type(self) -> syntax.NamedTypeSpecifier:
        """``Model.Name``."""
        start = self.pos
        parts: list[syntax.Identifier] = []
        while True:
            index = self.pos
            if self.kinds[index] not in t.TYPE_NAMES:
                self.fail("a type name")
            self.pos += 1
            parts.append(syntax.Identifier(span=self.token_span(index), text=self.texts[index]))
            if self.kinds[self.pos] != "." or self.kinds[self.pos + 1] not in t.TYPE_NAMES:
                break
            self.pos += 1
        span = self.span(start)
        return syntax.NamedTypeSpecifier(span=span, name=syntax.QualifiedName(span=span, parts=tuple(parts)))

    def tuple_type(self) -> syntax.TupleTypeSpecifier:
        """``Tuple { name Type, ... }``."""
        self.enter()
        start = self.pos
        self.pos += 1
        opened = self.pos
        self.expect("{", "after 'Tuple'")
        elements: list[syntax.TupleElementSpecifier] = []
        while True:
            first = self.pos
            name = self.referential("an element of the tuple type")
            kind = self.type_specifier()
            elements.append(syntax.TupleElementSpecifier(span=self.span(first), name=name, type=kind))
            if not self.accept(","):
                break
        self.close("}", opened)
        self.depth -= 1
        return syntax.TupleTypeSpecifier(span=self.span(start), elements=tuple(elements))
