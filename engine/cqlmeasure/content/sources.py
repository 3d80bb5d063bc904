"""Files of a content path: a folder in any layout, an IG repository, a single file, or a FHIR package.

Always holds: every file that is handed out was found below the path that the user named (a link to a file is followed,
one to a folder is not) and is within the size limits; members of an archive are read in memory, their names are labels.
"""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from cqlmeasure.errors import ContentError, missing_path

MAX_FILE_BYTES = 256 << 20
MAX_FILES = 200_000
MAX_ARCHIVE_BYTES = 1 << 30
MAX_DEPTH = 24

SUFFIXES = (".json", ".cql", ".xml")
TEST_FOLDERS = frozenset({"tests", "test", "cases"})
# Folders that tools leave beside the content.
SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "temp", "output", "fsh-generated-cache", "txcache"})


class SourceFile:
    """One file: its label for messages, its path below the content root, and a way to its bytes."""

    __slots__ = ("_read", "label", "parts")

    def __init__(self, label: str, parts: tuple[str, ...], read: Callable[[], bytes]) -> None:
        self.label = label
        self.parts = parts
        self._read = read

    @property
    def suffix(self) -> str:
        return os.path.splitext(self.parts[-1])[1].lower()

    @property
    def stem(self) -> str:
        return os.path.splitext(self.parts[-1])[0]

    def read(self) -> bytes:
        """The bytes without a byte order mark; a file that cannot be read is a ``ContentError`` that names it."""
        return self._read().removeprefix(b"\xef\xbb\xbf")


class Tree:
    """The files of one content path: content files at hand, the files of test folders when asked."""

    __slots__ = ("_test_roots", "_tests", "files", "label")

    def __init__(self, label: str) -> None:
        self.label = label
        self.files: list[SourceFile] = []
        self._test_roots: list[tuple[str, tuple[str, ...]]] = []
        self._tests: list[SourceFile] | None = None

    def test_files(self) -> list[SourceFile]:
        """Files below folders named ``tests`` or ``cases``; ``parts`` start after that folder."""
        if self._tests is None:
            self._tests = []
            for folder, _ in self._test_roots:
                self._tests.extend(_walk(folder, (), None, 0))
        return self._tests

    def add_test_root(self, folder: str, parts: tuple[str, ...]) -> None:
        self._test_roots.append((folder, parts))

    def add_test_file(self, file: SourceFile) -> None:
        if self._tests is None:
            self._tests = []
        self._tests.append(file)


def open_tree(path: Path) -> Tree:
    """The files of ``path``; raises ``ContentError`` if there is nothing or the archive is not safe to read."""
    if path.is_dir():
        tree = Tree(str(path))
        for count, file in enumerate(_walk(str(path), (), tree, 0)):
            if count >= MAX_FILES:
                raise ContentError(
                    f"{path} holds more than {MAX_FILES} files",
                    code="too-many-files",
                    hint="name the folder that holds the measures and libraries",
                )
            tree.files.append(file)
        return tree
    if not path.is_file():
        expected = "an IG repository, a folder of FHIR JSON, a measure Bundle, or a FHIR package (.tgz)"
        raise ContentError(diagnostics=[missing_path(path, expected)])
    if path.name.lower().endswith((".tgz", ".tar.gz")):
        return _open_package(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ContentError(
            f"{path} is no content: expected a folder, a .json, .cql or .xml file, or a FHIR package (.tgz)",
            code="not-content",
            file=str(path),
        )
    tree = Tree(str(path))
    tree.files.append(_disk_file(str(path), (path.name,)))
    return tree


def read_path(path: str) -> bytes:
    """The bytes of a file on disk, if it is not above the size limit."""
    try:
        with open(path, "rb") as stream:
            if os.fstat(stream.fileno()).st_size > MAX_FILE_BYTES:
                raise ContentError(
                    f"{path} is larger than {MAX_FILE_BYTES >> 20} MiB", code="file-too-large", file=path
                )
            return stream.read()
    except OSError as error:
        raise ContentError(f"cannot read {path}: {error.strerror}", code="unreadable-file", file=path) from error


def _disk_file(path: str, parts: tuple[str, ...]) -> SourceFile:
    return SourceFile(path, parts, lambda: read_path(path))


def _has_folder(folder: str, name: str) -> bool:
    return os.path.isdir(os.path.join(folder, name))


def _is_ig_input(folder: str) -> bool:
    return any(_has_folder(folder, name) for name in ("cql", "resources", "vocabulary", "tests"))


def _walk(folder: str, parts: tuple[str, ...], tree: Tree | None, depth: int) -> Iterator[SourceFile]:
    """Files in order of their names; with a ``tree``, test folders are noted there and not entered."""
    if depth > MAX_DEPTH:
        return
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise ContentError(f"cannot read {folder}: {error.strerror}", code="unreadable-file", file=folder) from error
    folders: list[os.DirEntry[str]] = []
    for entry in found:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry)
        elif entry.name.lower().endswith(SUFFIXES) and entry.is_file():
            yield _disk_file(entry.path, (*parts, entry.name))
    if tree is not None:
        ig_input = next((entry for entry in folders if entry.name == "input" and _is_ig_input(entry.path)), None)
        if ig_input is not None:
            folders = [ig_input]
    for entry in folders:
        if entry.name in SKIPPED_FOLDERS:
            continue
        below = (*parts, entry.name)
        if tree is not None and entry.name in TEST_FOLDERS:
            tree.add_test_root(entry.path, below)
        else:
            yield from _walk(entry.path, below, tree, depth + 1)


def _open_package(path: Path) -> Tree:
    """A FHIR package: members are read one after the other in memory, none is extracted."""
    tree = Tree(str(path))
    total = 0
    try:
        with tarfile.open(path, "r:gz") as archive:
            for count, member in enumerate(archive):
                total += member.size
                if count >= MAX_FILES or total > MAX_ARCHIVE_BYTES or member.size > MAX_FILE_BYTES:
                    raise ContentError(
                        f"{path} is too large: at most {MAX_FILES} members and {MAX_ARCHIVE_BYTES >> 20} MiB",
                        code="archive-too-large",
                        file=str(path),
                    )
                _add_member(tree, path, archive, member)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ContentError(
            f"{path} is no readable FHIR package: {error}", code="broken-archive", file=str(path)
        ) from error
    return tree


def _add_member(tree: Tree, path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    name = PurePosixPath(member.name)
    parts = tuple(part for part in name.parts if part not in (".", "/"))
    if not member.isreg() or not parts or name.suffix.lower() not in SUFFIXES or parts[-1].startswith("."):
        return
    if ".." in parts or name.is_absolute():
        return
    stream = archive.extractfile(member)
    if stream is None:
        return
    data = stream.read(member.size)
    label = f"{path}!{name}"
    test_at = next((at for at, part in enumerate(parts[:-1]) if part in TEST_FOLDERS), None)
    if test_at is None:
        tree.files.append(SourceFile(label, parts, lambda: data))
    else:
        tree.add_test_file(SourceFile(label, parts[test_at + 1 :], lambda: data))
