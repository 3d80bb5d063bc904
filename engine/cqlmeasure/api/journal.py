"""What is finished of an evaluation, in a file, so that one that was stopped can go on.

Always holds: a part is in the file whole or not at all; a file is gone on with only by the same evaluation of the same
data.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson

from cqlmeasure.errors import UsageError
from cqlmeasure.measure import PartResult

_FORMAT = "cqlmeasure evaluation 1"
#: How a file of ours begins: of one without even a whole first line, nothing is lost if it is written anew.
_BEGIN = b'{"format":"cqlmeasure evaluation'


class _Head(msgspec.Struct):
    """The first line: what is evaluated, in how many parts, and the moment that counts as now."""

    format: str
    about: dict[str, str]
    parts: int
    now: str


class _Line(msgspec.Struct):
    """A finished part."""

    part: int
    results: tuple[PartResult, ...]


class Journal:
    """The finished parts of an evaluation.

    ``about`` says what is evaluated; ``parts`` and ``now`` are those of the file if it is there.  ``UsageError`` if the
    file is of another evaluation, or none.
    """

    def __init__(self, path: str | os.PathLike[str], about: Mapping[str, str], parts: int, now: str) -> None:
        self.path = Path(path)
        self.done: dict[int, tuple[PartResult, ...]] = {}
        self.parts, self.now = parts, now
        try:
            kept = self._read(dict(about)) if self.path.exists() else 0
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "r+b" if kept else "wb")  # noqa: SIM115  # closed by close()
        except OSError as error:
            text = f"cannot write {self.path}: {error.strerror}"
            raise UsageError(text, code="resume", hint="name a file in a folder that can be written to") from error
        # A line that was being written when the evaluation stopped is written again.
        self._file.truncate(kept)
        self._file.seek(kept)
        if not kept:
            self._write(_Head(_FORMAT, dict(about), parts, now))

    def _read(self, about: dict[str, str]) -> int:
        """Takes what is in the file; how many bytes of it are whole lines."""
        lines = self.path.read_bytes().splitlines(keepends=True)
        if not lines or (not lines[0].endswith(b"\n") and lines[0].startswith(_BEGIN[: len(lines[0])])):
            return 0
        try:
            head = msgspec.json.decode(lines[0], type=_Head)
        except msgspec.MsgspecError:
            head = None
        if head is None or head.format != _FORMAT:
            raise UsageError(
                f"{self.path} is not of an evaluation", code="resume", hint="name a file that is not there"
            )
        differing = sorted(name for name in {*about, *head.about} if about.get(name) != head.about.get(name))
        if differing:
            raise UsageError(
                f"{self.path} is of another evaluation: {', '.join(differing)} differ",
                code="resume",
                hint="name another file, or remove it to begin anew",
            )
        self.parts, self.now = head.parts, head.now
        size = len(lines[0])
        for line in lines[1:]:
            try:
                found = msgspec.json.decode(line, type=_Line)
            except msgspec.MsgspecError:
                break
            if not line.endswith(b"\n"):
                break
            self.done[found.part] = found.results
            size += len(line)
        return size

    def add(self, part: int, results: Sequence[PartResult]) -> None:
        """Keeps a finished part."""
        self.done[part] = tuple(results)
        self._write(_Line(part, tuple(results)))

    def _write(self, line: Any) -> None:
        self._file.write(orjson.dumps(msgspec.to_builtins(line), option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file, which stays."""
        self._file.close()
