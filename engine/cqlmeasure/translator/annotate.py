"""Annotations: the CQL text of each definition, cut where its ELM nodes begin and end.

An annotation is what tools highlight: nested pieces of text, each with the ``localId`` (``r``) of the node that it
became.  ELM specification, "Annotation"; the pieces put together are the text of the definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from cqlmeasure.elm.base import Element
from cqlmeasure.elm.library import Library
from cqlmeasure.elm.walk import walk
from cqlmeasure.errors import Span
from cqlmeasure.translator.lexer import NEWLINE

Piece = tuple[int, int, str]
Definition = TypeVar("Definition", bound=Element)
_SECTIONS = ("usings", "includes", "parameters", "code_systems", "value_sets", "codes", "concepts", "statements")


def annotate(library: Library, text: str) -> Library:
    """The library with an annotation on every definition that has a place in ``text``."""
    text = text.removeprefix("\ufeff")
    starts = _line_starts(text)
    sections = {
        name: tuple(_annotated(definition, text, starts) for definition in getattr(library, name)) for name in _SECTIONS
    }
    return msgspec.structs.replace(library, **sections)


def _annotated(definition: Definition, text: str, starts: Sequence[int]) -> Definition:
    if definition.locator is None:
        return definition
    pieces: dict[tuple[int, int], str] = {}
    for node in walk(definition):
        if node.locator is not None and node.local_id is not None:
            # Of several nodes for one piece of text the outermost comes first, and stands for it.
            pieces.setdefault(_range(Span.from_locator(node.locator), starts), node.local_id)
    ordered = sorted(((start, end, name) for (start, end), name in pieces.items()), key=lambda p: (p[0], -p[1]))
    narrative, _ = _narrative(ordered, 0, text)
    return msgspec.structs.replace(definition, annotation=({"type": "Annotation", "s": narrative},))


def _narrative(pieces: Sequence[Piece], first: int, text: str) -> tuple[dict[str, Any], int]:
    """The narrative of one piece with those inside it, and the position of the next piece after it."""
    start, end, name = pieces[first]
    parts: list[dict[str, Any]] = []
    at, following = start, first + 1
    while following < len(pieces) and pieces[following][0] < end:
        inner_start, inner_end, _ = pieces[following]
        if inner_end > end or inner_start < at:
            following += 1
            continue
        if inner_start > at:
            parts.append({"value": [text[at:inner_start]]})
        inner, following = _narrative(pieces, following, text)
        parts.append(inner)
        at = inner_end
    if at < end:
        parts.append({"value": [text[at:end]]})
    return {"r": name, "s": parts}, following


def _line_starts(text: str) -> list[int]:
    """Where the lines begin, as tokens count them."""
    return [0, *(found.end() for found in NEWLINE.finditer(text))]


def _range(span: Span, starts: Sequence[int]) -> tuple[int, int]:
    return starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column
