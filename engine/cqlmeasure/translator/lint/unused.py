"""Declarations that nothing in their library refers to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cqlmeasure.translator import syntax
from cqlmeasure.translator.lint.finding import Finding
from cqlmeasure.translator.lower.core import Lowering

CUSTOMARY = "Measurement Period"

Named = (
    syntax.CodeSystemDeclaration
    | syntax.ValueSetDeclaration
    | syntax.CodeDeclaration
    | syntax.ConceptDeclaration
    | syntax.ParameterDeclaration
)


def unused_declarations(lowering: Lowering, tree: syntax.Library) -> Iterator[Finding]:
    """Included libraries, terminology and parameters that are declared and never used.

    A library for others to include may declare terminology for them: where functions are in the majority, only what
    is private is reported.  The measurement period is declared by custom.
    """
    used = lowering.used
    for item in tree.includes:
        alias = item.alias.text if item.alias is not None else item.name.name
        if alias not in used:
            message = f"the library '{alias}' is included and never used"
            yield Finding("unused-include", message, item.span, "leave the line out")
    functions = sum(isinstance(item, syntax.FunctionDefinition) for item in tree.statements)
    expressions = sum(isinstance(item, syntax.ExpressionDefinition) for item in tree.statements)
    shared = functions >= expressions
    declared: tuple[tuple[str, Sequence[Named]], ...] = (
        ("code system", tree.code_systems),
        ("value set", tree.value_sets),
        ("code", tree.codes),
        ("concept", tree.concepts),
        ("parameter", tree.parameters),
    )
    for what, items in declared:
        for declaration in items:
            name = declaration.name.text
            if name not in used and name != CUSTOMARY and (declaration.private or not shared):
                message = f"the {what} '{name}' is declared and never used"
                yield Finding("unused-declaration", message, declaration.name.span, "leave the line out")
