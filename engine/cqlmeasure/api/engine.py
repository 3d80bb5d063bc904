"""From the library that a measure names to an evaluator: translate, compile, resolve terminology, load.

Always holds: a library is prepared once per engine; all value sets that its code refers to are resolved before the
first subject is evaluated, and those that cannot be are named together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import orjson

from cqlmeasure.api.libraries import Libraries
from cqlmeasure.api.parameters import Declared, Parameters, parameter_values
from cqlmeasure.api.periods import NowLike, evaluation_time
from cqlmeasure.api.planning import Reading, ReadingPlan, from_bytes, members_of, selection, to_bytes
from cqlmeasure.compiler.program import Program
from cqlmeasure.content import Content
from cqlmeasure.data import Selection
from cqlmeasure.errors import Diagnostic, TerminologyError
from cqlmeasure.evaluation import Evaluator, LibraryText, Prepared, Store, environment, prepare
from cqlmeasure.measure import MeasureDefinition
from cqlmeasure.runtime import Interval
from cqlmeasure.runtime.code_index import CodeIndexes
from cqlmeasure.runtime.conversion import to_date
from cqlmeasure.runtime.external import Functions
from cqlmeasure.runtime.interval import interval as make_interval
from cqlmeasure.runtime.values import CodeSystem
from cqlmeasure.terminology import MemoryLookup, Terminology
from cqlmeasure.typesys import DATE, IntervalType

if TYPE_CHECKING:
    from cqlmeasure.explain import Explainer, Plan


READING = "reading"
#: Of so many passes the indexes of codes, and what is read, are kept.
_PASSES = 4
#: Plans of another form are not taken.
_FORM = 2


class Engine:
    """The libraries and the terminology of a content, and what has been made of them so far."""

    def __init__(
        self,
        content: Content | None = None,
        *,
        any_version: bool = False,
        prefer_elm: bool = False,
        lenient_terminology: bool = False,
        functions: Functions | None = None,
    ) -> None:
        self.functions = functions
        self.libraries = Libraries(content)
        self.any_version = any_version
        self.prefer_elm = prefer_elm
        lookup = content if content is not None else MemoryLookup(())
        self.terminology = Terminology(lookup, lenient=lenient_terminology)
        self.members = members_of(self.terminology)
        self.store = Store()
        self._known: dict[str, PreparedLibrary] = {}
        self._indexes: dict[Hashable, CodeIndexes] = {}
        self._selections: dict[Hashable, tuple[Sequence[Reading], Selection | None]] = {}

    @property
    def warnings(self) -> list[Diagnostic]:
        """What was doubtful about model infos and value sets."""
        return [*self.libraries.warnings, *self.terminology.warnings]

    def library(self, reference: str) -> PreparedLibrary:
        """The library of a canonical url or a name, with all that it includes."""
        if reference not in self._known:
            self._known[reference] = self.text(self.libraries.primary(reference))
        return self._known[reference]

    def indexes(self, together: Hashable) -> CodeIndexes:
        """The indexes of codes of libraries that are evaluated in one pass; those of the last passes are kept."""
        if together not in self._indexes:
            if len(self._indexes) >= _PASSES:
                self._indexes.pop(next(iter(self._indexes)))
            self._indexes[together] = CodeIndexes()
        return self._indexes[together]

    def selection(self, readings: Sequence[Reading], *, evidence: bool, ruling_out: bool) -> Selection | None:
        """What tasks read together, as ``planning.selection`` has it; the same object while nothing has changed."""
        key = (*(id(one.plan) for one in readings), evidence, ruling_out)
        if key not in self._selections:
            if len(self._selections) >= _PASSES:
                self._selections.pop(next(iter(self._selections)))
            # The plans stay referred to, so that no others have their identities.
            self._selections[key] = readings, selection(readings, evidence=evidence, ruling_out=ruling_out)
        return self._selections[key][1]

    def text(self, source: LibraryText) -> PreparedLibrary:
        """A library that need not be in the content, with all that it includes."""
        prepared = prepare(
            source,
            self.libraries,
            store=self.store,
            models=self.libraries.model,
            models_key=self.libraries.models_key,
            any_version=self.any_version,
            prefer_elm=self.prefer_elm,
        )
        return PreparedLibrary(source, prepared, self)


class PreparedLibrary:
    """A compiled library, ready to be given parameters."""

    def __init__(self, source: LibraryText, prepared: Prepared, engine: Engine) -> None:
        self.source = source
        self._prepared = prepared
        self._engine = engine
        self._reasons: dict[tuple[str, ...], Plan] = {}
        self._readings: dict[bytes, ReadingPlan | None] = {}

    @cached_property
    def elm(self) -> dict[str, Any]:
        """The ELM of the library as JSON."""
        # The translator is loaded where ELM is wanted; evaluating from a warm cache does without it.
        from cqlmeasure.api.translation import elm_of

        engine = self._engine
        return elm_of(self.source, engine.libraries, any_version=engine.any_version, prefer_elm=engine.prefer_elm)[0]

    def with_text(self, source: LibraryText) -> PreparedLibrary:
        """Another text of this library."""
        return self._engine.text(source)

    @property
    def warnings(self) -> list[Diagnostic]:
        """What was doubtful about the text of the library and its includes."""
        return list(self._prepared.diagnostics)

    @property
    def parameters(self) -> tuple[Declared, ...]:
        """The parameters that the library and its includes use: library, name, type."""
        return self._prepared.program.parameters

    @property
    def program(self) -> Program:
        """The generated Python."""
        return self._prepared.program

    def evaluator(
        self,
        parameters: Mapping[str, Any],
        timezone: str,
        *,
        given: Parameters | None = None,
        now: NowLike | None = None,
        derived: Program | None = None,
        indexes: CodeIndexes | None = None,
    ) -> Evaluator:
        """An evaluator for these parameters; "now" is fixed here, in the time zone of the caller.

        ``parameters`` are run-time values; those in ``given`` come from callers, and are checked.  ``derived``: a
        program that has been made of this library and is evaluated in its place.  ``indexes``: those of all libraries
        that are evaluated in the same pass.
        """
        moment = evaluation_time(timezone, now)
        program = derived or self._prepared.program
        terminology = self._engine.terminology
        terminology.check(program.value_sets)
        fixed: dict[Any, Any] = dict(parameters)
        for _, name, kind in program.parameters:
            if kind == IntervalType(DATE) and isinstance(fixed.get(name), Interval):
                fixed[name] = _dates(fixed[name])
        if given:
            fixed.update(parameter_values(self._engine, program.parameters, given, timezone, moment))
        shared = environment(
            program,
            now=moment,
            parameters=fixed,
            value_set=terminology.value_set,
            code_system=self._code_system,
            functions=self._engine.functions,
            indexes=indexes,
        )
        return Evaluator(program, shared, self._prepared.code if derived is None else None)

    def explainer(self, definition: MeasureDefinition, evaluator: Callable[[Program], Evaluator]) -> Explainer:
        """An explainer of a measure that has this library as its primary one."""
        # The translator and the compiler are loaded for those only who ask for reasons.
        from cqlmeasure.api.translation import library_set
        from cqlmeasure.explain import Explainer, Plan, criteria

        names = criteria(definition)
        if names not in self._reasons:
            engine = self._engine
            primary, libraries = library_set(
                self.source, engine.libraries, any_version=engine.any_version, prefer_elm=engine.prefer_elm
            )
            self._reasons[names] = Plan(names, primary, libraries, self._lines)
        plan = self._reasons[names]
        return Explainer(definition, plan, evaluator(plan.program))

    def reading_plan(
        self, measure: Mapping[str, Any], parameters: Mapping[str, tuple[str, str]], offset: str
    ) -> ReadingPlan | None:
        """What evaluating a Measure with this library reads; ``None`` if any resource may matter."""
        engine, program = self._engine, self._prepared.program
        asked = orjson.dumps([_FORM, measure.get("group"), measure.get("supplementalData"), parameters, offset])
        if asked in self._readings:
            return self._readings[asked]
        key = engine.store.key(READING, program.name, program.source, asked)
        known, plan = from_bytes(engine.store.read(READING, key))
        if not known:
            # The inferencer is loaded where there is no plan yet.
            from cqlmeasure.api.reading_plans import reading_plan

            plan = reading_plan(
                measure,
                self.source,
                engine.libraries,
                parameters=parameters,
                offset=offset,
                any_version=engine.any_version,
                prefer_elm=engine.prefer_elm,
            )
            engine.store.write(READING, key, to_bytes(plan))
        self._readings[asked] = plan
        return plan

    def _code_system(self, url: str, version: str | None) -> CodeSystem:
        """The code system with its codes; where the content has it not, or not whole, only its identity."""
        try:
            return self._engine.terminology.code_system(url, version)
        except TerminologyError:
            return CodeSystem(url, version)

    def placed(self, found: Diagnostic) -> Diagnostic:
        """What went wrong while the library ran, with the file and line of its CQL."""
        key = found.library or ""
        if found.file is not None or key not in self._prepared.files:
            return found
        name = key.partition("|")[0]
        lines = self._lines.get(key, [])
        line = lines[found.span.line - 1] if found.span is not None and found.span.line <= len(lines) else None
        return msgspec.structs.replace(
            found,
            library=name,
            file=self._prepared.files[key],
            source_line=line,
            message=found.message.replace(f"{key}.", f"{name}."),
        )

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        """The CQL of the library and its includes, by ``name|version``."""
        found = {}
        for key in self._prepared.files:
            name, _, version = key.partition("|")
            own = (name, version or None) == (self.source.name, self.source.version)
            source = self.source if own else self._engine.libraries.find(name, version or None)
            found[key] = (source.cql or "").splitlines() if source is not None else []
        return found


class Logic(NamedTuple):
    """A Measure and the library of its criteria."""

    resource: Mapping[str, Any]
    library: PreparedLibrary
    engine: Engine


def _dates(interval: Interval) -> Interval:
    return make_interval(to_date(interval.low), to_date(interval.high), interval.low_closed, interval.high_closed)
