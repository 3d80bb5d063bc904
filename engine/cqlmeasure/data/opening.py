"""``open_data``: the source that fits what lies at a path."""

from __future__ import annotations

import os
from pathlib import Path

from cqlmeasure.data.bundles import Folder
from cqlmeasure.data.ndjson.source import Ndjson
from cqlmeasure.data.reading import NDJSON_SUFFIXES, data_files
from cqlmeasure.data.store import Store, is_store
from cqlmeasure.errors import DataError, missing_path


def open_data(
    path: str | os.PathLike[str], *, bundle_is_patient: bool = False, strict: bool = True
) -> Folder | Ndjson | Store:
    """Subjects from a store, a Bundle, a folder of Bundles or loose resources, or NDJSON files or a folder of them.

    ``bundle_is_patient``: each Bundle (or folder of loose resources) is one patient, whatever its references say, as
    test cases need it.  ``strict``: a file that cannot be used raises ``DataError``; without it the error goes to
    ``warnings`` of the source and the other files are read.
    """
    root = Path(path)
    if not root.exists():
        raise DataError(diagnostics=[missing_path(root, "a Bundle (.json), a folder of Bundles, NDJSON, or a store")])
    if is_store(root):
        return Store(root)
    files = data_files(str(root)) if root.is_dir() else [str(root)]
    lines = [name for name in files if name.lower().endswith(NDJSON_SUFFIXES)]
    if lines:
        return Ndjson(str(root), lines, bundle_is_patient, strict)
    if not files:
        raise DataError(
            f"{root} holds no data",
            code="no-data",
            file=str(root),
            hint="expected .json files (Bundles or resources) or .ndjson files",
        )
    return Folder(str(root if root.is_dir() else root.parent), files, bundle_is_patient, strict)
