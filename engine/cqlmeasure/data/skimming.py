"""Bundles read only as far as they matter: what is not wanted is passed over in the text.

Always holds: a Bundle is skimmed only if it has exactly one Patient, and every entry says plainly what it is; all
others are read whole, and so is what is broken, so that errors read the same.
"""

from __future__ import annotations

import msgspec

from cqlmeasure.data.reading import Json, parse_resource
from cqlmeasure.data.screen import Screen, TypeScreen, type_of, writing


class _Entry(msgspec.Struct, gc=False):
    resource: msgspec.Raw = msgspec.Raw(b"")
    fullUrl: str | None = None


class _Bundle(msgspec.Struct):
    resourceType: str
    entry: list[_Entry] = []


_Text = tuple[bytes, str | None]
"""The text of a resource, and its fullUrl."""
_DECODER = msgspec.json.Decoder(_Bundle)


class Skimmed(msgspec.Struct, frozen=True):
    """The entries of a Bundle that matter, with their fullUrl; and the purposes in which the subject cannot count."""

    entries: list[tuple[Json, str | None]]
    ruled_out: frozenset[int]


def skim(text: bytes, place: str, screen: Screen) -> Skimmed | None:
    """What matters of a Bundle; ``None`` if it has to be read whole."""
    how = writing(text)
    if how is None:
        return None
    try:
        bundle = _DECODER.decode(text)
    except msgspec.MsgspecError:
        return None
    if bundle.resourceType != "Bundle":
        return None
    patient: _Text | None = None
    of_types: list[tuple[_Text, TypeScreen]] = []
    types = screen.types
    for entry in bundle.entry:
        resource = bytes(entry.resource)
        name = type_of(resource)
        if name is None or name == b"Bundle":
            if resource:
                return None
        elif name == b"Patient":
            if patient is not None:
                return None
            patient = resource, entry.fullUrl
        elif (wanted := types.get(name)) is not None:
            of_types.append(((resource, entry.fullUrl), wanted))
    if patient is None:
        return None
    # First what decides whether the subject can count: if it cannot, the rest need not be looked at.
    looked = [wanted.looked(one[0], how) if wanted.asked else -1 for one, wanted in of_types]
    kinds = 0
    for mask in looked:
        if mask > 0:
            kinds |= mask
    ruled_out = screen.ruled_out(kinds)
    kept = [patient]
    if not screen.purposes or len(ruled_out) < screen.purposes:
        for (one, wanted), mask in zip(of_types, looked, strict=True):
            if mask > 0 or (mask < 0 and wanted.looked(one[0], how)):
                kept.append(one)
    return Skimmed([(parse_resource(resource, place), url) for resource, url in kept], ruled_out)
