"""ELM as JSON: reading any published library, writing ours without loss.

A type is written as a qualified name (``asType``) if it is a named type and as a specifier (``asTypeSpecifier``)
otherwise, except where ELM has specifiers only; both forms are read everywhere.  Raises :class:`ElmFormatError` on
anything that is no ELM.
"""

from __future__ import annotations

import types as python_types
import typing
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, cast

from cqlmeasure.elm.base import Element
from cqlmeasure.elm.depth import deep_recursion
from cqlmeasure.elm.library import ExpressionDef, Library, UsingDef
from cqlmeasure.elm.registry import NODES
from cqlmeasure.typesys import (
    SYSTEM,
    SYSTEM_URI,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
    TypeVariable,
    choice_of,
)

FHIR_URI = "http://hl7.org/fhir"
MAXIMUM_DEPTH = 4000
MAXIMUM_EXPONENT = 100

# Fields that ELM writes as a specifier only.
_SPECIFIER_ONLY = frozenset({"operand_type", "parameter_type", "type_specifier"})
LIBRARY_SECTIONS = frozenset(
    {"usings", "includes", "parameters", "code_systems", "value_sets", "codes", "concepts", "contexts", "statements"}
)


class ElmFormatError(ValueError):
    """The JSON is not ELM; the message names the node and what is wrong with it."""


def from_json(document: Mapping[str, Any]) -> Library:
    """The library of an ELM JSON document: ``{"library": {...}}``, or the inner object itself."""
    body = document.get("library", document)
    if not isinstance(body, Mapping) or "identifier" not in body:
        raise ElmFormatError("not an ELM library: there is no 'library' with an 'identifier'")
    usings = body.get("usings", {})
    usings = usings.get("def", []) if isinstance(usings, Mapping) else []
    models = {SYSTEM_URI: SYSTEM, FHIR_URI: "FHIR"}
    for using in usings:
        if isinstance(using, Mapping):
            models.setdefault(str(using.get("uri")), str(using.get("localIdentifier")))
    try:
        with deep_recursion():
            return cast(Library, _Reader(models).node(body, Library, 0))
    except RecursionError:
        raise ElmFormatError("the ELM is nested too deeply") from None
    except (TypeError, AttributeError, KeyError, ArithmeticError) as error:
        raise ElmFormatError(f"malformed ELM: {error}") from error


def to_json(library: Library) -> dict[str, Any]:
    """The document of a library, ready for a JSON encoder (decimals become numbers)."""
    uris = {using.local_identifier: using.uri for using in library.usings}
    uris[SYSTEM] = SYSTEM_URI
    uris["FHIR"] = FHIR_URI
    with deep_recursion():
        return {"library": _Writer(uris).node(library)}


@cache
def _elm_name(field: str) -> str:
    head, *rest = field.rstrip("_").split("_")
    return head + "".join(part.capitalize() for part in rest)


class NodeField(typing.NamedTuple):
    """A field of a node class: its names here and in ELM, and how ELM writes it."""

    name: str
    elm_name: str
    kind: str  # node, nodes, type, types, decimal, flag, value
    node: type[Element]


@cache
def fields_of(node: type[Element]) -> tuple[NodeField, ...]:
    """The fields of a node class, in order."""
    hints = typing.get_type_hints(node)
    return tuple(_field(name, hints[name]) for name in node.__struct_fields__)


def _field(name: str, hint: Any) -> NodeField:
    arguments = typing.get_args(hint) if isinstance(hint, python_types.UnionType) else (hint,)
    arguments = tuple(argument for argument in arguments if argument is not type(None))
    many = typing.get_origin(arguments[0]) is tuple
    inner = typing.get_args(arguments[0])[0] if many else arguments[0]
    kind = "value"
    node: type[Element] = Element
    if isinstance(inner, type) and issubclass(inner, Element):
        kind, node = ("nodes" if many else "node"), inner
    elif NamedType in (*arguments, *typing.get_args(inner)):
        kind = "types" if many else "type"
    elif inner is Decimal:
        kind = "decimal"
    elif inner is bool:
        kind = "flag"
    return NodeField(name, _elm_name(name), kind, node)


