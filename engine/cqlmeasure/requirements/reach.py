"""What a set of expressions reaches: definitions, functions, libraries, terminology, parameters.

Always holds: a definition comes after what it uses; each thing is there once, in the order in which it is first
reached; a definition that uses itself is an error.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cqlmeasure.elm import FunctionDef, Library, walk
from cqlmeasure.elm.base import Element
from cqlmeasure.elm.clinical import (
    CodeDef,
    CodeRef,
    CodeSystemDef,
    CodeSystemRef,
    ConceptDef,
    ConceptRef,
    ValueSetDef,
    ValueSetRef,
)
from cqlmeasure.elm.library import (
    ExpressionRef,
    FunctionRef,
    IncludeDef,
    ParameterDef,
    ParameterRef,
    UsingDef,
)
from cqlmeasure.errors import ContentError
from cqlmeasure.requirements.libraries import Definition, LibrarySet


class Reached(msgspec.Struct):
    """Everything reached; definitions in order of dependency."""

    expressions: list[Definition] = []
    functions: list[Definition] = []
    models: list[UsingDef] = []
    includes: list[tuple[IncludeDef, Library]] = []
    code_systems: list[CodeSystemDef] = []
    value_sets: list[ValueSetDef] = []
    codes: list[tuple[CodeDef, CodeSystemDef | None]] = []
    parameters: list[ParameterDef] = []


def reach(libraries: LibrarySet, roots: Iterable[Definition]) -> Reached:
    """Follow every reference from ``roots``."""
    search = _Search(libraries)
    primary = libraries.primary
    search.found.models.extend(found for found in primary.usings if found.local_identifier != "System")
    for root in roots:
        search.definition(root)
    return search.found


class _Search:
    def __init__(self, libraries: LibrarySet) -> None:
        self.libraries = libraries
        self.found = Reached()
        self.seen: set[int] = set()
        self.open: set[int] = set()

    def first(self, thing: Element) -> bool:
        """Whether it has not been met before."""
        if id(thing) in self.seen:
            return False
        self.seen.add(id(thing))
        return True

    def definition(self, found: Definition) -> None:
        key = id(found.node)
        if key in self.open:
            name = ".".join(found.key)
            raise ContentError(f"{name} is defined by itself", code="circular-definition")
        if not self.first(found.node):
            return
        self.open.add(key)
        for node in walk(found.node):
            self.node(found.library, node)
        self.open.discard(key)
        target = self.found.functions if isinstance(found.node, FunctionDef) else self.found.expressions
        target.append(found)

    def node(self, library: Library, node: Element) -> None:
        match node:
            case FunctionRef():
                self.include(library, node.library_name)
                for function in self.libraries.functions(library, node):
                    self.definition(function)
            case ExpressionRef(name=name, library_name=alias):
                self.include(library, alias)
                self.definition(self.libraries.expression(library, name, alias))
            case ParameterRef(name=name, library_name=alias):
                self.include(library, alias)
                self.parameter(self.libraries.owner(library, alias), self.libraries.parameter(library, name, alias))
            case ValueSetRef(name=name, library_name=alias):
                self.include(library, alias)
                self.value_set(self.libraries.owner(library, alias), self.libraries.value_set(library, name, alias))
            case CodeSystemRef(name=name, library_name=alias):
                self.include(library, alias)
                self.code_system(self.libraries.code_system(library, name, alias))
            case CodeRef(name=name, library_name=alias):
                self.include(library, alias)
                self.code(self.libraries.owner(library, alias), self.libraries.code(library, name, alias))
            case ConceptRef(name=name, library_name=alias):
                self.include(library, alias)
                self.concept(self.libraries.owner(library, alias), self.libraries.concept(library, name, alias))

    def include(self, library: Library, alias: str | None) -> None:
        if alias is None:
            return
        item, found = self.libraries.include(library, alias)
        if self.first(found):
            self.found.includes.append((item, found))

    def parameter(self, library: Library, found: ParameterDef) -> None:
        if not self.first(found):
            return
        self.found.parameters.append(found)
        if found.default is not None:
            for node in walk(found.default):
                self.node(library, node)

    def value_set(self, library: Library, found: ValueSetDef) -> None:
        if self.first(found):
            self.found.value_sets.append(found)
            for system in found.code_system:
                self.node(library, system)

    def code_system(self, found: CodeSystemDef) -> None:
        if self.first(found):
            self.found.code_systems.append(found)

    def code(self, library: Library, found: CodeDef) -> None:
        if not self.first(found):
            return
        system = None
        if found.code_system is not None:
            reference = found.code_system
            system = self.libraries.code_system(library, reference.name, reference.library_name)
            self.code_system(system)
        self.found.codes.append((found, system))

    def concept(self, library: Library, found: ConceptDef) -> None:
        if self.first(found):
            for code in found.code:
                self.node(library, code)
