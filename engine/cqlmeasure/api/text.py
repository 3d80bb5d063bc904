"""Libraries that are in no content: typed, given or made on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Text(msgspec.Struct, frozen=True):
    """A library that is in no content: its CQL."""

    name: str
    version: str | None
    cql: str | None
    file: str | None = None
    elm: Mapping[str, Any] | None = None
