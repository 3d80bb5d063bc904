"""What a translated library offers to those that include it: its names, with the types that its author wrote.

Types here are source types (``QICore.Encounter``); the ELM beside them has the types of the real data
(``FHIR.Encounter``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from cqlmeasure.typesys import DataType


class Kind(StrEnum):
    """What a name stands for."""

    EXPRESSION = "expression"
    PARAMETER = "parameter"
    CODE_SYSTEM = "code system"
    VALUE_SET = "value set"
    CODE = "code"
    CONCEPT = "concept"


class Symbol(msgspec.Struct, frozen=True):
    """A named value: kind, type, and whether other libraries may use it.  ``context`` of an expression."""

    name: str
    kind: Kind
    type: DataType
    private: bool = False
    context: str | None = None


class FunctionSymbol(msgspec.Struct, frozen=True):
    """One overload of a function; ``library`` is the name of the library that defines it."""

    name: str
    operands: tuple[DataType, ...]
    result: DataType
    fluent: bool = False
    private: bool = False
    external: bool = False


class LibrarySymbols(msgspec.Struct, frozen=True):
    """All names of a library."""

    name: str
    version: str | None
    values: Mapping[str, Symbol]
    functions: Mapping[str, tuple[FunctionSymbol, ...]]
