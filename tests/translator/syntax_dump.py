"""The syntax tree as a compact s-expression, for tables of tests."""

from __future__ import annotations

import msgspec

from cqlmeasure.translator import syntax as s


def dump(node: object) -> str:
    """One line for a node: ``(operator operand ...)``; what is absent or false is left out."""
    match node:
        case None:
            return "-"
        case str():
            return node
        case tuple():
            return "[" + " ".join(dump(item) for item in node) + "]"
        case s.Identifier():
            return node.text
        case s.QualifiedName():
            return node.text
        case s.NamedTypeSpecifier():
            return node.name.text
        case s.ListTypeSpecifier():
            return f"List<{dump(node.element)}>"
        case s.IntervalTypeSpecifier():
            return f"Interval<{dump(node.point)}>"
        case s.ChoiceTypeSpecifier():
            return f"Choice<{','.join(map(dump, node.alternatives))}>"
        case s.TupleTypeSpecifier():
            return "Tuple{" + ",".join(f"{item.name.text}:{dump(item.type)}" for item in node.elements) + "}"
        case s.Literal(kind=s.LiteralKind.STRING):
            return repr(node.text)
        case s.Literal(kind=s.LiteralKind.DATE | s.LiteralKind.DATETIME | s.LiteralKind.TIME):
            return f"{node.kind}@{node.text}"
        case s.Literal():
            return f"{node.text}L" if node.kind == s.LiteralKind.LONG else node.text
        case s.QuantityLiteral():
            return f"{node.value}" + (
                "" if node.unit is None else f" {node.unit}" if node.calendar else f"'{node.unit}'"
            )
        case s.RatioLiteral():
            return f"(ratio {dump(node.numerator)} {dump(node.denominator)})"
        case s.IdentifierExpression():
            return f'"{node.name}"' if node.quoted else node.name
        case s.ThisExpression():
            return node.name
        case s.ExternalConstant():
            return f"%{node.name}"
        case s.Invocation():
            return f"{dump(node.source)}.{node.name.text}"
        case s.FunctionCall():
            source = f"{dump(node.source)}." if node.source else ""
            return f"{source}{node.name.text}({', '.join(map(dump, node.arguments))})"
        case s.IndexerExpression():
            return f"{dump(node.source)}[{dump(node.index)}]"
        case s.IntervalSelector():
            low, high = "[" if node.low_closed else "(", "]" if node.high_closed else ")"
            return f"Interval{low}{dump(node.low)}, {dump(node.high)}{high}"
        case s.TupleSelector():
            return "Tuple" + _elements(node.elements)
        case s.InstanceSelector():
            return f"new {dump(node.type)}" + _elements(node.elements)
        case s.ListSelector():
            kind = f"<{dump(node.element_type)}>" if node.element_type else ""
            return f"List{kind}{{" + ", ".join(map(dump, node.elements)) + "}"
        case s.Parenthesized():
            return f"<{dump(node.expression)}>"
        case s.Unary():
            return f"({node.operator} {dump(node.operand)})"
        case s.Binary():
            return f"({node.operator} {dump(node.left)} {dump(node.right)})"
        case s.Timing():
            return f"({_phrase(node.phrase)} {dump(node.left)} {dump(node.right)})"
    return _generic(node)


def _elements(elements: tuple[s.TupleElementSelector, ...]) -> str:
    return "{" + ", ".join(f"{item.name.text}: {dump(item.value)}" for item in elements) + "}"


def _phrase(phrase: s.TimingPhrase) -> str:
    words = [phrase.kind]
    for field in phrase.__struct_fields__[2:]:
        value = getattr(phrase, field)
        if value is True:
            words.append(field)
        elif value:
            words.append(f"{field}={dump(value)}")
    return "{" + " ".join(words) + "}"


def _generic(node: object) -> str:
    assert isinstance(node, s.Node)
    words = [type(node).__name__]
    defaults = {field.name: field.default for field in msgspec.structs.fields(type(node))}
    for field in node.__struct_fields__[1:]:
        value = getattr(node, field)
        if value in (None, False, ()) or (value == defaults[field] and value is not True):
            continue
        words.append(field if value is True else f"{field}={dump(value)}")
    return "(" + " ".join(words) + ")"
