"""Subjects from Bundles: a file, a folder of files, or parsed JSON; loose resources beside them are grouped.

Always holds: a Bundle with a Patient is handed out as soon as it is read; loose resources (one resource a file) are
collected and grouped when all files are read.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cqlmeasure.data.reading import Json, check_resource, data_files, identity_of, read_text
from cqlmeasure.data.screen import type_of
from cqlmeasure.data.source import Source
from cqlmeasure.data.subjects import DataSource, Each, SubjectData, subject_from_resources
from cqlmeasure.errors import DataError, missing_path

#: So many bytes tell whether a file is a Bundle.
_HEAD = 4096


class Folder(Source):
    """Subjects from JSON files: Bundles, or loose resources of one or many patients.

    With ``bundle_is_patient`` each Bundle is one patient, and so are the loose files of each folder.
    """

    def __init__(self, root: str, files: Sequence[str], bundle_is_patient: bool = False, strict: bool = True) -> None:
        super().__init__(bundle_is_patient, strict)
        self.root = root
        self.files = files

    @property
    def count(self) -> int | None:
        return len(self.files)

    def __iter__(self) -> Iterator[SubjectData]:
        self.warnings.clear()
        loose: list[tuple[Json, str]] = []
        found_any = False
        for path in self.files:
            try:
                found = self.from_text(read_text(path), path)
                if isinstance(found, dict):
                    loose.append((found, path))
                else:
                    found_any = True
                    yield from found
            except DataError as error:
                self.fault(error)
        if loose or not found_any:
            yield from self._loose(loose)

    def identity(self) -> str:
        """A text that changes when the files do."""
        return identity_of(self.files)

    @contextmanager
    def divided(self, count: int, each: Each) -> Iterator[Sequence[DataSource]]:
        """Parts of the files of Bundles, then all loose resources in one, as they may refer to each other."""
        pieces = _slices(self.files, count)
        bundles = [name for names in each([Bundles(tuple(piece)) for piece in pieces]) for name in names]
        there = set(bundles)
        loose = [name for name in self.files if name not in there]
        parts = [*_slices(bundles, count), *([loose] if loose else [])]
        self.warnings.clear()
        yield [self._with(part) for part in parts]

    def _with(self, files: Sequence[str]) -> Folder:
        found = copy.copy(self)
        found.files = files
        found.warnings = []
        found._screen = None  # which each process makes for itself
        return found

    def _loose(self, loose: list[tuple[Json, str]]) -> Iterator[SubjectData]:
        try:
            if not self.bundle_is_patient:
                place = loose[0][1] if len(self.files) == 1 and loose else self.root
                yield from self.grouped(((resource, None) for resource, _ in loose), place, lone_owns=False)
                return
            folders: dict[str, list[Json]] = {}
            for resource, path in loose:
                folders.setdefault(self._case_folder(path), []).append(resource)
        except DataError as error:
            self.fault(error)
            return
        for place, resources in folders.items():
            try:
                yield subject_from_resources(resources, place)
            except DataError as error:
                self.fault(error)

    def _case_folder(self, path: str) -> str:
        """The folder just below the root that holds ``path``, or the root."""
        below = os.path.relpath(path, self.root).split(os.sep)
        return os.path.join(self.root, below[0]) if len(below) > 1 else self.root


class Bundles(msgspec.Struct, frozen=True):
    """Files, to be looked at for whether they say at once that they are Bundles."""

    files: tuple[str, ...]

    def __call__(self) -> list[str]:
        """Those that do."""
        return [name for name in self.files if _is_bundle(name)]


def _is_bundle(path: str) -> bool:
    try:
        with open(path, "rb") as stream:
            return type_of(stream.read(_HEAD).removeprefix(b"\xef\xbb\xbf")) == "Bundle"
    except OSError:
        return False


def _slices(files: Sequence[str], count: int) -> list[Sequence[str]]:
    size = max(1, -(-len(files) // count))
    return [files[at : at + size] for at in range(0, len(files), size)]


class Resources(Source):
    """Subjects from parsed JSON: Bundles, or loose resources."""

    def __init__(
        self, items: Sequence[Json], source: str = "resources", bundle_is_patient: bool = False, strict: bool = True
    ) -> None:
        super().__init__(bundle_is_patient, strict)
        self.items = items
        self.source = source

    @property
    def count(self) -> int | None:
        return len(self.items) if self.items and self.items[0].get("resourceType") == "Bundle" else None

    def __iter__(self) -> Iterator[SubjectData]:
        self.warnings.clear()
        loose: list[Json] = []
        for number, item in enumerate(self.items):
            place = f"{self.source}: item {number}" if len(self.items) > 1 else self.source
            try:
                check_resource(item, place)
                if item["resourceType"] == "Bundle":
                    yield from self.from_bundle(item, place)
                else:
                    loose.append(item)
            except DataError as error:
                self.fault(error)
        if not loose:
            return
        try:
            if self.bundle_is_patient:
                yield subject_from_resources(loose, self.source)
            else:
                yield from self.grouped(((resource, None) for resource in loose), self.source, lone_owns=False)
        except DataError as error:
            self.fault(error)


class Texts(Source):
    """Subjects from the JSON texts of Bundles, as they come from a queue or a table."""

    def __init__(
        self, items: Iterable[bytes], source: str = "texts", bundle_is_patient: bool = False, strict: bool = True
    ) -> None:
        super().__init__(bundle_is_patient, strict)
        self.items = items
        self.source = source

    @property
    def count(self) -> int | None:
        return len(self.items) if isinstance(self.items, Sized) else None

    def __iter__(self) -> Iterator[SubjectData]:
        self.warnings.clear()
        for number, text in enumerate(self.items):
            place = f"{self.source}: item {number}"
            try:
                found = self.from_text(text, place)
                if isinstance(found, dict):
                    kind = found["resourceType"]
                    raise DataError(f"{place} is no Bundle, but a {kind}", code="not-a-bundle", file=place)
                yield from found
            except DataError as error:
                self.fault(error)


def bundles(path: str | os.PathLike[str], *, bundle_is_patient: bool = False, strict: bool = True) -> Folder:
    """Subjects from a Bundle file or a folder of Bundles (in any depth)."""
    return folder(path, bundle_is_patient=bundle_is_patient, strict=strict)


def folder(path: str | os.PathLike[str], *, bundle_is_patient: bool = False, strict: bool = True) -> Folder:
    """Subjects from the JSON files of a folder (or a single one): Bundles, loose resources, or both."""
    root = Path(path)
    if root.is_dir():
        files = [name for name in data_files(str(root)) if name.lower().endswith(".json")]
        if not files:
            raise DataError(
                f"{root} holds no JSON files", code="no-data", file=str(root), hint="expected Bundles or resources"
            )
        return Folder(str(root), files, bundle_is_patient, strict)
    if not root.is_file():
        raise DataError(diagnostics=[missing_path(root, "a Bundle (.json), or a folder of Bundles or resources")])
    return Folder(str(root.parent), [str(root)], bundle_is_patient, strict)


def from_resources(
    items: Iterable[Json], *, source: str = "resources", bundle_is_patient: bool = False, strict: bool = True
) -> Resources:
    """Subjects from parsed Bundles or resources that are at hand."""
    return Resources(list(items), source, bundle_is_patient, strict)


def from_texts(
    items: Iterable[bytes], *, source: str = "texts", bundle_is_patient: bool = False, strict: bool = True
) -> Texts:
    """Subjects from the JSON texts of Bundles, each read when it is its turn."""
    return Texts(items, source, bundle_is_patient, strict)
