"""Subjects from NDJSON: a bulk export (a file for each type) or a file of Bundles.

Always holds: the files are read twice, first for whose each line is, then for each subject its own lines; between, only
positions are kept, so memory grows with the number of resources, not with their size.  With a selection, lines that do
not matter are passed over in both.
"""

from __future__ import annotations

import gzip
import mmap
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from cqlmeasure.data.ndjson_index import Index
from cqlmeasure.data.reading import MAX_FILE_BYTES, NDJSON_SUFFIXES, Json, data_files, parse_resource
from cqlmeasure.data.screen import type_of
from cqlmeasure.data.source import Source
from cqlmeasure.data.subjects import SubjectData, all_references, no_patient, relative_reference, unique_resources
from cqlmeasure.errors import DataError, missing_path

_OFFSET_BITS = 44  # a position is the number of the file above, the offset in it below
_OFFSET_MASK = (1 << _OFFSET_BITS) - 1
MAX_LINE_BYTES = 256 << 20
MAX_SHARED_KEPT = 20_000


class Ndjson(Source):
    """Subjects from NDJSON files, grouped by the patient compartment, in the order of the Patients."""

    def __init__(self, root: str, files: Sequence[str], bundle_is_patient: bool = False, strict: bool = True) -> None:
        super().__init__(bundle_is_patient, strict)
        self.root = root
        self.files = files

    @property
    def count(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[SubjectData]:
        self.warnings.clear()
        index = Index(self.screen)
        buffers: list[_Buffer] = []
        try:
            for path in self.files:
                try:
                    buffers.append(_Buffer(path))
                    yield from self._read(index, buffers[-1], len(buffers) - 1)
                except DataError as error:
                    self.fault(error)
            while index.incomplete:
                index = Index(self.screen, index.carriers)
                for number, buffer in enumerate(buffers):
                    self._read_again(index, buffer, number)
            yield from self._subjects(index, buffers)
        finally:
            for buffer in buffers:
                buffer.close()

    def _read(self, index: Index, buffer: _Buffer, number: int) -> Iterator[SubjectData]:
        """Puts the lines of a file into the index; Bundles among them are subjects at once."""
        if index.passes_over_file(buffer.data):
            return
        for line_number, offset, line in buffer.lines():
            name = type_of(line)
            position = number << _OFFSET_BITS | offset
            if index.takes(name, line, position):
                continue
            try:
                if name == b"Bundle":
                    index.bundles += 1
                    yield from self.bundle_from_text(line, buffer.path, line_number)
                    continue
                resource = parse_resource(line, buffer.path, line_number)
                if resource["resourceType"] == "Bundle":
                    index.bundles += 1
                    yield from self.from_bundle(resource, f"{buffer.path}:{line_number}")
                else:
                    index.add(resource, position)
            except DataError as error:
                self.fault(error)

    def _read_again(self, index: Index, buffer: _Buffer, number: int) -> None:
        """The same, when Bundles have been handed out and faults have been told."""
        for _, offset, line in buffer.lines():
            name = type_of(line)
            position = number << _OFFSET_BITS | offset
            if name != b"Bundle" and not index.takes(name, line, position):
                with suppress(DataError):
                    resource = parse_resource(line, buffer.path)
                    if resource["resourceType"] != "Bundle":
                        index.add(resource, position)

    def _subjects(self, index: Index, buffers: Sequence[_Buffer]) -> Iterator[SubjectData]:
        if not index.patients:
            if index.types or not index.bundles:
                self.fault(no_patient(self.root, [{"resourceType": kind} for kind in index.types]))
            return

        def read(position: int) -> Json:
            return buffers[position >> _OFFSET_BITS].resource(position & _OFFSET_MASK)

        kept: dict[int, Json] = {}
        for identity, patient in index.patients.items():
            owned = index.owned.pop(identity, ())
            ruled_out = index.ruled_out(identity)
            place = buffers[patient[0] >> _OFFSET_BITS].path
            if self.screen is not None and 0 < self.screen.purposes == len(ruled_out):
                yield SubjectData(identity, [read(patient[0])], place, ruled_out)
                continue
            resources = unique_resources(map(read, [*patient, *owned]))
            if index.shared:
                _follow(resources, index, kept, read)
            yield SubjectData(identity, resources, place, ruled_out)
        if index.owned:
            lost = sum(map(len, index.owned.values()))
            text = f"{self.root}: {lost} resources name patients that are not there (such as {next(iter(index.owned))})"
            self.warn("unclaimed-resources", f"{text}: left out", self.root)


def _follow(resources: list[Json], index: Index, kept: dict[int, Json], read: Callable[[int], Json]) -> None:
    """Adds the shared resources that these refer to, and those that they refer to in turn."""
    taken: set[int] = set()
    at = 0
    while at < len(resources):
        for reference in all_references(resources[at]):
            position = index.shared.get(relative_reference(reference))
            if position is not None and position not in taken:
                taken.add(position)
                found = kept.get(position)
                if found is None:
                    if len(kept) >= MAX_SHARED_KEPT:
                        kept.clear()
                    found = kept[position] = read(position)
                resources.append(found)
        at += 1


class _Buffer:
    """The bytes of one file: mapped, or unpacked in memory where it is compressed."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.data: mmap.mmap | bytes = b""
        try:
            if path.lower().endswith(".gz"):
                with gzip.open(path) as packed:
                    self.data = packed.read(MAX_FILE_BYTES + 1)
                if len(self.data) > MAX_FILE_BYTES:
                    text = f"{path} is larger than {MAX_FILE_BYTES >> 20} MiB when unpacked"
                    raise DataError(text, code="file-too-large", file=path, hint="unpack it")
            elif os.path.getsize(path):
                with open(path, "rb") as stream:
                    self.data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"cannot read {path}: {error}", code="unreadable-file", file=path) from error

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """The lines that are not blank: number, offset, text."""
        at, end, number = 0, len(self.data), 0
        if self.data[:3] == b"\xef\xbb\xbf":
            at = 3
        while at < end:
            number += 1
            line = self._line(at)
            if line and not line.isspace():
                yield number, at, line
            at += len(line) + 1

    def resource(self, offset: int) -> Json:
        """The resource of the line that starts at ``offset``."""
        return parse_resource(self._line(offset), self.path)

    def _line(self, offset: int) -> bytes:
        stop = self.data.find(b"\n", offset)
        stop = len(self.data) if stop < 0 else stop
        if stop - offset > MAX_LINE_BYTES:
            text = f"{self.path} has a line above {MAX_LINE_BYTES >> 20} MiB"
            raise DataError(text, code="file-too-large", file=self.path)
        return self.data[offset:stop]

    def close(self) -> None:
        if isinstance(self.data, mmap.mmap):
            self.data.close()


def ndjson(path: str | os.PathLike[str], *, strict: bool = True) -> Ndjson:
    """Subjects from an NDJSON file, or from all NDJSON files below a folder (``.gz`` too)."""
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
