"""The syntax tree of a CQL library: what the parser makes of the text, before any name is looked up.

Always holds: every node has the span of the text it came from; nodes are frozen; nothing is resolved, so a qualified
name is a chain of :class:`Invocation` nodes whatever it will turn out to mean.  Shapes follow the CQL 1.5.3 grammar.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from cqlmeasure.errors import Span


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all syntax nodes."""

    span: Span


class Identifier(Node, frozen=True, kw_only=True):
    """A name; ``text`` without quotes and with its escapes undone."""

    text: str


class QualifiedName(Node, frozen=True, kw_only=True):
    """``a.b.c``: qualifiers, then the name."""

    parts: tuple[Identifier, ...]

    @property
    def text(self) -> str:
        """The parts joined by dots."""
        return ".".join(part.text for part in self.parts)

    @property
    def name(self) -> str:
        """The last part."""
        return self.parts[-1].text

    @property
    def qualifier(self) -> str | None:
        """What precedes the last part, or ``None``."""
        return ".".join(part.text for part in self.parts[:-1]) or None


# --- type specifiers ---


class TypeSpecifier(Node, frozen=True, kw_only=True): ...


class NamedTypeSpecifier(TypeSpecifier, frozen=True, kw_only=True):
    name: QualifiedName


class ListTypeSpecifier(TypeSpecifier, frozen=True, kw_only=True):
    element: TypeSpecifier


class IntervalTypeSpecifier(TypeSpecifier, frozen=True, kw_only=True):
    point: TypeSpecifier


class ChoiceTypeSpecifier(TypeSpecifier, frozen=True, kw_only=True):
    alternatives: tuple[TypeSpecifier, ...]


class TupleElementSpecifier(Node, frozen=True, kw_only=True):
    name: Identifier
    type: TypeSpecifier


class TupleTypeSpecifier(TypeSpecifier, frozen=True, kw_only=True):
    elements: tuple[TupleElementSpecifier, ...]


# --- expressions: terms ---


class Expression(Node, frozen=True, kw_only=True): ...


class LiteralKind(StrEnum):
    BOOLEAN = "Boolean"
    NULL = "Null"
    STRING = "String"
    INTEGER = "Integer"
    LONG = "Long"
    DECIMAL = "Decimal"
    DATE = "Date"
    DATETIME = "DateTime"
    TIME = "Time"


class Literal(Expression, frozen=True, kw_only=True):
    """A literal.  ``text``: string contents unescaped; numbers as written without the ``L``; dates without ``@``
    (and times without ``@T``).
    """

    kind: LiteralKind
    text: str


class QuantityLiteral(Expression, frozen=True, kw_only=True):
    """``5 'mg'``, ``3 days`` or a number where the grammar wants a quantity.  ``unit``: a UCUM string, a calendar
    word as written, or ``None``; ``calendar`` tells a word from a UCUM string.
    """

    value: Decimal
    unit: str | None
    calendar: bool = False


class RatioLiteral(Expression, frozen=True, kw_only=True):
    numerator: QuantityLiteral
    denominator: QuantityLiteral


class ExternalConstant(Expression, frozen=True, kw_only=True):
    """``%name``."""

    name: str


class IdentifierExpression(Expression, frozen=True, kw_only=True):
    """An unqualified name; ``quoted`` if written with quotes or backticks."""

    name: str
    quoted: bool = False


class ThisExpression(Expression, frozen=True, kw_only=True):
    """``$this``, ``$index`` or ``$total``; ``name`` with the ``$``."""

    name: str


class Invocation(Expression, frozen=True, kw_only=True):
    """``source.name``: a member, or part of a qualified name."""

    source: Expression
    name: Identifier


class FunctionCall(Expression, frozen=True, kw_only=True):
    """``name(arguments)``; with ``source``: ``source.name(arguments)`` (a fluent call, or a qualified function)."""

    source: Expression | None = None
    name: Identifier
    arguments: tuple[Expression, ...]


class IndexerExpression(Expression, frozen=True, kw_only=True):
    source: Expression
    index: Expression


class IntervalSelector(Expression, frozen=True, kw_only=True):
    low: Expression
    high: Expression
    low_closed: bool
    high_closed: bool


class TupleElementSelector(Node, frozen=True, kw_only=True):
    name: Identifier
    value: Expression


class TupleSelector(Expression, frozen=True, kw_only=True):
    elements: tuple[TupleElementSelector, ...]


class InstanceSelector(Expression, frozen=True, kw_only=True):
    type: NamedTypeSpecifier
    elements: tuple[TupleElementSelector, ...]


class ListSelector(Expression, frozen=True, kw_only=True):
    """``{ ... }``, ``List { ... }`` or ``List<T> { ... }``."""

    element_type: TypeSpecifier | None = None
    elements: tuple[Expression, ...]


