"""Programs as plain data, for the cache: nested tuples that ``marshal`` writes.

Always holds: ``unpack(pack(program))`` equals the program.
"""

from __future__ import annotations

from typing import Any

from cqlmeasure.compiler.program import ExpressionEntry, FunctionEntry, Line, Program
from cqlmeasure.typesys import ChoiceType, DataType, IntervalType, ListType, NamedType, TupleType, TypeVariable


def pack_type(kind: DataType | None) -> Any:
    """A type as nested tuples."""
    match kind:
        case None:
            return None
        case NamedType(model, name):
            return ("n", model, name)
        case ListType(element):
            return ("l", pack_type(element))
        case IntervalType(point):
            return ("i", pack_type(point))
        case ChoiceType(alternatives):
            return ("c", tuple(pack_type(one) for one in alternatives))
        case TupleType(elements):
            return ("t", tuple((name, pack_type(one)) for name, one in elements))
        case TypeVariable(name):
            return ("v", name)


def unpack_type(data: Any) -> DataType | None:
    """The type that :func:`pack_type` packed."""
    if data is None:
        return None
    match data[0]:
        case "n":
            return NamedType(data[1], data[2])
        case "l":
            return ListType(_type(data[1]))
        case "i":
            return IntervalType(_type(data[1]))
        case "c":
            return ChoiceType(tuple(_type(one) for one in data[1]))
        case "t":
            return TupleType(tuple((name, _type(one)) for name, one in data[1]))
        case "v":
            return TypeVariable(data[1])
        case other:
            raise ValueError(f"'{other}' is no packed type")


def _type(data: Any) -> DataType:
    found = unpack_type(data)
    if found is None:
        raise ValueError("a type is missing")
    return found


def pack(program: Program) -> tuple[Any, ...]:
    """A program as nested tuples and dicts."""
    return (
        program.name,
        program.source,
        program.slots,
        tuple((place.library, place.definition, place.locator) for place in program.places),
        program.lines,
        {
            name: (entry.function, entry.slot, pack_type(entry.type), entry.context)
            for name, entry in program.expressions.items()
        },
        {
            name: tuple(
                (entry.function, tuple(pack_type(one) for one in entry.operands), pack_type(entry.type))
                for entry in entries
            )
            for name, entries in program.functions.items()
        },
        program.value_sets,
        tuple((library, name, pack_type(kind)) for library, name, kind in program.parameters),
    )


def unpack(data: tuple[Any, ...]) -> Program:
    """The program that :func:`pack` packed."""
    name, source, slots, places, lines, expressions, functions, value_sets, parameters = data
    return Program(
        name=name,
        source=source,
        slots=slots,
        places=tuple(Line(*place) for place in places),
        lines=lines,
        expressions={
            key: ExpressionEntry(function, slot, unpack_type(kind), context)
            for key, (function, slot, kind, context) in expressions.items()
        },
        functions={
            key: tuple(
                FunctionEntry(function, tuple(unpack_type(one) for one in operands), unpack_type(kind))
                for function, operands, kind in entries
            )
            for key, entries in functions.items()
        },
        value_sets=value_sets,
        parameters=tuple((library, key, unpack_type(kind)) for library, key, kind in parameters),
    )
