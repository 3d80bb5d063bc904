"""Target maps: where the value of a model's element is in the real data, as a small tree.

A model such as QICore shows elements that FHIR data do not have as such.  The map of an element says how to get them:

    %value.value                                          the element itself, then its ``value``
    FHIRHelpers.ToConcept(%value)                         a conversion
    %parent.extension[url='U'].value.value                something beside the element, chosen by criteria
    System.Concept:MAP;System.ValueSet:MAP                one map for each type of a choice

``[x]`` after the name of a choice element is dropped: it is the JSON name's matter, not the path's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import msgspec

from cqlmeasure.errors import ContentError
from cqlmeasure.typesys import NamedType


class TargetCriterion(msgspec.Struct, frozen=True):
    """A condition on the items of a step: the path below the item equals the text."""

    path: tuple[str, ...]
    value: str


class TargetStep(msgspec.Struct, frozen=True):
    """One element of a path; with criteria it means the items that meet all of them."""

    name: str
    criteria: tuple[TargetCriterion, ...] = ()


class TargetPath(msgspec.Struct, frozen=True):
    """A path from the element itself (``value``) or from what holds the element (``parent``)."""

    root: Literal["value", "parent"]
    steps: tuple[TargetStep, ...] = ()


class TargetCall(msgspec.Struct, frozen=True):
    """A function of a library, applied to a map."""

    library: str
    function: str
    operand: TargetMap


class TargetCase(msgspec.Struct, frozen=True):
    """The map for one type of a choice."""

    type: NamedType
    map: TargetMap


class TargetCases(msgspec.Struct, frozen=True):
    """Maps by type; the first whose value is of its type counts."""

    cases: tuple[TargetCase, ...]


TargetMap = TargetPath | TargetCall | TargetCases

_TOKEN = re.compile(r"\s*(?:(?P<name>%?[A-Za-z_][\w-]*)|'(?P<text>[^']*)'|(?P<mark>\[x\]|[.,:;=()\[\]]))")


@lru_cache(maxsize=4096)
def parse_target(text: str) -> TargetMap:
    """The tree of a target map.  Raises ``ContentError`` if the text has another form."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        self.next = 0
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.error(f"'{text[position:].strip()[:20]}' is not understood")
            kind = match.lastgroup or ""
            self.tokens.append((kind, match[kind]))
            position = match.end()

    def error(self, message: str) -> ContentError:
        hint = "a map is a path from %value or %parent, a function of one, or cases such as System.Concept:MAP;..."
        return ContentError(f"target map '{self.text}': {message}", code="target-map", hint=hint)

    def peek(self) -> str:
        return self.tokens[self.next][1] if self.next < len(self.tokens) else ""

    def take(self, kind: str, expected: str) -> str:
        found, text = self.tokens[self.next] if self.next < len(self.tokens) else ("end", "the end")
        if found != kind:
            raise self.error(f"expected {expected}, found {text if found == 'end' else repr(text)}")
        self.next += 1
        return text

    def accept(self, mark: str) -> bool:
        if self.next < len(self.tokens) and self.tokens[self.next] == ("mark", mark):
            self.next += 1
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.accept(mark):
            raise self.error(f"expected '{mark}', found {repr(self.peek()) if self.peek() else 'the end'}")

    def parse(self) -> TargetMap:
        first = self.item()
        cases = [first] if isinstance(first, TargetCase) else []
        while cases and self.accept(";"):
            item = self.item()
            if not isinstance(item, TargetCase):
                raise self.error("a map without a type among cases")
            cases.append(item)
        if self.next < len(self.tokens):
            raise self.error(f"unexpected {self.peek()!r}")
        return first if not isinstance(first, TargetCase) else TargetCases(tuple(cases))

    def item(self) -> TargetMap | TargetCase:
        if self.peek().startswith("%"):
            return self.path()
        names = [self.name()]
        while self.accept("."):
            names.append(self.name())
        if len(names) < 2:
            raise self.error(f"the name '{names[0]}' is not qualified by a library or model")
        if self.accept(":"):
            return TargetCase(NamedType(names[0], ".".join(names[1:])), self.map())
        self.expect("(")
        operand = self.map()
        self.expect(")")
        return TargetCall(".".join(names[:-1]), names[-1], operand)

    def map(self) -> TargetMap:
        item = self.item()
        if isinstance(item, TargetCase):
            raise self.error("cases inside a map")
        return item

    def name(self) -> str:
        name = self.take("name", "a name")
        if name.startswith("%"):
            raise self.error(f"'{name}' in the middle of a path")
        return name

    def path(self) -> TargetPath:
        root = self.take("name", "%value or %parent")
        if root not in ("%value", "%parent"):
            raise self.error(f"'{root}' is neither %value nor %parent")
        steps: list[TargetStep] = []
        while self.accept("."):
            name = self.name()
            self.accept("[x]")
            steps.append(TargetStep(name, self.criteria() if self.accept("[") else ()))
        return TargetPath("value" if root == "%value" else "parent", tuple(steps))

    def criteria(self) -> tuple[TargetCriterion, ...]:
        found: list[TargetCriterion] = []
        while True:
            path = [self.name()]
            while self.accept("."):
                path.append(self.name())
            self.expect("=")
            found.append(TargetCriterion(tuple(path), self.take("text", "a text in single quotes")))
            if not self.accept(","):
                self.expect("]")
                return tuple(found)
