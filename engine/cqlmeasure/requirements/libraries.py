"""A library with all that it includes, and what its references mean.

Always holds: a reference is looked up from the library it stands in; of a call that several overloads fit, all of
them are given, so that nothing that may run is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from cqlmeasure.elm import ExpressionDef, FunctionDef, Library
from cqlmeasure.elm.clinical import CodeDef, CodeSystemDef, ConceptDef, ValueSetDef
from cqlmeasure.elm.library import FunctionRef, IncludeDef, ParameterDef
from cqlmeasure.errors import ContentError
from cqlmeasure.models import FhirTypes
from cqlmeasure.typesys import ANY, DataType, is_subtype

#: How criteria may write a name: ``Library."Name"``; and what is a path of elements.
_QUALIFIED = re.compile(r'^(?:"(?:[^"\\]|\\.)+"|[A-Za-z_]\w*)\.(\S.*)$', re.DOTALL)
_QUOTED = re.compile(r'^"((?:[^"\\]|\\.)*)"$', re.DOTALL)
_ELEMENT = re.compile(r"^(?:[A-Z]\w*\.)?[a-z]\w*(?:\[\d+\])?(?:\.[a-z]\w*(?:\([^()]*\))?(?:\[\d+\])?)*$")

Named = TypeVar("Named", CodeDef, CodeSystemDef, ConceptDef, ValueSetDef, ParameterDef)


class Definition(msgspec.Struct, frozen=True, eq=False):
    """An expression or function with the library that it stands in; equal only to itself."""

    library: Library
    node: ExpressionDef

    @property
    def key(self) -> tuple[str, str]:
        """Library and name."""
        return self.library.identifier.id or "", self.node.name


class LibrarySet:
    """``primary`` and the libraries that it includes, directly or not.  ``fhir`` says what is a subtype of what."""

    def __init__(self, primary: Library, libraries: Iterable[Library], fhir: FhirTypes) -> None:
        self.primary = primary
        self.fhir = fhir
        self._libraries = {(found.identifier.id, found.identifier.version): found for found in (*libraries, primary)}
        self._names = {found.identifier.id: found for found in self._libraries.values()}
        self._tables: dict[int, dict[tuple[str, str], list[object]]] = {}
        self._definitions: dict[int, Definition] = {}

    def include(self, library: Library, alias: str) -> tuple[IncludeDef, Library]:
        """The library that ``library`` includes by a local name."""
        for item in library.includes:
            if item.local_identifier == alias:
                name = item.path.rpartition("/")[2]
                found = next((self._libraries[key] for key in _keys(item, name) if key in self._libraries), None)
                found = found or self._names.get(item.path) or self._names.get(name)
                if found is None:
                    break
                return item, found
        raise ContentError(f"library {library.identifier.id} includes no {alias} that is there", code="missing-library")

    def owner(self, library: Library, alias: str | None) -> Library:
        """The library that a reference with or without a library name points into."""
        return library if alias is None else self.include(library, alias)[1]

    def expression(self, library: Library, name: str, alias: str | None = None) -> Definition:
        """A named expression; ``ContentError`` if there is none."""
        owner = self.owner(library, alias)
        return self._define(owner, self._one(owner, "expression", name, ExpressionDef))

    def root(self, name: str) -> list[Definition]:
        """What a criterion of the primary library names: an expression, or the functions of that name.

        A name may be quoted, and qualified with the library.  One whose case is wrong is taken if there is only one
        that it can mean, as in evaluation.
        """
        table = self._table(self.primary)
        plain = _plain(name)
        for one in (name, plain):
            found = table.get(("expression", one)) or table.get(("function", one))
            if found:
                break
        else:
            folded = plain.casefold()
            alike = [key for key in table if key[0] in ("expression", "function") and key[1].casefold() == folded]
            if len(alike) != 1:
                raise _unknown("expression", name, self.primary)
            found = table[alike[0]]
        return [self._define(self.primary, node) for node in found if isinstance(node, ExpressionDef)]

    def is_path(self, name: str) -> bool:
        """Whether a criterion without a language is a path: no definition has that name, and it looks like one."""
        if _ELEMENT.match(name) is None:
            return False
        try:
            return not self.root(name)
        except ContentError:
            return True

    def expressions(self, library: Library) -> list[Definition]:
        """All named expressions of a library, in its order; not the implicit one of its context."""
        own = {found.name for found in library.contexts}
        return [
            self._define(library, found)
            for found in library.statements
            if not isinstance(found, FunctionDef) and found.name not in own
        ]

    def functions(self, library: Library, ref: FunctionRef) -> list[Definition]:
        """The functions that a call may mean: the one of exactly these types, else all whose types fit."""
        owner = self.owner(library, ref.library_name)
        count = len(ref.operand)
        named = [
            found for found in self._table(owner).get(("function", ref.name), ()) if isinstance(found, FunctionDef)
        ]
        named = [found for found in named if len(found.operand) == count]
        types = ref.signature or tuple(operand.result_type or ANY for operand in ref.operand)
        for fits in (_same, self._fits):
            chosen = [found for found in named if all(map(fits, types, _types(found)))]
            if chosen:
                return [self._define(owner, found) for found in chosen]
        if not named:
            raise _unknown("function", ref.name, owner)
        return [self._define(owner, found) for found in named]

    def code(self, library: Library, name: str, alias: str | None = None) -> CodeDef:
        """A declared code."""
        return self._one(self.owner(library, alias), "code", name, CodeDef)

    def concept(self, library: Library, name: str, alias: str | None = None) -> ConceptDef:
        """A declared concept."""
        return self._one(self.owner(library, alias), "concept", name, ConceptDef)

    def code_system(self, library: Library, name: str, alias: str | None = None) -> CodeSystemDef:
        """A declared code system."""
        return self._one(self.owner(library, alias), "codesystem", name, CodeSystemDef)

    def value_set(self, library: Library, name: str, alias: str | None = None) -> ValueSetDef:
        """A declared value set."""
        return self._one(self.owner(library, alias), "valueset", name, ValueSetDef)

    def parameter(self, library: Library, name: str, alias: str | None = None) -> ParameterDef:
        """A declared parameter."""
        return self._one(self.owner(library, alias), "parameter", name, ParameterDef)

    def _fits(self, given: DataType, wanted: DataType) -> bool:
        hierarchy = self.fhir.models
        return given == ANY or is_subtype(given, wanted, hierarchy) or is_subtype(wanted, given, hierarchy)

    def _define(self, library: Library, node: ExpressionDef) -> Definition:
        return self._definitions.setdefault(id(node), Definition(library, node))

    def _one(self, library: Library, kind: str, name: str, wanted: type[_T]) -> _T:
        for found in self._table(library).get((kind, name), ()):
            if isinstance(found, wanted):
                return found
        raise _unknown(kind, name, library)

    def _table(self, library: Library) -> dict[tuple[str, str], list[object]]:
        known = self._tables.get(id(library))
        if known is None:
            known = self._tables[id(library)] = {}
            groups: tuple[tuple[str, Iterable[_Has], Callable[[_Has], str]], ...] = (
                ("parameter", library.parameters, _name),
                ("codesystem", library.code_systems, _name),
                ("valueset", library.value_sets, _name),
                ("code", library.codes, _name),
                ("concept", library.concepts, _name),
                ("", library.statements, _name),
            )
            for kind, group, name in groups:
                for found in group:
                    real = kind or ("function" if isinstance(found, FunctionDef) else "expression")
                    known.setdefault((real, name(found)), []).append(found)
        return known


_T = TypeVar("_T")
_Has = ParameterDef | CodeSystemDef | ValueSetDef | CodeDef | ConceptDef | ExpressionDef


def _plain(name: str) -> str:
    """A name without the library that qualifies it, and without quotes."""
    found = _QUALIFIED.match(name)
    rest = name if found is None else found[1].strip()
    quoted = _QUOTED.match(rest)
    return rest if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1])


def _name(found: _Has) -> str:
    return found.name


def _same(given: DataType, wanted: DataType) -> bool:
    return given == wanted


def _types(function: FunctionDef) -> list[DataType]:
    return [operand.operand_type or operand.result_type or ANY for operand in function.operand]


def _keys(item: IncludeDef, name: str) -> list[tuple[str | None, str | None]]:
    return [(item.path, item.version), (name, item.version)]


def _unknown(kind: str, name: str, library: Library) -> ContentError:
    return ContentError(f"library {library.identifier.id} has no {kind} {name!r}", code="unknown-definition")
