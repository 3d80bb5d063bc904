"""Subjects from NDJSON: a bulk export (a file for each type) or a file of Bundles.

Always holds: the files are read twice, first for whose each line is, then for each subject its own lines; between, only
positions are kept, so memory grows with the number of resources, not with their size.  With a selection, lines that do
not matter are passed over in both.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from cqlmeasure.data.ndjson.buffers import Buffer, is_packed, unpacked
from cqlmeasure.data.ndjson.index import Index, Places
from cqlmeasure.data.ndjson.parts import File, NdjsonPart, Survey, shares
from cqlmeasure.data.reading import NDJSON_SUFFIXES, data_files, identity_of
from cqlmeasure.data.source import Source
from cqlmeasure.data.subjects import DataSource, Each, SubjectData, no_patient, one_by_one
from cqlmeasure.errors import DataError, missing_path

#: A piece of a file for one process to look through is no smaller than this.
_PIECE = 16 << 20


class Ndjson(Source):
    """Subjects from NDJSON files, grouped by the patient compartment: those of Bundles first, then the Patients."""

    def __init__(self, root: str, files: Sequence[str], bundle_is_patient: bool = False, strict: bool = True) -> None:
        super().__init__(bundle_is_patient, strict)
        self.root = root
        self.files = files
        self.left_out = 0

    @property
    def count(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[SubjectData]:
        with self.divided(1, one_by_one) as parts:
            for part in parts:
                yield from part
                self.note(part.warnings)

    def identity(self) -> str:
        """A text that changes when the files do."""
        return identity_of(self.files)

    def candidates(self) -> Iterator[SubjectData]:
        """The subjects that can count for some purpose; ``left_out`` says how many others there were."""
        self.left_out = 0
        with self.divided(1, one_by_one) as parts:
            for part in parts:
                assert isinstance(part, NdjsonPart)
                yield from part.candidates()
                self.left_out += part.left_out
                self.note(part.warnings)

    @contextmanager
    def divided(self, count: int, each: Each) -> Iterator[Sequence[DataSource]]:
        """The subjects in at most about ``count`` parts; ``each`` has the lines of the files looked through."""
        self.warnings.clear()
        with self._plain() as files:
            places = self._places(files, count, each)
            self._tell_lost(places)
            pieces = [places] if count == 1 else shares(places, count)
            yield [NdjsonPart(files, piece, self) for piece in pieces]

    @contextmanager
    def _plain(self) -> Iterator[list[File]]:
        """The files, unpacked where they have to be."""
        with tempfile.TemporaryDirectory(prefix="cqlmeasure-") as folder:
            found = []
            for path in self.files:
                try:
                    found.append(File(unpacked(path, folder) if is_packed(path) else path, path))
                except DataError as error:
                    self.fault(error)
            yield found

    def _places(self, files: Sequence[File], count: int, each: Each) -> Places:
        """Where what lies."""
        carriers: frozenset[str] = frozenset()
        told = False
        while True:
            places = Places()
            for found in each(self._surveys(files, count, carriers)):
                places.join(found.places)
                if found.faults and not told:
                    self.fault(DataError(diagnostics=list(found.faults)))
            told = True
            if not Index(self.screen, carriers).incomplete(places):
                return places
            carriers = frozenset(places.carriers)

    def _surveys(self, files: Sequence[File], count: int, carriers: frozenset[str]) -> Iterator[Survey]:
        for number, file in enumerate(files):
            try:
                with closing(Buffer(file.path)) as buffer:
                    pieces = min(count, max(1, len(buffer.data) // _PIECE))
                    starts = buffer.starts(pieces)
            except DataError as error:
                self.fault(error)
                continue
            for start, stop in zip(starts, [*starts[1:], None], strict=True):
                yield Survey(file, number, start, stop, self.selection, carriers)

    def _tell_lost(self, places: Places) -> None:
        """Says what belongs to no patient that is there."""
        if not places.patients:
            if places.types or not places.bundles:
                self.fault(no_patient(self.root, [{"resourceType": kind} for kind in places.types]))
            return
        lost = [name for name in places.owned if name not in places.patients]
        if lost:
            count = sum(len(places.owned[name]) for name in lost)
            text = f"{self.root}: {count} resources name patients that are not there (such as {lost[0]})"
            self.warn("unclaimed-resources", f"{text}: left out", self.root)


def ndjson(path: str | os.PathLike[str], *, strict: bool = True) -> Ndjson:
    """Subjects from an NDJSON file, or from all NDJSON files below a folder (``.gz`` and ``.zst`` too)."""
    root = Path(path)
    if root.is_dir():
        files = [name for name in data_files(str(root)) if name.lower().endswith(NDJSON_SUFFIXES)]
        if not files:
            raise DataError(
                f"{root} holds no NDJSON files",
                code="no-data",
                file=str(root),
                hint="expected Patient.ndjson and others",
            )
        return Ndjson(str(root), files, strict=strict)
    if not root.is_file():
        raise DataError(diagnostics=[missing_path(root, "an NDJSON file, or a folder of them")])
    return Ndjson(str(root), [str(root)], strict=strict)
