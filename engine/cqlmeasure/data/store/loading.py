"""Loading subjects into a store: a new one, or one that is there already.

Always holds: until the last step the store is as it was, and after it as if all had been loaded at once; only
partitions with changes are written anew, the others' files stay; two loads of one store at a time are refused.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
import orjson

from cqlmeasure.data.bundles import Folder
from cqlmeasure.data.ndjson.source import Ndjson
from cqlmeasure.data.selection import Selection
from cqlmeasure.data.store.arrow import modules
from cqlmeasure.data.store.changes import Everywhere, apply, merged, without
from cqlmeasure.data.store.inputs import Key, deleted_key, shared_resources, split_files
from cqlmeasure.data.store.keys import Row, row_of
from cqlmeasure.data.store.locking import locked, tidy, working_folder
from cqlmeasure.data.store.manifest import (
    KINDS,
    MANIFEST,
    Manifest,
    Origin,
    Partition,
    is_store,
    manifest_of,
    read_manifest,
    write_manifest,
)
from cqlmeasure.data.store.partition import PartitionFiles
from cqlmeasure.data.store.pieces import KNOWN, Before, Piece, Written, pieces_in, take_over
from cqlmeasure.data.store.rows import stored_subjects, touched
from cqlmeasure.data.store.source import Store
from cqlmeasure.data.store.spool import Spool
from cqlmeasure.data.store.writing import SIZES, Sizes, StoreWriter
from cqlmeasure.data.subjects import DataSource, Divisible, Each, one_by_one
from cqlmeasure.errors import Diagnostic, Severity

MAX_ORIGINS = 1000


class Loaded(msgspec.Struct):
    """What a load did.  ``new``, ``changed`` and ``removed`` count subjects."""

    manifest: Manifest
    new: int = 0
    changed: int = 0
    removed: int = 0
    warnings: list[Diagnostic] = []

    def __repr__(self) -> str:
        return f"Loaded(new={self.new}, changed={self.changed}, removed={self.removed})"


def load(
    sources: Mapping[str, DataSource],
    path: str | os.PathLike[str],
    *,
    delete: Iterable[str] = (),
    sizes: Sizes = SIZES,
    on_subject: Callable[[], object] | None = None,
    each: Each | None = None,
) -> Loaded:
    """Adds the subjects of sources (by their names) to the store at ``path``, which is made if it is not there.

    ``delete``: references (``Observation/1``) of what goes, before anything is added; a Patient goes with all that is
    the patient's.  ``each`` does pieces of the work in other processes.  ``DataError`` for what cannot be read, and for
    a folder that holds something else.
    """
    modules()
    root = Path(path)
    with locked(root):
        old = read_manifest(root) if is_store(root) else None
        tidy(root, old)
        folder = working_folder(root)
        one = _Load(root, folder, old, sizes, each)
        try:
            found = one.run(sources, [deleted_key(reference) for reference in delete], on_subject or (lambda: None))
        finally:
            one.end()
            shutil.rmtree(folder, ignore_errors=True)
    return found


class _Load:
    """One load: has the sources written in pieces, takes over new partitions, and rewrites those with changes."""

    def __init__(self, root: Path, folder: Path, old: Manifest | None, sizes: Sizes, each: Each | None) -> None:
        self.root, self.folder, self.sizes, self.each = root, folder, sizes, each
        self.old = old or manifest_of(0, (), ())
        self.before = root / self.old.folder
        self.next = folder / "next"
        self.writer = StoreWriter(self.next, self.old.next_number, sizes)
        self.number = self.old.next_number
        self.pieces = 0
        self.added: list[Partition] = []
        self.spools: list[Spool] = []
        self.known: dict[str, int] = {}  # the partition of each subject
        self.seen: set[str] = set()  # the subjects of this load
        self.fresh: set[str] = set()  # of them those that are new
        self.repeated: list[str] = []
        self.absorbed: int | None = None
        self.result = Loaded(self.old)

    def run(self, sources: Mapping[str, DataSource], deleted: list[Key], on_subject: Callable[[], object]) -> Loaded:
        prepared = {name: self._prepared(source, deleted) for name, source in sources.items()}
        shared: dict[Key, Row] = {}
        gone = frozenset(identity for kind, identity in deleted if kind == "Patient")
        start = Before(self.before, self.old, frozenset(deleted), gone)
        self.known = start.staying()
        self.result.removed = self.old.subjects - len(self.known)
        patients = self._known_patients() if any(isinstance(one, Ndjson) for one in prepared.values()) else None
        origins = list(self.old.origins)
        everywhere = Everywhere(shared, frozenset(deleted), gone)
        for name, source in prepared.items():
            if source is None:
                continue
            if isinstance(source, Ndjson) and patients is not None:
                shared.update((_key(row), row) for row in shared_resources(source))
                source = Ndjson(source.root, [*source.files, patients], source.bundle_is_patient, source.strict)
            origins.append(Origin(name, self._read(source, start, on_subject)))
            self.result.warnings.extend(source.warnings)
        self._warn_of_repeated()
        partitions = self._partitions(everywhere)
        self.result.new = len(self.fresh)
        if partitions != self.old.partitions or not (self.root / MANIFEST).exists():
            self._publish(manifest_of(self.old.generation + 1, tuple(origins[-MAX_ORIGINS:]), partitions))
        return self.result

    def _read(self, source: DataSource, start: Before, on_subject: Callable[[], object]) -> int:
        """Has a source written; how many of its subjects have data."""
        if not isinstance(source, Divisible):
            return self._take(self._piece(source, start, on_subject))
        if self.each is None:
            with source.divided(pieces_in(source, self.sizes), one_by_one) as parts:
                count = 0
                for part in parts:
                    count += self._take(self._piece(part, start, on_subject))
                    source.note(part.warnings)
                return count
        with source.divided(pieces_in(source, self.sizes), self.each) as parts:
            pieces = [self._piece(part, start) for part in parts]
            count = 0
            for piece, written in zip(pieces, self.each(pieces), strict=True):
                source.note(written.warnings)
                if not written.fresh.keys().isdisjoint(self.known):
                    # A subject of an earlier piece comes again, which this one could not know.
                    shutil.rmtree(piece.folder)
                    piece = msgspec.structs.replace(piece, first=self.number, known=self.known)
                    written = piece()
                count += self._take(piece, written)
                for _ in written.seen:
                    on_subject()
            return count

    def _piece(self, source: DataSource, start: Before, on_subject: Callable[[], object] | None = None) -> Piece:
        """The next piece: with what is known so far if it is done now, and here, as ``on_subject`` says."""
        folder = self.folder / f"piece-{self.pieces}"
        self.pieces += 1
        here = on_subject is not None
        first, known = (self.number, self.known) if here else (self.old.next_number, None)
        return Piece(source, folder, first, start, self.sizes, known, self.pieces == 1, on_subject)

    def _take(self, piece: Piece, written: Written | None = None) -> int:
        """Takes over what a piece gives, which is done now if need be; how many subjects had data."""
        found = piece() if written is None else written
        take_over(found, piece, self.next, self.number)
        self.number += len(found.partitions)
        self.added += found.partitions
        self.spools.append(found.spool)
        self.known.update(found.fresh)
        self.known.update(found.moved)
        self.fresh.update(found.fresh)
        self.result.changed += found.changed
        if found.absorbed is not None:
            self.absorbed = found.absorbed
        for identity in found.seen:
            if identity in self.seen:
                self.repeated.append(identity)
            self.seen.add(identity)
        gc.collect()
        return len(found.seen)

    def end(self) -> None:
        """Closes all files."""
        self.writer.abandon()
        for spool in self.spools:
            spool.close()

    def _prepared(self, source: DataSource, deleted: list[Key]) -> DataSource | None:
        """The source without files that list what was deleted, which goes to ``deleted``."""
        if not isinstance(source, Ndjson | Folder):
            return source
        files, found = split_files(source.files)
        deleted.extend(found)
        if not found:
            return source
        return type(source)(source.root, files, source.bundle_is_patient, source.strict) if files else None

    def _warn_of_repeated(self) -> None:
        if self.repeated:
            text = f"{len(self.repeated)} times a subject came again (such as {self.repeated[0]}): put together"
            self.result.warnings.append(
                Diagnostic(code="repeated-subject", message=text, severity=Severity.WARNING, file=str(self.root))
            )

    def _known_patients(self) -> str | None:
        """A file with the Patients of the store, for exports that hold only what changed."""
        if not self.known:
            return None
        file = self.folder / "known.ndjson"
        with open(file, "wb") as stream:
            for subject in Store(self.root).selecting(Selection(wanted=())):
                if subject.id in self.known:
                    for resource in subject.resources[:1]:
                        patient = {**resource, "id": subject.id, KNOWN: True}
                        stream.write(orjson.dumps(patient, option=orjson.OPT_APPEND_NEWLINE))
        return str(file)

    def _partitions(self, everywhere: Everywhere) -> tuple[Partition, ...]:
        """All partitions after the load: what nothing happened to, what is written anew, what is new."""
        if self.absorbed is not None:
            for spool in self.spools:
                spool.rename(self.absorbed, self.added[0].number)
        number = self.number
        found: list[Partition] = []
        for partition in (*self.old.partitions, *self.added):
            if partition.number == self.absorbed:
                continue
            fresh = partition.number >= self.old.next_number
            files = PartitionFiles(self.next if fresh else self.before, partition)
            if any(partition.number in spool for spool in self.spools) or touched(files, everywhere, fresh):
                self.writer = StoreWriter(self.next, number, self.sizes)
                if self._rewrite(files, everywhere, fresh):
                    found.extend(self.writer.close())
                    number = self.writer.number
                    continue
                self.writer.abandon()
            if not fresh:
                _link(files, self.next)
            found.append(partition)
        return tuple(found)

    def _rewrite(self, files: PartitionFiles, everywhere: Everywhere, fresh: bool) -> bool:
        """Writes a partition anew; whether anything is different now."""
        different = False
        for identity, source, rows in stored_subjects(files):
            if not fresh and identity in everywhere.subjects:
                different = True
                continue
            after = apply(everywhere, rows) if fresh else apply(everywhere, without(everywhere, rows))
            for spool in self.spools:
                for resources in spool.take(files.partition.number, identity):
                    after = merged(after, [row_of(resource, source) for resource in resources])
            if after != rows:
                different = True
                self.result.changed += identity not in self.fresh
            self.writer.add(identity, source, after)
        return different

    def _publish(self, manifest: Manifest) -> None:
        """Makes the new state the store's, in one step, and removes the old one."""
        known = {manifest_path for one in manifest.partitions for manifest_path in map(one.path, KINDS)}
        for kind in KINDS:
            for file in (self.next / kind).iterdir():
                if f"{kind}/{file.name}" not in known:
                    file.unlink()
        os.rename(self.next, self.root / manifest.folder)
        write_manifest(self.root, manifest)
        shutil.rmtree(self.before, ignore_errors=True)
        self.result.manifest = manifest


def _key(row: Row) -> Key:
    return row.type, row.id or ""


def _link(files: PartitionFiles, folder: Path) -> None:
    """Takes the files of a partition over as they are."""
    for kind in KINDS:
        target = folder / files.partition.path(kind)
        try:
            os.link(files.path(kind), target)
        except OSError:  # no hard links there
            shutil.copy2(files.path(kind), target)
