"""pyarrow and numpy, loaded when a store is first touched, and their errors as errors of the user's data.

Always holds: the package works without them; who needs them and does not have them is told what to install.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cqlmeasure.errors import DataError, UsageError

Array = Any
"""A numpy array."""


class Arrow(NamedTuple):
    """The modules; neither has types that could be checked without having it."""

    arrow: Any
    compute: Any
    parquet: Any
    numpy: Any


@cache
def modules() -> Arrow:
    """The libraries; ``UsageError`` if they are not installed."""
    try:
        return Arrow(*map(importlib.import_module, ("pyarrow", "pyarrow.compute", "pyarrow.parquet", "numpy")))
    except ImportError as error:
        raise UsageError(
            f"a store needs {error.name or 'pyarrow'}, which is not installed",
            code="missing-extra",
            hint="install it: python -m pip install 'cqlmeasure[store]'",
        ) from error


def broken(path: Path | str, what: str) -> DataError:
    """The error of a store's file that is not as it was written."""
    return DataError(
        f"{path} is not as it was written: {what}",
        code="broken-store",
        file=str(path),
        hint="load the data into a new store",
    )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """What goes wrong while a store's file is read is a ``DataError`` that names it."""
    try:
        yield
    except (modules().arrow.ArrowException, OSError, ValueError, KeyError, IndexError, MemoryError) as error:
        raise broken(path, str(error).partition("\n")[0][:300] or type(error).__name__) from error
