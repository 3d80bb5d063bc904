"""The resources of a partition as rows with their keys, as they were written: for writing them anew.

Always holds: nothing is parsed, unless its keys are of an earlier form; the order is that of the subjects and of their
resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import orjson

from cqlmeasure.data.store.arrow import broken, modules, reading
from cqlmeasure.data.store.changes import Everywhere
from cqlmeasure.data.store.keys import Row, row_of
from cqlmeasure.data.store.partition import PartitionFiles

_COLUMNS = ["number", "position", "type", "id", "code", "codes", "start", "end", "resource"]


def stored_subjects(files: PartitionFiles) -> Iterator[tuple[str, str, list[Row]]]:
    """For each subject its id, the source that it came from, and its rows."""
    ids, sources = files.subjects()
    exact = files.partition.exact
    row = first = 0
    for block in files.partition.blocks:
        found = {
            number: [one[2] for one in rows]
            for number, rows in groupby(_block(files, row, row + block.rows), itemgetter(0))
        }
        for number in range(first, first + block.subjects):
            rows = found.pop(number, [])
            yield ids[number], sources[number], rows if exact else _anew(files, rows)
        row, first = row + block.rows, first + block.subjects


def _anew(files: PartitionFiles, rows: list[Row]) -> list[Row]:
    """The rows with the keys as they are made now."""
    place = files.path("resources")
    with reading(place):
        resources = [orjson.loads(row.json) for row in rows]
    if not all(type(one) is dict and type(one.get("resourceType")) is str for one in resources):
        raise broken(place, "a resource is no FHIR")
    return [row_of(one, str(place)) for one in resources]


def _block(files: PartitionFiles, start: int, end: int) -> list[tuple[int, int, Row]]:
    """The rows of a block with number and position, in the order of these."""
    arrow = modules().arrow
    first, last = modules().numpy.searchsorted(files.group_ends, (start, end), side="right").tolist()
    path = files.path("resources")
    if first == last:
        return []
    files.check("resources", range(first, last))
    with reading(path):
        table = files.resources.read_row_groups(list(range(first, last)), columns=_COLUMNS, use_threads=False)
        columns = {}
        for name in _COLUMNS:
            column = table.column(name)
            if name in ("start", "end"):
                column = column.cast(arrow.int32())
            elif name == "resource":
                column = column.cast(arrow.binary())
            if name not in ("id", "start", "end") and column.null_count:
                raise broken(path, f"a row without {name}")
            columns[name] = column.to_pylist()
    keys = zip(*(columns[name] for name in ("type", "id", "code", "codes", "start", "end", "resource")), strict=True)
    rows = [Row(kind, id, code, tuple(codes), begin, until, json) for kind, id, code, codes, begin, until, json in keys]
    return sorted(zip(columns["number"], columns["position"], rows, strict=True), key=itemgetter(0, 1))


def touched(files: PartitionFiles, everywhere: Everywhere, fresh: bool) -> bool:
    """Whether a partition has a resource or a subject that changes everywhere; nothing goes that is ``fresh``."""
    if not fresh and everywhere.subjects and not everywhere.subjects.isdisjoint(files.subjects()[0]):
        return True
    keys = everywhere.shared.keys() if fresh else everywhere.shared.keys() | everywhere.deleted
    if not keys:
        return False
    arrow, compute = modules().arrow, modules().compute
    kinds = arrow.array(sorted({kind for kind, _ in keys}), arrow.string())
    identities = arrow.array(sorted({identity for _, identity in keys}), arrow.string())
    with reading(files.path("resources")):
        for group in range(files.resources.metadata.num_row_groups):
            table = files.resources.read_row_group(group, columns=["type", "id"], use_threads=False)
            found = compute.and_(
                compute.is_in(table.column("id"), value_set=identities),
                compute.is_in(table.column("type"), value_set=kinds),
            )
            if compute.any(found).as_py():
                return True
    return False
