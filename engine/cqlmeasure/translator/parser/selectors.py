"""Selectors: intervals, tuples, instances, lists, codes and concepts."""

from __future__ import annotations

from abc import abstractmethod

from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.parser.types import TypeParser


class SelectorParser(TypeParser):
    """Rules for terms that build a value out of parts."""

    def interval_selector(self) -> syntax.Expression:
        """``Interval[low, high)``."""
        start = self.pos
        opened = start + 1
        bracket = self.kinds[opened]
        self.pos += 1
        if bracket not in ("[", "("):
            self.fail("'[' or '(' after 'Interval'")
        self.pos += 1
        low = self.expression()
        self.expect(",", "between the bounds of an interval")
        high = self.expression()
        closing = self.kinds[self.pos]
        if closing not in ("]", ")"):
            self.close("]' or ')", opened)
        self.pos += 1
        return syntax.IntervalSelector(
            span=self.span(start), low=low, high=high, low_closed=bracket == "[", high_closed=closing == "]"
        )

    def braces(self) -> syntax.Expression:
        """``{ ... }``: a tuple if a name and a colon come first, else a list."""
        kinds, first = self.kinds, self.pos + 1
        if kinds[first] == ":" or (kinds[first] in t.REFERENTIAL and kinds[first + 1] == ":"):
            return self.tuple_selector()
        return self.list_selector()

    def tuple_selector(self) -> syntax.Expression:
        """``Tuple { name: value, ... }``, with or without the word."""
        start = self.pos
        self.accept("Tuple")
        elements = self.elements("tuple")
        return syntax.TupleSelector(span=self.span(start), elements=elements)

    def instance_selector(self) -> syntax.Expression:
        """``Type { name: value, ... }``."""
        start = self.pos
        kind = self.named_type()
        elements = self.elements("instance")
        return syntax.InstanceSelector(span=self.span(start), type=kind, elements=elements)

    def elements(self, what: str) -> tuple[syntax.TupleElementSelector, ...]:
        """``{ name: value, ... }`` or ``{ : }``."""
        opened = self.pos
        self.expect("{", f"to begin the elements of the {what}")
        found: list[syntax.TupleElementSelector] = []
        if not self.accept(":"):
            while True:
                first = self.pos
                hint = "nothing but a colon, { : }, stands for no elements" if self.kinds[first] == "}" else None
                if hint:
                    self.fail(f"an element of the {what}", hint)
                name = self.referential(f"an element of the {what}")
                self.expect(":", "after the name of an element")
                value = self.expression()
                found.append(syntax.TupleElementSelector(span=self.span(first), name=name, value=value))
                if not self.accept(","):
                    break
        self.close("}", opened)
        return tuple(found)

    def list_selector(self) -> syntax.Expression:
        """``{ ... }``, ``List { ... }``, ``List<T> { ... }``."""
        start = self.pos
        element_type = None
        if self.accept("List") and self.kinds[self.pos] == "<":
            opened = self.pos
            self.pos += 1
            element_type = self.type_specifier()
            self.close(">", opened)
        opened = self.pos
        self.expect("{", "to begin the elements of a list")
        elements: list[syntax.Expression] = []
        if self.kinds[self.pos] != "}":
            elements.append(self.expression())
            while self.accept(","):
                elements.append(self.expression())
        self.close("}", opened)
        return syntax.ListSelector(span=self.span(start), element_type=element_type, elements=tuple(elements))

    def code_or_instance(self) -> syntax.Expression:
        """``Code 'c' from "System"``, or an instance ``Code { ... }``."""
        return self.instance_selector() if self.kinds[self.pos + 1] == "{" else self.code_selector()

    def code_selector(self) -> syntax.CodeSelector:
        """``Code 'c' from "System" display 'd'``."""
        start = self.pos
        self.expect("Code", "to begin a code")
        code = self.string("the code after 'Code'")
        self.expect("from", "and a code system after the code")
        system = self.qualified_name("a code system")
        display = self.display()
        return syntax.CodeSelector(span=self.span(start), code=code, system=system, display=display)

    def concept_or_instance(self) -> syntax.Expression:
        """``Concept { Code ..., ... } display 'd'``, or an instance ``Concept { ... }``."""
        start = self.pos
        if self.kinds[start + 1] == "{" and self.kinds[start + 2] != "Code":
            return self.instance_selector()
        self.pos += 1
        opened = self.pos
        self.expect("{", "after 'Concept'")
        codes = [self.code_selector()]
        while self.accept(","):
            codes.append(self.code_selector())
        self.close("}", opened)
        display = self.display()
        return syntax.ConceptSelector(span=self.span(start), codes=tuple(codes), display=display)

    def display(self) -> str | None:
        """``display 'd'``, if it is there."""
        return self.string("the text after 'display'") if self.accept("display") else None

    @abstractmethod
    def expression(self) -> syntax.Expression:
        """Any expression."""
