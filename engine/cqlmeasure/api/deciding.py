"""Measures whose criteria a source answers for a whole population, so that nobody need be evaluated.

Always holds: only where every criterion of every measure of a run has a formula are questions asked, and nothing but
the counts of populations is wanted; who has no answers is evaluated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cqlmeasure.data import Answers, Question
from cqlmeasure.errors import TerminologyError
from cqlmeasure.measure import BOOLEAN_BASIS, MeasurePlan, MeasureResult, Task, of_values
from cqlmeasure.runtime.formulas import Decisions, Retrieved
from cqlmeasure.runtime.subject import ANY_SYSTEM

if TYPE_CHECKING:
    from cqlmeasure.api.measures import CompiledMeasure
    from cqlmeasure.api.runs import Options, Settings

Systems = Callable[[str], Mapping[str, frozenset[str]]]
"""The codes of a value set by its canonical, each with its systems; ``TerminologyError`` if they are not known."""


class Decided(NamedTuple):
    """What is asked for all tasks of a run; of each its formulas, and the numbers of its questions among all."""

    questions: tuple[Question, ...]
    tasks: tuple[tuple[Decisions, tuple[int, ...]], ...]

    def add(self, tasks: Sequence[Task[Any]], results: Sequence[MeasureResult], found: Mapping[Answers, int]) -> None:
        """Adds the subjects that have answers to the results of the tasks."""
        for (decisions, numbers), task, result in zip(self.tasks, tasks, results, strict=True):
            counts: Counter[Answers] = Counter()
            for answers, count in found.items():
                counts[tuple(answers[number] for number in numbers)] += count
            for answers, count in counts.items():
                values = {name: formula.holds(answers) for name, formula in decisions.formulas.items()}
                result.add_equal(of_values(task.plan, values), count)


def decided(wanted: Sequence[tuple[CompiledMeasure, Settings]], options: Options) -> Decided | None:
    """What to ask so that nobody need be evaluated; ``None`` if something is wanted that no answers tell."""
    if options.keep or options.evidence or not options.plan:
        return None
    all_decisions = [measure.decisions(settings) for measure, settings in wanted]
    questions: dict[Question, int] = {}
    tasks: list[tuple[Decisions, tuple[int, ...]]] = []
    for (measure, settings), decisions in zip(wanted, all_decisions, strict=True):
        if decisions is None or settings.attribution is not None:
            return None
        try:
            found = [_question(one, measure.systems) for one in decisions.questions]
        except TerminologyError:
            return None
        asked = [one for one in found if one is not None]
        if len(asked) < len(found) or not _whole(measure.task(settings), decisions, options):
            return None
        tasks.append((decisions, tuple([questions.setdefault(one, len(questions)) for one in asked])))
    return Decided(tuple(questions), tuple(tasks))


def _whole(task: Task[Any], decisions: Decisions, options: Options) -> bool:
    """Whether the result of a task is told by the formulas of its criteria."""
    plan: MeasurePlan = task.plan
    if task.components or plan.composites or (options.supplemental and plan.definition.supplemental_data):
        return False
    return all(
        not group.observers
        and not group.stratifiers
        and group.check is None
        and all(step.basis == BOOLEAN_BASIS and step.expression in decisions.formulas for step in group.steps)
        for group in plan.groups
    )


def _question(one: Retrieved, systems: Systems) -> Question | None:
    """As sources are asked; ``None`` where it depends on codes of any system."""
    codes = None if one.codes is None else frozenset(one.codes)
    if one.value_set is not None:
        codes = frozenset((system, code) for code, all_ in systems(one.value_set).items() for system in all_)
    if codes is not None and any(system in ("", ANY_SYSTEM, None) for system, _ in codes):
        return None
    return Question(one.type, codes, one.profile, one.least)
