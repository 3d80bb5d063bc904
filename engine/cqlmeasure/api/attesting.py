"""Measures without a library: their scores are attested by the reporter, and nothing is computed.

Always holds: such a measure has no definitions; whoever asks for one gets a ``UsageError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cqlmeasure.errors import UsageError
from cqlmeasure.typesys import DataType


class NoLibrary:
    """An evaluator, and the evaluation of any subject, in which nothing is defined."""

    evaluated: Sequence[Any] = ()

    def subject(self, data: Any, /) -> NoLibrary:
        """The evaluation of a subject: there is none."""
        return self

    def definition_type(self, name: str, /) -> DataType | None:
        """No definition, no type."""
        return None

    def function_signatures(self, name: str, /) -> list[tuple[DataType, ...]]:
        """There are no functions."""
        return []

    def value(self, name: str, /) -> Any:
        """Nothing has a value."""
        raise UsageError(f"there is no definition {name!r}, because the measure has no library", code="no-library")

    def call(self, name: str, /, *arguments: Any) -> Any:
        """Nothing can be called."""
        return self.value(name)

    def messages(self) -> list[Any]:
        """Nothing is said."""
        return []
