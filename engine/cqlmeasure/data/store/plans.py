"""Selections as a store looks them up: kinds of keys, each once.

Always holds: what a selection wants is among its kinds; questions are made of exact keys alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from cqlmeasure.data.selection import Question, Selection, Wanted
from cqlmeasure.data.store.exact import MAX_CODE, UNCERTAIN, coded, declared
from cqlmeasure.data.store.keys import EPOCH, broad
from cqlmeasure.data.store.partition import EVERY_CODE
from cqlmeasure.models import profile_facts
from cqlmeasure.runtime.retrieve import LOINC
from cqlmeasure.runtime.subject import NOT_DONE_VALUE_SET

ZONES = 2
"""Days that a moment can be away from the day that is written, when time zones differ by 26 hours."""


class Kind(NamedTuple):
    """A ``Wanted`` as it is looked up: codes in order (with profiles and what was not done), days since 1970.

    ``prefix``: every code that begins with it is one too.
    """

    type: str
    codes: tuple[str, ...]
    low: int | None = None
    high: int | None = None
    prefix: str = ""


class Asked(NamedTuple):
    """A ``Question`` by numbers of kinds: resources with its codes; if it has a profile, those that declare it, those
    that declare another one instead, and those with the code that it fixes.
    """

    having: int
    least: int
    own: int | None = None
    competing: int | None = None
    fixed: int | None = None


class Plan(NamedTuple):
    """A selection as it is looked up: kinds, each once, and what is made of them, by their numbers.

    ``uncertain``: who has a resource of one of these kinds has no answers.
    """

    kinds: tuple[Kind, ...]
    wanted: tuple[int, ...]
    needed: tuple[tuple[tuple[int, ...], ...], ...]
    questions: tuple[Asked, ...] = ()
    uncertain: tuple[int, ...] = ()


PATIENTS = Kind("Patient", (EVERY_CODE,), None, None)


def plan_of(selection: Selection) -> Plan:
    """The plan of a selection; Patients are always wanted."""
    numbers: dict[Kind, int] = {PATIENTS: 0}

    def number(kind: Kind) -> int:
        return numbers.setdefault(kind, len(numbers))

    wanted = tuple(dict.fromkeys([0, *(number(_kind(one)) for one in selection.wanted)]))
    needed = tuple(
        tuple(tuple(number(_kind(one)) for one in clause) for clause in clauses) for clauses in selection.needed
    )
    questions = tuple(_asked(one, number) for one in selection.questions)
    types = dict.fromkeys(one.type for one in selection.questions)
    uncertain = tuple(number(Kind(kind, (UNCERTAIN,))) for kind in types)
    return Plan(tuple(numbers), wanted, needed, questions, uncertain)


def _asked(question: Question, number: Callable[[Kind], int]) -> Asked:
    kind = question.type
    codes: Iterable[str] = (EVERY_CODE,)
    if question.codes is not None:
        codes = sorted(key for one in question.codes if (key := coded(*one)) is not None)
    having = number(Kind(kind, tuple(codes)))
    facts = profile_facts(kind, question.profile)
    if facts is None:
        return Asked(having, question.least)
    assert not facts.negation, "what was not done is told by other elements"
    own = number(Kind(kind, (declared(facts.url),)))
    guide = facts.url[: facts.url.rfind("/") + 1]
    competing = number(Kind(kind, tuple(sorted(map(declared, facts.others))), prefix=declared(guide)))
    fixed = None if facts.code is None else number(Kind(kind, (f"{LOINC}|{facts.code}",)))
    return Asked(having, question.least, own, competing, fixed)


def _kind(wanted: Wanted) -> Kind:
    codes: Iterable[str] = (EVERY_CODE,)
    if wanted.codes is not None:
        plain = [*wanted.codes, *(url.partition("|")[0] for url in wanted.profiles)]
        # Partitions of an earlier form have codes as they are.
        codes = {broad(code) for code in plain} | {code[:MAX_CODE] for code in plain}
        codes |= {NOT_DONE_VALUE_SET, UNCERTAIN}
    low = None if wanted.low is None else date.fromisoformat(wanted.low).toordinal() - EPOCH - ZONES
    high = None if wanted.high is None else date.fromisoformat(wanted.high).toordinal() - EPOCH + ZONES
    return Kind(wanted.type, tuple(sorted(codes)), low, high)
