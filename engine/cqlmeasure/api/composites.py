"""Composite measures from content: the components are found, evaluated over the same subjects, and combined.

Always holds: a component is found in the content by its canonical; every component is evaluated for the same period and
subjects, in one pass, and once, however many composites it is a component of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from cqlmeasure.api.engine import Engine, Logic
from cqlmeasure.api.explaining import Explaining
from cqlmeasure.api.measures import CompiledMeasure
from cqlmeasure.api.parallel import Opened
from cqlmeasure.api.planning import Reading, together
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.runs import Readable, Settings
from cqlmeasure.content import MeasureEntry
from cqlmeasure.errors import Diagnostic, UsageError
from cqlmeasure.measure import MeasurePlan, ReportOptions, Task, component_measures, prepare
from cqlmeasure.measure import MeasureResult as Result


class CompositeMeasure(CompiledMeasure):
    """A composite measure with its components, translated and compiled.

    Its own library, if it has one, is for what it asks of the subjects itself: stratifiers, supplemental data, and
    groups that are no composites.
    """

    def __init__(
        self,
        entry: MeasureEntry,
        engine: Engine,
        timezone: str,
        opened: Opened,
        component: Callable[[str], CompiledMeasure],
    ) -> None:
        super().__init__(entry, engine, timezone, opened)
        self.components: tuple[CompiledMeasure, ...] = tuple(map(component, component_measures(self.definition)))

    @property
    def fingerprint(self) -> str:
        """A text that changes when the Measure, a library or a component does."""
        return " ".join((super().fingerprint, *(component.fingerprint for component in self.components)))

    @property
    def logic(self) -> tuple[Logic, ...]:
        """Its own and that of its components."""
        return (*super().logic, *(one for component in self.components for one in component.logic))

    def task(self, settings: Settings) -> Task[Any]:
        """Its own, which comes after those of its components.

        Whose a subject is must be the same for all components, so the composite says it.
        """
        plan, evaluator = self._prepare(settings)
        return Task(plan, evaluator, settings.period, self._tasks(settings))

    def reading(self, settings: Settings) -> Reading:
        """What the composite and its components read.  Who cannot count in one may count in another."""
        own = [super().reading(settings)] if self._prepared is not None else []
        return together([*own, *(component.reading(settings) for component in self.components)])

    def finished(self, result: Result, settings: Settings, data: Readable, report: ReportOptions) -> MeasureResult:
        """The result of the composite."""
        return MeasureResult(result, report, self.warnings, self.placed, Explaining(data, self._unexplained))

    @property
    def warnings(self) -> list[Diagnostic]:
        """What was doubtful about the libraries and value sets of the composite and its components."""
        own = super().warnings
        return list(dict.fromkeys([*own, *(found for component in self.components for found in component.warnings)]))

    def placed(self, found: Diagnostic) -> Diagnostic:
        """What went wrong in the composite or a component, with the file and line of its CQL."""
        found = super().placed(found)
        for component in self.components:
            found = component.placed(found)
        return found

    def evaluate_unfiltered(self, *arguments: Any, **options: Any) -> MeasureResult:
        """A ``UsageError``: a composite counts subjects."""
        raise self._not_here("which has no criteria of its own", "evaluate its components")

    def _plan(self, evaluator: Any, settings: Settings) -> MeasurePlan:
        components = [task.plan.definition for task in self._tasks(settings)]
        return prepare(self.definition, evaluator, self._engine.terminology.value_set, components)

    def _tasks(self, settings: Settings) -> tuple[Task[Any], ...]:
        """Those of the components, each of which keeps what it has prepared."""
        return tuple(component.task(settings) for component in self.components)

    def _unexplained(self) -> NoReturn:
        raise self._not_here("which has no criteria of its own", "explain one of its components")

    def _not_here(self, said: str, hint: str) -> UsageError:
        names = ", ".join(dict.fromkeys(component.name for component in self.components))
        return UsageError(f"measure {self.name} is a composite, {said}", code="composite", hint=f"{hint}: {names}")
