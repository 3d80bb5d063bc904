"""What the tests of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

MEASURE = "DiabetesHbA1cPoorControl"


class Ran(NamedTuple):
    """Exit status and what was printed."""

    status: int
    out: str
    err: str


Command = Callable[..., Ran]


class Sample(NamedTuple):
    """A copy of the sample measure, to be spoiled."""

    path: Path

    @property
    def cql(self) -> Path:
        return self.path / "input" / "cql" / f"{MEASURE}.cql"

    @property
    def cases(self) -> Path:
        return self.path / "input" / "tests" / "measure" / MEASURE

    def replace(self, old: str, new: str) -> None:
        """Change the CQL; what is changed must be there."""
        text = self.cql.read_text()
        assert old in text
        self.cql.write_text(text.replace(old, new))
