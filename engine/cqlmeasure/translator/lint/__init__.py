"""Warnings for CQL that is correct and yet hardly what its author meant.

Each rule is one small function over what the lowering noted: a syntax node with the types of its operands.  Always
holds: a warning never changes what is translated; it says what the text does and how to write what was likely meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from cqlmeasure.errors import Diagnostic, Severity
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lint.comparisons import (
    case_without_match,
    code_as_text,
    never_equal,
    null_comparison,
    type_without_values,
)
from cqlmeasure.translator.lint.finding import Finding
from cqlmeasure.translator.lint.literals import constant_condition, reversed_bounds, reversed_interval, same_operands
from cqlmeasure.translator.lint.names import hidden_by_operand, hidden_in_query, unused_alias
from cqlmeasure.translator.lint.reach import unreached
from cqlmeasure.translator.lint.units import missing_unit, mixed_bounds
from cqlmeasure.translator.lint.unused import unused_declarations
from cqlmeasure.translator.lower import LibraryLowering
from cqlmeasure.translator.lower.core import Fact, Lowering

Rule = Callable[[Lowering, Fact], Iterable[Finding]]

RULES: Final[dict[type[syntax.Node], tuple[Rule, ...]]] = {
    syntax.Binary: (null_comparison, code_as_text, never_equal, same_operands, missing_unit),
    syntax.Membership: (null_comparison, code_as_text),
    syntax.Timing: (code_as_text,),
    syntax.TypeTest: (type_without_values,),
    syntax.Cast: (type_without_values,),
    syntax.Case: (case_without_match,),
    syntax.Between: (reversed_bounds,),
    syntax.IntervalSelector: (reversed_interval, mixed_bounds),
    syntax.If: (constant_condition,),
    syntax.Query: (constant_condition, hidden_in_query, unused_alias),
    syntax.FunctionDefinition: (hidden_by_operand,),
}


def lint(lowering: LibraryLowering) -> list[Diagnostic]:
    """The warnings about a library that has been lowered."""
    for finding in dict.fromkeys(_findings(lowering)):
        lowering.report(finding.code, finding.message, finding.span, hint=finding.hint, severity=Severity.WARNING)
    return lowering.diagnostics


def _findings(lowering: LibraryLowering) -> Iterator[Finding]:
    for fact in lowering.facts:
        for rule in RULES.get(type(fact.node), ()):
            yield from rule(lowering, fact)
    yield from unused_declarations(lowering, lowering.tree)


__all__ = ["RULES", "lint", "unreached"]
