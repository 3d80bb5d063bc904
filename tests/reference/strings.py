"""Strings: CQL 1.5.3, appendix B, "String Operators"; positions count characters from 0."""

from __future__ import annotations


def concatenate(*parts: str | None) -> str | None:
    """``a + b``: null if one is null."""
    found = ""
    for part in parts:
        if part is None:
            return None
        found += part
    return found


def combine(parts: list[str | None] | None, separator: str | None) -> str | None:
    """``Combine``: null elements are ignored; null if there are no others."""
    texts = [part for part in parts or [] if part is not None]
    if not texts:
        return None
    found = texts[0]
    for text in texts[1:]:
        found += (separator or "") + text
    return found


def position(pattern: str | None, text: str | None, last: bool) -> int | None:
    """``PositionOf`` or ``LastPositionOf``."""
    if pattern is None or text is None:
        return None
    places = [place for place in range(len(text) + 1) if text[place : place + len(pattern)] == pattern]
    return (places[-1] if last else places[0]) if places else -1


def split(text: str | None, separator: str | None) -> list[str] | None:
    """``Split``; choice: without a separator the text stays whole."""
    if text is None:
        return None
    if not separator:
        return [text]
    pieces = [""]
    place = 0
    while place < len(text):
        if text[place : place + len(separator)] == separator:
            pieces.append("")
            place += len(separator)
        else:
            pieces[-1] += text[place]
            place += 1
    return pieces


def substring(text: str | None, start: int | None, length: int | None) -> str | None:
    """``Substring``: null for a start outside of the text; choice of the suite: 0 is inside of an empty one."""
    if text is None or start is None or start < 0 or (start >= len(text) and start > 0):
        return None
    stop = len(text) if length is None else start + length
    return "".join(char for place, char in enumerate(text) if start <= place < stop)


def upper(text: str | None) -> str | None:
    """``Upper``."""
    return None if text is None else text.upper()


def lower(text: str | None) -> str | None:
    """``Lower``."""
    return None if text is None else text.lower()
