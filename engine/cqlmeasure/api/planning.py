"""What an evaluation has to read: the requirements of its measures as a selection for sources of data.

Always holds: a selection changes no result.  With evidence (the resources that retrieves gave), whatever a retrieve
gives is read; without it, what conditions drop need not be, nor subjects that are in no initial population.  The plan
of a measure is kept on disk, so that a later run needs neither the translator nor the inferencer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from cqlmeasure.data import Clause, Selection, Times, Wanted
from cqlmeasure.errors import TerminologyError
from cqlmeasure.runtime.formulas import Decisions
from cqlmeasure.terminology import Terminology

Members = Callable[[str], frozenset[str] | None]
"""The codes of a value set by its canonical, with the canonical itself; ``None`` if they are not known."""


class Kind(msgspec.Struct, frozen=True):
    """Resources of a type that have one of the codes (of a value set, or listed), and times, as ``Wanted`` says.

    ``elements``: where the codes are; ``times``: the times of single elements; ``there``: elements that it has.
    """

    type: str
    value_set: str | None = None
    codes: tuple[str, ...] | None = None
    profile: str | None = None
    low: str | None = None
    high: str | None = None
    elements: tuple[str, ...] = ()
    times: tuple[Times, ...] = ()
    there: tuple[tuple[str, ...], ...] = ()


class ReadingPlan(msgspec.Struct, frozen=True):
    """What a measure reads for a period: what its retrieves give, what of it is used, what every subject needs.

    ``decisions``: its criteria as far as it depends on retrieves alone who meets them.
    """

    retrieved: tuple[Kind, ...]
    used: tuple[Kind, ...]
    clauses: tuple[tuple[Kind, ...], ...]
    decisions: Decisions | None = None


class Reading(NamedTuple):
    """What one task reads; ``plan`` is ``None`` if anything may matter."""

    plan: ReadingPlan | None
    members: Members


_KEPT = msgspec.json.Decoder(ReadingPlan | None)


def to_bytes(plan: ReadingPlan | None) -> bytes:
    """As it is kept on disk."""
    return msgspec.json.encode(plan)


def from_bytes(body: bytes | None) -> tuple[bool, ReadingPlan | None]:
    """What was kept, and whether there is anything that can be read."""
    if body is None:
        return False, None
    try:
        return True, _KEPT.decode(body)
    except msgspec.MsgspecError:
        return False, None


def together(readings: Sequence[Reading]) -> Reading:
    """What several read together, for everybody."""
    plans = [one.plan for one in readings if one.plan is not None]
    if len(plans) < len(readings):
        return Reading(None, readings[0].members)
    retrieved = dict.fromkeys(kind for plan in plans for kind in plan.retrieved)
    used = dict.fromkeys(kind for plan in plans for kind in plan.used)
    return Reading(ReadingPlan(tuple(retrieved), tuple(used), ()), readings[0].members)


def selection(readings: Sequence[Reading], *, evidence: bool, ruling_out: bool) -> Selection | None:
    """What all of the tasks read together; ``None`` if anything may matter.

    ``ruling_out``: subjects that are in no initial population may be told apart.
    """
    wanted: dict[Wanted, None] = {Wanted("Patient"): None}
    needed: list[tuple[Clause, ...]] = []
    for plan, members in readings:
        if plan is None:
            return None
        for kind in plan.retrieved if evidence else plan.used:
            wanted.setdefault(_wanted(kind, members, dates=not evidence))
        needed.append(tuple(tuple(_wanted(kind, members, dates=True) for kind in clause) for clause in plan.clauses))
    return Selection(tuple(wanted), tuple(needed) if ruling_out and not evidence else ())


def _wanted(kind: Kind, members: Members, *, dates: bool) -> Wanted:
    codes = None if kind.codes is None else frozenset(kind.codes)
    if kind.value_set is not None:
        codes = members(kind.value_set)
    profiles = frozenset(() if kind.profile is None else (kind.profile,))
    elements = kind.elements if codes is not None else ()
    if not dates:
        return Wanted(kind.type, codes, profiles, elements=elements)
    return Wanted(kind.type, codes, profiles, kind.low, kind.high, elements, kind.times, kind.there)


def members_of(terminology: Terminology) -> Members:
    """The codes of value sets as terminology has them; remembered."""
    known: dict[str, frozenset[str] | None] = {}

    def members(url: str) -> frozenset[str] | None:
        if url not in known:
            try:
                # Of what was not done, the value set itself is named.
                known[url] = frozenset(terminology.value_set(url).codes) | {url.partition("|")[0]}
            except TerminologyError:
                known[url] = None
        return known[url]

    return members
