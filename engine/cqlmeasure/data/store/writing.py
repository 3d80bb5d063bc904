"""Writing partitions: subjects come one by one, blocks of them are sorted and written, the codes at the end.

Always holds: memory is bounded by a block of resources and the entries of one partition; partitions are split between
subjects only.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from cqlmeasure.data.store.arrow import modules
from cqlmeasure.data.store.keys import Row
from cqlmeasure.data.store.manifest import KINDS, Block, File, Group, Partition, file_of
from cqlmeasure.data.store.partition import EVERY_CODE, UNKNOWN_END, UNKNOWN_START, schema
from cqlmeasure.errors import DataError


class Sizes(msgspec.Struct, frozen=True):
    """How large the pieces of a store are, in resources and bytes of JSON; ``piece_bytes``: of files to be loaded."""

    group_rows: int = 2048
    block_rows: int = 1 << 16
    block_bytes: int = 32 << 20
    partition_rows: int = 1 << 19
    posting_rows: int = 1 << 14
    piece_bytes: int = 128 << 20


SIZES = Sizes()
MAX_SUBJECT_BYTES = 1 << 30
_COMPRESSION = {"compression": "zstd", "compression_level": 3, "write_page_checksum": True}
_OPTIONS: dict[str, dict[str, Any]] = {
    "resources": {
        # The JSON is too large for a dictionary, and its least and greatest text help nobody.
        "use_dictionary": ["subject", "type", "code", "codes.list.element", "codes.list.item", "start", "end"],
        "write_statistics": ["subject", "number", "type", "start", "end"],
    },
    "codes": {
        "use_dictionary": ["type", "code", "start", "end"],
        "write_statistics": ["type", "code", "start", "end"],
        "column_encoding": {"number": "DELTA_BINARY_PACKED", "row": "DELTA_BINARY_PACKED"},
    },
    "subjects": {"use_dictionary": ["source"]},
}


class StoreWriter:
    """Partitions below a folder, numbered from ``first`` on."""

    def __init__(self, folder: Path, first: int, sizes: Sizes = SIZES) -> None:
        self._folder = folder
        self._number = first
        self._sizes = sizes
        self._current: _PartitionWriter | None = None
        self.partitions: list[Partition] = []
        for kind in KINDS:
            (folder / kind).mkdir(parents=True, exist_ok=True)

    @property
    def number(self) -> int:
        """The number of the partition that the next subject goes to."""
        return self._number

    def add(self, subject: str, source: str, rows: Sequence[Row]) -> int:
        """Adds a subject; the number of its partition."""
        if self._current is None:
            self._current = _PartitionWriter(self._folder, self._number, self._sizes)
        number = self._number
        self._current.add(subject, source, rows)
        if self._current.rows >= self._sizes.partition_rows:
            self._finish()
        return number

    def close(self) -> list[Partition]:
        """Finishes; all partitions that were written."""
        self._finish()
        return self.partitions

    def abandon(self) -> None:
        """Gives up; what was written so far is no store."""
        if self._current is not None:
            self._current.close_files()
            self._current = None

    def _finish(self) -> None:
        if self._current is not None:
            self.partitions.append(self._current.finish())
            self._current = None
            self._number += 1


class _PartitionWriter:
    """One partition."""

    def __init__(self, folder: Path, number: int, sizes: Sizes) -> None:
        self._sizes = sizes
        self._paths = {kind: folder / kind / f"{number:05}.parquet" for kind in KINDS}
        self._number = number
        self._files: dict[str, Any] = {}
        self._blocks: list[Block] = []
        self._types: dict[str, int] = {}
        self._subjects: list[tuple[str, str, int]] = []
        self._block: list[tuple[str, str, int, int, Row]] = []
        self._block_subjects = 0
        self._block_bytes = 0
        self._terms: dict[tuple[str, str], int] = {}
        self._posted = (array("i"), array("i"))  # terms and rows
        self._rows = (array("i"), array("i"), array("i"))  # of each row the subject's number, start, end
        self._groups: list[Group] = []
        self._row = 0

    @property
    def rows(self) -> int:
        """How many resources there are so far."""
        return self._row + len(self._block)

    def add(self, subject: str, source: str, rows: Sequence[Row]) -> None:
        number = len(self._subjects)
        size = sum(len(row.json) for row in rows)
        if size > MAX_SUBJECT_BYTES:
            text = f"the resources of {subject} are larger than {MAX_SUBJECT_BYTES >> 20} MiB"
            raise DataError(text, code="file-too-large", file=source)
        if self._block and self._block_bytes + size > self._sizes.block_bytes:
            self._flush()
        self._subjects.append((subject, source, len(rows)))
        self._block.extend((row.type, row.code, number, position, row) for position, row in enumerate(rows))
        self._block_subjects += 1
        self._block_bytes += size
        if len(self._block) >= self._sizes.block_rows:
            self._flush()

    def _writer(self, kind: str) -> Any:
        found = self._files.get(kind)
        if found is None:
            found = self._files[kind] = modules().parquet.ParquetWriter(
                self._paths[kind], schema(kind), **_COMPRESSION, **_OPTIONS[kind]
            )
        return found

    def _flush(self) -> None:
        """Writes a block."""
        if not self._block_subjects:
            return
        # Patients, whom everybody reads, come first.
        block = sorted(self._block, key=lambda one: (one[0] != "Patient", *one[:4]))
        for start, end in _groups([one[0] for one in block], self._sizes.group_rows):
            self._write_group(block[start:end])
        self._blocks.append(Block(self._block_subjects, len(block)))
        self._block, self._block_subjects, self._block_bytes = [], 0, 0

    def _write_group(self, group: Sequence[tuple[str, str, int, int, Row]]) -> None:
        arrow = modules().arrow
        rows = [one[4] for one in group]
        columns = [
            [self._subjects[one[2]][0] for one in group],
            [one[2] for one in group],
            [one[3] for one in group],
            [row.type for row in rows],
            [row.id for row in rows],
            [row.code for row in rows],
            [row.codes for row in rows],
            [row.start for row in rows],
            [row.end for row in rows],
            [row.json for row in rows],
        ]
        arrays = []
        for field, values in zip(schema("resources"), columns, strict=True):
            if arrow.types.is_date(field.type):
                arrays.append(arrow.array(values, arrow.int32()).cast(field.type))
            elif field.name == "resource":
                arrays.append(arrow.array(values, arrow.binary()).cast(field.type))
            else:
                arrays.append(arrow.array(values, field.type))
        self._writer("resources").write_table(arrow.Table.from_arrays(arrays, schema=schema("resources")))
        self._post(group)

    def _post(self, group: Sequence[tuple[str, str, int, int, Row]]) -> None:
        """Notes the codes of rows, for the file of codes."""
        terms, types = self._terms, self._types
        found, rows = (part.append for part in self._posted)
        numbers, starts, ends = (part.append for part in self._rows)
        for at, (kind, _, number, _, row) in enumerate(group, self._row):
            numbers(number)
            starts(UNKNOWN_START if row.start is None else row.start)
            ends(UNKNOWN_END if row.end is None else row.end)
            types[kind] = types.get(kind, 0) + 1
            for code in (EVERY_CODE, *row.codes):
                key = (kind, code)
                term = terms.get(key)
                if term is None:
                    term = terms[key] = len(terms)
                found(term)
                rows(at)
        self._row += len(group)

    def finish(self) -> Partition:
        """Writes what is left, and closes the files."""
        self._flush()
        self._write_codes()
        self._write_subjects()
        codes = tuple(self._groups)
        counts = {"resources": self._row, "codes": len(self._posted[0]), "subjects": len(self._subjects)}
        for kind in KINDS:
            self._writer(kind)
        self.close_files()
        files: dict[str, File] = {kind: file_of(self._paths[kind], counts[kind]) for kind in KINDS}
        return Partition(self._number, tuple(self._blocks), codes, dict(sorted(self._types.items())), files, True)

    def close_files(self) -> None:
        """Closes the files as they are."""
        for file in self._files.values():
            file.close()

    def _write_codes(self) -> None:
        arrow, numpy = modules().arrow, modules().numpy
        terms = sorted(self._terms)
        ranks = numpy.empty(len(terms), numpy.int32)
        for rank, term in enumerate(terms):
            ranks[self._terms[term]] = rank
        found, rows = (numpy.frombuffer(part, numpy.int32) for part in self._posted)
        numbers, starts, ends = (numpy.frombuffer(part, numpy.int32) for part in self._rows)
        ranked = ranks[found]
        order = numpy.argsort(ranked, kind="stable")  # which leaves the rows of a term in order
        ranked = ranked[order]
        kinds, codes = (arrow.array([term[at] for term in terms], arrow.string()) for at in (0, 1))
        bounds = [rank for rank, term in enumerate(terms) if not rank or terms[rank - 1][0] != term[0]]
        edges = [*numpy.searchsorted(ranked, bounds).tolist(), len(ranked)]
        for first, last in pairwise(edges):
            for start in range(first, last, self._sizes.posting_rows):
                part = slice(start, min(start + self._sizes.posting_rows, last))
                self._groups.append(Group(terms[ranked[start]][0], terms[ranked[start]][1], terms[ranked[part][-1]][1]))
                at, which = rows[order[part]], arrow.array(ranked[part])
                columns = [
                    kinds.take(which),
                    codes.take(which),
                    arrow.array(numbers[at]),
                    arrow.array(at),
                    _dates(starts[at], UNKNOWN_START),
                    _dates(ends[at], UNKNOWN_END),
                ]
                self._writer("codes").write_table(arrow.Table.from_arrays(columns, schema=schema("codes")))

    def _write_subjects(self) -> None:
        arrow = modules().arrow
        columns = [
            [one[0] for one in self._subjects],
            list(range(len(self._subjects))),
            [one[1] for one in self._subjects],
            [one[2] for one in self._subjects],
        ]
        arrays = [arrow.array(values, field.type) for field, values in zip(schema("subjects"), columns, strict=True)]
        self._writer("subjects").write_table(arrow.Table.from_arrays(arrays, schema=schema("subjects")))


def _groups(types: Sequence[str], size: int) -> Iterator[tuple[int, int]]:
    """Where row groups begin and end: with every type that has enough resources begins a new one, as for Patients."""
    start = 0
    for at in range(1, len(types) + 1):
        last = at == len(types)
        if not last and types[at] != types[at - 1] and (at - start >= size // 4 or types[at - 1] == "Patient"):
            last = True
        if last or at - start == size:
            yield start, at
            start = at


def _dates(days: Any, unknown: int) -> Any:
    arrow = modules().arrow
    return arrow.array(days, mask=days == unknown).cast(arrow.date32())