class CodeSelector(Expression, frozen=True, kw_only=True):
    """``Code 'c' from "System" display 'd'``."""

    code: str
    system: QualifiedName
    display: str | None = None


class ConceptSelector(Expression, frozen=True, kw_only=True):
    codes: tuple[CodeSelector, ...]
    display: str | None = None


class Parenthesized(Expression, frozen=True, kw_only=True):
    """``( ... )``, kept because it decides how a name before ``.`` is read and where an annotation starts."""

    expression: Expression


# --- expressions: operators ---


class Unary(Expression, frozen=True, kw_only=True):
    """``operator`` is one of: ``not exists distinct flatten + - start end width successor predecessor singleton point``
    (the word that begins the phrase).
    """

    operator: str
    operand: Expression


class Binary(Expression, frozen=True, kw_only=True):
    """``operator`` is one of: ``and or xor implies union intersect except + - * / div mod ^ & = != ~ !~ < <= > >=``
    (``|`` is given as ``union``).
    """

    operator: str
    left: Expression
    right: Expression


class Membership(Expression, frozen=True, kw_only=True):
    """``left in right`` / ``left contains right``; with ``in day of``, ``precision`` is ``day``."""

    operator: str  # in, contains
    left: Expression
    right: Expression
    precision: str | None = None


class BooleanTest(Expression, frozen=True, kw_only=True):
    """``operand is [not] null|true|false``."""

    operand: Expression
    value: str
    negated: bool


class TypeTest(Expression, frozen=True, kw_only=True):
    """``operand is T``."""

    operand: Expression
    type: TypeSpecifier


class Cast(Expression, frozen=True, kw_only=True):
    """``operand as T``, or strict: ``cast operand as T``."""

    operand: Expression
    type: TypeSpecifier
    strict: bool


class Convert(Expression, frozen=True, kw_only=True):
    """``convert operand to T`` or ``convert operand to 'unit'`` (``unit`` may be a calendar word)."""

    operand: Expression
    type: TypeSpecifier | None = None
    unit: str | None = None


class Between(Expression, frozen=True, kw_only=True):
    """``operand [properly] between low and high``."""

    operand: Expression
    low: Expression
    high: Expression
    properly: bool


class DurationBetween(Expression, frozen=True, kw_only=True):
    """``[duration in] days between a and b``; ``difference in days between a and b``.

    ``precision`` singular and lower case (``day``); with ``days between`` of one interval (``duration in days of
    x``), ``right`` is ``None`` and ``left`` is the interval.
    """

    operator: str  # duration, difference
    precision: str
    left: Expression
    right: Expression | None


class ComponentFrom(Expression, frozen=True, kw_only=True):
    """``year from x``; ``component`` is a precision, ``date``, ``time``, ``timezone`` or ``timezoneoffset``."""

    component: str
    operand: Expression


class TypeExtent(Expression, frozen=True, kw_only=True):
    """``minimum T`` / ``maximum T``."""

    operator: str  # minimum, maximum
    type: NamedTypeSpecifier


class CollapseExpand(Expression, frozen=True, kw_only=True):
    """``collapse x per q`` / ``expand x per q``; ``per day`` is the quantity of 1 day as a :class:`QuantityLiteral`."""

    operator: str  # collapse, expand
    operand: Expression
    per: Expression | None


class TimingPhrase(Node, frozen=True, kw_only=True):
    """The words between the two operands of a timing expression.

    ``kind``: ``same``, ``includes``, ``during`` (also ``included in``), ``before``, ``after``, ``within``, ``meets``,
    ``overlaps``, ``starts``, ``ends``.  ``left_boundary``/``right_boundary``: ``start``, ``end`` or ``None``
    (``occurs`` is ``None``).  ``relation``: for ``same``: ``as``, ``or before``, ``or after``;
    for ``meets``/``overlaps``:
    ``before``, ``after`` or ``None``.  ``inclusive``: ``on or before``, ``after or on``.  ``offset`` with
    ``offset_relation`` (``or more``, ``or less``, ``less than``, ``more than`` or ``None`` for exactly) for
    ``before``/``after``; ``offset`` alone for ``within``.
    """

    kind: str
    left_boundary: str | None = None
    right_boundary: str | None = None
    precision: str | None = None
    properly: bool = False
    relation: str | None = None
    inclusive: bool = False
    offset: QuantityLiteral | None = None
    offset_relation: str | None = None


class Timing(Expression, frozen=True, kw_only=True):
    left: Expression
    phrase: TimingPhrase
    right: Expression


class If(Expression, frozen=True, kw_only=True):
    condition: Expression
    then: Expression
    otherwise: Expression


