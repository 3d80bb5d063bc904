"""Reasons for the result of one subject, on request.

Always holds: nothing is prepared for explanations until one is asked for; the subject is read again from where it came
from, so that results need not keep the data of everybody.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from cqlmeasure.api.sources import subjects
from cqlmeasure.data import ById, SubjectData
from cqlmeasure.errors import UsageError
from cqlmeasure.measure import SubjectResult
from cqlmeasure.runtime.subject import Subject

if TYPE_CHECKING:
    from cqlmeasure.explain import Explainer, Explanation

Data = str | os.PathLike[str] | Iterable[SubjectData]


class Explaining:
    """Explains the subjects of a result."""

    def __init__(self, data: Data, make: Callable[[], Explainer], kind: str = "Patient") -> None:
        self._kind = kind
        self._data = data
        self._make = make
        self._explainer: Explainer | None = None

    def explain(self, result: SubjectResult, data: SubjectData | None) -> Explanation:
        """Why the subject is where it is; ``data`` are its resources, if they cannot be read again."""
        if self._explainer is None:
            self._explainer = self._make()
        one = data if data is not None else self._again(result.subject)
        return self._explainer.explain(Subject(one.id, one.resources), result)

    def _again(self, subject: str) -> SubjectData:
        if isinstance(self._data, Iterator):
            raise UsageError(
                f"the data of {subject} cannot be read again",
                code="data-read",
                hint="evaluate a path or a list, or give the data: result.explain(subject, data)",
            )
        source = subjects(self._data, kind=self._kind) if isinstance(self._data, str | os.PathLike) else self._data
        for one in source.only(subject) if isinstance(source, ById) else source:
            if one.id == subject:
                return one
        raise UsageError(f"the data have no subject {subject} any more", code="unknown-subject")
