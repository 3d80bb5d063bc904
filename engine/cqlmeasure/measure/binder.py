"""Looks up what a Measure names: expressions and functions of the library, paths.

Always holds: a name is taken as the library spells it; one that differs in case only is taken with a warning; what is
not there is noted with the place in the Measure.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from cqlmeasure.measure.basis_check import ResolveValueSet
from cqlmeasure.measure.definition import Criteria, MeasureDefinition
from cqlmeasure.measure.findings import Findings
from cqlmeasure.measure.paths import Path, parse_path
from cqlmeasure.measure.ports import Evaluator
from cqlmeasure.typesys import ANY, BOOLEAN, ChoiceType, DataType, IntervalType, ListType, NamedType, TupleType

# What can only be a path: elements in lower case, perhaps after a type.
_ELEMENT = re.compile(r"^(?:[A-Z]\w*\.)?[a-z]\w*(?:\[\d+\])?(?:\.[a-z]\w*(?:\([^()]*\))?(?:\[\d+\])?)*$")


class Binder:
    """Looks names up in the evaluator."""

    def __init__(
        self,
        definition: MeasureDefinition,
        evaluator: Evaluator[Any],
        findings: Findings,
        value_set: ResolveValueSet | None = None,
    ) -> None:
        self.library = definition.library_name
        self.subject_type = definition.subject_type
        self.value_set = value_set
        self.evaluator = evaluator
        self.findings = findings

    def resolve(self, criteria: Criteria, place: str, *, functions: bool = False) -> Criteria:
        """The criteria with the name that the library knows; what is not there is noted."""
        if criteria.text != criteria.name and self._known(criteria.text, functions):
            return msgspec.structs.replace(criteria, name=criteria.text, library=None)
        spelled = None if self._known(criteria.name, functions) else self._spelled_otherwise(criteria.name, functions)
        if spelled is not None:
            self.findings.warning(
                "expression-spelling", place, f"{criteria.name!r} is taken as {spelled!r}, which differs in case only"
            )
            return msgspec.structs.replace(criteria, name=spelled)
        if criteria.library is not None and self.library is not None and criteria.library != self.library:
            self.findings.error(
                "criteria-library",
                place,
                f"{criteria.text!r} names the library {criteria.library!r}, the primary library is {self.library!r}",
                "define the expression in the primary library",
            )
        elif not self._known(criteria.name, functions):
            what = "expression"
            hint = "check the spelling; names are case-sensitive"
            if functions:
                what = "expression or function"
            elif self.evaluator.function_signatures(criteria.name):
                hint = "there is a function of that name, but an expression is needed here"
            self.findings.error(
                "unknown-expression",
                place,
                f"library {self.library or '(unnamed)'} has no {what} {criteria.name!r}",
                hint,
            )
        return criteria

    def path(self, criteria: Criteria, place: str, *, basis: str | None = None, functions: bool = False) -> Path | None:
        """The path that criteria are: because the Measure says so, or because no expression has that name.

        Criteria without a language (R6) may be either; the library is asked first.
        """
        if not criteria.is_path:
            known = self._known(criteria.text, functions) or self._known(criteria.name, functions)
            if criteria.language is not None or known or criteria.library not in (None, self.subject_type, basis):
                return None
            if self._spelled_otherwise(criteria.name, functions) is not None or not _ELEMENT.match(criteria.text):
                return None
        found = parse_path(criteria.text)
        if isinstance(found, Path):
            return found
        if criteria.is_path:
            self.findings.error("path", place, found, "a path names elements, such as Patient.gender or name.family")
        return None

    def _spelled_otherwise(self, name: str, functions: bool) -> str | None:
        """The one name of the library that differs from ``name`` in case only."""
        folded = name.casefold()
        found = {known for known in self.evaluator.names if known.casefold() == folded}
        fitting = [known for known in found if self._known(known, functions)]
        return fitting[0] if len(fitting) == 1 else None

    def kind(self, name: str) -> DataType | None:
        """The static type of an expression."""
        return self.evaluator.definition_type(name)

    def arities(self, name: str) -> set[int]:
        """How many operands the functions of a name have."""
        return {len(operands) for operands in self.evaluator.function_signatures(name)}

    def _known(self, name: str, functions: bool) -> bool:
        return self.kind(name) is not None or (functions and bool(self.evaluator.function_signatures(name)))


def never_boolean(kind: DataType) -> bool:
    """Whether a value of the type cannot be true or false; a model's own boolean type may."""
    if isinstance(kind, NamedType):
        return kind not in (ANY, BOOLEAN) and kind.name != "boolean"
    if isinstance(kind, ChoiceType):
        return all(never_boolean(alternative) for alternative in kind.alternatives)
    return isinstance(kind, ListType | IntervalType | TupleType)


def never_list(kind: DataType) -> bool:
    """Whether a value of the type cannot be a list."""
    if isinstance(kind, ChoiceType):
        return all(never_list(alternative) for alternative in kind.alternatives)
    return kind != ANY and isinstance(kind, NamedType | IntervalType | TupleType)
