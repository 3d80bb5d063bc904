"""Stores of subjects' data: made and added to by ``load``, read by ``store``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from cqlmeasure.data import Store, open_data
from cqlmeasure.data.store import loading


def store(path: str | os.PathLike[str]) -> Store:
    """The subjects of a store that ``load`` made; ``DataError`` if there is none, or one of another version."""
    return Store(path)


def load(
    *paths: str | os.PathLike[str],
    store: str | os.PathLike[str],
    delete: Iterable[str] = (),
    on_subject: Callable[[], object] | None = None,
) -> loading.Loaded:
    """Add what lies at the paths (as ``subjects`` reads it) to a store, which is made if it is not there.

    Gives how many subjects are new, changed and removed.  ``delete``: references (``Observation/1``) of what goes
    before; a Patient goes with all that is the patient's.  ``on_subject``: called after each subject.  ``DataError``
    for data that cannot be read, ``UsageError`` for what is no reference.  A load that fails leaves the store as it
    was.
    """
    sources = {str(path): open_data(path) for path in paths}
    return loading.load(sources, store, delete=delete, on_subject=on_subject)
