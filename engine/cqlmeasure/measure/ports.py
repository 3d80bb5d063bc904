"""What this room needs from the evaluation of CQL, so that it can be tested without any.

The evaluator of the evaluation room has these methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from cqlmeasure.typesys import DataType


class Subject(Protocol):
    """One subject's data; only its id is looked at here."""

    @property
    def id(self) -> str:
        """The logical id, empty when the data give none."""
        ...


S_contra = TypeVar("S_contra", contravariant=True)


class SubjectEvaluation(Protocol):
    """The results of named expressions for one subject."""

    def value(self, name: str, /) -> Any:
        """The value of an expression definition of the primary library."""
        ...

    def call(self, name: str, /, *arguments: Any) -> Any:
        """The result of a function of the primary library."""
        ...

    def messages(self) -> Sequence[Any]:
        """What ``Message`` said so far."""
        ...

    @property
    def evaluated(self) -> Sequence[Any]:
        """The resources that retrieves have returned so far."""
        ...


class Evaluator(Protocol[S_contra]):
    """A primary library with its parameters, prepared once for all subjects."""

    def subject(self, data: S_contra, /) -> SubjectEvaluation:
        """Starts the evaluation of one subject."""
        ...

    def definition_type(self, name: str, /) -> DataType | None:
        """The static type of an expression definition, ``None`` if there is none of that name."""
        ...

    def function_signatures(self, name: str, /) -> Sequence[tuple[DataType, ...]]:
        """The operand types of the functions of that name."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The names of all definitions and functions of the primary library."""
        ...
