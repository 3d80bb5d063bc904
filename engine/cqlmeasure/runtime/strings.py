r"""String operators: CQL reference, appendix B, "String Operators".

Owns text functions and the regular-expression dialect.  Always holds: positions count Unicode characters from 0; a
pattern is read as a Java or PCRE expression (named groups ``(?<name>..)``, ``\p{..}`` classes), case-sensitive,
matched anywhere in the text, with ``.`` matching line ends too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from cqlmeasure.runtime.values import CqlError


def combine(source: Sequence[str | None] | None, separator: str | None = None) -> str | None:
    """``Combine``: the non-null elements joined; null when the list is null or has no element."""
    if source is None:
        return None
    parts = [part for part in source if part is not None]
    return (separator or "").join(parts) if parts else None


def concatenate(*operands: str | None) -> str | None:
    """``a + b``: null as soon as one operand is null."""
    for operand in operands:
        if operand is None:
            return None
    return "".join(operands)  # type: ignore[arg-type]  # the loop has excluded null


def concatenate_nulls_empty(*operands: str | None) -> str:
    """``a & b``: a null operand counts as the empty string."""
    return "".join([operand for operand in operands if operand is not None])


def ends_with(argument: str | None, suffix: str | None) -> bool | None:
    """``EndsWith(argument, suffix)``."""
    return None if argument is None or suffix is None else argument.endswith(suffix)


def starts_with(argument: str | None, prefix: str | None) -> bool | None:
    """``StartsWith(argument, prefix)``."""
    return None if argument is None or prefix is None else argument.startswith(prefix)


def indexer_string(argument: str | None, index: int | None) -> str | None:
    """``argument[index]``: the character at a 0-based position, null outside of the text."""
    if argument is None or index is None or not 0 <= index < len(argument):
        return None
    return argument[index]


def position_of(pattern: str | None, argument: str | None) -> int | None:
    """``PositionOf(pattern, argument)``: the first position, -1 when there is none."""
    return None if pattern is None or argument is None else argument.find(pattern)


def last_position_of(pattern: str | None, argument: str | None) -> int | None:
    """``LastPositionOf(pattern, argument)``: the last position, -1 when there is none."""
    return None if pattern is None or argument is None else argument.rfind(pattern)


def length_string(argument: str | None) -> int | None:
    """``Length`` of a string."""
    return None if argument is None else len(argument)


def lower(argument: str | None) -> str | None:
    """``Lower``."""
    return None if argument is None else argument.lower()


def upper(argument: str | None) -> str | None:
    """``Upper``."""
    return None if argument is None else argument.upper()


def substring(argument: str | None, start: int | None, length: int | None = None) -> str | None:
    """``Substring``: null when the start lies outside of the text (0 never does); a null length means up to the end."""
    if argument is None or start is None or not 0 <= start < max(len(argument), 1):
        return None
    return argument[start:] if length is None else argument[start : start + max(length, 0)]


def split(argument: str | None, separator: str | None) -> list[str] | None:
    """``Split``: a null or empty separator leaves the text in one piece."""
    if argument is None:
        return None
    return argument.split(separator) if separator else [argument]


def split_on_matches(argument: str | None, pattern: str | None) -> list[str] | None:
    """``SplitOnMatches``: like ``Split`` with a regular expression; groups of the pattern give nothing."""
    if argument is None:
        return None
    if not pattern:
        return [argument]
    pieces: list[str] = []
    start = 0
    for match in _regex(pattern).finditer(argument):
        if match.end() == match.start():
            continue
        pieces.append(argument[start : match.start()])
        start = match.end()
    pieces.append(argument[start:])
    return pieces


def matches(argument: str | None, pattern: str | None) -> bool | None:
    """``Matches``: whether the expression is found anywhere in the text; ``^`` and ``$`` bind it to the whole."""
    if argument is None or pattern is None:
        return None
    return _regex(pattern).search(argument) is not None


def replace_matches(argument: str | None, pattern: str | None, substitution: str | None) -> str | None:
    r"""``ReplaceMatches``: ``$1`` and ``${name}`` in the substitution stand for groups, ``\$`` for a dollar sign."""
    if argument is None or pattern is None or substitution is None:
        return None
    regex = _regex(pattern)
    return regex.sub(_replacement(regex, substitution), argument)


_PROPERTY_CLASSES = {
    "L": r"[^\W\d_]",
    "Alpha": "[A-Za-z]",
    "IsAlphabetic": r"[^\W\d_]",
    "N": r"\d",
    "Nd": r"\d",
    "Digit": "[0-9]",
    "IsDigit": r"\d",
    "Alnum": "[A-Za-z0-9]",
    "Lower": "[a-z]",
    "Upper": "[A-Z]",
    "Punct": r"[!-/:-@\[-`{-~]",
    "Space": r"\s",
    "IsWhite_Space": r"\s",
    "XDigit": "[0-9A-Fa-f]",
}
_DIALECT = re.compile(r"\\\\|\\p\{(?P<property>\w+)\}|\\(?P<anchor>[zZh])|\(\?<(?P<group>[A-Za-z]\w*)>")
_ANCHORS = {"z": r"\Z", "Z": r"(?=\n?\Z)", "h": r"[^\S\r\n]"}


def _translate(token: re.Match[str]) -> str:
    if (name := token["property"]) is not None:
        return _PROPERTY_CLASSES.get(name, token[0])
    if (anchor := token["anchor"]) is not None:
        return _ANCHORS[anchor]
    if (group := token["group"]) is not None:
        return f"(?P<{group}>"
    return token[0]


@lru_cache(maxsize=512)
def _regex(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(_DIALECT.sub(_translate, pattern), re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise CqlError(f"'{pattern}' is not a regular expression that can be used: {error}") from error


@lru_cache(maxsize=512)
def _replacement(regex: re.Pattern[str], substitution: str) -> Callable[[re.Match[str]], str]:
    """A function for ``re.sub``: the parts are literal strings and group numbers or names."""
    parts: list[str | tuple[int | str]] = []
    position = 0
    while position < len(substitution):
        char = substitution[position]
        position += 1
        if char == "\\" and position < len(substitution):
            parts.append(substitution[position])
            position += 1
        elif char == "$" and (named := re.compile(r"\{(\w+)\}").match(substitution, position)):
            name = named[1]
            parts.append((_group(regex, int(name) if name.isdigit() else name),))
            position = named.end()
        elif char == "$" and position < len(substitution) and substitution[position] in "0123456789":
            number, position = int(substitution[position]), position + 1
            # more digits belong to the number as long as the pattern has that many groups
            while position < len(substitution) and substitution[position] in "0123456789":
                longer = number * 10 + int(substitution[position])
                if longer > regex.groups:
                    break
                number, position = longer, position + 1
            parts.append((_group(regex, number),))
        else:
            parts.append(char)

    def replace(match: re.Match[str]) -> str:
        found: list[Any] = [part if isinstance(part, str) else match[part[0]] for part in parts]
        return "".join([text for text in found if text is not None])

    return replace


def _group(regex: re.Pattern[str], group: int | str) -> int | str:
    known = group <= regex.groups if isinstance(group, int) else group in regex.groupindex
    if not known:
        raise CqlError(f"the substitution refers to group {group}, which '{regex.pattern}' does not have")
    return group