class _Reader:
    def __init__(self, models: Mapping[str, str]) -> None:
        self.models = models

    def node(self, value: Any, declared: type[Element], depth: int) -> Element:
        if not isinstance(value, Mapping):
            raise ElmFormatError(f"expected a {declared.__name__}, found {type(value).__name__}")
        if depth > MAXIMUM_DEPTH:
            raise ElmFormatError(f"nested more than {MAXIMUM_DEPTH} levels deep")
        tag = value.get("type")
        node = NODES.get(tag) if isinstance(tag, str) else declared
        if node is None or not issubclass(node, declared):
            raise ElmFormatError(f"'{tag}' is not a known kind of {declared.__name__}")
        arguments: dict[str, Any] = {}
        for field in fields_of(node):
            found = self.field(field, node, value, depth + 1)
            if found is not None:
                arguments[field.name] = found
        try:
            return node(**arguments)
        except TypeError as error:
            raise ElmFormatError(f"{node.__name__}: {error}") from None

    def field(self, field: NodeField, node: type[Element], value: Mapping[str, Any], depth: int) -> Any:
        if field.kind == "type":
            return self.type_field(field, value)
        found = value.get(field.elm_name)
        if found is None:
            return None
        if field.kind == "node":
            return self.node(found, field.node, depth)
        if node is Library and field.name in LIBRARY_SECTIONS:
            found = found.get("def", [])
        if field.kind == "nodes":
            return tuple(self.node(item, field.node, depth) for item in found)
        if field.kind == "types":
            return tuple(self.specifier(item) for item in found)
        if field.kind == "decimal":
            return _decimal(found)
        return tuple(found) if isinstance(found, list) else found

    def type_field(self, field: NodeField, value: Mapping[str, Any]) -> DataType | None:
        if field.name == "result_type":
            name, specifier = value.get("resultTypeName"), value.get("resultTypeSpecifier")
        elif field.name == "type_specifier":
            name, specifier = None, value.get("typeSpecifier")
        else:
            name, specifier = value.get(field.elm_name), value.get(field.elm_name + "Specifier")
        if specifier is not None:
            return self.specifier(specifier)
        return None if name is None else self.qualified(name)

    def qualified(self, name: str) -> NamedType:
        uri, brace, local = name.removeprefix("{").rpartition("}")
        if not brace:
            return NamedType(SYSTEM, name)
        return NamedType(self.models.get(uri, uri), local)

    def specifier(self, value: Mapping[str, Any]) -> DataType:
        match value.get("type"):
            case "NamedTypeSpecifier":
                return self.qualified(value["name"])
            case "ListTypeSpecifier":
                return ListType(self.specifier(value["elementType"]))
            case "IntervalTypeSpecifier":
                return IntervalType(self.specifier(value["pointType"]))
            case "ChoiceTypeSpecifier":
                return choice_of(*(self.specifier(item) for item in value["choice"]))
            case "TupleTypeSpecifier":
                return TupleType(
                    tuple(
                        (item["name"], self.specifier(item.get("elementType") or item["type"]))
                        for item in value.get("element", ())
                    )
                )
            case "ParameterTypeSpecifier":
                return TypeVariable(value["parameterName"])
            case other:
                raise ElmFormatError(f"'{other}' is not a type specifier")


def _decimal(value: Any) -> Decimal:
    """The number; nothing that would be infinite, or millions of digits when it is written out."""
    found = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))
    if not found.is_finite() or abs(found.adjusted()) > MAXIMUM_EXPONENT:
        raise ElmFormatError(f"'{value}' is not a number that CQL can have")
    return found


class _Writer:
    def __init__(self, uris: Mapping[str, str]) -> None:
        self.uris = uris

    def node(self, node: Element) -> dict[str, Any]:
        out: dict[str, Any] = {}
        tag = type(node).__name__
        if tag in NODES and tag != "ExpressionDef" and not _is_structural(type(node)):
            out["type"] = tag
        for field in fields_of(type(node)):
            value = getattr(node, field.name)
            if value is None or value == ():
                continue
            if field.kind == "type":
                self.type_field(out, field, value)
            elif field.kind == "node":
                out[field.elm_name] = self.node(value)
            elif field.kind == "nodes":
                items = [self.node(item) for item in value]
                section = isinstance(node, Library) and field.name in LIBRARY_SECTIONS
                out[field.elm_name] = {"def": items} if section else items
            elif field.kind == "types":
                out[field.elm_name] = [self.specifier(item) for item in value]
            elif field.kind == "decimal":
                out[field.elm_name] = int(value) if value == value.to_integral_value() else float(value)
            elif value is not False or field.name in {"low_closed", "high_closed", "distinct", "preserve"}:
                out[field.elm_name] = list(value) if isinstance(value, tuple) else value
        return out

    def type_field(self, out: dict[str, Any], field: NodeField, value: DataType) -> None:
        named = isinstance(value, NamedType)
        if field.name == "result_type":
            out["resultTypeName" if named else "resultTypeSpecifier"] = (
                self.qualified(value) if isinstance(value, NamedType) else self.specifier(value)
            )
        elif field.name in _SPECIFIER_ONLY:
            name = "typeSpecifier" if field.name == "type_specifier" else field.elm_name + "Specifier"
            out[name] = self.specifier(value)
        elif isinstance(value, NamedType):
            out[field.elm_name] = self.qualified(value)
        else:
            out[field.elm_name + "Specifier"] = self.specifier(value)

    def qualified(self, value: NamedType) -> str:
        return f"{{{self.uris.get(value.model, value.model)}}}{value.name}"

    def specifier(self, value: DataType) -> dict[str, Any]:
        match value:
            case NamedType():
                return {"type": "NamedTypeSpecifier", "name": self.qualified(value)}
            case ListType(element):
                return {"type": "ListTypeSpecifier", "elementType": self.specifier(element)}
            case IntervalType(point):
                return {"type": "IntervalTypeSpecifier", "pointType": self.specifier(point)}
            case ChoiceType(alternatives):
                return {"type": "ChoiceTypeSpecifier", "choice": [self.specifier(item) for item in alternatives]}
            case TupleType(elements):
                items = [{"name": name, "elementType": self.specifier(kind)} for name, kind in elements]
                return {"type": "TupleTypeSpecifier", "element": items}
            case TypeVariable(name):
                return {"type": "ParameterTypeSpecifier", "parameterName": name}


@cache
def _is_structural(node: type[Element]) -> bool:
    """Whether ELM writes the node without a ``type``, since its place tells what it is."""
    from_queries = {"AliasedQuerySource", "LetClause", "ReturnClause", "AggregateClause", "SortClause"}
    filters = {"CodeFilterElement", "DateFilterElement", "OtherFilterElement", "IncludeElement"}
    parts = {"TupleElement", "InstanceElement", "CaseItem", "OperandDef", "Library", "VersionedIdentifier"}
    definitions = {"UsingDef", "IncludeDef", "ContextDef", "ParameterDef", "CodeDef", "CodeSystemDef", "ValueSetDef"}
    return node.__name__ in from_queries | filters | parts | definitions | {"ConceptDef", ExpressionDef.__name__}


__all__ = ["FHIR_URI", "ElmFormatError", "UsingDef", "from_json", "to_json"]
