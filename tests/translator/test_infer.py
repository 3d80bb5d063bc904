"""Result types of ELM that has none: small libraries, odd ones, and the published ones as an oracle."""

from __future__ import annotations

import base64
import typing
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from cqlmeasure.elm import ExpressionDef, FunctionDef, Library, from_json, walk
from cqlmeasure.elm.base import Element, Expression
from cqlmeasure.elm.library import ExpressionRef, OperandDef, VersionedIdentifier
from cqlmeasure.elm.literals import Literal, Null
from cqlmeasure.elm.logical import And
from cqlmeasure.elm.registry import NODES
from cqlmeasure.translator.infer import infer_types
from cqlmeasure.typesys import ANY, BOOLEAN, QUANTITY, DataType, ListType, NamedType, TupleType, parse_type

SYSTEM = "{urn:hl7-org:elm-types:r1}"
FHIR = "{http://hl7.org/fhir}"

ELM = dict[str, Any]
NULL: ELM = {"type": "Null"}


def literal(kind: str, value: str = "1") -> ELM:
    return {"type": "Literal", "valueType": SYSTEM + kind, "value": value}


def node(type_: str, **fields: Any) -> ELM:
    return {"type": type_, **{name.rstrip("_"): value for name, value in fields.items()}}


def named(name: str) -> ELM:
    return {"type": "NamedTypeSpecifier", "name": name}


def listed(*items: ELM) -> ELM:
    return node("List", element=list(items))


def interval(low: ELM, high: ELM) -> ELM:
    return node("Interval", low=low, high=high)


def retrieve(name: str) -> ELM:
    return node("Retrieve", dataType=FHIR + name)


def patient() -> ELM:
    return node("SingletonFrom", operand=retrieve("Patient"))


def prop(path: str, source: ELM) -> ELM:
    return node("Property", path=path, source=source)


def query(*sources: tuple[str, ELM], **clauses: Any) -> ELM:
    return node("Query", source=[{"alias": alias, "expression": source} for alias, source in sources], **clauses)


def operator(name: str, *operands: ELM, **fields: Any) -> ELM:
    return node(name, operand=list(operands), **fields)


def of_scope(path: str, scope: str) -> ELM:
    return node("Property", path=path, scope=scope)


def function(name: str, kinds: list[str], body: ELM | None = None) -> ELM:
    operands = [{"name": f"p{i}", "operandTypeSpecifier": named(kind)} for i, kind in enumerate(kinds)]
    return node("FunctionDef", name=name, operand=operands, **({"expression": body} if body else {"external": True}))


def library(*statements: ELM, usings: tuple[tuple[str, str], ...] = (("FHIR", "4.0.1"),), **sections: Any) -> Library:
    body = {
        "identifier": {"id": "Test"},
        "usings": {"def": [{"localIdentifier": n, "uri": "http://hl7.org/fhir", "version": v} for n, v in usings]},
        "statements": {"def": list(statements)},
        **{name: {"def": items} for name, items in sections.items()},
    }
    return from_json({"library": body})


def define(name: str, expression: ELM) -> ELM:
    return {"name": name, "context": "Patient", "expression": expression}


def type_of(expression: ELM, *more: ELM, includes: dict[str, Library] | None = None, **sections: Any) -> DataType:
    typed = infer_types(library(*more, define("x", expression), **sections), includes)
    kind = typed.statements[-1].result_type
    assert kind is not None
    return kind


ONE, TWO_AND_HALF, TEXT = literal("Integer"), literal("Decimal", "2.5"), literal("String", "a")
DAY = node("Today")
NOW = node("Now")
GRAM = node("Quantity", value=1, unit="g")

