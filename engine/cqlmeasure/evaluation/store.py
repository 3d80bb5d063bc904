"""A cache on disk for results that take long to make: translations and compiled programs.

Always holds: an entry is written whole or not at all; one that is corrupt, or of another version, counts as absent;
nothing that goes wrong here stops the program.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

VARIABLE = "CQLMEASURE_CACHE_DIR"
OFF = frozenset({"off", "none", "no", "0"})
_MAGIC = b"cqlmeasure\x01"


def default_directory() -> Path | None:
    """Where the platform keeps caches; ``None`` if the user switched the cache off."""
    wished = os.environ.get(VARIABLE)
    if wished is not None:
        return None if wished.strip().lower() in OFF else Path(wished) if wished.strip() else None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        return base / "cqlmeasure" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "cqlmeasure"
    wished = os.environ.get("XDG_CACHE_HOME")
    return (Path(wished) if wished else Path.home() / ".cache") / "cqlmeasure"


def build() -> str:
    """What made an entry: package version and its files' newest change, and the Python that reads marshalled code."""
    try:
        package = version("cqlmeasure")
    except PackageNotFoundError:
        package = "source"
    return f"{package} {_newest()} {sys.implementation.cache_tag}"


def _newest() -> int:
    """The newest change of the package's sources, so that an editable checkout never meets stale entries."""
    root = Path(__file__).resolve().parents[1]
    newest = 0
    for folder in ("compiler", "translator", "elm", "requirements", "runtime", "models", "typesys"):
        for found in os.scandir(root / folder) if (root / folder).is_dir() else ():
            newest = max(newest, found.stat().st_mtime_ns if found.name.endswith(".py") else 0)
    return newest


def digest(*parts: bytes | str) -> str:
    """The name of an entry: a hash of its inputs."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "big"))
        found.update(data)
    return found.hexdigest()


class Store:
    """Entries in a directory, by kind and key.  Without a directory nothing is kept."""

    def __init__(self, directory: Path | None = None, *, enabled: bool = True) -> None:
        self.directory = (directory or default_directory()) if enabled else None
        self._build = build() if self.directory is not None else ""

    def key(self, *parts: bytes | str) -> str:
        """The key of an entry made from these inputs by this version."""
        return digest(self._build, *parts)

    def read(self, kind: str, key: str) -> bytes | None:
        """The entry, ``None`` if there is none that can be read."""
        if self.directory is None:
            return None
        try:
            data = self._path(kind, key).read_bytes()
        except OSError:
            return None
        head, body = data[: len(_MAGIC) + 32], data[len(_MAGIC) + 32 :]
        if head[: len(_MAGIC)] != _MAGIC or hashlib.sha256(body).digest() != head[len(_MAGIC) :]:
            return None
        return body

    def write(self, kind: str, key: str, body: bytes) -> None:
        """Keeps an entry; silently does not if it cannot."""
        if self.directory is None:
            return
        path = self._path(kind, key)
        temporary: str | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.directory.chmod(0o700)
            descriptor, temporary = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(body).digest() + body)
            os.replace(temporary, path)
        except OSError:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)

    def forget(self, kinds: Iterable[str]) -> None:
        """Removes all entries of some kinds."""
        for kind in kinds:
            if self.directory is not None:
                for found in (self.directory / kind).glob("*/*"):
                    found.unlink(missing_ok=True)

    def _path(self, kind: str, key: str) -> Path:
        assert self.directory is not None
        return self.directory / kind / key[:2] / key
