"""Subjects that are no patients, and Groups of subjects, from files.

Always holds: such data are read whole, since who belongs to a location or an organization shows only in the resources
of everybody; a Group must be in the data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from cqlmeasure.data import Selection, Store, SubjectData, Wanted
from cqlmeasure.data.ndjson.buffers import MAX_LINE_BYTES, UNPACKING, is_packed, opened, unreadable
from cqlmeasure.data.reading import NDJSON_SUFFIXES, data_files, entries, parse_resource, read_json_file
from cqlmeasure.data.store import is_store
from cqlmeasure.errors import DataError, Diagnostic, UsageError, missing_path
from cqlmeasure.measure import group_members, subjects_of

Json = dict[str, Any]
StrPath = str | os.PathLike[str]


class OtherSubjects:
    """The subjects of a type other than Patient at some paths; it is a source of subjects."""

    def __init__(self, paths: Sequence[StrPath], kind: str) -> None:
        self._paths = paths
        self._kind = kind
        self.warnings: list[Diagnostic] = []

    @property
    def count(self) -> int | None:
        """How many there are is not known before all is read."""
        return None

    def __iter__(self) -> Iterator[SubjectData]:
        for path in filter(is_store, map(Path, self._paths)):
            raise UsageError(
                f"the store {path} holds what belongs to patients, and the subjects are of type {self._kind}",
                code="subject-type",
                hint="name the files that the store was loaded from",
            )
        place = ", ".join(map(str, self._paths))
        for one in subjects_of(all_resources(*self._paths), self._kind):
            yield SubjectData(one.id, cast(list[Json], one.resources), place)


def all_resources(*paths: StrPath, kind: str | None = None) -> Iterator[Json]:
    """All resources at the paths, whoever they belong to; Bundles are opened.  ``kind``: others need not be read."""
    for path in map(Path, paths):
        if not path.exists():
            raise DataError(diagnostics=[missing_path(path, "a Bundle (.json), a folder of resources, or NDJSON")])
        if is_store(path):
            store = Store(path) if kind is None else Store(path).selecting(Selection((Wanted(kind),)))
            yield from (resource for subject in store for resource in subject.resources)
            continue
        for name in data_files(str(path)) if path.is_dir() else [str(path)]:
            for resource, place in _of_file(name):
                if resource["resourceType"] == "Bundle":
                    yield from (one for one, _ in entries(resource, place))
                else:
                    yield resource


def members(group: str, *paths: StrPath) -> list[str]:
    """The references of the active members of a Group (``Group/x``) that is in the data."""
    identity = group.rpartition("/")[2]
    for resource in all_resources(*paths, kind="Group"):
        if resource["resourceType"] == "Group" and resource.get("id") == identity:
            return list(group_members(resource))
    raise UsageError(
        f"there is no {group} in the data",
        code="unknown-subject",
        hint="the Group has to be in the data, or name the file that it is in",
    )


def expanded(subjects: Sequence[str], kind: str, *paths: StrPath) -> list[str]:
    """The subjects, Groups (``Group/x`` or a JSON file) replaced by their members unless they are the subjects."""
    found: list[str] = []
    for name in subjects:
        if name.lower().endswith(".json"):
            found.extend(group_members(read_json_file(name)))
        elif name.startswith("Group/") and kind != "Group":
            found.extend(members(name, *paths))
        else:
            found.append(name)
    return found


def _of_file(name: str) -> Iterator[tuple[Json, str]]:
    if not name.lower().endswith(NDJSON_SUFFIXES):
        yield read_json_file(name), name
        return
    try:
        with opened(name) if is_packed(name) else open(name, "rb") as stream:
            number = 0
            while line := stream.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    text = f"{name} has a line above {MAX_LINE_BYTES >> 20} MiB"
                    raise DataError(text, code="file-too-large", file=name)
                if line.strip():
                    yield parse_resource(line.removeprefix(b"\xef\xbb\xbf"), name, number), f"{name}:{number}"
    except UNPACKING as error:
        raise unreadable(name, error) from error
