"""What a library that exists only as ELM offers to CQL that includes it.

ELM has the types of the data; the author of the including library works with those of a model.  Values and results
therefore get the classes of the models that the library uses (``QICore.Encounter`` for ``FHIR.Encounter``).  Operands
keep the types of the data, since any profile of a class may be passed.
"""

from __future__ import annotations

from functools import cache

from cqlmeasure.elm.library import FunctionDef, Library
from cqlmeasure.models import Model, fhir_types
from cqlmeasure.translator.infer.datatypes import DataTypes
from cqlmeasure.translator.symbols import FunctionSymbol, Kind, LibrarySymbols, Symbol
from cqlmeasure.typesys import (
    ANY,
    CODE,
    CODE_SYSTEM,
    CONCEPT,
    SYSTEM,
    VALUE_SET,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
    choice_of,
)

_FHIR = "FHIR"
_PRIVATE = "Private"


def symbols_of(library: Library) -> LibrarySymbols:
    """The names of a library whose ELM has result types, see :func:`cqlmeasure.translator.infer.infer_types`.

    A definition without a result type is of type ``System.Any``.  Of overloads whose operands are the same in the data
    only the first is kept, which is the one that a call in ELM means.
    """
    data = DataTypes(fhir_types(), library.usings)
    values: dict[str, Symbol] = {}
    functions: dict[str, dict[tuple[DataType, ...], FunctionSymbol]] = {}

    def declare(name: str, kind: Kind, type_: DataType, access: str, context: str | None = None) -> None:
        values.setdefault(name, Symbol(name, kind, type_, access == _PRIVATE, context))

    for system in library.code_systems:
        declare(system.name, Kind.CODE_SYSTEM, CODE_SYSTEM, system.access_level)
    for value_set in library.value_sets:
        declare(value_set.name, Kind.VALUE_SET, VALUE_SET, value_set.access_level)
    for code in library.codes:
        declare(code.name, Kind.CODE, CODE, code.access_level)
    for concept in library.concepts:
        declare(concept.name, Kind.CONCEPT, CONCEPT, concept.access_level)
    for parameter in library.parameters:
        kind = parameter.result_type or parameter.parameter_type or ANY
        declare(parameter.name, Kind.PARAMETER, _source_type(kind, data), parameter.access_level)
    for statement in library.statements:
        kind = _source_type(statement.result_type or ANY, data)
        if isinstance(statement, FunctionDef):
            symbol = _function(statement, kind, data)
            functions.setdefault(statement.name, {}).setdefault(symbol.operands, symbol)
        else:
            declare(statement.name, Kind.EXPRESSION, kind, statement.access_level, statement.context)
    return LibrarySymbols(
        name=library.identifier.id or "",
        version=library.identifier.version,
        values=values,
        functions={name: tuple(overloads.values()) for name, overloads in functions.items()},
    )


def _function(definition: FunctionDef, result: DataType, data: DataTypes) -> FunctionSymbol:
    return FunctionSymbol(
        name=definition.name,
        operands=tuple(data.of(operand.operand_type or ANY) for operand in definition.operand),
        result=result,
        fluent=definition.fluent,
        private=definition.access_level == _PRIVATE,
        external=definition.external,
    )


def _source_type(kind: DataType, data: DataTypes) -> DataType:
    """The type that an author sees: the models' class for a FHIR class, the choice of its profiles if there is none."""
    match kind:
        case NamedType(model, name):
            for profiles in data.profiles if model == _FHIR else ():
                found = _classes(profiles).get(name)
                if found is not None:
                    return found
        case ListType(element):
            return ListType(_source_type(element, data))
        case IntervalType(point):
            return IntervalType(_source_type(point, data))
        case ChoiceType(alternatives):
            return choice_of(*(_source_type(item, data) for item in alternatives))
        case TupleType(elements):
            return TupleType(tuple((name, _source_type(item, data)) for name, item in elements))
    return kind


@cache
def _classes(model: Model) -> dict[str, DataType]:
    """A model's type for each FHIR class: the class of that name, or else the choice of all that stand for it."""
    own: dict[str, DataType] = {}
    profiles: dict[str, list[DataType]] = {}
    for name, facts in model.classes.items():
        if isinstance(facts.base, NamedType) and facts.base.model == SYSTEM and facts.base != ANY:
            continue  # a code or a Concept by another name: its values are System's, not FHIR's
        if facts.target is None:
            own[name] = facts.type
        else:
            profiles.setdefault(facts.target, []).append(facts.type)
    return {name: choice_of(*kinds) for name, kinds in profiles.items()} | own
