"""Which resources of a partition a selection wants, and who of its subjects cannot count: over columns, for all.

Always holds: every resource that one of the kinds is meant for is found; a subject is ruled out of a purpose only if
for some of its clauses no resource of any of the kinds is there.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cqlmeasure.data.store.arrow import Array, modules
from cqlmeasure.data.store.partition import PartitionFiles, Postings
from cqlmeasure.data.store.plans import Kind, Plan


class Found(NamedTuple):
    """What a plan finds in a partition: for each purpose who can count in it, who can in any, and the rows wanted."""

    alive: Sequence[Array]
    candidates: Array
    rows: Array


def find(files: PartitionFiles, plan: Plan, *, among: Array | None = None, everybody: bool = True) -> Found:
    """What the plan finds; the Patients of those who cannot count are among it if ``everybody`` is handed out.

    ``among``: flags of those subjects who alone are looked at.
    """
    numpy = modules().numpy
    subjects = files.partition.subjects
    hits = look_up(files, plan.kinds, {number for clauses in plan.needed for clause in clauses for number in clause})
    alive = []
    for clauses in plan.needed:
        those = numpy.ones(subjects, bool)
        for clause in clauses:
            some = numpy.zeros(subjects, bool)
            for number in clause:
                for numbers, _ in hits[number]:
                    some[numbers] = True
            those &= some
        alive.append(those)
    candidates = numpy.logical_or.reduce(alive) if alive else numpy.ones(subjects, bool)
    if among is not None:
        candidates &= among
    wanted = numpy.zeros(files.partition.rows, bool)
    if everybody or candidates.any():
        hits |= look_up(files, plan.kinds, set(plan.wanted) - hits.keys())
        for number in plan.wanted:
            for numbers, rows in hits[number]:
                wanted[rows if everybody and number == 0 else rows[candidates[numbers]]] = True
    return Found(alive, candidates, wanted)


Hits = list[tuple[Array, Array]]
"""Numbers of subjects and rows, row group by row group."""


def look_up(files: PartitionFiles, kinds: Sequence[Kind], used: Iterable[int]) -> dict[int, Hits]:
    """For each kind the numbers of subjects and rows, row group by row group."""
    found: dict[int, Hits] = {number: [] for number in used}
    wanted_by: dict[int, list[int]] = {}
    for number in found:
        for group in _groups(files, kinds[number]):
            wanted_by.setdefault(group, []).append(number)
    for group in sorted(wanted_by):
        postings = files.postings(group)
        texts = postings.dictionary.to_pylist()
        members = {text: index for index, text in enumerate(texts)}
        for number in wanted_by[group]:
            hits = _matching(postings, members, kinds[number])
            if hits is not None:
                found[number].append(hits)
    return found


def _groups(files: PartitionFiles, kind: Kind) -> list[int]:
    """The row groups that can have codes of a kind."""
    found = []
    for number, first, last in files.directory.get(kind.type, ()):
        at = bisect.bisect_left(kind.codes, first)
        if (at < len(kind.codes) and kind.codes[at] <= last) or (
            kind.prefix and first[: len(kind.prefix)] <= kind.prefix <= last
        ):
            found.append(number)
    return found


def _matching(postings: Postings, members: dict[str, int], kind: Kind) -> tuple[Array, Array] | None:
    numpy = modules().numpy
    if len(kind.codes) < len(members):
        chosen = [members[code] for code in kind.codes if code in members]
    else:
        codes = set(kind.codes)
        chosen = [index for code, index in members.items() if code in codes]
    if kind.prefix:
        chosen += [index for code, index in members.items() if code.startswith(kind.prefix)]
    if not chosen:
        return None
    if len(chosen) == 1:
        at = postings.codes == chosen[0]
    else:
        flags = numpy.zeros(len(members) + 1, bool)
        flags[chosen] = True
        at = flags[postings.codes]
    if kind.low is not None:
        at &= postings.ends >= kind.low
    if kind.high is not None:
        at &= postings.starts <= kind.high
    return postings.numbers[at], postings.rows[at]
