"""ELM chapter 3: clinical values, terminology definitions and references, membership, ages."""

from __future__ import annotations

from cqlmeasure.elm.base import BinaryExpression, Element, Expression, OperatorExpression, UnaryExpression


class CodeSystemRef(Expression, frozen=True, kw_only=True):
    name: str
    library_name: str | None = None


class ValueSetRef(Expression, frozen=True, kw_only=True):
    """A value set; ``preserve`` says that the value is the set itself, not the list of its codes."""

    name: str
    library_name: str | None = None
    preserve: bool | None = None


class CodeRef(Expression, frozen=True, kw_only=True):
    name: str
    library_name: str | None = None


class ConceptRef(Expression, frozen=True, kw_only=True):
    name: str
    library_name: str | None = None


class CodeSystemDef(Element, frozen=True, kw_only=True):
    """A ``codesystem`` statement: local name, identifier (URI) and version."""

    name: str
    id: str
    version: str | None = None
    access_level: str = "Public"


class ValueSetDef(Element, frozen=True, kw_only=True):
    """A ``valueset`` statement: local name, canonical url and version."""

    name: str
    id: str
    version: str | None = None
    access_level: str = "Public"
    code_system: tuple[CodeSystemRef, ...] = ()


class CodeDef(Element, frozen=True, kw_only=True):
    """A ``code`` statement."""

    name: str
    id: str
    display: str | None = None
    access_level: str = "Public"
    code_system: CodeSystemRef | None = None


class ConceptDef(Element, frozen=True, kw_only=True):
    """A ``concept`` statement."""

    name: str
    display: str | None = None
    access_level: str = "Public"
    code: tuple[CodeRef, ...] = ()


class Code(Expression, frozen=True, kw_only=True):
    """A code selector."""

    code: str
    display: str | None = None
    system: CodeSystemRef | None = None


class Concept(Expression, frozen=True, kw_only=True):
    """A concept selector."""

    display: str | None = None
    code: tuple[Code, ...] = ()


class InCodeSystem(OperatorExpression, frozen=True, kw_only=True):
    code: Expression
    codesystem: CodeSystemRef | None = None
    codesystem_expression: Expression | None = None


class AnyInCodeSystem(OperatorExpression, frozen=True, kw_only=True):
    codes: Expression
    codesystem: CodeSystemRef | None = None
    codesystem_expression: Expression | None = None


class InValueSet(OperatorExpression, frozen=True, kw_only=True):
    """Membership of a string, code or concept; the set is a reference, or an expression of type ValueSet."""

    code: Expression
    valueset: ValueSetRef | None = None
    valueset_expression: Expression | None = None


class AnyInValueSet(OperatorExpression, frozen=True, kw_only=True):
    """Whether any of a list of codes or concepts is a member."""

    codes: Expression
    valueset: ValueSetRef | None = None
    valueset_expression: Expression | None = None


class Subsumes(BinaryExpression, frozen=True, kw_only=True): ...


class SubsumedBy(BinaryExpression, frozen=True, kw_only=True): ...


class ExpandValueSet(UnaryExpression, frozen=True, kw_only=True):
    """The list of codes of a value set."""


class CalculateAge(UnaryExpression, frozen=True, kw_only=True):
    precision: str | None = None


class CalculateAgeAt(BinaryExpression, frozen=True, kw_only=True):
    precision: str | None = None
