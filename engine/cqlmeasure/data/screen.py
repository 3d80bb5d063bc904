"""Looking at the outline of a resource to see whether it is wanted, before any more of its text is read.

Always holds: what is turned away is of a type, or has codes or times only, that nobody wants.  Where codes may be
anywhere they are looked for in the text; what is written there in an unusual way (escapes in names) is let through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Protocol

import msgspec

from cqlmeasure.data.outline import Coded, Concept, Profiles, field_of, may_be_not_done, outline
from cqlmeasure.data.selection import Selection, Wanted
from cqlmeasure.data.touching import AnyTime, Timed, touching

_TYPE = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')
_CODE = re.compile(rb'"code"\s*:\s*"([^"]*)"')
#: Begins a letter that is written as an escape.  Nobody writes names of elements so, but JSON allows it.
_LETTER = b"\\u00"
#: Says of a code that nothing in a value set was done: such resources are found by the value set, not by codes.
_NOT_DONE = b"notDoneValueSet"


def type_of(text: bytes) -> str | None:
    """The type of a resource, if it can be told at a glance."""
    match = _TYPE.match(text)
    return match[1].decode("ascii") if match is not None else None


class _Condition(Protocol):
    """What has to hold of a resource of a kind, by its outline."""

    def holds(self, one: Any, /) -> bool: ...


class _Has(NamedTuple):
    """One of some elements is there; ``fields`` are the attributes of an outline."""

    fields: tuple[str, ...]

    def holds(self, one: Any) -> bool:
        """Whether it is."""
        return any(getattr(one, name) is not None for name in self.fields)


def _has(names: tuple[str, ...]) -> _Has:
    return _Has(tuple(map(field_of, names)))


class TypeScreen:
    """What is wanted of one type.  Kinds of resources are bits of an ``int``.

    ``every`` kind of the type; ``asked``: the kinds that decide whether a subject can count; ``elements`` that are
    looked at, with their types for an outline.
    """

    __slots__ = (
        "_anywhere", "_at_once", "_codes", "_conditional", "_conditions", "_free", "_placed", "_profiles", "asked",
        "elements", "every",
    )  # fmt: skip

    def __init__(self) -> None:
        self.every = 0
        self.asked = 0
        self.elements: dict[str, Any] = {}
        # Kinds of any codes, and of them those without conditions.
        self._free = 0
        self._at_once = 0
        #: The attributes of outlines that have codes, with the kinds of the codes.
        self._placed: list[tuple[str, dict[str | None, int]]] = []
        self._profiles: dict[str, int] = {}
        # Codes of which it is not known where they are.
        self._anywhere = 0
        self._codes: dict[bytes, int] = {}
        self._conditions: dict[_Condition, int] = {}
        self._conditional = 0

    def add(self, one: Wanted, bit: int) -> None:
        """Adds a kind."""
        self.every |= bit
        for times in one.times:
            self._limit(touching(times), bit)
            self.elements = {
                **dict.fromkeys(times.others, AnyTime),
                **dict.fromkeys(times.dates, Timed),
                **self.elements,
            }
        for names in one.there:
            self._limit(_has(names), bit)
            self.elements = {**dict.fromkeys(names, AnyTime), **self.elements}
        if one.codes is None:
            self._free |= bit
            if not one.times and not one.there:
                self._at_once |= bit
            return
        for url in one.profiles:
            name = _profile_name(url)
            self._profiles[name] = self._profiles.get(name, 0) | bit
            self.elements["meta"] = Profiles
        for element in one.elements:
            self.elements[element] = Coded
            field = field_of(element)
            known = next((known for name, known in self._placed if name == field), None)
            if known is None:
                known = {}
                self._placed.append((field, known))
            for code in one.codes:
                known[code] = known.get(code, 0) | bit
        if not one.elements:
            self._anywhere |= bit
            for code in one.codes:
                key = code.encode("utf-8", "replace")
                self._codes[key] = self._codes.get(key, 0) | bit

    def _limit(self, condition: _Condition, bit: int) -> None:
        self._conditions[condition] = self._conditions.get(condition, 0) | bit
        self._conditional |= bit

    def looked(self, one: Any, text: bytes | msgspec.Raw) -> int:
        """The kinds that a resource of the type may be of, by its outline and its text; 0 if it does not matter."""
        if self._at_once and not self.asked:
            return self._at_once
        found = self._free
        for field, known in self._placed:
            value = getattr(one, field)
            # Nearly always it is like this.
            if type(value) is list and len(value) == 1:
                value = value[0]
            if type(value) is Concept and value.extension is None and (codings := value.coding):
                for coding in codings:
                    if coding.code in known:
                        found |= known[coding.code]
            elif value is not None:
                found |= self._of_any_form(value, known)
        if self._profiles and one.at_meta is not None:
            for url in one.at_meta.profile or ():
                found |= self._profiles.get(_profile_name(url), 0)
        if self._anywhere & ~found:
            found |= self._mentioned(bytes(text))
        # What matters in any case need not be looked at further.
        if found and (self.asked or not found & ~self._conditional):
            for condition, limited in self._conditions.items():
                if found & limited and not condition.holds(one):
                    found &= ~limited
        return found

    def _of_any_form(self, value: Any, known: Mapping[str | None, int]) -> int:
        """The kinds of whose codes one is at an element."""
        found = 0
        for concept in value if type(value) is list else (value,):
            if type(concept) is str:
                found |= known.get(concept, 0)
            elif concept.extension is not None and may_be_not_done(concept.extension):
                return self.every
            elif concept.coding:
                for coding in concept.coding:
                    found |= known.get(coding.code, 0)
            else:
                found |= known.get(concept.code, 0)
        return found

    def _mentioned(self, text: bytes) -> int:
        """The kinds of whose codes one is anywhere in a text."""
        escapes = b"\\" in text
        if _NOT_DONE in text or (escapes and _LETTER in text):
            return self._anywhere
        codes = _CODE.findall(text)
        if escapes and any(b"\\" in code for code in codes):
            return self._anywhere
        found = 0
        for code in codes:
            found |= self._codes.get(code, 0)
        return found


def _is_there(one: Wanted) -> bool:
    """Whether every subject has such a resource: the Patient is always there."""
    return one.type == "Patient" and not one.times and not one.there and one.codes is None


def _profile_name(url: str) -> str:
    return url.partition("|")[0].rpartition("/")[2]


class Screen:
    """A selection, ready to be held against texts: ``types`` that are wanted, and who cannot count."""

    def __init__(self, selection: Selection) -> None:
        self.types: dict[str, TypeScreen] = {}
        self._bits: dict[Wanted, int] = {}
        for one in selection.wanted:
            self._bit(one)
        self._needed = [
            [self._mask(clause) for clause in clauses if not any(map(_is_there, clause))]
            for clauses in selection.needed
        ]
        #: What the Patient itself decides.
        self._of_patient = [
            [self._mask(clause) for clause in clauses if all(one.type == "Patient" for one in clause)]
            for clauses in selection.needed
        ]
        self.purposes = len(selection.needed)

    @cached_property
    def outlines(self) -> msgspec.json.Decoder[Any]:
        """Decodes the outline of a resource of any type."""
        elements: dict[str, Any] = {}
        for kind in (AnyTime, Timed, Coded, Profiles):
            # An element of one name may be a code here and a time there: of codes no time is told.
            for one in self.types.values():
                elements |= {name: kind for name, own in one.elements.items() if own is kind}
        return msgspec.json.Decoder(outline(elements))

    def outlines_of(self, name: str, more: Mapping[str, Any]) -> msgspec.json.Decoder[Any]:
        """Decodes the outline of a resource of one type, with further elements."""
        own = self.types[name].elements if name in self.types else {}
        return msgspec.json.Decoder(outline({**own, **more}))

    def ruled_out(self, kinds: int) -> frozenset[int]:
        """The purposes in which a subject with resources of these kinds cannot count."""
        return frozenset(
            number for number, clauses in enumerate(self._needed) if any(not kinds & clause for clause in clauses)
        )

    def excludes(self, patient: int) -> bool:
        """Whether a subject whose Patient is of these kinds can count in no purpose, whatever else there is."""
        return self.purposes > 0 and all(
            any(not patient & clause for clause in clauses) for clauses in self._of_patient
        )

    def _mask(self, clause: tuple[Wanted, ...]) -> int:
        mask = 0
        for one in clause:
            bit = self._bit(one)
            self.types[one.type].asked |= bit
            mask |= bit
        return mask

    def _bit(self, wanted: Wanted) -> int:
        # Of days that are anywhere in a text nothing is told: to find the right ones costs more than it saves.
        kind = msgspec.structs.replace(wanted, low=None, high=None)
        bit = self._bits.get(kind)
        if bit is None:
            bit = self._bits[kind] = 1 << len(self._bits)
            self.types.setdefault(wanted.type, TypeScreen()).add(wanted, bit)
        return bit


@lru_cache(maxsize=16)
def screen_of(selection: Selection) -> Screen:
    """The screen of a selection: one for all who ask for the same, as making it takes longer than reading a subject."""
    return Screen(selection)
