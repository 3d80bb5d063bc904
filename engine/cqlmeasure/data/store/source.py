"""A store as a source of subjects, read with or without a selection.

Always holds: without a selection, the subjects are those of the sources that were loaded, in their order, each with all
of its resources in their order; with one, the resources that matter in the same order, and always the Patient.  Memory
holds a block of subjects at a time.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from cqlmeasure.data.reading import identity_of
from cqlmeasure.data.selection import Answers, Selection
from cqlmeasure.data.store.answering import answered, counted
from cqlmeasure.data.store.arrow import Array, broken, modules
from cqlmeasure.data.store.manifest import MANIFEST, Manifest, Partition, read_manifest, verify
from cqlmeasure.data.store.matching import Found, find
from cqlmeasure.data.store.partition import PartitionFiles
from cqlmeasure.data.store.plans import Plan, plan_of
from cqlmeasure.data.subjects import Each, Json, SubjectData
from cqlmeasure.errors import Diagnostic


class Share(NamedTuple):
    """The share ``number`` (from 0 on) of ``of`` shares of the subjects; ``whole``: each is a partition."""

    number: int = 0
    of: int = 1
    whole: bool = False


WHOLE = Share()


class Store:
    """The subjects of a store.  It can be pickled: by its path."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        share: Share = WHOLE,
        plan: Plan | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self.path = Path(path)
        self.manifest = manifest or read_manifest(self.path)
        self.warnings: list[Diagnostic] = []
        self._share = share
        self._plan = plan
        self.left_out = 0
        self.answers: Counter[Answers] = Counter()

    def __repr__(self) -> str:
        resources = sum(self.manifest.resources.values())
        return f"Store({str(self.path)!r}, {self.manifest.subjects:,} subjects, {resources:,} resources)"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self.path), self._share, self._plan)

    @property
    def count(self) -> int:
        """How many subjects there are in this share."""
        return sum(part.subjects for one in self._pieces() for part in one.parts)

    def part(self, number: int, of: int) -> Store:
        """A share of the subjects: that of ``number`` (from 0 on) of ``of``; together they are all, in order."""
        if not 0 <= number < of:
            raise ValueError(f"there is no part {number} of {of}")
        return Store(self.path, Share(number, of), self._plan, self.manifest)

    @contextmanager
    def divided(self, count: int, each: Each) -> Iterator[Sequence[Store]]:
        """About as many shares, whole partitions if there are enough; nothing has to be done first."""
        whole = len(self.manifest.partitions)
        if whole * 2 < count or self._share != WHOLE:
            yield [self.part(number, count) for number in range(count)]
            return
        # What a plan finds in a partition is found once then.
        shares = [Share(number, whole, whole=True) for number in range(whole)]
        yield [Store(self.path, share, self._plan, self.manifest) for share in shares]

    def note(self, found: Iterable[Diagnostic]) -> None:
        """Adds what a share left out to the warnings."""
        self.warnings.extend(found)

    def identity(self) -> str:
        """A text that changes when the store does."""
        return identity_of([str(self.path / MANIFEST)])

    def selecting(self, selection: Selection) -> Store:
        """The same subjects with the resources that matter; who cannot count has the Patient alone."""
        found = Store(self.path, self._share, plan_of(selection), self.manifest)
        found.warnings = self.warnings
        return found

    def verify(self) -> None:
        """Compares the checksums of all files; ``DataError`` that lists those that differ."""
        verify(self.path, self.manifest)

    def __iter__(self) -> Iterator[SubjectData]:
        return self._read(candidates_only=False)

    def candidates(self) -> Iterator[SubjectData]:
        """The subjects that can count for some purpose; ``left_out`` says how many others there were.

        With questions, those alone that have no answers; ``answers`` says how many others have which.
        """
        return self._read(candidates_only=True)

    def candidate_count(self) -> int:
        """How many subjects can count for some purpose; nothing is parsed to tell."""
        if self._plan is None:
            return self.count
        plan = self._plan._replace(wanted=())
        return sum(
            int(modules().numpy.count_nonzero(piece.inside(find(self._files(piece), plan, everybody=False).candidates)))
            for piece in self._pieces()
        )

    def _files(self, piece: _Piece) -> PartitionFiles:
        return PartitionFiles(self.path / self.manifest.folder, piece.partition)

    def _read(self, candidates_only: bool) -> Iterator[SubjectData]:
        self.warnings.clear()
        self.left_out = 0
        self.answers.clear()
        count = modules().numpy.count_nonzero
        for piece in self._pieces():
            files = self._files(piece)
            found = None
            if self._plan is not None:
                rest = self._answer(files, piece) if candidates_only and self._plan.questions else None
                if rest is not None and not rest.any():
                    continue
                found = find(files, self._plan, among=rest, everybody=not candidates_only)
                if candidates_only:
                    inside = piece.inside(found.candidates)
                    staying = int(count(inside))
                    self.left_out += (len(inside) if rest is None else int(count(rest))) - staying
                    if not staying:
                        continue
            yield from _subjects(files, piece, found, candidates_only)

    def _answer(self, files: PartitionFiles, piece: _Piece) -> Array:
        """Counts those of a piece who have answers; flags of the others, for all of the partition."""
        assert self._plan is not None
        found = answered(files, self._plan)
        inside = modules().numpy.zeros(files.partition.subjects, bool)
        piece.inside(inside)[:] = True
        self.answers += counted(found.flags[inside & found.certain])
        return inside & ~found.certain

    def _pieces(self) -> list[_Piece]:
        """The blocks of this share, by partitions; shares have about the same numbers of resources."""
        number, of, whole = self._share
        total = sum(one.rows + one.subjects for one in self.manifest.partitions)
        before, found = 0, []
        for at, partition in enumerate(self.manifest.partitions):
            parts, row, subject = [], 0, 0
            for block in partition.blocks:
                size = block.rows + block.subjects
                # A block is in the share that its middle falls into.
                if (at if whole else (2 * before + size) * of // (2 * total)) == number:
                    parts.append(_Part(row, row + block.rows, subject, block.subjects))
                row, subject, before = row + block.rows, subject + block.subjects, before + size
            if parts:
                found.append(_Piece(partition, parts))
        return found


class _Part(NamedTuple):
    """A block: its rows from one to another, and its subjects from the first on."""

    start: int
    end: int
    first: int
    subjects: int


class _Piece(NamedTuple):
    """Blocks of one partition that follow each other."""

    partition: Partition
    parts: list[_Part]

    def inside(self, flags: Array) -> Array:
        """Of flags of all subjects of the partition those of the subjects of these blocks."""
        return flags[self.parts[0].first : self.parts[-1].first + self.parts[-1].subjects]


def _subjects(files: PartitionFiles, piece: _Piece, found: Found | None, only: bool) -> Iterator[SubjectData]:
    """The subjects of a piece; with ``only`` the candidates alone."""
    ids, sources = files.subjects()
    chosen = None if found is None else modules().numpy.flatnonzero(found.rows)
    numpy = modules().numpy
    everybody = numpy.arange(files.partition.subjects)
    staying = numpy.flatnonzero(found.candidates) if only and found is not None else everybody
    ruled_out = _Purposes(found)
    for part in piece.parts:
        numbers = staying[slice(*numpy.searchsorted(staying, (part.first, part.first + part.subjects)))]
        for number, resources in zip(numbers.tolist(), _resources(files, part, chosen, numbers), strict=True):
            yield SubjectData(ids[number], resources, sources[number], ruled_out.of(number))


def _resources(files: PartitionFiles, part: _Part, chosen: Array | None, numbers: Array) -> Iterator[list[Json]]:
    """For each of some subjects of a block its resources, of them those of the rows that are chosen."""
    numpy = modules().numpy
    first, last = numpy.searchsorted(files.group_ends, (part.start, part.end), side="right").tolist()
    if chosen is None:
        groups, rows = list(range(first, last)), None
    else:
        rows = chosen[slice(*numpy.searchsorted(chosen, (part.start, part.end)))]
        groups = numpy.unique(numpy.searchsorted(files.group_ends, rows, side="right")).tolist()
    if not groups:
        yield from ([] for _ in numbers)
        return
    taken = files.take(groups, rows)
    begins, stops = (numpy.searchsorted(taken.numbers, numbers, side=side).tolist() for side in ("left", "right"))
    loads, data = orjson.loads, taken.data
    spans = list(zip(taken.starts, taken.ends, strict=True))
    for begin, end in zip(begins, stops, strict=True):
        try:
            resources = [loads(data[start:stop]) for start, stop in spans[begin:end]]
        except orjson.JSONDecodeError as error:
            raise broken(files.path("resources"), f"the JSON of a resource: {error}") from error
        if not all(type(one) is dict and type(one.get("resourceType")) is str for one in resources):
            raise broken(files.path("resources"), "a resource is no FHIR")
        yield resources


class _Purposes:
    """The purposes that subjects are ruled out of."""

    def __init__(self, found: Found | None) -> None:
        alive = found.alive if found is not None else ()
        self._matrix = modules().numpy.array(alive).T.copy() if alive else None
        self._known: dict[bytes, frozenset[int]] = {}

    def of(self, number: int) -> frozenset[int]:
        """Those of a subject."""
        if self._matrix is None:
            return frozenset()
        flags = self._matrix[number].tobytes()
        found = self._known.get(flags)
        if found is None:
            found = self._known[flags] = frozenset(at for at, flag in enumerate(flags) if not flag)
        return found
