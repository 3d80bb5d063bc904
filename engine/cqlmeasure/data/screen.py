"""Looking at the JSON text of a resource to see whether it is wanted, before any object is made of it.

Always holds: what is turned away is of a type, or has codes only, that nobody wants; whatever is written in an unusual
way (escapes in names, values before ``resourceType``) is let through.
"""

from __future__ import annotations

import mmap
import re
from typing import NamedTuple

import msgspec

from cqlmeasure.data.selection import Selection, Wanted

#: How nearly every resource begins.
_HEAD = b'{"resourceType":"'
_TYPE = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')
_CODE = re.compile(rb'"code"\s*:\s*"([^"]*)"')
#: Begins a letter that is written as an escape.  Nobody writes names of elements so, but JSON allows it.
_LETTER = b"\\u00"
#: Says of a code that nothing in a value set was done: such resources are found by the value set, not by codes.
_NOT_DONE = b"notDoneValueSet"


class Writing(NamedTuple):
    """How a text is written: whether with escapes, and whether it speaks of value sets of things not done."""

    escapes: bool
    not_done: bool


PLAIN = Writing(False, False)


def is_plain(data: bytes | mmap.mmap, start: int, stop: int) -> bool:
    """Whether a part of a file is written without escapes, and speaks of no value sets of things not done."""
    return data.find(b"\\", start, stop) < 0 and data.find(_NOT_DONE, start, stop) < 0


def writing(text: bytes) -> Writing | None:
    """How a text is written; ``None`` if names in it may be, so that nothing can be told without reading it."""
    escapes = b"\\" in text
    if escapes and _LETTER in text:
        return None
    return Writing(escapes, _NOT_DONE in text)


def type_of(text: bytes) -> bytes | None:
    """The type of a resource, if it can be told at a glance."""
    if text.startswith(_HEAD):
        end = text.find(b'"', len(_HEAD))
        return text[len(_HEAD) : end] if end > 0 else None
    match = _TYPE.match(text)
    return match[1] if match is not None else None


class TypeScreen:
    """What is wanted of one type.  Kinds of resources are bits of an ``int``.

    ``every`` kind of the type; ``asked``: the kinds that decide whether a subject can count.
    """

    __slots__ = ("_codes", "_free", "_known", "_profiles", "asked", "every")

    def __init__(self) -> None:
        self.every = 0
        self.asked = 0
        self._free = 0
        self._codes: dict[bytes, int] = {}
        self._known = self._codes.keys()
        self._profiles: list[tuple[bytes, int]] = []

    def add(self, one: Wanted, bit: int) -> None:
        """Adds a kind."""
        self.every |= bit
        if one.codes is None:
            self._free |= bit
            return
        for code in one.codes:
            key = code.encode("utf-8", "replace")
            self._codes[key] = self._codes.get(key, 0) | bit
        # Slashes may be written as escapes.
        self._profiles += [(url.rpartition("/")[2].encode("utf-8", "replace"), bit) for url in sorted(one.profiles)]

    def looked(self, text: bytes, how: Writing) -> int:
        """The kinds that a resource of the type may be of; 0 if it does not matter."""
        found = self._free
        if not self._codes or how.not_done or (found and not self.asked):
            return self.every
        codes = _CODE.findall(text)
        if how.escapes and any(b"\\" in code for code in codes):
            return self.every
        if not self._known.isdisjoint(codes):
            known = self._codes
            for code in codes:
                found |= known.get(code, 0)
        for name, bit in self._profiles:
            if not found & bit and name in text:
                found |= bit
        return found


class Screen:
    """A selection, ready to be held against texts: ``types`` that are wanted, and who cannot count."""

    def __init__(self, selection: Selection) -> None:
        self.types: dict[bytes, TypeScreen] = {}
        self._bits: dict[Wanted, int] = {}
        for one in selection.wanted:
            self._bit(one)
        #: What a Patient can be told by is not looked at: the Patient is always there.
        self._needed = [
            [self._mask(clause) for clause in clauses if all(one.type != "Patient" for one in clause)]
            for clauses in selection.needed
        ]
        self.purposes = len(selection.needed)

    def ruled_out(self, kinds: int) -> frozenset[int]:
        """The purposes in which a subject with resources of these kinds cannot count."""
        return frozenset(
            number for number, clauses in enumerate(self._needed) if any(not kinds & clause for clause in clauses)
        )

    def _mask(self, clause: tuple[Wanted, ...]) -> int:
        mask = 0
        for one in clause:
            bit = self._bit(one)
            self.types[one.type.encode()].asked |= bit
            mask |= bit
        return mask

    def _bit(self, wanted: Wanted) -> int:
        # Days are not looked at: to find the right ones in a text costs more than it saves.
        kind = msgspec.structs.replace(wanted, low=None, high=None)
        bit = self._bits.get(kind)
        if bit is None:
            bit = self._bits[kind] = 1 << len(self._bits)
            self.types.setdefault(wanted.type.encode(), TypeScreen()).add(wanted, bit)
        return bit
