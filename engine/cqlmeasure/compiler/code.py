"""Pieces of generated Python: expressions, functions under construction, the module that they make up.

Always holds: the text of a :class:`Py` is an atom, a call or in parentheses, so it can stand anywhere; names and
literals from CQL enter the text through :func:`slug` and ``repr`` only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cqlmeasure.typesys import DataType

_NOT_WORD = re.compile(r"[^A-Za-z0-9]+")
_INDENT = "    "
_SAFE = (
    "{",
    "(",
    "lambda ",
    "frozenset((",
    "Quantity(Decimal(",
    "Decimal(",
    "Profile(",
    "PATH_",
    "ENV.",
)
"""How constants begin that cannot fail."""


def slug(name: str, limit: int = 48) -> str:
    """A piece of a Python identifier that reminds of ``name``; never empty, never trusted to be unique."""
    return _NOT_WORD.sub("_", name).strip("_")[:limit].strip("_") or "x"


class Place(NamedTuple):
    """Where generated code comes from: library, definition, ELM locator."""

    library: str
    definition: str
    locator: str | None


@dataclass(slots=True, frozen=True)
class Py:
    """A Python expression and what is known of its value.

    ``sure``: it is never null.  ``items``: a list without nulls.  ``constant``: it depends on nothing but parameters
    and terminology.  ``atom``: naming it would gain nothing.  ``owner`` and ``keys``: it is a choice element, of that
    owner and with those JSON names.
    """

    text: str
    type: DataType | None = None
    sure: bool = False
    items: bool = False
    constant: bool = False
    atom: bool = False
    owner: str | None = None
    keys: str | None = None

    def typed(self, kind: DataType | None) -> Py:
        """The same expression with another static type; what is known of a choice element is dropped."""
        return replace(self, type=kind)


@dataclass(slots=True)
class Binding:
    """A name of the CQL that is in scope: the Python variable, and what is known of its value."""

    value: Py
    frame: Frame


@dataclass(slots=True)
class Frame:
    """A function under construction; ``slot`` is where the memo keeps its value."""

    name: str
    place: Place
    parent: Frame | None = None
    arguments: list[str] = field(default_factory=list)
    captured: dict[str, None] = field(default_factory=dict)
    lines: list[tuple[int, str, Place]] = field(default_factory=list)
    scope: dict[str, Binding] = field(default_factory=dict)
    indent: int = 1
    temps: int = 0
    depth: int = 0
    slot: int | None = None

    def line(self, text: str, place: Place | None = None) -> None:
        """Adds a statement at the current indentation."""
        self.lines.append((self.indent, text, place or self.place))

    def give(self, text: str, deeper: int = 0) -> None:
        """Ends the function with a value, which is kept in its slot if it has one."""
        indent = self.indent + deeper
        if self.slot is None:
            self.lines.append((indent, f"return {text}", self.place))
            return
        self.lines.append((indent, f"c[{self.slot}] = value = {text}", self.place))
        self.lines.append((indent, "return value", self.place))

    def temp(self) -> str:
        """A variable of this function that nothing else uses."""
        self.temps += 1
        return f"t{self.temps}"

    def look_up(self, key: str) -> Binding | None:
        """The binding of a name here or in a function around; makes it an argument of all functions between."""
        found = None
        frame: Frame | None = self
        while frame is not None and found is None:
            found = frame.scope.get(key)
            frame = frame.parent
        if found is not None:
            frame = self
            while frame is not None and frame is not found.frame:
                frame.captured.setdefault(found.value.text)
                frame = frame.parent
        return found


class Module:
    """The module under construction: functions, constants, imports, memo slots."""

    def __init__(self) -> None:
        self.functions: list[Frame] = []
        #: The first is that of the context.
        self.slots = 1
        self._imports: dict[str, set[str]] = {}
        self._constants: dict[str, str] = {}
        self._constant_lines: list[tuple[str, Place]] = []
        self._names: set[str] = set()

    def use(self, module: str, name: str) -> str:
        """Imports a name of a runtime module."""
        self._imports.setdefault(module, set()).add(name)
        return name

    def slot(self) -> int:
        """A new slot of the memo."""
        self.slots += 1
        return self.slots - 1

    def name(self, wanted: str) -> str:
        """A module-level name that is not used yet."""
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name

    def constant(self, text: str, place: Place, prefix: str = "K") -> str:
        """The name of a constant with that text; the same text has one name."""
        known = self._constants.get(text)
        if known is None:
            known = self._constants[text] = self.name(f"{prefix}{len(self._constants)}")
            self._constant_lines.append((f"{known} = {text}", place))
        return known

    def source(self, header: list[str]) -> tuple[str, list[Place | None]]:
        """The text of the module, and the place of each of its lines."""
        lines: list[str] = [*header]
        for module, names in sorted(self._imports.items()):
            lines.append(f"from cqlmeasure.runtime.{module} import {', '.join(sorted(names))}")
        places: list[Place | None] = [None] * len(lines)
        for frame in self.functions:
            lines += ["", "", f"def {frame.name}({', '.join(['c', *frame.arguments, *frame.captured])}):"]
            places += [None, None, frame.place]
            for indent, text, place in frame.lines:
                lines.append(_INDENT * indent + text)
                places.append(place)
        lines += ["", ""]
        places += [None, None]
        for text, place in self._constant_lines:
            name, _, value = text.partition(" = ")
            if value.startswith(_SAFE):
                lines.append(text)
                places.append(place)
            else:
                # a constant that fails stays undefined: whoever needs it fails, nobody else
                lines += ["try:", _INDENT + text, f"except Exception as error: FAILED[{name!r}] = error"]
                places += [place, place, place]
        return "\n".join(lines) + "\n", places