class CaseItem(Node, frozen=True, kw_only=True):
    when: Expression
    then: Expression


class Case(Expression, frozen=True, kw_only=True):
    comparand: Expression | None
    items: tuple[CaseItem, ...]
    otherwise: Expression


# --- queries and retrieves ---


class Retrieve(Expression, frozen=True, kw_only=True):
    """``[context -> Type: path comparator terminology]``; ``comparator`` (``in``, ``=``, ``~``) is ``None`` if not
    written.
    """

    type: NamedTypeSpecifier
    context: Expression | None = None
    code_path: str | None = None
    comparator: str | None = None
    terminology: Expression | None = None


class AliasedSource(Node, frozen=True, kw_only=True):
    source: Expression
    alias: Identifier


class LetItem(Node, frozen=True, kw_only=True):
    name: Identifier
    value: Expression


class Relationship(Node, frozen=True, kw_only=True):
    """``with``/``without`` ... ``such that``."""

    kind: str  # with, without
    source: AliasedSource
    such_that: Expression


class Return(Node, frozen=True, kw_only=True):
    """``modifier``: ``all``, ``distinct`` or ``None``."""

    modifier: str | None
    value: Expression


class Aggregate(Node, frozen=True, kw_only=True):
    modifier: str | None
    name: Identifier
    starting: Expression | None
    value: Expression


class SortItem(Node, frozen=True, kw_only=True):
    """``direction`` is ``asc``, ``ascending``, ``desc``, ``descending`` or ``None`` (not written)."""

    value: Expression
    direction: str | None


class Sort(Node, frozen=True, kw_only=True):
    """``sort desc`` (``direction`` alone) or ``sort by items``."""

    direction: str | None = None
    items: tuple[SortItem, ...] = ()


class Query(Expression, frozen=True, kw_only=True):
    """``multiple`` if introduced by ``from``."""

    sources: tuple[AliasedSource, ...]
    multiple: bool = False
    lets: tuple[LetItem, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    where: Expression | None = None
    returns: Return | None = None
    aggregate: Aggregate | None = None
    sort: Sort | None = None


# --- declarations and definitions ---


class Declaration(Node, frozen=True, kw_only=True): ...


class Using(Declaration, frozen=True, kw_only=True):
    name: QualifiedName
    version: str | None = None
    alias: Identifier | None = None


class Include(Declaration, frozen=True, kw_only=True):
    name: QualifiedName
    version: str | None = None
    alias: Identifier | None = None


class CodeSystemDeclaration(Declaration, frozen=True, kw_only=True):
    private: bool = False
    name: Identifier
    id: str
    version: str | None = None


class ValueSetDeclaration(Declaration, frozen=True, kw_only=True):
    private: bool = False
    name: Identifier
    id: str
    version: str | None = None
    code_systems: tuple[QualifiedName, ...] = ()


class CodeDeclaration(Declaration, frozen=True, kw_only=True):
    private: bool = False
    name: Identifier
    id: str
    system: QualifiedName
    display: str | None = None


class ConceptDeclaration(Declaration, frozen=True, kw_only=True):
    private: bool = False
    name: Identifier
    codes: tuple[QualifiedName, ...]
    display: str | None = None


class ParameterDeclaration(Declaration, frozen=True, kw_only=True):
    private: bool = False
    name: Identifier
    type: TypeSpecifier | None = None
    default: Expression | None = None


class ContextStatement(Declaration, frozen=True, kw_only=True):
    """``context [Model.]Name``."""

    model: str | None = None
    name: Identifier


class ExpressionDefinition(Declaration, frozen=True, kw_only=True):
    private: bool = False
    name: Identifier
    value: Expression


class Operand(Node, frozen=True, kw_only=True):
    name: Identifier
    type: TypeSpecifier


class FunctionDefinition(Declaration, frozen=True, kw_only=True):
    """``body`` is ``None`` for an external function."""

    private: bool = False
    fluent: bool = False
    name: Identifier
    operands: tuple[Operand, ...]
    return_type: TypeSpecifier | None = None
    body: Expression | None = None


class Library(Node, frozen=True, kw_only=True):
    """One CQL file.  ``statements``: contexts, expression and function definitions, in the order of the text."""

    name: QualifiedName | None = None
    version: str | None = None
    usings: tuple[Using, ...] = ()
    includes: tuple[Include, ...] = ()
    code_systems: tuple[CodeSystemDeclaration, ...] = ()
    value_sets: tuple[ValueSetDeclaration, ...] = ()
    codes: tuple[CodeDeclaration, ...] = ()
    concepts: tuple[ConceptDeclaration, ...] = ()
    parameters: tuple[ParameterDeclaration, ...] = ()
    statements: tuple[ContextStatement | ExpressionDefinition | FunctionDefinition, ...] = ()
