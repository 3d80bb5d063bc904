"""What is printed is read as the tree that it was printed from."""

from __future__ import annotations

import base64
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqlmeasure.errors import Severity, Span, TranslationError
from cqlmeasure.translator import SourceText, parse_expression, parse_library, syntax, translate
from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.printing import print_cql

NOWHERE = Span(1, 1, 1, 1)
UNARY = "not exists distinct flatten + - start end width successor predecessor singleton point"
BINARY = "and or xor implies union intersect except + - * / div mod ^ & = != ~ !~ < <= > >="


def placeless(tree: Any) -> Any:
    """The tree with all its spans alike."""
    if isinstance(tree, tuple):
        return tuple(map(placeless, tree))
    if isinstance(tree, syntax.Node):
        fields = {field: placeless(getattr(tree, field)) for field in tree.__struct_fields__ if field != "span"}
        return type(tree)(span=NOWHERE, **fields)
    return tree


# --- trees made at random ---

Expressions = st.SearchStrategy[syntax.Expression]


def build(kind: type[Any], /, **fields: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, span=st.just(NOWHERE), **fields)


def several(items: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, min_size=least, max_size=3).map(tuple)


def maybe(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | items


def one_of(*words: str | None) -> st.SearchStrategy[Any]:
    return st.sampled_from(words)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
names = st.sampled_from(["A", "b", "x1", "_", "such", "that", "on", "less", "Choice", "returns"]) | texts.filter(bool)
words = st.sampled_from(sorted(t.KEYWORDS)) | names
identifiers = build(syntax.Identifier, text=words)
qualified = build(syntax.QualifiedName, parts=several(identifiers, 1))
numbers = st.decimals(0, 10**12, places=3).map(abs)
precisions = st.sampled_from(sorted(t.PRECISIONS))

named_types = build(syntax.NamedTypeSpecifier, name=qualified)
types: st.SearchStrategy[Any] = st.recursive(
    named_types,
    lambda inner: st.one_of(
        build(syntax.ListTypeSpecifier, element=inner),
        build(syntax.IntervalTypeSpecifier, point=inner),
        build(syntax.ChoiceTypeSpecifier, alternatives=several(inner, 1)),
        build(
            syntax.TupleTypeSpecifier,
            elements=several(build(syntax.TupleElementSpecifier, name=identifiers, type=inner), 1),
        ),
    ),
    max_leaves=4,
)
quantities = build(syntax.QuantityLiteral, value=numbers, unit=texts, calendar=st.just(False)) | build(
    syntax.QuantityLiteral, value=numbers, unit=st.sampled_from(sorted(t.CALENDAR_UNITS)), calendar=st.just(True)
)
kinds = syntax.LiteralKind
literals = st.one_of(
    build(syntax.Literal, kind=st.just(kinds.STRING), text=texts),
    build(syntax.Literal, kind=st.just(kinds.INTEGER), text=st.integers(0, 10**9).map(str)),
    build(syntax.Literal, kind=st.just(kinds.LONG), text=st.integers(0, 10**9).map(str)),
    build(syntax.Literal, kind=st.just(kinds.DECIMAL), text=numbers.map(lambda value: f"{value:.3f}")),
    build(syntax.Literal, kind=st.just(kinds.BOOLEAN), text=one_of("true", "false")),
    build(syntax.Literal, kind=st.just(kinds.NULL), text=st.just("null")),
    build(syntax.Literal, kind=st.just(kinds.DATE), text=st.dates().map(lambda day: day.isoformat())),
    build(syntax.Literal, kind=st.just(kinds.DATETIME), text=one_of("2014T", "2014-01-01T08:30Z", "2014-01T")),
    build(syntax.Literal, kind=st.just(kinds.TIME), text=one_of("08", "08:30", "08:30:00.123")),
)
codes = build(syntax.CodeSelector, code=texts, system=qualified, display=maybe(texts))
leaves: Expressions = st.one_of(
    literals,
    quantities,
    build(syntax.RatioLiteral, numerator=quantities, denominator=quantities),
    build(syntax.ExternalConstant, name=names),
    build(syntax.IdentifierExpression, name=names, quoted=st.just(True)),
    build(syntax.IdentifierExpression, name=st.sampled_from(["A", "b", "x1"]), quoted=st.just(False)),
    build(syntax.ThisExpression, name=one_of("$this", "$index", "$total")),
    build(syntax.TypeExtent, operator=one_of("minimum", "maximum"), type=named_types),
    codes,
    build(syntax.ConceptSelector, codes=several(codes, 1), display=maybe(texts)),
)


def phrases() -> st.SearchStrategy[Any]:
    phrase = syntax.TimingPhrase
    side = one_of("start", "end", None)
    precision = maybe(precisions)
    flag = st.booleans()
    offset = quantities
    relations = one_of("or more", "or less", "less than", "more than", None)
    return st.one_of(
        build(phrase, kind=one_of("starts", "ends"), precision=precision),
        build(phrase, kind=one_of("meets", "overlaps"), relation=one_of("before", "after", None), precision=precision),
        build(
            phrase,
            kind=st.just("same"),
            left_boundary=side,
            right_boundary=side,
            precision=precision,
            relation=one_of("as", "or before", "or after"),
        ),
        build(phrase, kind=st.just("includes"), right_boundary=side, precision=precision, properly=flag),
        build(phrase, kind=st.just("during"), left_boundary=side, precision=precision, properly=flag),
        build(
            phrase,
            kind=one_of("before", "after"),
            left_boundary=side,
            right_boundary=side,
            precision=precision,
            inclusive=flag,
        ),
        build(
            phrase,
            kind=one_of("before", "after"),
            left_boundary=side,
            right_boundary=side,
            precision=precision,
            inclusive=flag,
            offset=offset,
            offset_relation=relations,
        ),
        build(phrase, kind=st.just("within"), left_boundary=side, right_boundary=side, properly=flag, offset=offset),
    )


def larger(inner: Expressions) -> Expressions:
    """Expressions whose operands are names or stand in parentheses, so that any operator may go with any other."""
    part: Expressions = build(syntax.Parenthesized, expression=inner)
    elements = several(build(syntax.TupleElementSelector, name=identifiers, value=part))
    retrieves = st.one_of(
        build(syntax.Retrieve, type=named_types),
        build(syntax.Retrieve, type=named_types, terminology=part),
        build(
            syntax.Retrieve,
            type=named_types,
            code_path=one_of("code", "a.b", "category[0].x"),
            comparator=one_of("in", "=", "~"),
            terminology=inner,
        ),
    )
    aliased = build(syntax.AliasedSource, source=part | retrieves, alias=identifiers)
    relationship = build(syntax.Relationship, kind=one_of("with", "without"), source=aliased, such_that=part)
    lets = several(build(syntax.LetItem, name=identifiers, value=part))
    sort = build(syntax.Sort, direction=one_of("asc", "ascending", "desc", "descending")) | build(
        syntax.Sort,
        items=several(build(syntax.SortItem, value=part, direction=one_of("asc", "desc", None)), 1),
    )
    query = {"lets": lets, "relationships": several(relationship), "where": maybe(part), "sort": maybe(sort)}
    returns = maybe(build(syntax.Return, modifier=one_of("all", "distinct", None), value=part))
    aggregate = build(
        syntax.Aggregate,
        modifier=one_of("all", "distinct", None),
        name=identifiers,
        starting=maybe(part | quantities),
        value=part,
    )
    many = {"sources": several(aliased, 1), "multiple": st.just(True)}
    single = {"sources": aliased.map(lambda source: (source,)), "multiple": st.just(False)}
    component = st.sampled_from([*sorted(t.PRECISIONS - {"week"}), "date", "time", "timezone", "timezoneoffset"])
    return st.one_of(
        part,
        retrieves,
        build(syntax.Unary, operator=st.sampled_from(UNARY.split()), operand=part),
        build(syntax.Binary, operator=st.sampled_from(BINARY.split()), left=part, right=part),
        build(syntax.Invocation, source=part, name=identifiers),
        build(syntax.FunctionCall, source=maybe(part), name=identifiers, arguments=several(part)),
        build(syntax.IndexerExpression, source=part, index=inner),
        build(syntax.IntervalSelector, low=part, high=part, low_closed=st.booleans(), high_closed=st.booleans()),
        build(syntax.TupleSelector, elements=elements),
        build(syntax.InstanceSelector, type=named_types, elements=elements),
        build(syntax.ListSelector, element_type=maybe(types), elements=several(part)),
        build(syntax.Membership, operator=one_of("in", "contains"), left=part, right=part, precision=maybe(precisions)),
        build(syntax.BooleanTest, operand=part, value=one_of("null", "true", "false"), negated=st.booleans()),
        build(syntax.TypeTest, operand=part, type=types),
        build(syntax.Cast, operand=part, type=types, strict=st.booleans()),
        build(syntax.Convert, operand=part, type=types),
        build(syntax.Convert, operand=part, unit=texts),
        build(syntax.Between, operand=part, low=part, high=part, properly=st.booleans()),
        build(
            syntax.DurationBetween,
            operator=one_of("duration", "difference"),
            precision=precisions,
            left=part,
            right=maybe(part),
        ),
        build(syntax.ComponentFrom, component=component, operand=part),
        build(syntax.CollapseExpand, operator=one_of("collapse", "expand"), operand=part, per=maybe(part | quantities)),
        build(syntax.Timing, left=part, phrase=phrases(), right=part),
        build(syntax.If, condition=inner, then=inner, otherwise=inner),
        build(
            syntax.Case,
            comparand=maybe(part),
            items=several(build(syntax.CaseItem, when=inner, then=inner), 1),
            otherwise=inner,
        ),
        build(syntax.Query, **many, **query, returns=returns),
        build(syntax.Query, **single, **query, returns=returns),
        build(syntax.Query, **single, **query, aggregate=aggregate),
    )


expressions = st.recursive(leaves, larger, max_leaves=6)
flags = st.booleans()
statements = st.one_of(
    build(syntax.ExpressionDefinition, private=flags, name=identifiers, value=expressions),
    build(
        syntax.FunctionDefinition,
        private=flags,
        fluent=flags,
        name=identifiers,
        operands=several(build(syntax.Operand, name=identifiers, type=types)),
        return_type=maybe(types),
        body=maybe(expressions),
    ),
    build(syntax.ContextStatement, model=maybe(names), name=identifiers),
)
libraries = build(
    syntax.Library,
    name=maybe(qualified),
    version=texts,
    usings=several(build(syntax.Using, name=qualified, version=maybe(texts), alias=maybe(identifiers))),
    includes=several(build(syntax.Include, name=qualified, version=maybe(texts), alias=maybe(identifiers))),
    code_systems=several(
        build(syntax.CodeSystemDeclaration, private=flags, name=identifiers, id=texts, version=maybe(texts))
    ),
    value_sets=several(
        build(
            syntax.ValueSetDeclaration,
            private=flags,
            name=identifiers,
            id=texts,
            version=maybe(texts),
            code_systems=several(qualified),
        )
    ),
    codes=several(
        build(syntax.CodeDeclaration, private=flags, name=identifiers, id=texts, system=qualified, display=maybe(texts))
    ),
    concepts=several(
        build(
            syntax.ConceptDeclaration,
            private=flags,
            name=identifiers,
            codes=several(qualified, 1),
            display=maybe(texts),
        )
    ),
    parameters=several(
        build(
            syntax.ParameterDeclaration, private=flags, name=identifiers, type=maybe(types), default=maybe(expressions)
        )
    ),
    statements=several(statements),
).map(lambda tree: syntax.Library(**{**_fields(tree), "version": tree.version if tree.name else None}))


def _fields(tree: syntax.Library) -> dict[str, Any]:
    return {field: getattr(tree, field) for field in tree.__struct_fields__}


quick = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(expressions)
def test_expression(tree: syntax.Expression) -> None:
    text = print_cql(tree)
    result = parse_expression(text)
    assert [one for one in result.diagnostics if one.severity is Severity.ERROR] == [], text
    assert placeless(result.expression) == tree, text


@settings(quick, max_examples=60)
@given(libraries)
def test_library(tree: syntax.Library) -> None:
    text = print_cql(tree)
    result = parse_library(text)
    assert [one for one in result.diagnostics if one.severity is Severity.ERROR] == [], text
    assert placeless(result.library) == tree, text


KNOWN = """using FHIR version '4.0.1'
context Patient
define A: [Encounter]
define b: Interval[@2014, @2015]
define x1: 5
"""


@settings(quick, max_examples=100)
@given(expressions)
def test_lowering_gives_elm_or_diagnostics(tree: syntax.Expression) -> None:
    try:
        found = translate(SourceText("Any", None, f"{KNOWN}define Z: {print_cql(tree)}"), warn=True)
    except TranslationError as error:
        assert all(one.span is not None for one in error.diagnostics)
    else:
        assert found.main.library.statements[-1].result_type is not None


# --- published trees ---


def round_trip(text: str) -> None:
    tree = parse_library(text).library
    assert placeless(parse_library(print_cql(tree)).library) == placeless(tree)


@pytest.mark.parametrize("folder", ["libraries", "measures"])
def test_own_libraries(repository: Path, folder: str) -> None:
    files = list((repository / folder).rglob("*.cql"))
    assert files
    for file in files:
        round_trip(file.read_text(encoding="utf-8"))


def test_published_libraries(shared: Path) -> None:
    files = list(shared.glob("decks/*/libraries/*.json"))
    assert files
    for file in files:
        for content in orjson.loads(file.read_bytes()).get("content", []):
            if content["contentType"] == "text/cql":
                round_trip(base64.b64decode(content["data"]).decode())


def test_numbers_keep_their_digits() -> None:
    tree = parse_expression("1.50 'mg'").expression
    assert isinstance(tree, syntax.QuantityLiteral)
    assert print_cql(tree) == "1.50 'mg'"
    assert tree.value == Decimal("1.50")