SIMPLE: list[tuple[ELM, str]] = [
    (NULL, "Any"),
    (TEXT, "String"),
    (GRAM, "Quantity"),
    (listed(ONE, NULL), "List<Integer>"),
    (listed(), "List<Any>"),
    (node("List", typeSpecifier=named(SYSTEM + "Date")), "List<Date>"),
    (listed(ONE, TEXT), "List<Choice<Integer,String>>"),
    (interval(NULL, NOW), "Interval<DateTime>"),
    (node("As", operand=NULL, asType=FHIR + "Period"), "FHIR.Period"),
    (node("Convert", operand=TEXT, toType=SYSTEM + "Date"), "Date"),
    (node("MaxValue", valueType=SYSTEM + "DateTime"), "DateTime"),
    (node("Instance", classType=FHIR + "Period"), "FHIR.Period"),
    (node("ValueSetRef", name="v", preserve=True), "ValueSet"),
    (node("CodeRef", name="c"), "Code"),
    (operator("Add", ONE, ONE), "Integer"),
    (operator("Add", DAY, node("Quantity", value=1, unit="day")), "Date"),
    (operator("Add", NULL, GRAM), "Any"),
    (operator("Add", NULL, GRAM, signature=[named(SYSTEM + "DateTime"), named(SYSTEM + "Quantity")]), "DateTime"),
    (operator("Divide", GRAM, TWO_AND_HALF), "Quantity"),
    (operator("Multiply", NULL, NULL), "Any"),
    (node("Negate", operand=TWO_AND_HALF), "Decimal"),
    (node("Start", operand=interval(DAY, DAY)), "Date"),
    (node("Sum", source=listed(GRAM)), "Quantity"),
    (node("Min", source=listed(NOW)), "DateTime"),
    (node("Mode", source=listed(TEXT)), "String"),
    (node("Count", source=listed(TEXT)), "Integer"),
    (node("First", source=listed(TEXT)), "String"),
    (node("Slice", source=listed(TEXT), startIndex=ONE, endIndex=NULL), "List<String>"),
    (operator("Indexer", listed(DAY), ONE), "Date"),
    (operator("Indexer", TEXT, ONE), "String"),
    (node("Flatten", operand=listed(listed(ONE))), "List<Integer>"),
    (node("Flatten", operand=listed(listed(ONE), ONE)), "List<Integer>"),
    (node("ToList", operand=ONE), "List<Integer>"),
    (operator("Expand", interval(DAY, DAY), NULL), "List<Date>"),
    (operator("Expand", listed(interval(DAY, DAY)), NULL), "List<Interval<Date>>"),
    (operator("Collapse", listed(interval(DAY, DAY)), NULL), "List<Interval<Date>>"),
    (operator("Union", listed(ONE), listed(TEXT)), "List<Choice<Integer,String>>"),
    (operator("Union", listed(), listed(TEXT)), "List<String>"),
    (operator("Union", interval(NULL, NULL), interval(ONE, ONE)), "Interval<Integer>"),
    (operator("Except", NULL, listed(TEXT)), "List<String>"),
    (operator("Coalesce", NULL, DAY, NOW), "Choice<Date,DateTime>"),
    (operator("Coalesce", listed(DAY)), "Date"),
    (node("If", condition=NULL, then=NULL, else_=ONE), "Integer"),
    (node("Case", caseItem=[{"when": NULL, "then": TEXT}], else_=NULL), "String"),
    (node("Message", source=DAY), "Date"),
    (node("Split", stringToSplit=TEXT, separator=TEXT), "List<String>"),
    (node("InValueSet", code=TEXT, valueset={"name": "v"}), "Boolean"),
    (node("ForEach", source=listed(DAY), element=node("ToDateTime", operand=node("Current"))), "List<DateTime>"),
    (node("Filter", source=listed(DAY), scope="D", condition=NULL), "List<Date>"),
    (prop("low", interval(DAY, DAY)), "Date"),
    (prop("lowClosed", interval(DAY, DAY)), "Boolean"),
    (prop("unit", GRAM), "String"),
    (prop("codes", node("ConceptRef", name="c")), "List<Code>"),
    (prop("nothing", GRAM), "Any"),
    (prop("birthDate", patient()), "FHIR.date"),
    (prop("birthDate.value", patient()), "Date"),
    (prop("name.given", patient()), "List<FHIR.string>"),
    (prop("name[0].family.value", patient()), "String"),
    (prop("deceased", patient()), "Choice<FHIR.boolean,FHIR.dateTime>"),
    (prop("deceased.value", patient()), "Choice<Boolean,DateTime>"),
    (prop("status", node("First", source=retrieve("Encounter"))), "FHIR.EncounterStatus"),
    (prop("status.value", retrieve("Encounter")), "List<String>"),
]


