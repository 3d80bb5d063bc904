"""Composite measures from content: the components are found, evaluated over the same subjects, and combined.

Always holds: a component is found in the content by its canonical; every component is evaluated for the same period and
subjects, in one pass, with all results kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from cqlmeasure.api.engine import Engine, Logic
from cqlmeasure.api.explaining import Explaining
from cqlmeasure.api.measures import CompiledMeasure
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.runs import Readable, Settings, Task
from cqlmeasure.content import MeasureEntry
from cqlmeasure.errors import Diagnostic, UsageError
from cqlmeasure.measure import MeasureResult as Result
from cqlmeasure.measure import ReportOptions, Scoring, component_measures, compose


class CompositeMeasure(CompiledMeasure):
    """A composite measure with its components, translated and compiled."""

    def __init__(
        self, entry: MeasureEntry, engine: Engine, timezone: str, component: Callable[[str], CompiledMeasure]
    ) -> None:
        super().__init__(entry, engine, timezone)
        own = any(group.scoring is not Scoring.COMPOSITE for group in self.definition.groups)
        self.components: tuple[CompiledMeasure, ...] = (
            *map(component, component_measures(self.definition)),
            # Groups of its own are evaluated like those of any other measure.
            *([CompiledMeasure(entry, engine, timezone)] if own else []),
        )

    @property
    def logic(self) -> tuple[Logic, ...]:
        """That of the components."""
        return tuple(one for component in self.components for one in component.logic)

    def tasks(self, settings: Settings) -> list[Task]:
        """The components' own."""
        parts = [task for component in self.components for task in component.tasks(settings)]
        return [task._replace(whole=True) for task in parts]

    def finished(
        self, results: Sequence[Result], settings: Settings, data: Readable, report: ReportOptions
    ) -> MeasureResult:
        """The components' results, combined."""
        whole = compose(self.definition, results)
        return MeasureResult(whole, report, self.warnings, self.placed, Explaining(data, self._unexplained))

    @property
    def warnings(self) -> list[Diagnostic]:
        """What was doubtful about the libraries and value sets of the components."""
        return list(dict.fromkeys(found for component in self.components for found in component.warnings))

    def placed(self, found: Diagnostic) -> Diagnostic:
        """What went wrong in a component, with the file and line of its CQL."""
        for component in self.components:
            found = component.placed(found)
        return found

    def data_requirements(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """A ``UsageError``: what is needed is said by each component."""
        raise self._not_here("requirements of its own", "ask for those of its components")

    def evaluate_unfiltered(self, *arguments: Any, **options: Any) -> MeasureResult:
        """A ``UsageError``: a composite counts subjects."""
        raise self._not_here("criteria of its own", "evaluate its components")

    def _unexplained(self) -> NoReturn:
        raise self._not_here("criteria of its own", "explain one of its components")

    def _not_here(self, what: str, hint: str) -> UsageError:
        names = ", ".join(dict.fromkeys(component.name for component in self.components))
        return UsageError(
            f"measure {self.name} is a composite, which has no {what}", code="composite", hint=f"{hint}: {names}"
        )
