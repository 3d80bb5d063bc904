"""Criteria as formulas over what a subject's retrieves find.

Owns their form, which is kept with the plans of measures, and their values.  Always holds: a formula is never null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec


class Retrieved(msgspec.Struct, frozen=True):
    """That a retrieve gives at least so many resources; the codes of a value set, or of systems, or any."""

    type: str
    value_set: str | None = None
    codes: tuple[tuple[str, str], ...] | None = None
    profile: str | None = None
    least: int = 1


class Formula(msgspec.Struct, frozen=True):
    """``fact`` (the answer to the question of that number), ``not``, ``all`` or ``any`` of operands (of none: true,
    false).
    """

    operator: Literal["fact", "not", "all", "any"]
    operands: tuple[Formula, ...] = ()
    question: int = 0

    def holds(self, answers: Sequence[bool]) -> bool:
        """Its value."""
        if self.operator == "fact":
            return answers[self.question]
        if self.operator == "not":
            return not self.operands[0].holds(answers)
        values = (one.holds(answers) for one in self.operands)
        return all(values) if self.operator == "all" else any(values)


class Decisions(msgspec.Struct, frozen=True):
    """The questions on which criteria depend, and the formula of each criterion by its name."""

    questions: tuple[Retrieved, ...]
    formulas: dict[str, Formula]
