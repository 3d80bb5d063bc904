"""Several measures over the same subjects in one pass, composites with their components among them.

Always holds: a subject is read and indexed once, whatever number of measures looks at it; a measure that several ask
for (callers, composites) is evaluated once; the results are those of evaluating each measure alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from cqlmeasure.measure.evaluate import evaluate_subject
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.plan import MeasurePlan
from cqlmeasure.measure.ports import Evaluator, Subject
from cqlmeasure.measure.results import MeasureResult, SubjectResult

S = TypeVar("S", bound=Subject)

_Key = tuple[int, int]
_NONE: frozenset[int] = frozenset()

Settled = Mapping[int, SubjectResult | None]
"""What is known of a subject without evaluating: its result in a task, by number; ``None``: it is no subject of it."""
_UNSETTLED: Settled = {}
#: Orders of tasks that are remembered.
_ORDERS = 1000


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
    settled: Callable[[S], Settled] | None = None,
) -> tuple[MeasureResult, ...]:
    """The result of each task, in their order; the options are those of ``evaluate``."""
    results = tuple(
        MeasureResult(task.plan.definition, task.period, keep=keep, warnings=task.plan.definition.warnings)
        for task in tasks
    )
    orders = {_NONE: _in_order(tasks)}
    # Nearly always every task is for itself.
    apart = len(orders[_NONE]) == len(tasks) and not any(task.components for task in tasks)
    pairs = list(zip(tasks, results, strict=True))
    for subject in subjects:
        known = settled(subject) if settled is not None else _UNSETTLED
        if apart and not known:
            for task, result in pairs:
                result.add(
                    evaluate_subject(task.plan, task.evaluator, subject, supplemental=supplemental, evidence=evidence)
                )
            continue
        rest = frozenset(known) if known else _NONE
        if rest not in orders:
            if len(orders) > _ORDERS:
                orders = {_NONE: orders[_NONE]}
            orders[rest] = _in_order([task for number, task in enumerate(tasks) if number not in rest])
        found: dict[_Key, SubjectResult] = {}
        for task in orders[rest]:
            found[_key(task)] = evaluate_subject(
                task.plan,
                task.evaluator,
                subject,
                supplemental=supplemental,
                evidence=evidence,
                components=[(one.plan.definition, found[_key(one)]) for one in task.components],
            )
        for number, (task, result) in enumerate(pairs):
            one = known[number] if number in known else found[_key(task)]
            if one is not None:
                result.add(one)
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
