"""The files of one partition: their columns, and reading from them.

A partition holds subjects that follow each other, in blocks; the resources of a block lie in the order of type and
code, so that those of a kind lie together, and a row group never holds resources of two blocks.

  resources   subject, number (of the subject in the partition), position (of the resource in the subject), type, id,
              code (that says what it is), codes (all there are, then exact keys), start, end, resource (JSON)
  codes       for each code and exact key of each resource, and with the code "" for each resource: type, code, number,
              row (in the file of resources), start, end; in the order of type, code and row; a row group has one type
  subjects    subject, number, source (the file that it came from), resources (how many)

Always holds: what is read was checked for schema, numbers of rows and size; faults are ``DataError``s of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from cqlmeasure.data.store.arrow import Array, broken, modules, reading
from cqlmeasure.data.store.manifest import Partition, footer_of
from cqlmeasure.errors import DataError

MAX_READ_BYTES = 2 << 30
EVERY_CODE = ""
"""The code under which every resource of a type is found."""


@cache
def schema(kind: str) -> Any:
    """The columns of the files of a kind."""
    arrow = modules().arrow
    day, whole, text = arrow.date32(), arrow.int32(), arrow.string()
    columns: dict[str, dict[str, Any]] = {
        "resources": {
            "subject": text,
            "number": whole,
            "position": whole,
            "type": text,
            "id": text,
            "code": text,
            "codes": arrow.list_(text),
            "start": day,
            "end": day,
            "resource": text,
        },
        "codes": {"type": text, "code": text, "number": whole, "row": whole, "start": day, "end": day},
        "subjects": {"subject": text, "number": whole, "source": text, "resources": whole},
    }
    return arrow.schema(list(columns[kind].items()))


class Postings(NamedTuple):
    """Entries of the file of codes; dates are days, the far past and future where they are not known."""

    codes: Array
    dictionary: Any
    numbers: Array
    rows: Array
    starts: Array
    ends: Array


class Taken(NamedTuple):
    """Resources of a block in the order of the subjects: whose they are, and their JSON: ``data[from:to]``."""

    numbers: Array
    data: memoryview
    starts: list[int]
    ends: list[int]


UNKNOWN_START = -(1 << 31)
UNKNOWN_END = (1 << 31) - 1


class PartitionFiles:
    """A partition, opened for reading."""

    def __init__(self, folder: Path, partition: Partition) -> None:
        self.partition = partition
        self._folder = folder

    def path(self, kind: str) -> Path:
        """The path of a file."""
        return self._folder / self.partition.path(kind)

    def _open(self, kind: str, **options: Any) -> Any:
        path, expected = self.path(kind), self.partition.files[kind]
        if not path.is_file():
            raise DataError(
                f"{path} is missing",
                code="broken-store",
                file=str(path),
                hint="was the store loaded anew meanwhile? then read it again, else load the data into a new store",
            )
        with reading(path):
            # Libraries are not safe against every footer: one that is not as it was written is not opened.
            if path.stat().st_size != expected.bytes or footer_of(path) != expected.footer:
                raise broken(path, "it was cut or changed")
            file = modules().parquet.ParquetFile(path, page_checksum_verification=True, memory_map=True, **options)
            found = file.schema_arrow.remove_metadata()
        if not _plain(found).equals(schema(kind)):
            raise broken(path, f"its columns are {', '.join(f'{field.name} {field.type}' for field in found)}"[:300])
        if file.metadata.num_rows != expected.rows:
            raise broken(path, f"it has {file.metadata.num_rows} rows")
        return file

    def check(self, kind: str, groups: Sequence[int]) -> None:
        """That row groups are not too large to be read."""
        metadata = (self.resources if kind == "resources" else self.codes).metadata
        if sum(metadata.row_group(number).total_byte_size for number in groups) > MAX_READ_BYTES:
            raise broken(self.path(kind), f"row groups are larger than {MAX_READ_BYTES >> 20} MiB")

    @cached_property
    def resources(self) -> Any:
        """The file of resources."""
        return self._open("resources")

    @cached_property
    def codes(self) -> Any:
        """The file of codes."""
        return self._open("codes", read_dictionary=["code"])

    def subjects(self) -> tuple[list[str], list[str]]:
        """The ids of the subjects in order, and the sources that they came from."""
        path = self.path("subjects")
        file = self._open("subjects")
        with reading(path):
            table = file.read(columns=["subject", "source"], use_threads=False)
            ids, sources = (table.column(name).to_pylist() for name in ("subject", "source"))
        if None in ids or None in sources:
            raise broken(path, "a subject without id")
        return ids, sources

    @cached_property
    def group_ends(self) -> Array:
        """The number of the row behind each row group of the resources."""
        metadata = self.resources.metadata
        numpy = modules().numpy
        return numpy.cumsum([metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)])

    @cached_property
    def directory(self) -> dict[str, list[tuple[int, str, str]]]:
        """For each type the row groups of the codes, each with its first and last code."""
        groups = self.partition.codes
        if self.codes.metadata.num_row_groups != len(groups):
            raise broken(self.path("codes"), f"it has {self.codes.metadata.num_row_groups} row groups")
        found: dict[str, list[tuple[int, str, str]]] = {}
        for number, group in enumerate(groups):
            found.setdefault(group.type, []).append((number, group.first, group.last))
        return found

    def postings(self, group: int) -> Postings:
        """The entries of a row group of the codes."""
        path = self.path("codes")
        numpy = modules().numpy
        self.check("codes", (group,))
        with reading(path):
            table = self.codes.read_row_group(group, columns=_POSTED, use_threads=False).combine_chunks()
            columns = {name: table.column(name).chunk(0) for name in _POSTED}
            codes = columns["code"]
            indices = codes.indices.to_numpy(zero_copy_only=False)
            numbers, rows = (columns[name].to_numpy(zero_copy_only=False) for name in ("number", "row"))
            found = Postings(
                indices, codes.dictionary, numbers, rows, _days(columns["start"], False), _days(columns["end"], True)
            )
        partition = self.partition
        for values, limit in ((numbers, partition.subjects), (rows, partition.rows)):
            if values.dtype != numpy.int32 or (len(values) and not 0 <= values.min() <= values.max() < limit):
                raise broken(path, "a number is out of range")
        return found

    def take(self, groups: list[int], rows: Array | None) -> Taken:
        """Of some row groups of the resources those with a row number in ``rows`` (all, if ``None``).

        ``rows`` are sorted and lie in these groups.
        """
        path, numpy, arrow = self.path("resources"), modules().numpy, modules().arrow
        self.check("resources", groups)
        with reading(path):
            table = self.resources.read_row_groups(
                groups, columns=["number", "position", "resource"], use_threads=False
            )
            if rows is not None:
                starts = numpy.concatenate(([0], self.group_ends))[groups]
                sizes = self.group_ends[groups] - starts
                # Where each group begins among those read, against where it begins in the file.
                shift = numpy.cumsum(sizes) - sizes - starts
                rows = rows + shift[numpy.searchsorted(self.group_ends[groups], rows, side="right")]
                table = table.take(arrow.array(rows))
            table = table.combine_chunks()
            numbers, positions = (table.column(name).to_numpy() for name in ("number", "position"))
            if numbers.dtype != numpy.int32 or positions.dtype != numpy.int32:
                raise broken(path, "a resource of no subject")
            order = numpy.lexsort((positions, numbers))
            texts = table.column("resource")
            text = texts.chunk(0) if texts.num_chunks else arrow.array([], arrow.string())
            if text.null_count or text.offset:
                raise broken(path, "a resource without JSON")
            _, offsets, data = text.buffers()
            ends = numpy.frombuffer(offsets, numpy.int32, len(text) + 1) if len(text) else numpy.zeros(1, numpy.int32)
            size = data.size if data is not None else 0
            if len(ends) > 1 and (ends[0] < 0 or ends[-1] > size or (numpy.diff(ends) < 0).any()):
                raise broken(path, "a resource out of range")
        numbers = numbers[order]
        if len(numbers) and not 0 <= numbers[0] <= numbers[-1] < self.partition.subjects:
            raise broken(path, "the number of a subject is out of range")
        view = memoryview(data) if data is not None else memoryview(b"")
        return Taken(numbers, view, ends[:-1][order].tolist(), ends[1:][order].tolist())


_POSTED = ["code", "number", "row", "start", "end"]


def _days(column: Any, end: bool) -> Array:
    whole = column.cast(modules().arrow.int32())
    return modules().compute.fill_null(whole, UNKNOWN_END if end else UNKNOWN_START).to_numpy(zero_copy_only=False)


def _plain(found: Any) -> Any:
    """The columns with dictionaries as what they hold, and the items of lists under one name."""
    arrow = modules().arrow
    fields = []
    for field in found:
        kind = field.type
        if arrow.types.is_dictionary(kind):
            kind = kind.value_type
        elif arrow.types.is_list(kind):
            kind = arrow.list_(kind.value_type)
        fields.append((field.name, kind))
    return arrow.schema(fields)
