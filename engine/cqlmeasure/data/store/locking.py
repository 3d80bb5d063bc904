"""The folder of a store while a load writes to it: to one process alone, and without what earlier loads left.

Always holds: a folder that holds something else is not touched; one that was made for nothing goes again.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cqlmeasure.data.store.manifest import Manifest, is_store, not_a_store
from cqlmeasure.errors import DataError

try:
    import fcntl
except ImportError:  # no such locks there
    fcntl = None  # type: ignore[assignment]

_LOADING = ".loading"
_LOCK = ".lock"


def working_folder(root: Path) -> Path:
    """A new folder for what a load writes before it is the store's.

    Each has its own name: processes that still work for a load that was given up find their folder gone.
    """
    folder = root / f"{_LOADING}-{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir()
    return folder


def tidy(root: Path, old: Manifest | None) -> None:
    """Removes what a load that was interrupted left."""
    for item in root.iterdir():
        left_over = item.name.startswith("generation-") and (old is None or item.name != old.folder)
        if item.is_dir() and (left_over or item.name.startswith(_LOADING)):
            shutil.rmtree(item, ignore_errors=True)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """The folder of the store, made if need be, to this process alone; one that was made for nothing goes again."""
    if root.exists():
        others = (
            [item.name for item in root.iterdir() if not item.name.startswith(".")] if root.is_dir() else [root.name]
        )
        if others and not is_store(root) and not all(name.startswith("generation-") for name in others):
            raise not_a_store(root)
    root.mkdir(parents=True, exist_ok=True)
    lock = os.open(root / _LOCK, os.O_CREAT | os.O_RDWR)
    try:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise DataError(
            f"another load writes to {root}", code="store-busy", file=str(root), hint="wait until it is finished"
        ) from error
    finally:
        os.close(lock)
        if not is_store(root):
            with suppress(OSError):
                (root / _LOCK).unlink()
                root.rmdir()
