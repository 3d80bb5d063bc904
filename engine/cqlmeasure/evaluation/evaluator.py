"""Evaluating the definitions of a program for one subject after another.

Always holds: an evaluator is prepared once and shared by all its subjects; definitions of one subject are evaluated at
most once; whatever goes wrong in one leaves as an ``EvaluationError`` with the place in the CQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any

from cqlmeasure.compiler.program import Program
from cqlmeasure.errors import Diagnostic, EvaluationError, Severity, Span, TerminologyError
from cqlmeasure.runtime.code_index import CodeIndexes
from cqlmeasure.runtime.context import UNSET, Environment, Memo, memo_of
from cqlmeasure.runtime.external import Functions
from cqlmeasure.runtime.messages import Message
from cqlmeasure.runtime.subject import Resource, Subject
from cqlmeasure.runtime.temporal import DateTime
from cqlmeasure.runtime.values import CodeSystem, CqlError, ValueSet
from cqlmeasure.typesys import DataType

ResolveValueSet = Callable[[str, str | None], ValueSet]
ResolveCodeSystem = Callable[[str, str | None], CodeSystem]


def identity_only(url: str, version: str | None = None) -> CodeSystem:
    """A code system of which only the identity is known: enough for codes, and for membership by system."""
    return CodeSystem(url, version)


class Evaluator:
    """A primary library with its parameters, ready for subjects."""

    __slots__ = ("_functions", "_namespace", "_slots", "environment", "program")

    def __init__(self, program: Program, environment: Environment, code: CodeType | None = None) -> None:
        self.program = program
        self.environment = environment
        try:
            self._namespace = program.load(environment, code)
        except Exception as error:
            raise _located(program, error, None, {}) from error
        self._slots = program.slots
        self._functions: dict[str, tuple[Callable[[Memo], Any], int]] = {
            name: (self._namespace[entry.function], entry.slot) for name, entry in program.expressions.items()
        }

    def subject(self, data: Subject) -> SubjectEvaluation:
        """The evaluation of one subject."""
        return SubjectEvaluation(self, data)

    def definition_type(self, name: str) -> DataType | None:
        """The static type of an expression definition of the primary library; ``None`` if there is no such definition
        (or, in libraries that were translated elsewhere, if its type is not known).
        """
        entry = self.program.expressions.get(name)
        return entry.type if entry is not None else None

    def has_definition(self, name: str) -> bool:
        """Whether the primary library has an expression definition of that name."""
        return name in self.program.expressions

    def function_signatures(self, name: str) -> list[tuple[DataType, ...]]:
        """The operand types of the functions of a name in the primary library."""
        return [tuple(entry.operands) for entry in self.program.functions.get(name, ())]

    @property
    def names(self) -> list[str]:
        """The names of all definitions and functions of the primary library."""
        return [*self.program.expressions, *self.program.functions]

    @property
    def definitions(self) -> list[str]:
        """The names of the expression definitions of the primary library."""
        return list(self.program.expressions)


class SubjectEvaluation:
    """One subject's values; a value that was asked for is kept."""

    __slots__ = ("_evaluator", "_memo")

    def __init__(self, evaluator: Evaluator, subject: Subject) -> None:
        self._evaluator = evaluator
        self._memo = memo_of(subject, evaluator._slots)

    def value(self, name: str) -> Any:
        """The value of an expression definition.  Raises ``EvaluationError``."""
        found = self._evaluator._functions.get(name)
        if found is None:
            library = self._evaluator.program.name
            raise EvaluationError(f'library {library} has no definition "{name}"', code="unknown-definition")
        function, slot = found
        value = self._memo[slot]
        if value is not UNSET:
            return value
        try:
            return function(self._memo)
        except Exception as error:
            raise _located(self._evaluator.program, error, name, self._evaluator._namespace["FAILED"]) from error

    def call(self, name: str, *arguments: Any) -> Any:
        """The value of a function of the primary library.  Raises ``EvaluationError``."""
        program = self._evaluator.program
        fitting = [entry for entry in program.functions.get(name, ()) if len(entry.operands) == len(arguments)]
        if not fitting:
            raise EvaluationError(
                f'library {program.name} has no function "{name}" with {len(arguments)} operands',
                code="unknown-function",
            )
        entry = fitting[0]
        if len(fitting) > 1:
            entry = next((one for one in fitting if _accepts(one.operands, arguments)), entry)
        try:
            return self._evaluator._namespace[entry.function](self._memo, *arguments)
        except Exception as error:
            raise _located(program, error, name, self._evaluator._namespace["FAILED"]) from error

    def messages(self) -> list[Message]:
        """The messages of the definitions evaluated so far, in order."""
        return list(self._memo[0].messages)

    @property
    def evaluated(self) -> list[Resource]:
        """The resources that the retrieves evaluated so far have returned, each once."""
        found = {id(resource): resource for resources in self._memo[0].retrieved for resource in resources}
        return list(found.values())


