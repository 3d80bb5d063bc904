"""Pieces of the work on NDJSON files, each of which any process can do: to look lines through, and to read subjects.

Always holds: a position is the number of a file and the offset in it; pieces are plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing

import msgspec

from cqlmeasure.data.ndjson.buffers import Buffer
from cqlmeasure.data.ndjson.index import Index, Places
from cqlmeasure.data.reading import Json, parse_resource
from cqlmeasure.data.screen import screen_of, type_of
from cqlmeasure.data.selection import Selection
from cqlmeasure.data.source import Source
from cqlmeasure.data.subjects import SubjectData, all_references, relative_reference, unique_resources
from cqlmeasure.errors import DataError, Diagnostic

_OFFSET_BITS = 44
_OFFSET_MASK = (1 << _OFFSET_BITS) - 1
_SHARED_KEPT = 20_000
#: So many files are open at a time: systems allow a few hundred.
_OPEN_AT_MOST = 128
#: Pages of files are given back after so many subjects.
_FORGET_AFTER = 100


class File(msgspec.Struct, frozen=True):
    """A file: where it lies, and what people call it (its packed form, if it had to be unpacked)."""

    path: str
    name: str


class Surveyed(msgspec.Struct, frozen=True):
    """What a survey found, and the faults of lines that cannot be read."""

    places: Places
    faults: tuple[Diagnostic, ...]


class Survey(msgspec.Struct, frozen=True):
    """The lines of a file between two offsets, to be looked through for whose they are."""

    file: File
    number: int
    start: int
    stop: int | None
    selection: Selection | None
    carriers: frozenset[str]

    def __call__(self) -> Surveyed:
        """The places of the lines; ``DataError`` if the file cannot be read."""
        index = Index(screen_of(self.selection) if self.selection is not None else None, self.carriers)
        faults: list[Diagnostic] = []
        with closing(Buffer(self.file.path)) as buffer:
            for start, stop in buffer.spans(self.start, self.stop):
                if not index.passes_over_lines(buffer.data, start, stop):
                    index.begin(buffer.data, start, stop)
                    self._look(buffer, start, stop, index, faults)
        return Surveyed(index.places, tuple(faults))

    def _look(self, buffer: Buffer, start: int, stop: int, index: Index, faults: list[Diagnostic]) -> None:
        """Looks at each line between two offsets."""
        high = self.number << _OFFSET_BITS
        name, known = None, b"\0"
        for offset, line in buffer.lines(start, stop):
            # Nearly always a line is of the type of the line before.
            if not line.startswith(known):
                name = type_of(line)
                known = b'{"resourceType":"%s"' % name.encode() if name is not None else b"\0"
            if index.takes(name, line, high | offset):
                continue
            try:
                if name != "Bundle":
                    # Nothing could be told at a glance.
                    resource = parse_resource(line, self.file.name)
                    if resource["resourceType"] != "Bundle":
                        index.add(resource, high | offset)
                        continue
                index.places.bundles.append(high | offset)
            except DataError:
                faults += _faults(line, self.file.name, buffer.number(offset))


def _faults(line: bytes, name: str, number: int) -> Sequence[Diagnostic]:
    """What is wrong with a line, told with its number."""
    try:
        parse_resource(line, name, number)
    except DataError as error:
        return error.diagnostics
    return ()


class NdjsonPart(Source):
    """The subjects at some places of NDJSON files: those of Bundles first, then the patients."""

    def __init__(self, files: Sequence[File], places: Places, of: Source) -> None:
        super().__init__(of.bundle_is_patient, of.strict)
        self.files = files
        self.places = places
        self.selection = of.selection
        self.left_out = 0

    @property
    def count(self) -> int | None:
        return len(self.places.patients) + len(self.places.bundles)

    def __iter__(self) -> Iterator[SubjectData]:
        return self._read(everybody=True)

    def candidates(self) -> Iterator[SubjectData]:
        """The subjects that can count for some purpose; ``left_out`` says how many others there were."""
        return self._read(everybody=False)

    def _read(self, *, everybody: bool) -> Iterator[SubjectData]:
        self.warnings.clear()
        self.left_out = 0
        with ExitStack() as stack:
            buffers: dict[int, Buffer] = {}

            def buffer(position: int) -> Buffer:
                number = position >> _OFFSET_BITS
                if number not in buffers:
                    if len(buffers) >= _OPEN_AT_MOST:
                        buffers.pop(next(iter(buffers))).close()
                    buffers[number] = stack.enter_context(closing(Buffer(self.files[number].path)))
                return buffers[number]

            for position in self.places.bundles:
                yield from self._from_bundle(buffer(position), position)
            for count, one in enumerate(self._patients(buffer, everybody)):
                yield one
                if count % _FORGET_AFTER == _FORGET_AFTER - 1:
                    for used in buffers.values():
                        used.forget()

    def _from_bundle(self, buffer: Buffer, position: int) -> Iterator[SubjectData]:
        offset = position & _OFFSET_MASK
        name = self.files[position >> _OFFSET_BITS].name
        place = f"{name}:{buffer.number(offset)}" if len(self.places.bundles) == 1 else f"{name}: byte {offset}"
        try:
            found = self.from_text(buffer.line(offset), place)
            if not isinstance(found, dict):
                yield from found
        except DataError as error:
            self.fault(error)

    def _patients(self, buffer: Callable[[int], Buffer], everybody: bool) -> Iterator[SubjectData]:
        def read(position: int) -> Json | None:
            of, offset = buffer(position), position & _OFFSET_MASK
            line = of.line(offset)
            try:
                return parse_resource(line, of.path)
            except DataError:
                # What only says whose a line is passes over some faults: of UTF-8, say.
                name = self.files[position >> _OFFSET_BITS].name
                self.fault(DataError(diagnostics=list(_faults(line, name, of.number(offset)))))
                return None

        kept: dict[int, Json | None] = {}
        places, screen = self.places, self.screen
        for key, identity in places.named():
            positions = places.patients[key]
            name = self.files[positions[0] >> _OFFSET_BITS].name
            ruled_out: frozenset[int] = frozenset()
            if screen is not None and screen.purposes:
                ruled_out = screen.ruled_out(places.kinds.get(key, 0) | places.shared_kinds)
                if len(ruled_out) == screen.purposes:
                    self.left_out += 1
                    if everybody and (patient := read(positions[0])) is not None:
                        yield SubjectData(identity, [patient], name, ruled_out)
                    continue
            patients = [one for one in map(read, positions) if one is not None]
            if not patients:
                continue
            owned = (one for one in map(read, places.owned.get(key, ())) if one is not None)
            resources = unique_resources([*patients, *owned])
            if places.shared:
                _follow(resources, places, kept, read)
            yield SubjectData(identity, resources, name, ruled_out)


def _follow(
    resources: list[Json], places: Places, kept: dict[int, Json | None], read: Callable[[int], Json | None]
) -> None:
    """Adds the shared resources that these refer to, and those that they refer to in turn."""
    taken: set[int] = set()
    at = 0
    while at < len(resources):
        for reference in all_references(resources[at]):
            alike: list[Json] = []
            for position in places.shared_at(relative_reference(reference)):
                if position in taken:
                    break  # and so are the others
                taken.add(position)
                if position not in kept:
                    if len(kept) >= _SHARED_KEPT:
                        kept.clear()
                    kept[position] = read(position)
                found = kept[position]
                if found is not None and found not in alike:
                    alike.append(found)
            resources += alike
        at += 1


def shares(places: Places, count: int) -> list[Places]:
    """The places cut into at most ``count`` pieces of about as many subjects, in their order."""
    named = list(places.named())
    size = max(1, -(-(len(named) + len(places.bundles)) // count))
    found = [Places(bundles=places.bundles[at : at + size]) for at in range(0, len(places.bundles), size)]
    for at in range(0, len(named), size):
        part = Places(shared=places.shared, repeated=places.repeated, shared_kinds=places.shared_kinds)
        for key, identity in named[at : at + size]:
            part.patients[identity] = places.patients[key]
            if key in places.owned:
                part.owned[identity] = places.owned[key]
            if key in places.kinds:
                part.kinds[identity] = places.kinds[key]
        found.append(part)
    return found
