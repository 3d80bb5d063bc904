"""The CQL text of a definition: cut from the library's text, or put together from its annotation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cqlmeasure.elm import children
from cqlmeasure.errors import Span
from cqlmeasure.requirements.libraries import Definition

#: A context statement has no place of its own in ELM.
_CONTEXT = re.compile(r"\Acontext\s+[\w.]+\s*")


def statement(definition: Definition, texts: Mapping[str, str]) -> str | None:
    """The text of a definition; ``texts`` are the CQL of libraries by name, or by ``name|version``."""
    identifier = definition.library.identifier
    text = texts.get(f"{identifier.id}|{identifier.version}") or texts.get(identifier.id or "")
    if text is not None and definition.node.locator is not None:
        found = _cut(text, _start(definition), Span.from_locator(definition.node.locator)).strip()
        return _CONTEXT.sub("", found)
    for annotation in definition.node.annotation:
        if isinstance(annotation, Mapping) and "s" in annotation:
            return "".join(_pieces(annotation["s"])).strip()
    return None


def _start(definition: Definition) -> tuple[int, int]:
    """Where what stands before the definition ends: comments between belong to the definition."""
    own = Span.from_locator(definition.node.locator or "")
    ends = [(1, 0)]
    for node in children(definition.library):
        if node.locator:
            span = Span.from_locator(node.locator)
            if (span.end_line, span.end_column) < (own.line, own.column):
                ends.append((span.end_line, span.end_column))
    return max(ends)


def _cut(text: str, start: tuple[int, int], span: Span) -> str:
    line, column = start
    lines = text.splitlines()[line - 1 : span.end_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][: span.end_column]
    lines[0] = lines[0][column:]
    return "\n".join(lines)


def _pieces(narrative: Any) -> list[str]:
    """The strings of a narrative, in order; without recursion, as it comes from outside."""
    found: list[str] = []
    waiting = [narrative]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, list):
            waiting.extend(reversed(part))
        elif isinstance(part, Mapping):
            waiting.extend(part[name] for name in ("value", "s") if name in part)
    return found
