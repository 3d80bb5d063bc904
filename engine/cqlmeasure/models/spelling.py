"""How types are written: in model info attributes, and in the compact tables.

A model info writes ``FHIR.Account.Coverage``, ``list<System.String>``, ``Interval<System.DateTime>``.  A table writes
``Account.Coverage`` for a class of its own, ``System:String`` for one of another model, ``[T]`` for a list, ``<T>`` for
an interval and ``A|B`` for a choice.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from cqlmeasure.typesys import ChoiceType, DataType, IntervalType, ListType, NamedType, choice_of

_GENERIC = re.compile(r"(list|interval|choice)\s*<(.*)>", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"[^<>{},;|:\[\]]+")


def split_top(text: str, separator: str) -> list[str]:
    """The parts of ``text`` between separators that stand outside all brackets."""
    parts: list[str] = []
    depth = start = 0
    for index, char in enumerate(text):
        if char in "<[":
            depth += 1
        elif char in ">]":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return parts


def parse_type(text: str, own: str, known: Collection[str]) -> DataType:
    """The type that a model info attribute names; a name whose first part is no known model belongs to ``own``.

    Raises ``ValueError`` if the text is no type.
    """
    text = text.strip()
    generic = _GENERIC.fullmatch(text)
    if generic is None:
        return named(text, own, known)
    kind, inner = generic[1].lower(), generic[2]
    if kind == "list":
        return ListType(parse_type(inner, own, known))
    if kind == "interval":
        return IntervalType(parse_type(inner, own, known))
    return choice_of(*(parse_type(part, own, known) for part in split_top(inner, ",")))


def named(text: str, own: str, known: Collection[str]) -> NamedType:
    """The named type of a name that may be qualified by a model.  Raises ``ValueError`` if it is no name."""
    text = text.strip()
    if not _NAME.fullmatch(text):
        raise ValueError(f"'{text}' is not the name of a type")
    model, dot, name = text.partition(".")
    if dot and name and (model == own or model in known):
        return NamedType(model, name)
    return NamedType(own, text)


def encode(kind: DataType, own: str) -> str:
    """The compact spelling of a type.  Raises ``ValueError`` for a tuple type, which no table holds."""
    match kind:
        case NamedType(model, name):
            return name if model == own else f"{model}:{name}"
        case ListType(element):
            return f"[{encode(element, own)}]"
        case IntervalType(point):
            return f"<{encode(point, own)}>"
        case ChoiceType(alternatives):
            return "|".join(encode(alternative, own) for alternative in alternatives)
        case _:
            raise ValueError(f"a table cannot hold the type {kind}")


def decode(text: str, own: str) -> DataType:
    """The type of a compact spelling; tables are our own files, so the text is trusted."""
    first = text[0]
    if "|" in text:
        parts = split_top(text, "|")
        if len(parts) > 1:
            return choice_of(*(decode(part, own) for part in parts))
    if first == "[":
        return ListType(decode(text[1:-1], own))
    if first == "<":
        return IntervalType(decode(text[1:-1], own))
    model, colon, name = text.partition(":")
    return NamedType(model, name) if colon else NamedType(own, text)
