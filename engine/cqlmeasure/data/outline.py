"""The outline of a resource: of its JSON text no more than says what it is, where its codes are known to be.

Always holds: what is decoded is what the whole text would give (escapes, repeated names, lists and single values); a
text that is not as FHIR has it is no outline but an error, and then the whole text has to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

#: What decoding a text may raise that is broken, not as FHIR has it, or nested too deep.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
ABSENT = msgspec.Raw()
"""What is not there."""


class Coding(msgspec.Struct, gc=False):
    """A code; of whatever system."""

    code: str | None = None


class Concept(msgspec.Struct, gc=False):
    """A CodeableConcept, or a Coding, which has its ``code`` itself."""

    coding: list[Coding] | msgspec.UnsetType = msgspec.UNSET
    code: str | None = None
    extension: msgspec.Raw = ABSENT


Coded = Concept | list[Concept | str] | str | None
"""The value of an element that has codes; some are plain strings."""


class Meta(msgspec.Struct, gc=False):
    """The profiles that a resource declares."""

    profile: list[str] | None = None


def outline(
    elements: Iterable[str], *, profiles: bool = False, more: Mapping[str, Any] | None = None
) -> type[msgspec.Struct]:
    """A struct with ``resourceType`` and, as ``field_of`` names them, what may be missing and then is ``None``.

    That are the ``elements``, ``meta`` if ``profiles`` matter, and ``more``: elements with their types.
    """
    types: dict[str, Any] = {**dict.fromkeys(sorted(elements), Coded), **(more or {})}
    if profiles:
        types["meta"] = Meta | None
    fields = [(field_of(name), kind, None) for name, kind in types.items()]
    rename = {field_of(name): name for name in types}
    return msgspec.defstruct("Outline", [("resourceType", str), *fields], rename=rename, gc=False)


def field_of(element: str) -> str:
    """The attribute that has an element: elements may be named like keywords."""
    return f"at_{element}"


def may_be_not_done(extensions: msgspec.Raw) -> bool:
    """Whether extensions of a code may say that nothing in a value set was done: codes do not matter then."""
    text = bytes(extensions)
    return b"notDoneValueSet" in text or b"\\" in text
