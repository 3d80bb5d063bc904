"""Kinds of tokens and the word lists of CQL 1.5.3.

Owns the vocabulary that the lexer and the parser share.  Always holds: the kind of a keyword or of a punctuation mark
is its own text (``and``, ``<=``); every other kind is one of the upper-case constants here, which no keyword equals.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cqlmeasure.errors import Diagnostic

IDENT: Final = "IDENT"
QUOTED: Final = "QUOTED"
STRING: Final = "STRING"
NUMBER: Final = "NUMBER"
LONG: Final = "LONG"
DATE: Final = "DATE"
DATETIME: Final = "DATETIME"
TIME: Final = "TIME"
THIS: Final = "THIS"
EOF: Final = "EOF"


class Tokens(msgspec.Struct, frozen=True):
    """The tokens of one text as parallel lists, closed by one ``EOF``.

    ``texts`` holds what the token means: names and strings without quotes and escapes, dates without ``@``.  Lines and
    columns count from 1; the end is the last character.
    """

    kinds: list[str]
    texts: list[str]
    lines: list[int]
    columns: list[int]
    end_lines: list[int]
    end_columns: list[int]
    diagnostics: tuple[Diagnostic, ...]


PRECISIONS: Final = frozenset(("year", "month", "week", "day", "hour", "minute", "second", "millisecond"))
PLURAL_PRECISIONS: Final = {f"{word}s": word for word in PRECISIONS}
CALENDAR_UNITS: Final = PRECISIONS | PLURAL_PRECISIONS.keys()
COMPONENTS: Final = PRECISIONS | {"date", "time", "timezoneoffset"}

# Keywords that may stand where a name is referred to.
_KEYWORD_IDENTIFIERS: Final = """
    asc ascending by called code codesystem codesystems concept contains context date default define desc
    descending display div end ends except fluent function implies include includes intersect library meets mod
    overlaps parameter predecessor private public start starting starts successor time timezoneoffset union
    using valueset version where width xor
"""
KEYWORD_IDENTIFIERS: Final = frozenset(_KEYWORD_IDENTIFIERS.split())

# Keywords that are no name unless quoted (but may name a function).
_RESERVED_WORDS: Final = """
    after aggregate all and as before between case cast Code collapse Concept convert day days difference
    distinct duration during else exists expand false flatten from hour hours if in Interval is let List maximum
    millisecond milliseconds minimum minute minutes month months not null occurs of or per point properly return
    same second seconds singleton sort then to true Tuple week weeks when with within without year years
"""
RESERVED_WORDS: Final = frozenset(_RESERVED_WORDS.split())

KEYWORDS: Final = KEYWORD_IDENTIFIERS | RESERVED_WORDS

# Two words that the grammar takes as one; only the pair is reserved, each word alone is a name.
WORD_PAIRS: Final = {
    ("such", "that"): "such that",
    ("included", "in"): "included in",
    ("less", "than"): "less than",
    ("more", "than"): "more than",
}
ON_OR: Final = "on or"  # kind of ``on`` in ``on or before``; the ``or`` stays a token of its own

NAMES: Final = frozenset((IDENT, QUOTED))
REFERENTIAL: Final = NAMES | KEYWORD_IDENTIFIERS
TYPE_NAMES: Final = REFERENTIAL | {"Code", "Concept"}
ANY_WORD: Final = NAMES | KEYWORDS

_DECLARATIONS: Final = "library using include codesystem valueset code concept parameter context define private public"
DECLARATIONS: Final = frozenset(_DECLARATIONS.split())
