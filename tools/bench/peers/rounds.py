"""Rounds of a peer: a process that waits for a line, goes over all patients once, and answers by a line of JSON.

The answer is ``{"ms": ..., "found": {...}}``: milliseconds of CPU that the round took, from the patients' JSON text to
the populations, and per patient and group the populations whose criteria are met.  What does not depend on the
patients is prepared before the first answer.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any

import orjson

from tools.bench.peers.material import Material
from tools.bench.peers.peer import Command


class PeerError(Exception):
    """A peer cannot evaluate the measure; the message is what it said last."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round took, in milliseconds of CPU, and what was found: patient, then group, then populations."""

    ms: float
    found: dict[str, list[list[str]]]


class Rounds:
    """A peer that is ready for rounds, until the ``with`` block ends."""

    def __init__(self, command: Command, material: Material) -> None:
        # Not a pipe: a peer that says much would wait for a reader.
        self._said = TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [*command.arguments, *material.arguments],
            env={**os.environ, **command.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    def __enter__(self) -> Rounds:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def round(self) -> Round:
        """One round; ``PeerError`` if the peer has ended or does not answer as it should."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
            answer: Any = orjson.loads(self._process.stdout.readline())
            return Round(answer["ms"], answer["found"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PeerError(self._last_words() or f"gave no answer ({error})") from error

    def _last_words(self) -> str:
        self._process.kill()
        self._process.wait()
        self._said.seek(0)
        return self._said.read().decode(errors="replace").strip()[-1500:]
