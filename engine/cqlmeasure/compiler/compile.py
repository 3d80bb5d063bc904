"""From ELM libraries to a program."""

from __future__ import annotations

from collections.abc import Mapping

from cqlmeasure.compiler import casts, literals, logic, loops, operators, properties, queries, references, retrieves
from cqlmeasure.compiler.code import Place
from cqlmeasure.compiler.emitter import Conditions, Emitter, Handler, Scope, deep_recursion
from cqlmeasure.compiler.program import ExpressionEntry, FunctionEntry, Line, Program
from cqlmeasure.elm import FunctionDef, Library
from cqlmeasure.elm.base import Element
from cqlmeasure.errors import ContentError
from cqlmeasure.models import FhirTypes
from cqlmeasure.typesys import ANY, DataType

_MODULES = (literals, logic, references, properties, operators, casts, queries, loops, retrieves)

HANDLERS: dict[type[Element], Handler] = {}
TRUTHS: dict[type[Element], Conditions] = {**operators.TRUTHS, **logic.TRUTHS, **casts.TRUTHS}
FALSEHOODS: dict[type[Element], Conditions] = dict(logic.FALSEHOODS)
for _module in _MODULES:
    HANDLERS.update(_module.HANDLERS)


def library_key(name: str | None, version: str | None) -> str:
    """The key of a library in a set: ``name|version``, or the name alone."""
    return f"{name}|{version}" if version else str(name)


def scopes(primary: Library, libraries: Mapping[str, Library]) -> dict[str, Scope]:
    """The primary library and what it includes, as scopes; the primary comes first.

    ``libraries`` are keyed by :func:`library_key`.  An include without a version takes the one library of that name.
    """
    found: dict[str, Scope] = {}
    waiting = [primary]
    while waiting:
        library = waiting.pop(0)
        key = library_key(library.identifier.id, library.identifier.version)
        if key in found:
            continue
        includes: dict[str, str] = {}
        for include in library.includes:
            path = include.path
            wanted = library_key(path, include.version)
            other = libraries.get(wanted) or libraries.get(library_key(path.rpartition("/")[2], include.version))
            if other is None:
                other = next((one for name, one in libraries.items() if name.partition("|")[0] == path), None)
            if other is None or (include.version and other.identifier.version != include.version):
                raise ContentError(
                    f"library {key} includes {wanted}, which is not there",
                    code="missing-library",
                    hint="add the library to the content",
                )
            includes[include.local_identifier] = library_key(other.identifier.id, other.identifier.version)
            waiting.append(other)
        found[key] = Scope.of(key, library, includes)
    return found


def compile_library(
    primary: Library, libraries: Mapping[str, Library] | None = None, *, fhir: FhirTypes | None = None
) -> Program:
    """The program of a primary library: its definitions and functions, and all that they reach."""
    all_scopes = scopes(primary, libraries or {})
    emitter = Emitter(all_scopes, HANDLERS, TRUTHS, FALSEHOODS, fhir, queries.BODIES)
    first = next(iter(all_scopes.values()))
    expressions: dict[str, ExpressionEntry] = {}
    functions: dict[str, tuple[FunctionEntry, ...]] = {}
    with deep_recursion():
        for name, definition in first.expressions.items():
            compiled = emitter.expression(first, name)
            kind = definition.result_type or compiled.value.type
            assert compiled.slot is not None
            expressions[name] = ExpressionEntry(compiled.name, compiled.slot, kind, definition.context)
        for name, overloads in first.functions.items():
            functions[name] = tuple(_function(emitter, first, one) for one in overloads)
    source, places = emitter.module.source(_header(first.key))
    lines, distinct = _line_map(places)
    return Program(
        name=first.key,
        source=source,
        slots=emitter.module.slots,
        places=distinct,
        lines=lines,
        expressions=expressions,
        functions=functions,
        value_sets=tuple((url, version, name) for (url, version), name in emitter.value_sets.items()),
        parameters=tuple((library, name, kind) for (library, name), kind in emitter.parameters.items()),
    )


def _function(emitter: Emitter, scope: Scope, definition: FunctionDef) -> FunctionEntry:
    compiled = emitter.function_definition(scope, definition)
    operands: tuple[DataType, ...] = tuple(operand.operand_type or ANY for operand in definition.operand)
    return FunctionEntry(compiled.name, operands, definition.result_type or compiled.value.type)


def _header(name: str) -> list[str]:
    return [repr(f"Generated from library {name}."), "from decimal import Decimal"]


def _line_map(places: list[Place | None]) -> tuple[tuple[int, ...], tuple[Line, ...]]:
    known: dict[Place, int] = {}
    lines = tuple(-1 if place is None else known.setdefault(place, len(known)) for place in places)
    return lines, tuple(Line(place.library, place.definition, place.locator) for place in known)
