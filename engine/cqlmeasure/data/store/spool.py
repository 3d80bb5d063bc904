"""Data of subjects that a store has already, put aside until their partition is written anew.

Always holds: the data lie in a file; memory holds where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from cqlmeasure.data.subjects import Json
from cqlmeasure.errors import DataError


class Spool:
    """Resources by the number of the partition and the id of the subject."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._stream: BinaryIO | None = None
        self._places: dict[int, dict[str, list[tuple[int, int]]]] = {}

    def __contains__(self, partition: int) -> bool:
        return partition in self._places

    def add(self, partition: int, subject: str, source: str, resources: Sequence[Json]) -> None:
        """Puts a subject's resources aside."""
        if self._stream is None:
            self._stream = open(self._path, "w+b")  # noqa: SIM115
        try:
            data = orjson.dumps(resources)
        except TypeError as error:
            text = f"a resource of {subject} cannot be written as JSON: {error}"
            raise DataError(text, code="not-fhir", file=source) from error
        place = (self._stream.seek(0, 2), len(data))
        self._stream.write(data)
        self._places.setdefault(partition, {}).setdefault(subject, []).append(place)

    def rename(self, partition: int, other: int) -> None:
        """What was put aside for one partition is for another."""
        if partition in self._places:
            self._places[other] = self._places.pop(partition)

    def take(self, partition: int, subject: str) -> Iterator[list[Any]]:
        """What was put aside for a subject, in the order in which it came."""
        for start, size in self._places.get(partition, {}).get(subject, ()):
            assert self._stream is not None
            self._stream.seek(start)
            yield orjson.loads(self._stream.read(size))

    def close(self) -> None:
        """Closes the file."""
        if self._stream is not None:
            self._stream.close()
