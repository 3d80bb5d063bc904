"""The catalogue of diagnostic codes: a page for each, with its meaning, an example, and how to mend it.

Owns the pages, as Markdown files of one family each.  Always holds: they are read only when someone asks for one; every
code that the package gives has a page, and no page is left over (a test sees to both).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import msgspec

from cqlmeasure.errors.exceptions import UsageError

_EXAMPLE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Page(msgspec.Struct, frozen=True):
    """What there is to say about a code; ``text`` is Markdown.  ``family`` is the title that it stands under."""

    code: str
    family: str
    summary: str
    text: str

    @property
    def example(self) -> tuple[str, str]:
        """The language of the example (``cql`` or ``text``), and the example."""
        found = _EXAMPLE.search(self.text)
        return (found[1], found[2]) if found is not None else ("", "")


@cache
def pages() -> Mapping[str, Page]:
    """All pages by code, in the order of their families."""
    found: dict[str, Page] = {}
    for file in sorted(Path(__file__).parent.glob("*.md")):
        head, *sections = ("\n" + file.read_text(encoding="utf-8")).split("\n## ")
        family = head.strip().splitlines()[0].removeprefix("# ")
        for section in sections:
            code, _, text = section.partition("\n")
            found[code.strip()] = Page(code.strip(), family, text.strip().splitlines()[0], text.strip())
    return found


def page(code: str) -> Page:
    """The page of a code; raises ``UsageError`` with near codes if there is none."""
    found = pages().get(code)
    if found is None:
        near = get_close_matches(code, pages(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "cqlmeasure explain lists all codes"
        raise UsageError(f"there is no diagnostic code '{code}'", code="unknown-code", hint=hint)
    return found


__all__ = ["Page", "page", "pages"]
