"""ELM chapters on libraries, references and functions: what a library holds and how its parts name each other."""

from __future__ import annotations

from cqlmeasure.elm.base import Element, Expression, OperatorExpression
from cqlmeasure.elm.clinical import CodeDef, CodeSystemDef, ConceptDef, ValueSetDef
from cqlmeasure.typesys import DataType


class VersionedIdentifier(Element, frozen=True, kw_only=True):
    id: str | None = None
    system: str | None = None
    version: str | None = None


class UsingDef(Element, frozen=True, kw_only=True):
    """A data model: local name, namespace uri and version."""

    local_identifier: str
    uri: str
    version: str | None = None


class IncludeDef(Element, frozen=True, kw_only=True):
    """An included library: local name, path (with its namespace, if any) and version."""

    local_identifier: str
    path: str
    version: str | None = None


class ContextDef(Element, frozen=True, kw_only=True):
    name: str


class ParameterDef(Element, frozen=True, kw_only=True):
    name: str
    access_level: str = "Public"
    parameter_type: DataType | None = None
    default: Expression | None = None


class ExpressionDef(Element, frozen=True, kw_only=True):
    """A named expression, evaluated in ``context``."""

    name: str
    context: str | None = None
    access_level: str = "Public"
    expression: Expression | None = None


class OperandDef(Element, frozen=True, kw_only=True):
    name: str
    operand_type: DataType | None = None


class FunctionDef(ExpressionDef, frozen=True, kw_only=True):
    """A function; an external one has no expression."""

    external: bool = False
    fluent: bool = False
    operand: tuple[OperandDef, ...] = ()


class Library(Element, frozen=True, kw_only=True):
    """A library: one translated CQL file.  ``statements`` in order of their definition."""

    identifier: VersionedIdentifier
    schema_identifier: VersionedIdentifier = VersionedIdentifier(id="urn:hl7-org:elm", version="r1")
    usings: tuple[UsingDef, ...] = ()
    includes: tuple[IncludeDef, ...] = ()
    parameters: tuple[ParameterDef, ...] = ()
    code_systems: tuple[CodeSystemDef, ...] = ()
    value_sets: tuple[ValueSetDef, ...] = ()
    codes: tuple[CodeDef, ...] = ()
    concepts: tuple[ConceptDef, ...] = ()
    contexts: tuple[ContextDef, ...] = ()
    statements: tuple[ExpressionDef, ...] = ()


class ParameterRef(Expression, frozen=True, kw_only=True):
    name: str
    library_name: str | None = None


class ExpressionRef(Expression, frozen=True, kw_only=True):
    name: str
    library_name: str | None = None


class FunctionRef(OperatorExpression, frozen=True, kw_only=True):
    """A call; ``signature`` is needed to tell overloads apart."""

    name: str
    library_name: str | None = None
    operand: tuple[Expression, ...] = ()


class OperandRef(Expression, frozen=True, kw_only=True):
    name: str


class IdentifierRef(Expression, frozen=True, kw_only=True):
    """A name that stands for an element of the item at hand (in ``sort by``) or ``$this``."""

    name: str
    library_name: str | None = None
