"""What is known of a subject before it is evaluated: that it cannot count, or is not the provider's.

Always holds: what is not settled here is evaluated; whose a subject is is told by the subject's own failure, if it
cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cqlmeasure.api.attributing import Belongs
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import CqlMeasureError
from cqlmeasure.measure import Settled, SubjectResult, Task, nobody
from cqlmeasure.runtime.subject import Subject

_NOTHING: Settled = {}


class Person(Subject):
    """A subject with the numbers of the measures in which it is known not to count."""

    __slots__ = ("ruled_out",)

    def __init__(self, data: SubjectData) -> None:
        super().__init__(data.id, data.resources, data.faults)
        self.ruled_out = data.ruled_out


def settling(tasks: Sequence[Task[Any]], rules: Mapping[int, Belongs]) -> Callable[[Person], Settled]:
    """What tells what is known of a subject; ``rules`` say whose it is, by the number of the task."""
    nobodies: dict[frozenset[int], Settled] = {}

    def ruled_out(numbers: frozenset[int]) -> Settled:
        if numbers not in nobodies:
            nobodies[numbers] = {number: nobody(tasks[number].plan) for number in numbers}
        return nobodies[numbers]

    def settled(subject: Person) -> Settled:
        known = ruled_out(subject.ruled_out) if subject.ruled_out else _NOTHING
        # Whose a subject is cannot be told if its data are not all there: that is its failure.
        if not rules or subject.faults:
            return known
        found: dict[int, SubjectResult | None] = dict(known)
        for number, belongs in rules.items():
            try:
                if not belongs(subject):
                    found[number] = None
            except CqlMeasureError as error:
                kind = tasks[number].plan.definition.subject_type
                found[number] = SubjectResult(subject=subject.id, subject_type=kind, errors=tuple(error.diagnostics))
        return found

    return settled