@pytest.mark.parametrize(("expression", "expected"), SIMPLE)
def test_type_of_an_expression(expression: ELM, expected: str) -> None:
    kind = parse_type(expected)
    assert type_of(expression) == kind


ENCOUNTERS = retrieve("Encounter")
ROW = TupleType((("A", NamedType("FHIR", "Encounter")), ("B", parse_type("Integer"))))

ALIAS = node("AliasRef", name="E")

QUERIES: list[tuple[ELM, DataType]] = [
    (query(("E", ENCOUNTERS)), parse_type("List<FHIR.Encounter>")),
    (query(("P", patient())), parse_type("FHIR.Patient")),
    (query(("A", ENCOUNTERS), ("B", ONE)), ListType(ROW)),
    (
        query(("E", ENCOUNTERS), return_={"distinct": False, "expression": of_scope("period", "E")}),
        parse_type("List<FHIR.Period>"),
    ),
    (
        query(
            ("E", ENCOUNTERS),
            let=[{"identifier": "start", "expression": of_scope("period.start.value", "E")}],
            return_={"expression": node("DateFrom", operand=node("QueryLetRef", name="start"))},
        ),
        parse_type("List<Date>"),
    ),
    (
        query(
            ("N", listed(TWO_AND_HALF)),
            aggregate={
                "identifier": "total",
                "starting": NULL,
                "expression": operator("Add", node("QueryLetRef", name="total"), node("AliasRef", name="N")),
            },
        ),
        parse_type("Decimal"),
    ),
    (
        # An alias of the outer query is seen by the inner one, whose own alias of that name hides it.
        query(
            ("E", ENCOUNTERS),
            return_={
                "expression": node(
                    "Tuple",
                    element=[
                        {"name": "outer", "value": query(("X", ONE), return_={"expression": of_scope("id", "E")})},
                        {
                            "name": "inner",
                            "value": query(("E", DAY), return_={"expression": node("AliasRef", name="E")}),
                        },
                    ],
                )
            },
        ),
        ListType(TupleType((("outer", NamedType("FHIR", "id")), ("inner", NamedType("System", "Date"))))),
    ),
]


@pytest.mark.parametrize(("expression", "expected"), QUERIES)
def test_type_of_a_query(expression: ELM, expected: DataType) -> None:
    assert type_of(expression) == expected


def _nodes(root: Element, name: str) -> list[Any]:
    return [found for found in walk(root) if type(found).__name__ == name]


def test_names_in_sort_are_elements_of_the_item() -> None:
    by = [
        node("ByExpression", direction="asc", expression=prop("start", node("IdentifierRef", name="period"))),
        node("ByExpression", direction="asc", expression=node("IdentifierRef", name="$this")),
        node("ByColumn", direction="asc", path="id.value"),
    ]
    typed = infer_types(library(define("x", query(("E", ENCOUNTERS), sort={"by": by}))))
    assert [str(ref.result_type) for ref in _nodes(typed, "IdentifierRef")] == ["FHIR.Period", "FHIR.Encounter"]
    assert _nodes(typed, "Property")[0].result_type == NamedType("FHIR", "dateTime")
    assert _nodes(typed, "ByColumn")[0].result_type == parse_type("String")


def test_relationships_see_their_own_alias_and_the_sources() -> None:
    condition = operator("Equal", of_scope("id", "E"), of_scope("code", "C"))
    relationship = node("With", alias="C", expression=retrieve("Condition"), suchThat=condition)
    typed = infer_types(library(define("x", query(("E", ENCOUNTERS), relationship=[relationship]))))
    assert [str(found.result_type) for found in _nodes(typed, "Property")] == ["FHIR.id", "FHIR.CodeableConcept"]
    assert typed.statements[0].result_type == parse_type("List<FHIR.Encounter>")


def test_definitions_are_typed_on_demand_and_cycles_are_any() -> None:
    late = define("late", ONE)
    assert type_of(node("ExpressionRef", name="late"), define("early", node("ExpressionRef", name="late")), late) == (
        parse_type("Integer")
    )
    loop = infer_types(
        library(define("a", node("ExpressionRef", name="b")), define("b", listed(node("ExpressionRef", name="a"))))
    )
    assert [str(found.result_type) for found in loop.statements] == ["List<System.Any>", "List<System.Any>"]


