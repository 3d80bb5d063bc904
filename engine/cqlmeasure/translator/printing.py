"""From syntax trees back to CQL text.

Always holds: a tree that the parser has made prints as text that it reads as the same tree, but for spans.  Nothing is
added: parentheses are nodes of the tree, and a tree made by hand must have them where the grammar wants them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]']*")
# Words that are no keywords and yet mean something in some places.
_MEANT: Final = frozenset(
    ("such", "that", "included", "less", "more", "than", "on", "external", "returns", "Choice", "timezone")
)
_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\\": "\\\\"}
_BOUNDARY: Final = {"start": "starts ", "end": "ends ", None: ""}
_PHRASES: Final = {
    "start": "start of",
    "end": "end of",
    "width": "width of",
    "successor": "successor of",
    "predecessor": "predecessor of",
    "singleton": "singleton from",
    "point": "point from",
}

Printer = Callable[[Any], str]
_PRINTERS: dict[type[syntax.Node], Printer] = {}


def print_cql(node: syntax.Node) -> str:
    """The text of a library, a declaration, an expression or a type."""
    return _PRINTERS[type(node)](node)


def _prints(*kinds: type[syntax.Node]) -> Callable[[Printer], Printer]:
    def register(printer: Printer) -> Printer:
        for kind in kinds:
            _PRINTERS[kind] = printer
        return printer

    return register


# --- names and texts ---


def _escaped(text: str, quote: str) -> str:
    marks = {**_ESCAPES, quote: "\\" + quote}
    return quote + "".join(marks.get(mark, mark) for mark in text) + quote


def _string(text: str) -> str:
    return _escaped(text, "'")


def _name(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text not in t.KEYWORDS and text not in _MEANT
    return text if plain else _escaped(text, '"')


@_prints(syntax.Identifier)
def _identifier(node: syntax.Identifier) -> str:
    return _name(node.text)


@_prints(syntax.QualifiedName)
def _qualified(node: syntax.QualifiedName) -> str:
    return ".".join(_name(part.text) for part in node.parts)


def _list(nodes: Iterable[syntax.Node]) -> str:
    return ", ".join(map(print_cql, nodes))


def _after(word: str, text: str | None) -> str:
    """A word and what follows it, with a space before; nothing if nothing follows."""
    return f" {word} {text}" if text is not None else ""


def _optional(word: str, node: syntax.Node | None) -> str:
    return _after(word, print_cql(node)) if node is not None else ""


def _display(text: str | None) -> str:
    return _after("display", _string(text)) if text is not None else ""


def _version(text: str | None) -> str:
    return _after("version", _string(text)) if text is not None else ""


# --- types ---


@_prints(syntax.NamedTypeSpecifier)
def _named_type(node: syntax.NamedTypeSpecifier) -> str:
    return _qualified(node.name)


@_prints(syntax.ListTypeSpecifier)
def _list_type(node: syntax.ListTypeSpecifier) -> str:
    return f"List<{print_cql(node.element)}>"


@_prints(syntax.IntervalTypeSpecifier)
def _interval_type(node: syntax.IntervalTypeSpecifier) -> str:
    return f"Interval<{print_cql(node.point)}>"


@_prints(syntax.ChoiceTypeSpecifier)
def _choice_type(node: syntax.ChoiceTypeSpecifier) -> str:
    return f"Choice<{_list(node.alternatives)}>"


@_prints(syntax.TupleTypeSpecifier)
def _tuple_type(node: syntax.TupleTypeSpecifier) -> str:
    return f"Tuple {{ {_list(node.elements)} }}"


@_prints(syntax.TupleElementSpecifier, syntax.Operand)
def _typed_name(node: syntax.TupleElementSpecifier | syntax.Operand) -> str:
    return f"{_name(node.name.text)} {print_cql(node.type)}"


# --- terms ---


@_prints(syntax.Literal)
def _literal(node: syntax.Literal) -> str:
    match node.kind:
        case syntax.LiteralKind.STRING:
            return _string(node.text)
        case syntax.LiteralKind.LONG:
            return f"{node.text}L"
        case syntax.LiteralKind.DATE | syntax.LiteralKind.DATETIME:
            return f"@{node.text}"
        case syntax.LiteralKind.TIME:
            return f"@T{node.text}"
    return node.text


@_prints(syntax.QuantityLiteral)
def _quantity(node: syntax.QuantityLiteral) -> str:
    value = f"{node.value:f}"
    if node.unit is None:
        return value
    return f"{value} {node.unit if node.calendar else _string(node.unit)}"


@_prints(syntax.RatioLiteral)
def _ratio(node: syntax.RatioLiteral) -> str:
    return f"{_quantity(node.numerator)} : {_quantity(node.denominator)}"


@_prints(syntax.ExternalConstant)
def _external(node: syntax.ExternalConstant) -> str:
    return f"%{_name(node.name)}"


@_prints(syntax.IdentifierExpression)
def _identifier_expression(node: syntax.IdentifierExpression) -> str:
    return _escaped(node.name, '"') if node.quoted else node.name


@_prints(syntax.ThisExpression)
def _this(node: syntax.ThisExpression) -> str:
    return node.name


@_prints(syntax.Invocation)
def _invocation(node: syntax.Invocation) -> str:
    return f"{print_cql(node.source)}.{_name(node.name.text)}"


@_prints(syntax.FunctionCall)
def _call(node: syntax.FunctionCall) -> str:
    source = f"{print_cql(node.source)}." if node.source is not None else ""
    return f"{source}{_name(node.name.text)}({_list(node.arguments)})"


@_prints(syntax.IndexerExpression)
def _indexer(node: syntax.IndexerExpression) -> str:
    return f"{print_cql(node.source)}[{print_cql(node.index)}]"


@_prints(syntax.IntervalSelector)
def _interval(node: syntax.IntervalSelector) -> str:
    opened, closed = "[" if node.low_closed else "(", "]" if node.high_closed else ")"
    return f"Interval{opened}{print_cql(node.low)}, {print_cql(node.high)}{closed}"


@_prints(syntax.TupleElementSelector)
def _element(node: syntax.TupleElementSelector) -> str:
    return f"{_name(node.name.text)}: {print_cql(node.value)}"


@_prints(syntax.TupleSelector)
def _tuple(node: syntax.TupleSelector) -> str:
    return f"Tuple {{ {_list(node.elements) or ':'} }}"


@_prints(syntax.InstanceSelector)
def _instance(node: syntax.InstanceSelector) -> str:
    return f"{print_cql(node.type)} {{ {_list(node.elements) or ':'} }}"


@_prints(syntax.ListSelector)
def _list_selector(node: syntax.ListSelector) -> str:
    kind = f"List<{print_cql(node.element_type)}> " if node.element_type is not None else ""
    return f"{kind}{{ {_list(node.elements)} }}"


@_prints(syntax.CodeSelector)
def _code(node: syntax.CodeSelector) -> str:
    return f"Code {_string(node.code)} from {_qualified(node.system)}{_display(node.display)}"


@_prints(syntax.ConceptSelector)
def _concept(node: syntax.ConceptSelector) -> str:
    return f"Concept {{ {_list(node.codes)} }}{_display(node.display)}"


@_prints(syntax.Parenthesized)
def _parenthesized(node: syntax.Parenthesized) -> str:
    return f"({print_cql(node.expression)})"


# --- operators ---


@_prints(syntax.Unary)
def _unary(node: syntax.Unary) -> str:
    return f"{_PHRASES.get(node.operator, node.operator)} {print_cql(node.operand)}"


@_prints(syntax.Binary)
def _binary(node: syntax.Binary) -> str:
    # A long chain of operators is worked off without recursion.
    parts: list[str] = []
    first: syntax.Expression = node
    while isinstance(first, syntax.Binary):
        parts.append(f" {first.operator} {print_cql(first.right)}")
        first = first.left
    return print_cql(first) + "".join(reversed(parts))


@_prints(syntax.Membership)
def _membership(node: syntax.Membership) -> str:
    precision = f"{node.precision} of " if node.precision else ""
    return f"{print_cql(node.left)} {node.operator} {precision}{print_cql(node.right)}"


@_prints(syntax.BooleanTest)
def _boolean_test(node: syntax.BooleanTest) -> str:
    return f"{print_cql(node.operand)} is {'not ' if node.negated else ''}{node.value}"


@_prints(syntax.TypeTest)
def _type_test(node: syntax.TypeTest) -> str:
    return f"{print_cql(node.operand)} is {print_cql(node.type)}"


@_prints(syntax.Cast)
def _cast(node: syntax.Cast) -> str:
    return f"{'cast ' if node.strict else ''}{print_cql(node.operand)} as {print_cql(node.type)}"


@_prints(syntax.Convert)
def _convert(node: syntax.Convert) -> str:
    target = print_cql(node.type) if node.type is not None else _string(node.unit or "")
    return f"convert {print_cql(node.operand)} to {target}"


@_prints(syntax.Between)
def _between(node: syntax.Between) -> str:
    properly = "properly " if node.properly else ""
    return f"{print_cql(node.operand)} {properly}between {print_cql(node.low)} and {print_cql(node.high)}"


@_prints(syntax.DurationBetween)
def _duration(node: syntax.DurationBetween) -> str:
    if node.right is None:
        return f"{node.operator} in {node.precision}s of {print_cql(node.left)}"
    words = f"{node.operator} in {node.precision}s between"
    return f"{words} {print_cql(node.left)} and {print_cql(node.right)}"


@_prints(syntax.ComponentFrom)
def _component(node: syntax.ComponentFrom) -> str:
    return f"{node.component} from {print_cql(node.operand)}"


@_prints(syntax.TypeExtent)
def _extent(node: syntax.TypeExtent) -> str:
    return f"{node.operator} {print_cql(node.type)}"


@_prints(syntax.CollapseExpand)
def _collapse(node: syntax.CollapseExpand) -> str:
    return f"{node.operator} {print_cql(node.operand)}{_optional('per', node.per)}"


@_prints(syntax.TimingPhrase)
def _phrase(node: syntax.TimingPhrase) -> str:
    """The words between the operands, with a space after them."""
    precision = f"{node.precision} of " if node.precision else ""
    right = f"{node.right_boundary} " if node.right_boundary else ""
    start = _BOUNDARY[node.left_boundary]
    properly = "properly " if node.properly else ""
    match node.kind:
        case "same":
            same = f"{node.precision} " if node.precision else ""
            return f"{start}same {same}{node.relation} {right}"
        case "within":
            return f"{start}{properly}within {_offset(node)} of {right}"
        case "meets" | "overlaps":
            relation = f"{node.relation} " if node.relation else ""
            return f"{node.kind} {relation}{precision}"
        case "before" | "after":
            offset = f"{_offset(node)} " if node.offset is not None else ""
            inclusive = "on or " if node.inclusive else ""
            return f"{start}{offset}{inclusive}{node.kind} {precision}{right}"
    return f"{start}{properly}{node.kind} {precision}{right}"


def _offset(node: syntax.TimingPhrase) -> str:
    assert node.offset is not None
    quantity, relation = _quantity(node.offset), node.offset_relation
    if relation is None:
        return quantity
    return f"{quantity} {relation}" if relation.startswith("or ") else f"{relation} {quantity}"


@_prints(syntax.Timing)
def _timing(node: syntax.Timing) -> str:
    return f"{print_cql(node.left)} {_phrase(node.phrase)}{print_cql(node.right)}"


@_prints(syntax.If)
def _if(node: syntax.If) -> str:
    parts: list[str] = []
    last: syntax.Expression = node
    while isinstance(last, syntax.If):
        parts.append(f"if {print_cql(last.condition)} then {print_cql(last.then)} else ")
        last = last.otherwise
    return "".join(parts) + print_cql(last)


@_prints(syntax.CaseItem)
def _case_item(node: syntax.CaseItem) -> str:
    return f"when {print_cql(node.when)} then {print_cql(node.then)}"


@_prints(syntax.Case)
def _case(node: syntax.Case) -> str:
    comparand = f" {print_cql(node.comparand)}" if node.comparand is not None else ""
    return f"case{comparand} {' '.join(map(print_cql, node.items))} else {print_cql(node.otherwise)} end"


# --- queries ---


@_prints(syntax.Retrieve)
def _retrieve(node: syntax.Retrieve) -> str:
    context = f"{print_cql(node.context)} -> " if node.context is not None else ""
    filtered = ""
    if node.terminology is not None:
        path = ""
        if node.code_path is not None:
            plain = _PATH.fullmatch(node.code_path) and node.code_path not in t.RESERVED_WORDS
            path = f"{node.code_path if plain else _name(node.code_path)} {node.comparator} "
        filtered = f": {path}{print_cql(node.terminology)}"
    return f"[{context}{print_cql(node.type)}{filtered}]"


@_prints(syntax.AliasedSource)
def _source(node: syntax.AliasedSource) -> str:
    return f"{print_cql(node.source)} {_name(node.alias.text)}"


@_prints(syntax.LetItem)
def _let(node: syntax.LetItem) -> str:
    return f"{_name(node.name.text)}: {print_cql(node.value)}"


@_prints(syntax.Relationship)
def _relationship(node: syntax.Relationship) -> str:
    return f"{node.kind} {_source(node.source)} such that {print_cql(node.such_that)}"


@_prints(syntax.Return)
def _return(node: syntax.Return) -> str:
    return f"return {_modifier(node.modifier)}{print_cql(node.value)}"


@_prints(syntax.Aggregate)
def _aggregate(node: syntax.Aggregate) -> str:
    starting = _optional("starting", node.starting)
    return f"aggregate {_modifier(node.modifier)}{_name(node.name.text)}{starting}: {print_cql(node.value)}"


def _modifier(word: str | None) -> str:
    return f"{word} " if word else ""


@_prints(syntax.SortItem)
def _sort_item(node: syntax.SortItem) -> str:
    return f"{print_cql(node.value)}{' ' + node.direction if node.direction else ''}"


@_prints(syntax.Sort)
def _sort(node: syntax.Sort) -> str:
    return f"sort {node.direction}" if node.direction else f"sort by {_list(node.items)}"


@_prints(syntax.Query)
def _query(node: syntax.Query) -> str:
    parts = [f"{'from ' if node.multiple else ''}{_list(node.sources)}"]
    if node.lets:
        parts.append(f"let {_list(node.lets)}")
    parts += map(print_cql, node.relationships)
    if node.where is not None:
        parts.append(f"where {print_cql(node.where)}")
    parts += [print_cql(clause) for clause in (node.returns, node.aggregate, node.sort) if clause is not None]
    return " ".join(parts)


# --- declarations ---


@_prints(syntax.Using)
def _using(node: syntax.Using) -> str:
    return f"using {_qualified(node.name)}{_version(node.version)}{_optional('called', node.alias)}"


@_prints(syntax.Include)
def _include(node: syntax.Include) -> str:
    return f"include {_qualified(node.name)}{_version(node.version)}{_optional('called', node.alias)}"


def _private(private: bool) -> str:
    return "private " if private else ""


@_prints(syntax.CodeSystemDeclaration)
def _code_system(node: syntax.CodeSystemDeclaration) -> str:
    head = f"{_private(node.private)}codesystem {_name(node.name.text)}"
    return f"{head}: {_string(node.id)}{_version(node.version)}"


@_prints(syntax.ValueSetDeclaration)
def _value_set(node: syntax.ValueSetDeclaration) -> str:
    systems = f" codesystems {{ {_list(node.code_systems)} }}" if node.code_systems else ""
    head = f"{_private(node.private)}valueset {_name(node.name.text)}"
    return f"{head}: {_string(node.id)}{_version(node.version)}{systems}"


@_prints(syntax.CodeDeclaration)
def _code_declaration(node: syntax.CodeDeclaration) -> str:
    head = f"{_private(node.private)}code {_name(node.name.text)}"
    return f"{head}: {_string(node.id)} from {_qualified(node.system)}{_display(node.display)}"


@_prints(syntax.ConceptDeclaration)
def _concept_declaration(node: syntax.ConceptDeclaration) -> str:
    head = f"{_private(node.private)}concept {_name(node.name.text)}"
    return f"{head}: {{ {_list(node.codes)} }}{_display(node.display)}"


@_prints(syntax.ParameterDeclaration)
def _parameter(node: syntax.ParameterDeclaration) -> str:
    kind = f" {print_cql(node.type)}" if node.type is not None else ""
    return f"{_private(node.private)}parameter {_name(node.name.text)}{kind}{_optional('default', node.default)}"


@_prints(syntax.ContextStatement)
def _context(node: syntax.ContextStatement) -> str:
    return f"context {_name(node.model) + '.' if node.model is not None else ''}{_name(node.name.text)}"


@_prints(syntax.ExpressionDefinition)
def _definition(node: syntax.ExpressionDefinition) -> str:
    return f"define {_private(node.private)}{_name(node.name.text)}: {print_cql(node.value)}"


@_prints(syntax.FunctionDefinition)
def _function(node: syntax.FunctionDefinition) -> str:
    words = f"define {_private(node.private)}{'fluent ' if node.fluent else ''}function"
    body = print_cql(node.body) if node.body is not None else "external"
    returns = _optional("returns", node.return_type)
    return f"{words} {_name(node.name.text)}({_list(node.operands)}){returns}: {body}"


@_prints(syntax.Library)
def _library(node: syntax.Library) -> str:
    declared = (*node.usings, *node.includes, *node.code_systems, *node.value_sets, *node.codes, *node.concepts)
    lines = [print_cql(item) for item in (*declared, *node.parameters, *node.statements)]
    if node.name is not None:
        lines.insert(0, f"library {_qualified(node.name)}{_version(node.version)}")
    return "\n".join(lines) + "\n"


__all__ = ["print_cql"]
