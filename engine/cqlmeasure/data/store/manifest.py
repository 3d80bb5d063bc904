"""The manifest of a store: what it holds, in which files, where that came from.

Always holds: a store is what its manifest says and nothing else; the manifest is replaced in one step, so that a load
that is interrupted leaves the state before; the names of files that it gives cannot lead out of the store.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import msgspec

from cqlmeasure.data.store.arrow import broken
from cqlmeasure.errors import DataError, Diagnostic, missing_path

MANIFEST = "manifest.json"
FORMAT = "cqlmeasure-store"
VERSION = 2
#: Partitions of version 1 have no exact keys; all else is the same.
READABLE = (1, VERSION)
MAX_MANIFEST_BYTES = 256 << 20
_FOLDER = re.compile(r"generation-\d{1,9}", re.ASCII)
KINDS = ("resources", "codes", "subjects")
"""The files of a partition, each in a folder of this name."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Parquet file: its rows, bytes and SHA-256, of the whole and of the footer, which says where everything is."""

    rows: int
    bytes: int
    sha256: str
    footer: str


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Subjects that follow each other, whose resources lie together: numbers of subjects and of resources."""

    subjects: int
    rows: int


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A row group of the file of codes: the type of its resources, the first and the last code."""

    type: str
    first: str
    last: str


class Partition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some of the subjects; ``number`` names its files: ``resources/00007.parquet`` and so on.

    ``exact``: the codes tell exactly what each resource is.
    """

    number: int
    blocks: tuple[Block, ...]
    codes: tuple[Group, ...]
    types: dict[str, int]
    files: dict[str, File]
    exact: bool = False

    @property
    def subjects(self) -> int:
        """How many subjects it holds."""
        return sum(block.subjects for block in self.blocks)

    @property
    def rows(self) -> int:
        """How many resources it holds."""
        return sum(block.rows for block in self.blocks)

    def path(self, kind: str) -> str:
        """Where a file of a kind lies, below the folder of the generation."""
        return f"{kind}/{self.number:05}.parquet"


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where data came from: the path and how many subjects it had."""

    path: str
    subjects: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in ``manifest.json``; partitions are in the order of the subjects."""

    format: str
    version: int
    generation: int
    folder: str
    subjects: int
    resources: dict[str, int]
    origins: tuple[Origin, ...]
    partitions: tuple[Partition, ...]

    @property
    def next_number(self) -> int:
        """The number of the next partition."""
        return max((one.number for one in self.partitions), default=-1) + 1


def manifest_of(generation: int, origins: tuple[Origin, ...], partitions: tuple[Partition, ...]) -> Manifest:
    """The manifest of partitions."""
    types: dict[str, int] = {}
    for one in partitions:
        for kind, count in one.types.items():
            types[kind] = types.get(kind, 0) + count
    return Manifest(
        FORMAT,
        VERSION,
        generation,
        f"generation-{generation}",
        sum(one.subjects for one in partitions),
        dict(sorted(types.items())),
        origins,
        partitions,
    )


class _Head(msgspec.Struct):
    format: str = ""
    version: int = 0


def is_store(path: Path) -> bool:
    """Whether a store lies at a path: its manifest says so.  Other manifests (of a bulk export) are none of ours."""
    try:
        with open(path / MANIFEST, "rb") as stream:
            start = stream.read(200)
    except OSError:
        return False
    return f'"{FORMAT}"'.encode() in start


def read_manifest(path: Path) -> Manifest:
    """The manifest of the store at ``path``, checked; ``DataError`` if it is none or of another version."""
    file = path / MANIFEST
    if not path.is_dir():
        raise DataError(diagnostics=[missing_path(path, "a store, as cqlmeasure load makes them")])
    try:
        if file.stat().st_size > MAX_MANIFEST_BYTES:
            raise DataError(f"{file} is larger than {MAX_MANIFEST_BYTES >> 20} MiB", code="file-too-large")
        data = file.read_bytes()
        head = msgspec.json.decode(data, type=_Head)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        head = _Head()
    if head.format != FORMAT:
        raise not_a_store(path)
    if head.version not in READABLE:
        raise DataError(
            f"the store {path} is of format version {head.version}, and this program reads version {VERSION}",
            code="store-version",
            file=str(file),
            hint="load the data into a new store",
        )
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except msgspec.MsgspecError as error:
        raise broken(file, str(error)) from error
    _check(manifest, file)
    return manifest


def not_a_store(path: Path) -> DataError:
    """The error of a folder that holds something else."""
    return DataError(
        f"{path} is no store: it has no {MANIFEST} of one",
        code="not-a-store",
        file=str(path),
        hint="cqlmeasure load DATA -o STORE makes one",
    )


def _check(manifest: Manifest, file: Path) -> None:
    faults = [
        (_FOLDER.fullmatch(manifest.folder) is None, f"the folder {manifest.folder!r}"),
        (len({one.number for one in manifest.partitions}) != len(manifest.partitions), "a partition is there twice"),
        (manifest.subjects != sum(one.subjects for one in manifest.partitions), "the number of subjects"),
    ]
    for one in manifest.partitions:
        faults += [
            (one.number < 0, "the number of a partition"),
            (set(one.files) != set(KINDS), f"the files of partition {one.number}"),
            (any(block.subjects < 1 or block.rows < 0 for block in one.blocks), f"the blocks of {one.number}"),
            ("resources" in one.files and one.files["resources"].rows != one.rows, f"the rows of {one.number}"),
            ("subjects" in one.files and one.files["subjects"].rows != one.subjects, f"the subjects of {one.number}"),
        ]
    for wrong, what in faults:
        if wrong:
            raise broken(file, f"{what} cannot be right")


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Replaces the manifest in one step."""
    new = path / f".{MANIFEST}.new"
    with open(new, "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(new, path / MANIFEST)


def file_of(path: Path, rows: int) -> File:
    """What the manifest says of a file."""
    with open(path, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return File(rows, path.stat().st_size, digest, footer_of(path))


def footer_of(path: Path) -> str:
    """The SHA-256 of a Parquet file's footer; of what is no such file, that of its last bytes."""
    with open(path, "rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 8))
        length = int.from_bytes(stream.read(4), "little") + 8
        stream.seek(size - length if length <= size else max(0, size - 8))
        return hashlib.sha256(stream.read()).hexdigest()


def verify(path: Path, manifest: Manifest) -> None:
    """Reads all files and compares their checksums; ``DataError`` that lists those that differ."""
    found: list[Diagnostic] = []
    for one in manifest.partitions:
        for kind in KINDS:
            file = path / manifest.folder / one.path(kind)
            try:
                same = file_of(file, one.files[kind].rows) == one.files[kind]
            except OSError:
                same = False
            if not same:
                found.extend(broken(file, "its checksum differs").diagnostics)
    if found:
        raise DataError(diagnostics=found)
