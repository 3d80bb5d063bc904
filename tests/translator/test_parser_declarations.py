"""Declarations and definitions of a library."""

from __future__ import annotations

import pytest
from syntax_dump import dump

from cqlmeasure.translator import syntax
from cqlmeasure.translator.parser import parse_library


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("library A version '1'", "name", "A"),
        ("library A.\"b c\".D version '1.2'", "name", "A.b c.D"),
        ("library A version '1'", "version", "1"),
        ("using FHIR", "usings", "[(Using name=FHIR)]"),
        ("using FHIR version '4.0.1' called F", "usings", "[(Using name=FHIR version=4.0.1 alias=F)]"),
        ("include X", "includes", "[(Include name=X)]"),
        ("include hl7.X version '4' called Y", "includes", "[(Include name=hl7.X version=4 alias=Y)]"),
        ("codesystem \"S\": 'urn:s'", "code_systems", "[(CodeSystemDeclaration name=S id=urn:s)]"),
        (
            "private codesystem S: 's' version '1'",
            "code_systems",
            "[(CodeSystemDeclaration private name=S id=s version=1)]",
        ),
        (
            'valueset "V": \'v\' version \'2\' codesystems { "S", L."T" }',
            "value_sets",
            "[(ValueSetDeclaration name=V id=v version=2 code_systems=[S L.T])]",
        ),
        (
            "public code C: 'c' from L.\"S\" display 'd'",
            "codes",
            "[(CodeDeclaration name=C id=c system=L.S display=d)]",
        ),
        (
            "concept D: { C, L.E } display 'e'",
            "concepts",
            "[(ConceptDeclaration name=D codes=[C L.E] display=e)]",
        ),
        ("parameter P", "parameters", "[(ParameterDeclaration name=P)]"),
        ("parameter P\ncontext X", "parameters", "[(ParameterDeclaration name=P)]"),
        ("parameter P List<X> default {}", "parameters", "[(ParameterDeclaration name=P type=List<X> default=List{})]"),
        ("private parameter P default 1", "parameters", "[(ParameterDeclaration private name=P default=1)]"),
        ("context Patient", "statements", "[(ContextStatement name=Patient)]"),
        ("context FHIR.Patient", "statements", "[(ContextStatement model=FHIR name=Patient)]"),
        ("define A: 1", "statements", "[(ExpressionDefinition name=A value=1)]"),
        ('define private "B b": 1', "statements", "[(ExpressionDefinition private name=B b value=1)]"),
        ("define public A: 1", "statements", "[(ExpressionDefinition name=A value=1)]"),
        (
            "define A: B define C: D",
            "statements",
            "[(ExpressionDefinition name=A value=B) (ExpressionDefinition name=C value=D)]",
        ),
        (
            "define A: code\ndefine B: context",
            "statements",
            "[(ExpressionDefinition name=A value=code) (ExpressionDefinition name=B value=context)]",
        ),
        ("define function f(): 1", "statements", "[(FunctionDefinition name=f body=1)]"),
        (
            "define function f(a X, code Tuple { b Y }): a",
            "statements",
            "[(FunctionDefinition name=f operands=[(Operand name=a type=X) (Operand name=code type=Tuple{b:Y})] "
            "body=a)]",
        ),
        (
            'define private fluent function "g h"(a List<A.B>) returns X: a',
            "statements",
            "[(FunctionDefinition private fluent name=g h operands=[(Operand name=a type=List<A.B>)] "
            "return_type=X body=a)]",
        ),
        (
            "define function exists(a Choice<X, Interval<Y>>) returns Z: external",
            "statements",
            "[(FunctionDefinition name=exists operands=[(Operand name=a type=Choice<X,Interval<Y>>)] return_type=Z)]",
        ),
        ("", "statements", "[]"),
        ("// only\n/* comments */", "statements", "[]"),
    ],
)
def test_declaration(text: str, field: str, expected: str) -> None:
    result = parse_library(text)
    assert result.diagnostics == ()
    assert dump(getattr(result.library, field)) == expected


def test_library_keeps_order_and_spans() -> None:
    text = "library L\nusing FHIR\ndefine A:\n  1 +\n  2\ncontext Patient\ndefine B: A\n"
    library = parse_library(text).library
    assert library.span.locator == "1:1-7:11"
    assert [type(one) for one in library.statements] == [
        syntax.ExpressionDefinition,
        syntax.ContextStatement,
        syntax.ExpressionDefinition,
    ]
    assert [one.span.locator for one in library.statements] == ["3:1-5:3", "6:1-6:15", "7:1-7:11"]