def test_a_definition_needed_within_a_query_does_not_see_its_aliases() -> None:
    inner = define("inner", ALIAS)
    outer = query(("E", ENCOUNTERS), return_={"expression": node("ExpressionRef", name="inner")})
    after = query(
        ("E", ENCOUNTERS),
        let=[{"identifier": "i", "expression": node("ExpressionRef", name="inner")}],
        return_={"expression": of_scope("id", "E")},
    )
    assert type_of(outer, inner) == parse_type("List<Any>")
    assert type_of(after, inner) == parse_type("List<FHIR.id>")


OVERLOADS = [
    function("f", [SYSTEM + "Integer"], TEXT),
    function("f", [FHIR + "DomainResource"], ONE),
    function("f", [FHIR + "Encounter"], DAY),
    function("f", [SYSTEM + "Integer", SYSTEM + "Integer"], node("OperandRef", name="p1")),
]
CALLS: list[tuple[list[ELM], list[str], str]] = [
    ([ONE], [], "String"),
    ([patient()], [], "Integer"),
    ([node("First", source=ENCOUNTERS)], [], "Date"),
    ([NULL], [FHIR + "Encounter"], "Date"),
    ([ONE, ONE], [], "Integer"),
    ([TEXT, TEXT], [], "Integer"),
]


@pytest.mark.parametrize("alias", [None, "Lib"])
@pytest.mark.parametrize(("operands", "signature", "expected"), CALLS)
def test_overloads_of_functions(operands: list[ELM], signature: list[str], expected: str, alias: str | None) -> None:
    call = node("FunctionRef", name="f", operand=operands, signature=[named(name) for name in signature])
    if alias is None:
        assert type_of(call, *OVERLOADS) == parse_type(expected)
    else:
        included = infer_types(library(*OVERLOADS))
        assert type_of({**call, "libraryName": alias}, includes={alias: included}) == parse_type(expected)


def test_recursive_function_has_the_type_of_its_other_branch() -> None:
    again = node("FunctionRef", name="f", operand=[node("OperandRef", name="p0")])
    body = node("If", condition=NULL, then=TEXT, else_=again)
    typed = infer_types(library(function("f", [SYSTEM + "Integer"], body)))
    assert typed.statements[0].result_type == parse_type("String")
    assert isinstance(typed.statements[0], FunctionDef)
    assert typed.statements[0].operand[0].result_type == parse_type("Integer")


def test_parameters_have_their_type_or_that_of_their_default() -> None:
    parameters = [
        {"name": "Stated", "parameterTypeSpecifier": named(SYSTEM + "Date")},
        {"name": "Period", "default": interval(NOW, NOW)},
    ]
    assert type_of(node("ParameterRef", name="Stated"), parameters=parameters) == parse_type("Date")
    assert type_of(node("ParameterRef", name="Period"), parameters=parameters) == parse_type("Interval<DateTime>")
    included = infer_types(library(parameters=parameters))
    reference = node("ParameterRef", name="Stated", libraryName="L")
    assert type_of(reference, includes={"L": included}) == parse_type("Date")
    assert type_of(reference) == ANY


def test_stated_types_are_kept_and_profiles_become_what_they_profile() -> None:
    stated = {**NULL, "resultTypeName": FHIR + "ConditionEncounterDiagnosis"}
    statement = define("x", stated)

    def kind(*usings: tuple[str, str]) -> str:
        return str(infer_types(library(statement, usings=usings)).statements[0].result_type)

    assert kind(("QICore", "6.0.0")) == "FHIR.Condition"
    assert kind(("QICore", "9.9.9")) == "FHIR.Condition"
    assert kind(("FHIR", "4.0.1")) == "FHIR.ConditionEncounterDiagnosis"
    assert str(type_of({**ONE, "resultTypeName": SYSTEM + "Decimal"})) == "System.Decimal"


