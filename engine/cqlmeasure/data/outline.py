"""The outline of a resource: of its JSON text no more than says what it is, where its codes are known to be.

Always holds: what is decoded is what the whole text would give (escapes, repeated names, lists and single values); a
text that is not as FHIR has it is no outline but an error, and then the whole text has to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

#: What decoding a text may raise that is broken, not as FHIR has it, or nested too deep.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Coding(msgspec.Struct, gc=False):
    """A code; of whatever system."""

    code: str | None = None


class Concept(msgspec.Struct, gc=False):
    """A CodeableConcept, or a Coding, which has its ``code`` itself."""

    coding: list[Coding] | msgspec.UnsetType = msgspec.UNSET
    code: str | None = None
    extension: Any = None


Coded = Concept | list[Concept | str] | str | None
"""The value of an element that has codes; some are plain strings."""


class Meta(msgspec.Struct, gc=False):
    """The profiles that a resource declares."""

    profile: list[str] | None = None


Profiles = Meta | None
"""The value of ``meta``."""


def outline(elements: Mapping[str, Any]) -> type[msgspec.Struct]:
    """A struct with ``resourceType`` and, as ``field_of`` names them, elements of these types.

    What is missing is ``None``.
    """
    fields = [(field_of(name), kind, None) for name, kind in elements.items()]
    rename = {field_of(name): name for name in elements}
    return msgspec.defstruct("Outline", [("resourceType", str), *fields], rename=rename, gc=False)


def field_of(element: str) -> str:
    """The attribute that has an element: elements may be named like keywords."""
    return f"at_{element}"


def may_be_not_done(extensions: Any) -> bool:
    """Whether extensions of a code may say that nothing in a value set was done: codes do not matter then."""
    return "notDoneValueSet" in str(extensions)
