"""Answers to the questions of a plan, for all subjects of a partition at once, over columns alone.

Always holds: a subject whose answers are certain has those that its retrieves would give; one with a resource that
does not plainly say what it is has none.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from cqlmeasure.data.selection import Answers
from cqlmeasure.data.store.arrow import Array, modules
from cqlmeasure.data.store.matching import Hits, look_up
from cqlmeasure.data.store.partition import PartitionFiles
from cqlmeasure.data.store.plans import Asked, Plan


class Answered(NamedTuple):
    """For each subject (row) the answer to each question (column), and whether they are certain."""

    flags: Array
    certain: Array


def answered(files: PartitionFiles, plan: Plan) -> Answered:
    """The answers of a partition; nobody's are certain where there are no exact keys."""
    numpy, subjects = modules().numpy, files.partition.subjects
    flags = numpy.zeros((subjects, len(plan.questions)), bool)
    if not files.partition.exact:
        return Answered(flags, numpy.zeros(subjects, bool))
    used = {number for one in plan.questions for number in (one.having, one.own, one.competing, one.fixed)}
    hits = look_up(files, plan.kinds, {*plan.uncertain, *(number for number in used if number is not None)})
    certain = numpy.ones(subjects, bool)
    for number in plan.uncertain:
        for numbers, _ in hits[number]:
            certain[numbers] = False
    for column, question in enumerate(plan.questions):
        flags[:, column] = _answer(files, question, hits)
    return Answered(flags, certain)


def counted(flags: Array) -> Counter[Answers]:
    """How many subjects have which answers."""
    numpy = modules().numpy
    _, first, counts = numpy.unique(numpy.packbits(flags, axis=1), axis=0, return_index=True, return_counts=True)
    return Counter({tuple(flags[at].tolist()): count for at, count in zip(first, counts.tolist(), strict=True)})


def _answer(files: PartitionFiles, question: Asked, hits: dict[int, Hits]) -> Array:
    numpy, subjects = modules().numpy, files.partition.subjects
    having = hits[question.having]
    if question.own is None and question.least == 1:
        found = numpy.zeros(subjects, bool)
        for numbers, _ in having:
            found[numbers] = True
        return found
    rows, owners = numpy.zeros(files.partition.rows, bool), numpy.zeros(files.partition.rows, numpy.int32)
    for numbers, at in having:
        rows[at] = True
        owners[at] = numbers
    if question.own is not None and question.competing is not None:
        # One that declares another profile is none of this; one that declares neither is what its code says.
        accepted = ~_rows(files, hits[question.competing])
        if question.fixed is not None:
            accepted &= _rows(files, hits[question.fixed])
        rows &= accepted | _rows(files, hits[question.own])
    return numpy.bincount(owners[rows], minlength=subjects) >= question.least


def _rows(files: PartitionFiles, hits: Hits) -> Array:
    found = modules().numpy.zeros(files.partition.rows, bool)
    for _, rows in hits:
        found[rows] = True
    return found
