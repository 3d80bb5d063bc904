"""From a measure and its libraries to explanations of subjects.

Always holds: an explainer is prepared once for a measure and its parameters; of several conditions that decide a value,
the first in the text is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cqlmeasure.compiler.compile import compile_library, scopes
from cqlmeasure.elm import Library, deep_recursion
from cqlmeasure.errors import EvaluationError
from cqlmeasure.evaluation import Evaluator, SubjectEvaluation
from cqlmeasure.explain.misses import query_notes, retrieve_notes
from cqlmeasure.explain.plan import Planner
from cqlmeasure.explain.result import DefinitionValue, Explanation, PopulationReason, Reason, references, shown
from cqlmeasure.explain.steps import Kind, Step
from cqlmeasure.explain.trees import Texts, line_of
from cqlmeasure.measure import Group, MeasureDefinition, PopulationType, SubjectResult
from cqlmeasure.runtime.subject import Subject

_DEEPEST = 40


class _Failed:
    """Stands for the value of an expression that failed."""

    def __init__(self, message: str) -> None:
        self.message = message


class Plan:
    """The steps of definitions, and the program of the derived libraries; it serves all parameters and subjects."""

    def __init__(
        self,
        names: Iterable[str],
        primary: Library,
        libraries: Mapping[str, Library],
        texts: Mapping[str, Sequence[str]],
    ) -> None:
        """``libraries`` are keyed ``name|version``, and so are ``texts``, the lines of their CQL."""
        known = scopes(primary, libraries)
        planner = Planner(
            {key: scope.library for key, scope in known.items()}, {key: scope.includes for key, scope in known.items()}
        )
        with deep_recursion():
            for name in names:
                planner.add(name)
            self.program = compile_library(*planner.libraries())
        self.planner = planner
        self.texts = Texts({key: tuple(lines) for key, lines in texts.items()})


def criteria(definition: MeasureDefinition) -> tuple[str, ...]:
    """The definitions that the populations of a measure name."""
    return tuple(population.criteria.name for group in definition.groups for population in group.populations)


class Explainer:
    """Explains subjects of one measure."""

    def __init__(self, definition: MeasureDefinition, plan: Plan, evaluator: Evaluator) -> None:
        """``definition`` has the names as the library spells them; ``evaluator`` is one of the plan's program."""
        self._definition = definition
        self._planner = plan.planner
        self._evaluator = evaluator
        self._texts = plan.texts
        self._primary = plan.program.name

    def explain(self, subject: Subject, result: SubjectResult | None = None) -> Explanation:
        """Why the subject is where it is; with ``result`` also how often it counts in each population."""
        run = _Run(self._evaluator.subject(subject), subject, self._planner, self._texts)
        populations = tuple(
            found
            for position, group in enumerate(self._definition.groups)
            for found in self._group(group, position, result, run)
        )
        definitions = tuple(run.definition(library, name, key) for (library, name), key in self._planner.values.items())
        name = self._definition.name
        return Explanation(subject=subject.id, measure=name, populations=populations, definitions=definitions)

    def _group(
        self, group: Group, position: int, result: SubjectResult | None, run: _Run
    ) -> Sequence[PopulationReason]:
        run.start()
        counts = result.groups[position].counts if result is not None and not result.failed else None
        found = []
        for index, population in enumerate(group.populations):
            step = self._planner.steps.get((self._primary, population.criteria.name))
            if step is None or population.type is PopulationType.MEASURE_OBSERVATION:
                continue
            count = counts[index] if counts is not None else None
            value = run.value(step.key)
            met = value is True or (isinstance(value, list) and bool(value))
            found.append(
                PopulationReason(
                    group=group.id or str(position + 1),
                    population=population.type.value
                    if len(group.positions(population.type)) == 1
                    else f"{population.type.value} ({population.id})",
                    id=population.id,
                    count=count,
                    reason=run.root(step, population.criteria.name),
                    outside=_outside(group, index, counts) if met and count == 0 and counts is not None else None,
                )
            )
        return found


