"""Pieces of a load, which any process can do: each writes partitions of its new subjects, and puts the others aside.

Always holds: what a piece gives depends on its subjects and on those that are known before, not on who does it; its
files lie in a folder of its own until the load takes them over.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from cqlmeasure.data.ndjson.buffers import is_packed
from cqlmeasure.data.store.changes import Everywhere, without
from cqlmeasure.data.store.inputs import Key
from cqlmeasure.data.store.keys import row_of
from cqlmeasure.data.store.manifest import KINDS, Manifest, Partition
from cqlmeasure.data.store.partition import PartitionFiles
from cqlmeasure.data.store.rows import stored_subjects
from cqlmeasure.data.store.spool import Spool
from cqlmeasure.data.store.writing import Sizes, StoreWriter
from cqlmeasure.data.subjects import DataSource, SubjectData
from cqlmeasure.errors import DataError, Diagnostic

KNOWN = "_cqlmeasure-known"
"""Marks the Patients that a store has already, when they go along with an export that may not have them."""

_LOOKED_AFTER = 50
_PACKED = 8


class Before(msgspec.Struct, frozen=True):
    """The store before a load, and what the load takes out of it."""

    folder: Path
    manifest: Manifest
    deleted: frozenset[Key]
    gone: frozenset[str]

    def staying(self) -> dict[str, int]:
        """The subjects that stay, each with the number of its partition."""
        found: dict[str, int] = {}
        for partition in self.manifest.partitions:
            ids, _ = PartitionFiles(self.folder, partition).subjects()
            found.update((identity, partition.number) for identity in ids if identity not in self.gone)
        return found


class Written(msgspec.Struct):
    """What a piece gives: its partitions, the new subjects with the partition of each, and all subjects in order.

    ``absorbed``: the partition of the store whose subjects (``moved``) are now in the first of these; ``changed``: how
    many of them are different.
    """

    partitions: list[Partition]
    fresh: dict[str, int]
    seen: list[str]
    spool: Spool
    warnings: list[Diagnostic]
    absorbed: int | None = None
    moved: dict[str, int] = {}
    changed: int = 0

    def renumbered(self, first: int, shift: int) -> None:
        """Moves the numbers of its own partitions, which are those from ``first`` on."""
        for at, one in enumerate(self.partitions):
            self.partitions[at] = msgspec.structs.replace(one, number=one.number + shift)
        for places in (self.fresh, self.moved):
            for name, number in places.items():
                places[name] = number + shift
        self.spool.shift(first, shift)


class Piece(msgspec.Struct, frozen=True):
    """Subjects that follow each other, to be written from partition ``first`` on into ``folder``.

    ``known``: the subjects that are there already (``None``: those that stay of the store before); ``absorbing``: new
    subjects may follow those of the last partition of the store.
    """

    source: DataSource
    folder: Path
    first: int
    before: Before
    sizes: Sizes
    known: Mapping[str, int] | None = None
    absorbing: bool = False
    on_subject: Callable[[], object] | None = None

    def __call__(self) -> Written:
        """Does it; ``DataError`` for what cannot be read, or if the load was given up."""
        self._look(self.folder.parent)
        enabled = gc.isenabled()
        gc.disable()  # resources hold no cycles, and to look for some costs as much as the work
        work = _Work(self)
        try:
            for count, subject in enumerate(self.source):
                work.add(subject)
                if self.on_subject is not None:
                    self.on_subject()
                if count % _LOOKED_AFTER == 0:
                    self._look(self.folder)
            return work.done()
        finally:
            work.end()
            if enabled:
                gc.enable()

    def _look(self, folder: Path) -> None:
        if not folder.is_dir():
            raise DataError("the load was given up", code="load-ended", hint="nobody waits for this piece of it")


class _Work:
    """What there is of a piece so far."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self._known = dict(piece.before.staying() if piece.known is None else piece.known)
        self._writer = StoreWriter(piece.folder, piece.first, piece.sizes)
        self._found = Written([], {}, [], Spool(piece.folder / "spool"), [])
        self._absorbing = piece.absorbing

    def add(self, subject: SubjectData) -> None:
        """Writes a new subject, puts one that is known aside."""
        resources = [one for one in subject.resources if KNOWN not in one]
        if not resources:
            return
        found = self._found
        found.seen.append(subject.id)
        place = self._known.get(subject.id)
        if place is not None:
            found.spool.add(place, subject.id, subject.source, resources)
            return
        if self._absorbing:
            self._absorb()
        rows = [row_of(resource, subject.source) for resource in resources]
        found.fresh[subject.id] = self._known[subject.id] = self._writer.add(subject.id, subject.source, rows)

    def _absorb(self) -> None:
        """Lets the new subjects follow those of the last partition, if that is small."""
        self._absorbing = False
        before = self._piece.before
        last = before.manifest.partitions[-1] if before.manifest.partitions else None
        if last is None or last.rows >= self._piece.sizes.partition_rows // 2:
            return
        everywhere = Everywhere({}, before.deleted, before.gone)
        found = self._found
        found.absorbed = last.number
        number = self._writer.number
        for identity, source, rows in stored_subjects(PartitionFiles(before.folder, last)):
            if identity in self._known:
                kept = without(everywhere, rows)
                found.changed += len(kept) != len(rows)
                found.moved[identity] = self._known[identity] = self._writer.add(identity, source, kept)
        found.spool.rename(last.number, number)

    def done(self) -> Written:
        """What it gives."""
        self._found.partitions = self._writer.close()
        self._found.warnings = list(self._piece.source.warnings)
        return self._found

    def end(self) -> None:
        """Closes the files."""
        self._writer.abandon()
        self._found.spool.close()


def pieces_in(source: DataSource, sizes: Sizes) -> int:
    """Into how many pieces a source is cut: that depends on its data alone."""
    total = 0
    for file in getattr(source, "files", ()):
        try:
            total += os.path.getsize(file) * (_PACKED if is_packed(file) else 1)
        except OSError:
            continue  # whoever reads it says so
    return max(1, total // sizes.piece_bytes)


def take_over(written: Written, piece: Piece, folder: Path, number: int) -> None:
    """Moves the files of a piece to their place, numbered from ``number`` on."""
    shift = number - piece.first
    for one in written.partitions:
        for kind in KINDS:
            target = msgspec.structs.replace(one, number=one.number + shift).path(kind)
            os.rename(piece.folder / one.path(kind), folder / target)
    written.renumbered(piece.first, shift)
