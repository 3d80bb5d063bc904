"""Several measures over the same subjects in one pass, composites with their components among them.

Always holds: a subject is read and indexed once, whatever number of measures looks at it; a measure that several ask
for (callers, composites) is evaluated once; the results are those of evaluating each measure alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from cqlmeasure.measure.evaluate import evaluate_subject, nobody
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.plan import MeasurePlan
from cqlmeasure.measure.ports import Evaluator, Subject
from cqlmeasure.measure.results import MeasureResult, SubjectResult

S = TypeVar("S", bound=Subject)

_Key = tuple[int, int]
_NONE: frozenset[int] = frozenset()


class Task(msgspec.Struct, Generic[S], frozen=True):
    """One measure for one period; ``components`` are the tasks of the measures that a composite combines."""

    plan: MeasurePlan
    evaluator: Evaluator[S]
    period: Period
    components: tuple[Task[S], ...] = ()


def evaluate_together(
    tasks: Sequence[Task[S]],
    subjects: Iterable[S],
    *,
    supplemental: bool = True,
    evidence: bool = False,
    keep: bool = True,
    ruled_out: Callable[[S], frozenset[int]] | None = None,
) -> tuple[MeasureResult, ...]:
    """The result of each task, in their order; the options are those of ``evaluate``.

    ``ruled_out``: the numbers of the tasks in which a subject is known to be in no population; it is not evaluated.
    """
    results = tuple(
        MeasureResult(task.plan.definition, task.period, keep=keep, warnings=task.plan.definition.warnings)
        for task in tasks
    )
    orders = {_NONE: _in_order(tasks)}
    nobodies: dict[int, SubjectResult] = {}
    for subject in subjects:
        out = ruled_out(subject) if ruled_out is not None else _NONE
        if out not in orders:
            orders[out] = _in_order([task for number, task in enumerate(tasks) if number not in out])
            nobodies.update((number, nobody(tasks[number].plan)) for number in out - nobodies.keys())
        found: dict[_Key, SubjectResult] = {}
        for task in orders[out]:
            found[_key(task)] = evaluate_subject(
                task.plan,
                task.evaluator,
                subject,
                supplemental=supplemental,
                evidence=evidence,
                components=[(one.plan.definition, found[_key(one)]) for one in task.components],
            )
        for number, (task, result) in enumerate(zip(tasks, results, strict=True)):
            result.add(nobodies[number] if number in out else found[_key(task)])
    return results


def _in_order(tasks: Sequence[Task[Any]]) -> list[Task[Any]]:
    """Each task once, after its components."""
    order: dict[_Key, Task[Any]] = {}

    def settle(task: Task[Any]) -> None:
        if _key(task) not in order:
            for component in task.components:
                settle(component)
            order[_key(task)] = task

    for task in tasks:
        settle(task)
    return list(order.values())


def _key(task: Task[Any]) -> _Key:
    """The same for tasks that give the same: one plan, one evaluator."""
    return id(task.plan), id(task.evaluator)