def _accepts(operands: Sequence[Any], arguments: Sequence[Any]) -> bool:
    """Whether resources among the arguments are of the operands' types; other operands accept anything."""
    for operand, argument in zip(operands, arguments, strict=True):
        kind = argument.get("resourceType") if isinstance(argument, dict) else None
        if kind is not None and getattr(operand, "name", kind) != kind:
            return False
    return True


def _located(
    program: Program, error: Exception, definition: str | None, failed: Mapping[str, Exception]
) -> EvaluationError:
    """The error of a user's kind: with library, definition and place.

    ``failed`` are the errors of constants: a name that is not defined because of one stands for it.
    """
    if isinstance(error, EvaluationError):
        return error
    place = program.place_of(error.__traceback__)
    while isinstance(error, NameError) and error.name is not None and error.name in failed:
        error = failed[error.name]
        own = program.place_of(error.__traceback__)
        if own is not None and (place is None or (own.library, own.definition) == (place.library, place.definition)):
            place = own
    span = None
    if place is not None and place.locator:
        try:
            span = Span.from_locator(place.locator)
        except ValueError:
            span = None
    if isinstance(error, CqlError):
        message, code, hint = str(error), "runtime-error", None
    elif isinstance(error, RecursionError):
        message, code, hint = "the expression is nested too deeply", "too-deep", None
    else:
        message = f"the value has an unexpected form ({type(error).__name__}: {error})"
        code, hint = "unexpected-value", "look at the data of this subject; if they are right, report this"
    return EvaluationError(
        message,
        code=code,
        library=place.library if place else program.name,
        definition=place.definition if place else definition,
        span=span,
        hint=hint,
    )


def environment(
    program: Program,
    *,
    now: DateTime,
    parameters: Mapping[Any, Any],
    value_set: ResolveValueSet,
    code_system: ResolveCodeSystem = identity_only,
    functions: Functions | None = None,
    indexes: CodeIndexes | None = None,
) -> Environment:
    """The environment of a program: the value sets that it refers to are resolved here, and no others.

    ``indexes``: those of all programs that are evaluated for the same subjects, which then look codes up together.

    Raises one ``TerminologyError`` that names every value set that could not be resolved.
    """
    resolved: dict[tuple[str, str | None], ValueSet] = {}
    failures: list[Diagnostic] = []
    for url, version, name in program.value_sets:
        try:
            resolved[url, version] = value_set(url, version)
        except TerminologyError as error:
            failures.extend(error.diagnostics)
        except LookupError:
            failures.append(
                Diagnostic(
                    code="missing-value-set",
                    severity=Severity.ERROR,
                    message=f'value set "{name}" ({url}) was not found',
                    library=program.name,
                )
            )
    if failures:
        raise TerminologyError(diagnostics=failures)

    def resolve(url: str, version: str | None) -> ValueSet:
        return resolved[url, version]

    return Environment(now, parameters, resolve, code_system, functions=functions, indexes=indexes)
