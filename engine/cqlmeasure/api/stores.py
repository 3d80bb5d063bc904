"""Stores of subjects' data: made and added to by ``load``, read by ``store``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from cqlmeasure.data import Store, open_data
from cqlmeasure.data.store import loading
from cqlmeasure.errors import UsageError


def store(path: str | os.PathLike[str]) -> Store:
    """The subjects of a store that ``load`` made; ``DataError`` if there is none, or one of another version."""
    return Store(path)


def load(
    *paths: str | os.PathLike[str],
    store: str | os.PathLike[str],
    delete: Iterable[str] = (),
    on_subject: Callable[[], object] | None = None,
    jobs: int = 1,
) -> loading.Loaded:
    """Add what lies at the paths (as ``subjects`` reads it) to a store, which is made if it is not there.

    Gives how many subjects are new, changed and removed.  ``delete``: references (``Observation/1``) of what goes
    before; a Patient goes with all that is the patient's.  ``on_subject``: called after each subject.  ``jobs``: in so
    many processes; the store is the same, whatever their number.  ``DataError`` for data that cannot be read,
    ``UsageError`` for what is no reference.  A load that fails leaves the store as it was.
    """
    if jobs < 1:
        raise UsageError("at least one process has to work", code="jobs", hint="jobs=1, or more")
    sources = {str(path): open_data(path) for path in paths}
    if jobs == 1 or not sources:
        return loading.load(sources, store, delete=delete, on_subject=on_subject)
    # Imported here because one process needs none of it.
    from cqlmeasure.api.parallel import pool

    with pool(jobs) as workers:
        return loading.load(sources, store, delete=delete, on_subject=on_subject, each=workers.survey)
