"""Text to tokens.

Owns the lexical rules of CQL: one compiled expression finds every token.  Always holds: any text gives tokens (broken
parts become diagnostics and are skipped or closed where they seem to end), in time linear in its length.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from cqlmeasure.errors import Diagnostic, Severity, Span
from cqlmeasure.translator import tokens as t

MAX_LENGTH: Final = 4_000_000  # characters of one library; the largest published ones have some ten thousand
TOO_LONG: Final = "text-too-long"
MAX_ERRORS: Final = 100
LEXICAL_ERRORS: Final = frozenset(
    ("unknown-character", "unterminated-string", "unterminated-name", "unterminated-comment", "malformed-date")
)
MAX_SOURCE_LINE: Final = 1_000

_WORD, _QUOTED, _STRING, _SKIPPED, _MARK, _NUMBER, _LONG, _TIME, _DATETIME, _DATE, _THIS, _TICKED, _END = range(1, 14)

_TOKEN: Final = re.compile(
    r"""[ \t\r\n\f\v]*(?:
      ([A-Za-z_][A-Za-z0-9_]*)
    | ("[^"\\]*+(?:\\.[^"\\]*+)*+")
    | ('[^'\\]*+(?:\\.[^'\\]*+)*+')
    | (//[^\r\n]*+|/\*.*?\*/)
    | (<=|>=|!=|!~|->|[:,.()\[\]{}<>=~+\-*^&|;%]|/(?!\*))
    | ([0-9]++(?:\.[0-9]++)?)(?!L)
    | ([0-9]++)L
    | @T([0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?)
    | @([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?T
        (?:[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)
    | @([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)
    | (\$this\b|\$index\b|\$total\b)
    | (`[^`\\]*+(?:\\.[^`\\]*+)*+`)
    | (\Z)
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_SPACE: Final = re.compile(r"[ \t\r\n\f\v]*")
NEWLINE: Final = re.compile(r"\r\n|\n|\r")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"} | {mark: mark for mark in "'\"`\\/"}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# A string that runs into the next definition has lost its closing quote.
_RUNAWAY: Final = re.compile(r"[\r\n]\s*(?:define|parameter|context|library|using|include|valueset|codesystem)\b")
_AFTER_DATE: Final = re.compile(r"[0-9A-Za-z_:]|-[0-9]")
_DATE_REST: Final = re.compile(r"[0-9A-Za-z_:.+-]*")
_SIMPLE_KINDS: Final = {_LONG: t.LONG, _TIME: t.TIME, _DATETIME: t.DATETIME, _DATE: t.DATE, _THIS: t.THIS}
_QUOTED_KINDS: Final = {_QUOTED: t.QUOTED, _TICKED: t.QUOTED, _STRING: t.STRING}
_KEYWORDS: Final = {word: word for word in t.KEYWORDS}
# Words that end a pair of words, with the first words that make them one.
_PAIR_ENDS: Final = frozenset(second for _, second in t.WORD_PAIRS) | {"before", "after"}
_MARK_HINTS: Final = {
    "!": "'not' negates, '!=' and '!~' compare",
    "“": 'use a straight double quote (")',
    "”": 'use a straight double quote (")',
    "‘": "use a straight single quote (')",
    "’": "use a straight single quote (')",
    "\xa0": "this is a no-break space; use a plain one",
    "@": "a date is written @2024-01-31, a time @T10:00",
    "$": "the words with a dollar sign are $this, $index and $total",
    "\\": "escapes are for strings and quoted names only",
}


class _Lines:
    """Where lines begin, to turn offsets into lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in NEWLINE.finditer(text))]

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        return Span(*self.place(start), *self.place(max(start, end - 1)))


def source_lines(text: str, numbers: set[int]) -> dict[int, str]:
    """The text of these lines, counted from 1, without those too long to be shown."""
    starts = [*_Lines(text.removeprefix("\ufeff")).starts, len(text) + 1]
    text = text.removeprefix("\ufeff")
    found: dict[int, str] = {}
    for number in numbers:
        line = text[starts[number - 1] : starts[number]].rstrip("\r\n")
        if len(line) <= MAX_SOURCE_LINE:
            found[number] = line
    return found


def split_lines(text: str) -> list[str]:
    """The lines of a text, as tokens count them."""
    return NEWLINE.split(text.removeprefix("\ufeff"))


def tokenize(text: str) -> t.Tokens:
    """The tokens of ``text`` and what is wrong with them.  A byte order mark at the start is passed over."""
    if len(text) > MAX_LENGTH:
        message = f"the text has {len(text)} characters, more than the {MAX_LENGTH} that are read"
        found = Diagnostic(code=TOO_LONG, message=message, hint="split the library")
        return t.Tokens([t.EOF], [""], [1], [1], [1], [1], (found,))
    return _Lexer(text.removeprefix("\ufeff")).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = _Lines(text)
        self.found: list[Diagnostic] = []
        self.errors = 0
        self.resume = 0

    def report(
        self, code: str, message: str, start: int, end: int, hint: str | None, severity: Severity = Severity.ERROR
    ) -> None:
        self.errors += severity is Severity.ERROR
        if len(self.found) < MAX_ERRORS:
            span = self.lines.span(start, end)
            self.found.append(Diagnostic(code=code, message=message, span=span, hint=hint, severity=severity))

    def run(self) -> t.Tokens:
        text, match_token, keyword, starts = self.text, _TOKEN.match, _KEYWORDS.get, self.lines.starts
        kinds: list[str] = []
        texts: list[str] = []
        lines: list[int] = []
        columns: list[int] = []
        end_lines: list[int] = []
        end_columns: list[int] = []
        position, line, begin, count = 0, 1, -1, len(starts)  # ``begin``: the line's start minus one
        next_line = starts[1] if count > 1 else len(text) + 1
        while True:
            match = match_token(text, position)
            if match is None:
                start = _SPACE.match(text, position).end()  # type: ignore[union-attr]  # matches the empty text too
                token = self.broken(start)
                if token is None or self.errors >= MAX_ERRORS:
                    position = len(text) if self.errors >= MAX_ERRORS else self.resume
                    continue
                kind, content = token
                end = self.resume
            else:
                group = match.lastindex
                start, end = match.span(group or 0)
                content = text[start:end]
                if group == _WORD:
                    kind = keyword(content, t.IDENT)
                    if content in _PAIR_ENDS and self.pair(content, kinds, texts, end_columns, end_lines, end):
                        position = end
                        continue
                elif group == _MARK:
                    kind = content
                elif group == _SKIPPED:
                    position = end
                    continue
                elif group == _NUMBER:
                    kind = t.NUMBER
                elif group in _QUOTED_KINDS:
                    kind = _QUOTED_KINDS[group]
                    runaway = _RUNAWAY.search(text, start, end) if "\n" in content or "\r" in content else None
                    if runaway:
                        end = runaway.start()
                        self.unterminated(start, end, text[start])
                        content = text[start + 1 : end].rstrip()
                        if self.errors >= MAX_ERRORS:
                            end = len(text)
                    else:
                        content = content[1:-1]
                        if "\\" in content:
                            content = self.unescape(content, start)
                elif group == _END:
                    break
                else:
                    kind = _SIMPLE_KINDS[group or 0]
                    if group == _LONG:
                        end += 1
                    elif group != _THIS:
                        start -= 2 if group == _TIME else 1
                        end = self.check_date(start, end, content)
            while start >= next_line:
                begin = next_line - 1
                line += 1
                next_line = starts[line] if line < count else len(text) + 1
            position = end
            kinds.append(kind)
            texts.append(content)
            lines.append(line)
            columns.append(start - begin)
            if end <= next_line:
                end_lines.append(line)
                end_columns.append(end - 1 - begin)
            else:
                last, column = self.lines.place(end - 1)
                end_lines.append(last)
                end_columns.append(column)
        last, column = self.lines.place(len(text))
        for numbers, value in ((lines, last), (columns, column), (end_lines, last), (end_columns, column)):
            numbers.append(value)
        kinds.append(t.EOF)
        texts.append("")
        return t.Tokens(kinds, texts, lines, columns, end_lines, end_columns, tuple(self.found))

    def pair(
        self, word: str, kinds: list[str], texts: list[str], end_columns: list[int], end_lines: list[int], end: int
    ) -> bool:
        """Join ``word`` to the token before it where the two are one; mark the ``on`` of ``on or before``."""
        if word in ("before", "after"):
            if kinds[-2:] == [t.IDENT, "or"] and texts[-2] == "on" and kinds[-3:-2] != ["."]:
                kinds[-2] = t.ON_OR
            return False
        joined = t.WORD_PAIRS.get((texts[-1], word)) if kinds and kinds[-1] == t.IDENT else None
        if joined is None or kinds[-2:-1] == ["."]:
            return False
        kinds[-1] = texts[-1] = joined
        end_lines[-1], end_columns[-1] = self.lines.place(end - 1)
        return True

    def unterminated(self, start: int, end: int, mark: str) -> None:
        code, what = ("unterminated-string", "string") if mark == "'" else ("unterminated-name", "name")
        self.report(code, f"this {what} is not closed", start, end, f"close it with {mark} on the same line")

    def broken(self, start: int) -> tuple[str, str] | None:
        """Report what begins at ``start`` and is no token; ``resume`` is where to go on."""
        text, mark = self.text, self.text[start]
        if mark in "\"'`":
            newline = NEWLINE.search(text, start)
            self.resume = newline.start() if newline else len(text)
            self.unterminated(start, self.resume, mark)
            return (t.STRING if mark == "'" else t.QUOTED), text[start + 1 : self.resume]
        if text.startswith("/*", start):
            self.resume = len(text)
            self.report("unterminated-comment", "this comment is not closed", start, start + 2, "close it with */")
            return None
        self.resume = start + 1
        if mark == "@":
            self.resume = self.check_date(start, start + 1, "")
            return t.DATE, text[start + 1 : self.resume]
        shown = mark if mark.isprintable() else f"U+{ord(mark):04X}"
        self.report(
            "unknown-character", f"{shown!r} has no meaning in CQL here", start, start + 1, _MARK_HINTS.get(mark)
        )
        return None

    def check_date(self, start: int, end: int, content: str) -> int:
        """Report a date or time literal that goes on after its well-formed part; returns where it ends."""
        after = _AFTER_DATE.match(self.text, end)
        complete = len(content) >= len("2014-01-01") or self.text.startswith("@T", start)
        if content and (after is None or (complete and after[0][0] == "-")):
            return end
        rest = _DATE_REST.match(self.text, end)
        stop = rest.end() if rest else end
        shown = self.text[start:stop]
        hint = (
            "write @YYYY-MM-DD, @YYYY-MM-DDThh:mm:ss.fff with Z or +hh:mm, or @Thh:mm:ss; every part has all its digits"
        )
        self.report("malformed-date", f"{shown} is no date or time", start, stop, hint)
        return stop

    def unescape(self, content: str, start: int) -> str:
        unknown: list[tuple[str, int]] = []

        def plain(match: re.Match[str]) -> str:
            if match[1]:
                return chr(int(match[1], 16))
            known = _ESCAPES.get(match[2])
            if known is None:
                unknown.append((match[0], start + 1 + match.start()))
                return match[0]
            return known

        result = _ESCAPE.sub(plain, content)
        for escape, place in unknown:
            message = f"{escape} is no escape sequence; it is kept as written"
            hint = "write two backslashes for one"
            self.report("unknown-escape", message, place, place + len(escape), hint, severity=Severity.WARNING)
        if _SURROGATE.search(result):
            result = result.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return result
