"""Criteria that are decided by what a subject's retrieves find: logic of ``exists`` and counts, and nothing else.

Always holds: for each subject whose retrieves can be told, a formula has the value of its criterion; criteria of any
other form have no formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from cqlmeasure.elm import (
    FunctionDef,
    aggregates,
    clinical,
    deep_recursion,
    intervals,
    lists,
    literals,
    logical,
    types,
)
from cqlmeasure.elm.base import Expression
from cqlmeasure.elm.library import ExpressionRef
from cqlmeasure.elm.queries import Retrieve
from cqlmeasure.errors import ContentError
from cqlmeasure.models import profile_facts
from cqlmeasure.requirements.libraries import Definition, LibrarySet
from cqlmeasure.requirements.run import Run, Scope
from cqlmeasure.requirements.values import Codes, Terminology
from cqlmeasure.runtime.formulas import Decisions, Formula, Retrieved
from cqlmeasure.typesys import SYSTEM, NamedType

_CONTEXT = "Patient"
_GENERAL = frozenset({"Resource", "DomainResource"})
#: Larger formulas are not worth it.
_MOST = 500


def decisions_of(libraries: LibrarySet, names: Iterable[str]) -> Decisions | None:
    """The formulas of the criteria of these names that have one; ``None`` if none has.

    Names are given as the library spells them.
    """
    questions: dict[Retrieved, int] = {}
    formulas: dict[str, Formula] = {}
    for name in names:
        maker = _Maker(libraries, dict(questions))
        try:
            with deep_recursion():
                (root,) = libraries.root(name)
                formulas[root.node.name] = maker.definition(root)
        except (_Undecided, ContentError, ValueError):
            continue
        questions = maker.questions
    return Decisions(tuple(questions), formulas) if formulas and questions else None


class _Undecided(Exception):
    """The expression has another form."""


class _Maker:
    def __init__(self, libraries: LibrarySet, questions: dict[Retrieved, int]) -> None:
        self.questions = questions
        self._libraries = libraries
        self._run = Run(libraries)
        self._left = _MOST

    def definition(self, found: Definition) -> Formula:
        return self.formula(self._inside(found), found)

    def formula(self, node: Expression, where: Definition) -> Formula:
        """The formula of a Boolean expression; none of its parts can be null."""
        self._left -= 1
        if self._left < 0:
            raise _Undecided
        match node:
            case logical.And(operand=parts):
                return Formula("all", tuple(self.formula(one, where) for one in parts))
            case logical.Or(operand=parts):
                return Formula("any", tuple(self.formula(one, where) for one in parts))
            case logical.Implies(operand=(one, other)):
                return Formula("any", (_not(self.formula(one, where)), self.formula(other, where)))
            case logical.Xor(operand=(one, other)):
                left, right = self.formula(one, where), self.formula(other, where)
                return Formula("any", (Formula("all", (left, _not(right))), Formula("all", (_not(left), right))))
            case logical.Not(operand=one) | logical.IsFalse(operand=one):
                return _not(self.formula(one, where))
            case logical.IsTrue(operand=one):
                return self.formula(one, where)
            case literals.Literal(value_type=NamedType(model, "Boolean"), value="true" | "false" as text):
                if model == SYSTEM:
                    return Formula("all" if text == "true" else "any")
            case lists.Exists(operand=one):
                return Formula("any", tuple(self._at_least(found, 1) for found in self.retrieves(one, where)))
            case ExpressionRef() if type(node) is ExpressionRef:
                found = self._definition(node, where)
                return self.formula(self._inside(found), found)
            case logical.Greater() | logical.GreaterOrEqual() | logical.Less() | logical.LessOrEqual():
                return self._compared(node, where)
            case logical.Equal(operand=(one, other)):
                counted, number = self._count(one, other, where) or self._count(other, one, where) or _none()
                return Formula("all", (self._at_least(counted, number), _not(self._at_least(counted, number + 1))))
        raise _Undecided

    def _compared(
        self, node: logical.Greater | logical.GreaterOrEqual | logical.Less | logical.LessOrEqual, where: Definition
    ) -> Formula:
        """A count beside a whole number."""
        one, other = node.operand
        kind: type[Expression] = type(node)
        found = self._count(one, other, where)
        if found is None:
            found = self._count(other, one, where) or _none()
            kind = _MIRRORED[kind]
        counted, number = found
        more = number + 1 if kind in (logical.Greater, logical.LessOrEqual) else number
        enough = self._at_least(counted, more)
        return enough if kind in (logical.Greater, logical.GreaterOrEqual) else _not(enough)

    def _count(self, one: Expression, other: Expression, where: Definition) -> tuple[Retrieved, int] | None:
        match one, other:
            case (
                aggregates.Count(source=source, path=None),
                literals.Literal(value_type=NamedType(_, "Integer"), value=str() as text),
            ):
                found = self.retrieves(source, where)
                # What a union has twice counts once.
                if len(found) != 1 or not text.isascii() or not text.isdigit() or len(text) > 9:
                    raise _Undecided
                return found[0], int(text)
        return None

    def _at_least(self, found: Retrieved, number: int) -> Formula:
        if number < 1:
            return Formula("all")
        asked = msgspec.structs.replace(found, least=number)
        return Formula("fact", question=self.questions.setdefault(asked, len(self.questions)))

    def retrieves(self, node: Expression, where: Definition) -> list[Retrieved]:
        """The retrieves whose resources a list has."""
        self._left -= 1
        if self._left < 0:
            raise _Undecided
        match node:
            case Retrieve():
                return [self._retrieved(node, where)]
            case intervals.Union(operand=parts):
                return [found for one in parts for found in self.retrieves(one, where)]
            case ExpressionRef() if type(node) is ExpressionRef:
                found = self._definition(node, where)
                return self.retrieves(self._inside(found), found)
        raise _Undecided

    def _retrieved(self, node: Retrieve, where: Definition) -> Retrieved:
        kind, fhir = node.data_type, self._libraries.fhir
        if not isinstance(kind, NamedType) or kind.model != fhir.name or not fhir.is_resource(kind.name):
            raise _Undecided
        facts = profile_facts(kind.name, node.template_id)
        further = (
            node.id, node.id_property, node.context, node.date_range, node.code_search, node.value_set_property,
            node.code_filter, node.date_filter, node.other_filter,
        )  # fmt: skip
        # What was not done is told by elements that are no codes.
        if any(further) or kind.name in _GENERAL or (facts is not None and facts.negation):
            raise _Undecided
        main = fhir.main_code_steps(kind.name)
        if facts is not None and facts.code is not None and main != (("code",),):
            raise _Undecided
        profile = None if facts is None else facts.url
        if node.codes is None:
            return Retrieved(kind.name, profile=profile)
        if node.code_property is None or fhir.code_steps(kind.name, node.code_property) != main:
            raise _Undecided
        match self._run.evaluate(_named(node.codes), Scope(where.library, where)).symbol:
            case Terminology(url) if node.code_comparator != "~":
                return Retrieved(kind.name, value_set=url, profile=profile)
            case Codes(codes):
                systems = tuple((system, code) for system, code, _ in codes if system)
                if len(systems) == len(codes):
                    return Retrieved(kind.name, codes=systems, profile=profile)
        raise _Undecided

    def _definition(self, node: ExpressionRef, where: Definition) -> Definition:
        return self._libraries.expression(where.library, node.name, node.library_name)

    def _inside(self, found: Definition) -> Expression:
        node = found.node
        if isinstance(node, FunctionDef) or node.context != _CONTEXT or node.expression is None:
            raise _Undecided
        return node.expression


_MIRRORED: Mapping[type[Expression], type[Expression]] = {
    logical.Greater: logical.Less,
    logical.GreaterOrEqual: logical.LessOrEqual,
    logical.Less: logical.Greater,
    logical.LessOrEqual: logical.GreaterOrEqual,
}


def _not(operand: Formula) -> Formula:
    return Formula("not", (operand,))


def _named(codes: Expression) -> Expression:
    """The declared codes or value set that a retrieve asks for."""
    match codes:
        case types.ToList(operand=one) | literals.Property(path="codes", source=Expression() as one, scope=None):
            codes = one
    if isinstance(codes, clinical.CodeRef | clinical.ConceptRef | clinical.ValueSetRef):
        return codes
    raise _Undecided


def _none() -> tuple[Retrieved, int]:
    raise _Undecided
