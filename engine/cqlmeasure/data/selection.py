"""What of the subjects' resources is wanted: a source may leave out the rest, and say who cannot count.

Always holds: a selection asks for too much rather than for too little.  A source that cannot tell hands everything out.
"""

from __future__ import annotations

import msgspec


class Times(msgspec.Struct, frozen=True):
    """The time of one element touches the days from ``low`` to ``high`` (``YYYY-MM-DD``; ``None``: unbounded).

    ``dates``: its JSON names where it is a date, dateTime, instant or Period; ``others``: where it is another time, of
    which a date says nothing.  A resource that has none of them may matter as well.
    """

    dates: tuple[str, ...]
    others: tuple[str, ...] = ()
    low: str | None = None
    high: str | None = None


class Wanted(msgspec.Struct, frozen=True):
    """One kind of resources that can matter: those of a type, of them those with a code and a date.

    ``codes``: one of them is the code of some Coding of the resource, of whatever system, or the
    resource names a value set of things not done, or it declares one of ``profiles``; ``None``: codes do not matter.
    ``elements``: JSON names of the resource's own elements, in one of which the code, or that value set, is if it
    matters; none: it may be anywhere.  Sources may look for it anywhere in any case.
    ``low``: a day (``YYYY-MM-DD``) on or after which the resource has a time; ``high``: one on or before which it has
    one.  A Period without a start or an end, an age and the like have times on either side; ``None``: unbounded.
    ``times``: the same, as far as it is told of single elements; a source may look at either.
    ``there``: JSON names of the resource's own elements; of each group it has one.
    """

    type: str
    codes: frozenset[str] | None = None
    profiles: frozenset[str] = frozenset()
    low: str | None = None
    high: str | None = None
    elements: tuple[str, ...] = ()
    times: tuple[Times, ...] = ()
    there: tuple[tuple[str, ...], ...] = ()


class Question(msgspec.Struct, frozen=True):
    """Whether a subject has ``least`` resources that a retrieve gives: of a type, with codes at its main element.

    ``codes``: system and code, one of which it has; ``None``: codes do not matter.  ``profile``: the profile that it
    is one of, as retrieves see it.
    """

    type: str
    codes: frozenset[tuple[str, str]] | None = None
    profile: str | None = None
    least: int = 1


Answers = tuple[bool, ...]
"""To each question of a selection, in their order."""

Clause = tuple[Wanted, ...]
"""A subject that counts has a resource of one of these kinds."""


class Selection(msgspec.Struct, frozen=True):
    """The kinds of resources that are wanted, for any number of purposes (measures, periods) at once.

    ``needed``: for each purpose, the clauses that all hold for a subject that counts in it; a purpose without clauses
    is for everybody.  ``questions``: who has answers to all of them need not be handed out.
    """

    wanted: tuple[Wanted, ...]
    needed: tuple[tuple[Clause, ...], ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def types(self) -> frozenset[str]:
        """The types that are wanted."""
        return frozenset(one.type for one in self.wanted)