def test_depth_does_not_matter() -> None:
    chain: Expression = Literal(value_type=BOOLEAN, value="true")
    right: Expression = chain
    for _ in range(5000):
        chain, right = And(operand=(chain, right)), Null()
    statements = [ExpressionDef(name="x", expression=chain)]
    statements += [ExpressionDef(name=f"d{i}", expression=ExpressionRef(name=f"d{i + 1}")) for i in range(3000)]
    statements.append(ExpressionDef(name="d3000", expression=chain))
    typed = infer_types(Library(identifier=VersionedIdentifier(id="Deep"), statements=tuple(statements)))
    assert {statement.result_type for statement in typed.statements} == {BOOLEAN}
    assert all(found.result_type is not None for found in walk(typed) if isinstance(found, Expression))


def _filled(kind: type[Element], full: bool) -> Element:
    """A node of a class with nulls, ones, or nothing in its fields."""
    values: dict[str, Any] = {}
    hints = typing.get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        if field.required or full:
            values[field.name] = _value(hints[field.name])
    return kind(**values)


def _value(hint: Any) -> Any:
    arguments = [item for item in typing.get_args(hint) if item is not type(None)]
    if NamedType in arguments or NamedType in [leaf for item in arguments for leaf in typing.get_args(item)]:
        return (QUANTITY,) if typing.get_origin(hint) is tuple else QUANTITY
    if typing.get_origin(hint) is tuple:
        inner = arguments[0]
        return (_value(inner), _value(inner)) if isinstance(inner, type) and issubclass(inner, Element) else ()
    if arguments:
        return _value(arguments[0])
    if hint is Expression:
        return Null()
    if isinstance(hint, type) and issubclass(hint, Element):
        return _filled(hint, False)
    return {str: "x", bool: False, Decimal: Decimal(1)}.get(hint)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", sorted(name for name, kind in NODES.items() if issubclass(kind, Expression)))
def test_no_kind_of_expression_is_refused(name: str, full: bool) -> None:
    expression = _filled(NODES[name], full)
    assert isinstance(expression, Expression)
    empty = msgspec.structs.replace(expression, result_type=None)
    sparse = empty
    if isinstance(getattr(empty, "operand", None), tuple):
        sparse = msgspec.structs.replace(empty, operand=())
    definitions = tuple(ExpressionDef(name=f"x{i}", expression=item) for i, item in enumerate((empty, sparse)))
    typed = infer_types(Library(identifier=VersionedIdentifier(id="Odd"), statements=definitions))
    assert all(definition.result_type is not None for definition in typed.statements)
    assert all(found.result_type is not None for found in walk(typed) if isinstance(found, Expression | OperandDef))


def _published(folder: Path) -> dict[tuple[str | None, str | None], Library]:
    found = {}
    for file in sorted(folder.glob("*.json")):
        for content in orjson.loads(file.read_bytes()).get("content", []):
            if content.get("contentType") == "application/elm+json" and "data" in content:
                read = from_json(orjson.loads(base64.b64decode(content["data"])))
                found[read.identifier.id, read.identifier.version] = read
    return found


@pytest.mark.parametrize("deck", ["dqm2025", "qicore2025"])
def test_published_libraries_are_typed_as_their_signatures_say(shared: Path, deck: str) -> None:
    libraries = _published(shared / "decks" / deck / "libraries")
    typed: dict[tuple[str | None, str | None], Library] = {}

    def infer(key: tuple[str | None, str | None]) -> Library:
        if key not in typed:
            includes = {item.local_identifier: (item.path, item.version) for item in libraries[key].includes}
            typed[key] = infer_types(
                libraries[key], {name: infer(path) for name, path in includes.items() if path in libraries}
            )
        return typed[key]

    compared = differing = 0
    for key in libraries:
        for found in walk(infer(key)):
            if not isinstance(found, Expression):
                continue
            assert found.result_type is not None
            if found.result_type == ANY:
                assert type(found).__name__ in ("Null", "Message"), (key, found)
            signature, operands = getattr(found, "signature", ()), getattr(found, "operand", ())
            kinds = tuple(item.result_type for item in (operands if isinstance(operands, tuple) else (operands,)))
            if signature and kinds and type(found).__name__ != "FunctionRef":
                compared += 1
                differing += kinds != signature
    assert compared > 500
    # What differs is read out of an extension, whose value is a choice until something says which.
    assert differing <= 15
