"""The bytes of NDJSON files: mapped, or unpacked into a temporary file first and then mapped.

Always holds: memory does not grow with the size of a file; what was read lately may be forgotten at any time.
"""

from __future__ import annotations

import gzip
import importlib
import io
import mmap
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from typing import Any

from cqlmeasure.errors import DataError

MAX_LINE_BYTES = 256 << 20
MAX_UNPACKED_BYTES = 1 << 40
_BLOCK = 1 << 20
#: What a damaged packed file gives.
UNPACKING = (OSError, EOFError, zlib.error)
#: So many bytes are looked through at a time.
_SPAN = 32 << 20


class Buffer:
    """The lines of one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.data: mmap.mmap | bytes = b""
        try:
            if os.path.getsize(path):
                with open(path, "rb") as stream:
                    self.data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise unreadable(path, error) from error

    def lines(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The lines that begin between two offsets and are not blank: offset and text."""
        at, data = start, self.data
        if at == 0 and data[:3] == b"\xef\xbb\xbf":
            at = 3
        while at < end:
            # Many lines at a time, as far as there are whole ones.
            newline = data.rfind(b"\n", at, min(at + _BLOCK, end))
            block = data[at:newline] if newline >= 0 else self.line(at)
            for line in block.split(b"\n"):
                if line and not line.isspace():
                    yield at, line
                at += len(line) + 1

    def spans(self, start: int, stop: int | None) -> Iterator[tuple[int, int]]:
        """The part between two offsets, both where lines begin, in pieces; the memory of each is given back."""
        at, end = start, len(self.data) if stop is None else stop
        while at < end:
            newline = self.data.find(b"\n", at + _SPAN, end)
            following = end if newline < 0 else newline + 1
            yield at, following
            self.forget()
            at = following

    def starts(self, count: int) -> list[int]:
        """Offsets at which lines begin, which cut the file into at most ``count`` pieces of about the same size."""
        size = len(self.data)
        found = [0]
        for number in range(1, count):
            after = self.data.find(b"\n", size * number // count)
            if after < 0:
                break
            if after + 1 > found[-1] and after + 1 < size:
                found.append(after + 1)
        return found

    def number(self, offset: int) -> int:
        """The number of the line that begins at an offset."""
        found, at = 1, self.data.find(b"\n", 0, offset)
        while at >= 0:
            found, at = found + 1, self.data.find(b"\n", at + 1, offset)
        return found

    def line(self, offset: int) -> bytes:
        """The text of the line that begins at an offset."""
        stop = self.data.find(b"\n", offset)
        stop = len(self.data) if stop < 0 else stop
        if stop - offset > MAX_LINE_BYTES:
            text = f"{self.path} has a line above {MAX_LINE_BYTES >> 20} MiB"
            raise DataError(text, code="file-too-large", file=self.path)
        return self.data[offset:stop]

    def forget(self) -> None:
        """Gives the memory back that pages of the file take up; they are read again when they are needed."""
        if isinstance(self.data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self.data.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Closes the file."""
        if isinstance(self.data, mmap.mmap):
            self.data.close()


def is_packed(path: str) -> bool:
    """Whether a file has to be unpacked."""
    return path.lower().endswith((".gz", ".zst"))


def unpacked(path: str, folder: str) -> str:
    """The path of the unpacked content of a file, in a folder for such."""
    handle, target = tempfile.mkstemp(suffix=".ndjson", dir=folder)
    try:
        with os.fdopen(handle, "wb") as out, opened(path) as packed:
            size = 0
            while block := packed.read(_BLOCK):
                size += len(block)
                if size > MAX_UNPACKED_BYTES:
                    text = f"{path} is larger than {MAX_UNPACKED_BYTES >> 30} GiB when unpacked"
                    raise DataError(text, code="file-too-large", file=path)
                if size > shutil.disk_usage(folder).free:
                    text = f"there is no room to unpack {path} in {folder}"
                    raise DataError(text, code="unreadable-file", file=path, hint="set TMPDIR to a folder with room")
                out.write(block)
    except UNPACKING as error:
        raise unreadable(path, error) from error
    return target


def opened(path: str) -> io.BufferedIOBase:
    """The unpacked content of a file, as a stream."""
    if path.lower().endswith(".gz"):
        return gzip.open(path)
    try:
        # An extra: few have such files.
        zstandard = importlib.import_module("zstandard")
    except ImportError as error:
        raise DataError(
            f"cannot unpack {path}: the library zstandard is not installed",
            code="unreadable-file",
            file=path,
            hint="python -m pip install 'cqlmeasure[zstd]', or unpack it",
        ) from error
    return io.BufferedReader(_Zstandard(zstandard.open(path, "rb"), zstandard.ZstdError))


class _Zstandard(io.RawIOBase):
    """A stream whose faults are those of other streams."""

    def __init__(self, stream: Any, fault: type[Exception]) -> None:
        self._stream = stream
        self._fault = fault

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            found = self._stream.read(len(buffer))
        except self._fault as error:
            raise EOFError(str(error)) from error
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._stream.close()
        super().close()


def unreadable(path: str, error: Exception) -> DataError:
    """The error of a file that cannot be read."""
    return DataError(f"cannot read {path}: {error}", code="unreadable-file", file=path)
