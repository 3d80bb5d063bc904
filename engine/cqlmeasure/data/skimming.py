"""Bundles read only as far as they matter: of the other resources no more than their outline is.

Always holds: a Bundle is skimmed only if it has exactly one Patient, and every entry is plainly of some type; all
others are read whole, and so is what is broken, so that errors read the same.  Of who cannot count because of the
Patient alone, nothing else is looked at.
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from cqlmeasure.data.outline import UNREADABLE
from cqlmeasure.data.reading import Json
from cqlmeasure.data.screen import Screen, TypeScreen

_ABSENT = msgspec.Raw()


class _Entry(msgspec.Struct, gc=False):
    resource: msgspec.Raw = _ABSENT
    fullUrl: str | None = None


class _Bundle(msgspec.Struct):
    resourceType: str
    entry: list[_Entry] = []


_DECODER = msgspec.json.Decoder(_Bundle)


class Skimmed(msgspec.Struct, frozen=True):
    """The entries of a Bundle that matter, with their fullUrl; and the purposes in which the subject cannot count."""

    entries: list[tuple[Json, str | None]]
    ruled_out: frozenset[int]


def skim(text: bytes, screen: Screen) -> Skimmed | None:
    """What matters of a Bundle; ``None`` if it has to be read whole."""
    try:
        bundle = _DECODER.decode(text)
        found = _matter(bundle.entry, text, screen) if bundle.resourceType == "Bundle" else None
        if found is None:
            return None
        kept, ruled_out = found
        return Skimmed([(orjson.loads(bytes(entry.resource)), entry.fullUrl) for entry in kept], ruled_out)
    except (*UNREADABLE, orjson.JSONDecodeError):
        return None


def _is_of_one(text: bytes) -> bool:
    """Whether a text is plainly a Bundle with one Patient, and with no Bundle in it."""
    return text.count(b'"Patient"') == 1 and text.count(b'"Bundle"') == 1 and b"\\u" not in text


def _matter(entries: list[_Entry], text: bytes, screen: Screen) -> tuple[list[_Entry], frozenset[int]] | None:
    """The entries that matter, the Patient first, and the purposes that are ruled out; ``None`` if it cannot be told.

    Raises one of ``UNREADABLE`` for what is not as FHIR has it.
    """
    types, outline = screen.types, screen.outlines.decode
    patient: _Entry | None = None
    # What decides whether the subject can count is looked at first: if it cannot, the rest need not be.
    found: list[tuple[_Entry, Any, TypeScreen | None]] = []
    kinds = 0
    for entry in entries:
        resource = entry.resource
        if resource is _ABSENT:
            continue
        one = outline(resource)
        name = one.resourceType
        if name == "Patient":
            if patient is not None:
                return None
            patient = entry
            own = types[name].looked(one, resource) if name in types else 0
            if screen.excludes(own) and _is_of_one(text):
                return [entry], frozenset(range(screen.purposes))
            kinds |= own
        elif name == "Bundle":
            return None
        elif (wanted := types.get(name)) is not None:
            if not wanted.asked:
                found.append((entry, one, wanted))
            elif looked := wanted.looked(one, resource):
                kinds |= looked
                found.append((entry, one, None))
    if patient is None:
        return None
    ruled_out = screen.ruled_out(kinds)
    if screen.purposes and len(ruled_out) == screen.purposes:
        return [patient], ruled_out
    kept = [entry for entry, one, wanted in found if wanted is None or wanted.looked(one, entry.resource)]
    return [patient, *kept], ruled_out
