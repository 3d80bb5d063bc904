"""What was found of requirements in somebody's data: counts, near misses, and what never occurs.

Always holds: each count is of what the step before it counted, so that the numbers of a requirement never grow; those
that nothing meets come first.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Count(msgspec.Struct, frozen=True):
    """A number of resources, and of the patients that have them."""

    resources: int = 0
    patients: int = 0


class NearCode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A code that a filter does not take; ``reason`` is one of :data:`REASONS`.  ``resources`` have it."""

    code: str
    resources: int
    reason: str
    system: str | None = None
    display: str | None = None


#: Why a code is near and yet not of the filter: its system is right but not its code; it has no system; another one.
REASONS = {"other-code": "not in it", "no-system": "without a system", "other-system": "in another system"}


class CodeFinding(msgspec.Struct, frozen=True, rename="camel"):
    """A code filter: resources with one of its codes; of the others, how many have near codes, or none (``no_code``).

    ``codes`` tells which, as in ``in Diabetes`` or ``is finished``.  A code without a system is taken for one of any,
    as in evaluation, and yet counted as near.  ``near`` counts resources by the reasons of :data:`REASONS`;
    ``nearest`` are the three to look at first: codes of the filter that only lack its system, then the most frequent.
    """

    path: str
    codes: str
    value_set: str | None
    found: Count
    no_code: int = 0
    near: dict[str, int] = {}
    nearest: tuple[NearCode, ...] = ()


class DateFinding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A date filter: resources whose time is known to be within it.

    ``expression``: bounds that are not known, as they depend on more than the period; all times count as within.
    """

    path: str
    found: Count
    start: str | None = None
    end: str | None = None
    expression: str | None = None


class ElementFinding(msgspec.Struct, frozen=True):
    """An element that the logic reads: resources that have a value there."""

    path: str
    found: Count


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """A requirement in the data.

    ``of_type``: resources of the type; ``of_profile``: those of them that evaluation takes for the profile, and
    ``declared`` those that name it; then what each code filter leaves; of that, what is within each date filter, what
    has each element, and what ``met`` all filters.
    """

    type: str
    profile: str | None
    of_type: Count
    of_profile: Count
    declared: Count
    codes: tuple[CodeFinding, ...]
    dates: tuple[DateFinding, ...]
    met: Count
    elements: tuple[ElementFinding, ...]

    @property
    def never(self) -> tuple[str, ...]:
        """What never occurs, where it could have: ``type``, ``profile``, ``code PATH``, ``date PATH``, or elements."""
        if not self.of_type.resources:
            return ("type",)
        if not self.of_profile.resources:
            return ("profile",)
        missing = [f"code {one.path}" for one in self.codes if not one.found.resources]
        if missing:
            return (missing[0],)
        dates = [f"date {one.path}" for one in self.dates if not one.found.resources]
        elements = [one.path for one in self.elements if not one.found.resources]
        return (*(dates or ([] if self.met.resources else ["all dates"])), *elements)

    @property
    def state(self) -> str:
        """``never`` (nothing meets it), ``partly`` (some element never occurs) or ``met``."""
        if not self.met.resources:
            return "never"
        return "partly" if self.never else "met"


STATES = ("never", "partly", "met")


class DataCheck(msgspec.Struct, frozen=True):
    """Requirements held against data of ``subjects`` with ``resources``: a finding for each, the worst ones first."""

    title: str
    start: str
    end: str
    subjects: int
    resources: int
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        states = ", ".join(f"{self.count(state)} {state}" for state in STATES)
        return f"DataCheck({self.title!r}, {self.subjects:,} subjects, {self.resources:,} resources: {states})"

    def count(self, state: str) -> int:
        """How many requirements are in a state."""
        return sum(one.state == state for one in self.findings)

    @property
    def complete(self) -> bool:
        """Whether some resource meets each requirement."""
        return self.count("never") == 0

    def json(self) -> dict[str, Any]:
        """All of it as JSON."""
        requirements = [
            {"state": one.state, "never": list(one.never), **msgspec.to_builtins(one)} for one in self.findings
        ]
        return {
            "title": self.title,
            "period": {"start": self.start, "end": self.end},
            "subjects": self.subjects,
            "resources": self.resources,
            "states": {state: self.count(state) for state in STATES},
            "requirements": requirements,
        }
