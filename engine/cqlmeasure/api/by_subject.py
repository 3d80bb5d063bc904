"""Reports and the data that they refer to as Bundles, one for each subject.

Always holds: a subject's Bundle has its reports of all measures, and each version of a resource once; data that no
report refers to are not in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.sources import subjects
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import UsageError
from cqlmeasure.measure import subject_bundle

KINDS = ("individual", "data-collection")


def subject_bundles(
    results: Sequence[MeasureResult],
    data: str | os.PathLike[str] | Iterable[SubjectData],
    kind: str = "individual",
    *,
    base: str | None = None,
) -> Iterator[dict[str, Any]]:
    """A Bundle for each subject that the results have, in the order of the data, which are read again.

    ``data``: those that were evaluated.  ``kind``: of which type the reports are, ``"individual"`` or
    ``"data-collection"`` (these are left out where the measure failed).  ``base``: the url of the server that the
    resources are on, for full urls.  ``UsageError`` for data that cannot be read twice.
    """
    if kind not in KINDS:
        raise UsageError(f"there are no Bundles of {kind} reports", code="bundles", hint=f"take {' or '.join(KINDS)}")
    if isinstance(data, Iterator):
        raise UsageError("the data cannot be read again", code="data-read", hint="give a path or a list")
    if any(one.subject_count and not one.subjects for one in results):
        raise UsageError("the results of the subjects were not kept", code="bundles", hint="evaluate with keep")
    told = [(one, frozenset(one.subjects), frozenset(one.failed_subjects)) for one in results]
    return _bundles(told, data, kind, base)


def _bundles(
    results: Sequence[tuple[MeasureResult, frozenset[str], frozenset[str]]],
    data: str | os.PathLike[str] | Iterable[SubjectData],
    kind: str,
    base: str | None,
) -> Iterator[dict[str, Any]]:
    types = {one.definition.subject_type for one, _, _ in results} or {"Patient"}
    read = subjects(data, kind=min(types)) if isinstance(data, str | os.PathLike) else data
    for subject in read:
        reports = [
            one.individual(subject.id) if kind == "individual" else one.data_collection(subject.id)
            for one, known, failed in results
            if subject.id in known and (kind == "individual" or subject.id not in failed)
        ]
        if reports:
            yield subject_bundle(subject.id, reports, subject.resources, base=base)
