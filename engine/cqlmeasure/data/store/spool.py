"""Data of subjects that a store has already, put aside until their partition is written anew.

Always holds: the data lie in a file; memory holds where; what one process put aside another one can take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from cqlmeasure.data.subjects import Json
from cqlmeasure.errors import DataError

_Places = dict[int, dict[str, list[tuple[int, int]]]]


class Spool:
    """Resources by the number of the partition and the id of the subject."""

    def __init__(self, file: Path, places: _Places | None = None) -> None:
        self._path = file
        self._stream: BinaryIO | None = None
        self._places: _Places = {} if places is None else places

    def __reduce__(self) -> tuple[Any, ...]:
        self.close()
        return type(self), (self._path, self._places)

    def __contains__(self, partition: int) -> bool:
        return partition in self._places

    def add(self, partition: int, subject: str, source: str, resources: Sequence[Json]) -> None:
        """Puts a subject's resources aside."""
        try:
            data = orjson.dumps(resources)
        except TypeError as error:
            text = f"a resource of {subject} cannot be written as JSON: {error}"
            raise DataError(text, code="not-fhir", file=source) from error
        stream = self._opened()
        place = (stream.seek(0, 2), len(data))
        stream.write(data)
        self._places.setdefault(partition, {}).setdefault(subject, []).append(place)

    def _opened(self) -> BinaryIO:
        if self._stream is None:
            self._stream = open(self._path, "r+b" if self._path.exists() else "w+b")  # noqa: SIM115
        return self._stream

    def rename(self, partition: int, other: int) -> None:
        """What was put aside for one partition is for another."""
        for subject, places in self._places.pop(partition, {}).items():
            self._places.setdefault(other, {}).setdefault(subject, []).extend(places)

    def shift(self, first: int, by: int) -> None:
        """The partitions from ``first`` on have other numbers."""
        self._places = {number + by if number >= first else number: one for number, one in self._places.items()}

    def take(self, partition: int, subject: str) -> Iterator[list[Any]]:
        """What was put aside for a subject, in the order in which it came."""
        for start, size in self._places.get(partition, {}).get(subject, ()):
            stream = self._opened()
            stream.seek(start)
            yield orjson.loads(stream.read(size))

    def close(self) -> None:
        """Closes the file, which can be read again."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