_PARENT = {
    PopulationType.DENOMINATOR_EXCLUSION: PopulationType.DENOMINATOR,
    PopulationType.DENOMINATOR_EXCEPTION: PopulationType.DENOMINATOR,
    PopulationType.NUMERATOR_EXCLUSION: PopulationType.NUMERATOR,
    PopulationType.MEASURE_POPULATION_EXCLUSION: PopulationType.MEASURE_POPULATION,
}


def _outside(group: Group, index: int, counts: Sequence[int]) -> str:
    """Why a criterion that is met does not count: the population that it selects from does not hold the subject."""
    population = group.populations[index]
    parents = [population.initial, group.position(_PARENT.get(population.type, population.type))]
    if population.type is PopulationType.NUMERATOR:
        parents.append(group.position(PopulationType.DENOMINATOR))
    for parent in parents:
        if parent is not None and parent != index and not counts[parent]:
            return f"the criterion is met, but the {group.populations[parent].type.value} is not"
    for kind in (PopulationType.DENOMINATOR_EXCLUSION, PopulationType.NUMERATOR):
        other = group.position(kind)
        if other is not None and other != index and counts[other]:
            return f"the criterion is met, but so is the {kind.value}"
    return "the criterion is met, but for no member of the population that it selects from"


class _Run:
    """The explanation of one subject."""

    def __init__(self, evaluation: SubjectEvaluation, subject: Subject, planner: Planner, texts: Texts) -> None:
        self._evaluation = evaluation
        self._subject = subject
        self._planner = planner
        self._texts = texts
        self._explained: set[tuple[str, str]] = set()

    def start(self) -> None:
        """A new group begins: what other groups have told is told again."""
        self._explained.clear()

    def value(self, key: str) -> Any:
        """The value of a derived definition."""
        try:
            return self._evaluation.value(key)
        except EvaluationError as error:
            return _Failed(error.diagnostics[0].message)

    def definition(self, library: str, name: str, key: str) -> DefinitionValue:
        """What a definition gives, and what its retrieves returned."""
        value = self.value(key)
        used: dict[str, None] = dict.fromkeys(references(value))
        for retrieve in self._planner.retrieves[library, name]:
            used.update(dict.fromkeys(references(self.value(retrieve))))
        own = library.partition("|")[0]
        if isinstance(value, _Failed):
            return DefinitionValue(library=own, name=name, error=value.message, resources=tuple(used))
        return DefinitionValue(library=own, name=name, value=value, resources=tuple(used))

    def root(self, step: Step, name: str) -> Reason:
        """The reason of a definition's value."""
        seen = (step.library, name) in self._explained
        self._explained.add((step.library, name))
        value = self.value(step.key)
        because = () if seen else _below(step, self.reason(step, value, 1))
        return self._made(step, value, text=f'"{name}"', definition=name, because=because, notes=_above(seen))

    def reason(self, step: Step, value: Any, depth: int) -> Reason:
        """The reason of a step's value."""
        if depth > _DEEPEST or isinstance(value, _Failed):
            return self._made(step, value)
        if step.kind is Kind.REFERENCE:
            return self._reference(step, value, depth)
        if step.kind is Kind.RETRIEVE:
            notes = retrieve_notes(step.sought, self._subject, self._plain) if step.sought and not value else []
            return self._made(step, value, notes=tuple(notes))
        if step.kind is Kind.CONDITION:
            return self._condition(step, value, depth)
        if step.kind is Kind.QUERY and step.candidates is not None and _empty(value):
            rows = self._plain(step.candidates.key)
            notes = query_notes(step.candidates, step.library, rows, self._texts)
            if notes:
                related = [(part, self.value(part.key)) for part in step.candidates.related]
                because = tuple(self.reason(part, found, depth + 1) for part, found in related if _empty(found))
                return self._made(step, value, notes=tuple(notes), because=because)
        parts = [(part, self.value(part.key)) for part in step.parts]
        because = tuple(self.reason(part, found, depth + 1) for part, found in _deciding(step, value, parts))
        return self._made(step, value, because=because)

    def _reference(self, step: Step, value: Any, depth: int) -> Reason:
        target = self._planner.steps.get(step.definition) if step.definition is not None else None
        if target is None or step.definition is None:
            return self._made(step, value)
        seen = step.definition in self._explained
        self._explained.add(step.definition)
        because = () if seen else _below(target, self.reason(target, self.value(target.key), depth + 1))
        return self._made(step, value, definition=step.definition[1], because=because, notes=_above(seen))

    def _condition(self, step: Step, value: Any, depth: int) -> Reason:
        notes = []
        for node, key in step.operands:
            found = self.value(key)
            text = self._texts.of(step.library, node)
            if not isinstance(found, _Failed) and text != shown(found):
                notes.append(f"{text} is {shown(found)}")
        because = []
        for part in step.parts:
            found = self.value(part.key)
            # A plain value speaks for itself; what is empty or false is why the condition was not met.
            if isinstance(found, _Failed) or _empty(found) or found is False:
                because.append(self.reason(part, found, depth + 1))
            elif isinstance(found, list):
                because.append(self._made(part, found, definition=part.definition[1] if part.definition else None))
        return self._made(step, value, notes=tuple(dict.fromkeys(notes)), because=tuple(because))

    def _plain(self, key: str) -> Any:
        """A value, null if it fails: what only adds to a reason must not replace it."""
        found = self.value(key)
        return None if isinstance(found, _Failed) else found

    def _made(
        self,
        step: Step,
        value: Any,
        *,
        text: str | None = None,
        definition: str | None = None,
        notes: tuple[str, ...] = (),
        because: tuple[Reason, ...] = (),
    ) -> Reason:
        failed = isinstance(value, _Failed)
        resources = () if failed or not isinstance(value, list) else references(value)
        because = tuple({(one.text, one.value): one for one in map(_shortened, because[::-1])}.values())[::-1]
        if any(reason.resources == resources for reason in because):
            resources = ()  # said where they come from
        return Reason(
            text=text or self._texts.of(step.library, step.node),
            value="failed" if failed else shown(value),
            library=step.library.partition("|")[0],
            line=line_of(step.node),
            definition=definition,
            resources=resources,
            notes=(value.message, *notes) if failed else notes,
            because=because,
        )


def _above(seen: bool) -> tuple[str, ...]:
    return ("explained above",) if seen else ()


def _shortened(reason: Reason) -> Reason:
    """Of a chain of expressions that all have one value, the innermost: it says where the value comes from."""
    while reason.definition is None and not reason.notes and not reason.resources and len(reason.because) == 1:
        if reason.because[0].value != reason.value:
            break
        reason = reason.because[0]
    return reason


def _below(step: Step, reason: Reason) -> tuple[Reason, ...]:
    """What is below a definition: of ``and`` and ``or`` the conditions, as they would only repeat its value."""
    return reason.because if step.kind in (Kind.ALL, Kind.ANY) and reason.because else (reason,)


def _empty(value: Any) -> bool:
    return value is None or value == []


def _deciding(step: Step, value: Any, parts: list[tuple[Step, Any]]) -> list[tuple[Step, Any]]:
    """The parts that decided a value."""
    if step.kind is Kind.ALL and value is not True:
        return _first(parts, lambda found: found is value or isinstance(found, _Failed))
    if step.kind is Kind.ANY and value is True:
        return _first(parts, lambda found: found is True)
    if step.kind is Kind.LISTS and not _empty(value):
        return [(part, found) for part, found in parts if not _empty(found)]
    return parts


def _first(parts: list[tuple[Step, Any]], decides: Callable[[Any], bool]) -> list[tuple[Step, Any]]:
    return next(([(part, found)] for part, found in parts if decides(found)), parts)
