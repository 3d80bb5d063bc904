"""Subjects from several places as one source, and CQL from files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cqlmeasure.api.others import OtherSubjects
from cqlmeasure.content import TestCase
from cqlmeasure.data import (
    Answering,
    Answers,
    DataSource,
    Divisible,
    Each,
    Screened,
    Selecting,
    Selection,
    SubjectData,
    open_data,
    subject_from_resources,
)
from cqlmeasure.data.subjects import relative_reference
from cqlmeasure.errors import ContentError, Diagnostic, missing_path
from cqlmeasure.measure import by_paths
from cqlmeasure.runtime.subject import Subject


class Subjects:
    """Subjects of several sources, one after the other; it is a source itself."""

    def __init__(self, sources: Sequence[DataSource]) -> None:
        self._sources = sources
        self._noted: list[Diagnostic] = []
        self.left_out = 0
        self.answers: Counter[Answers] = Counter()

    def __repr__(self) -> str:
        return f"Subjects({', '.join(map(repr, self._sources))})"

    @property
    def warnings(self) -> list[Diagnostic]:
        """What the sources left out, after they were read."""
        return [*(found for source in self._sources for found in source.warnings), *self._noted]

    @property
    def count(self) -> int | None:
        """About how many subjects there are, if all sources know."""
        counts = [source.count for source in self._sources]
        return None if None in counts else sum(count for count in counts if count is not None)

    def selecting(self, selection: Selection) -> Subjects:
        """The same subjects; sources that can leave out what is not wanted do."""
        found = Subjects([one.selecting(selection) if isinstance(one, Selecting) else one for one in self._sources])
        found._noted = self._noted
        return found

    @contextmanager
    def divided(self, count: int, each: Each) -> Iterator[Sequence[DataSource]]:
        """Parts of all sources, one source after the other; a source that has none is a part itself."""
        with ExitStack() as stack:
            share = -(-count // max(1, len(self._sources)))
            parts: list[DataSource] = []
            for one in self._sources:
                parts += stack.enter_context(one.divided(share, each)) if isinstance(one, Divisible) else [one]
            yield parts

    def identity(self) -> str:
        """A text that changes when the data do; sources that do not tell count as the same."""
        return " ".join(one.identity() if isinstance(one, Divisible) else type(one).__name__ for one in self._sources)

    def note(self, found: Iterable[Diagnostic]) -> None:
        """Adds what a part left out to the warnings."""
        self._noted.extend(found)

    def __iter__(self) -> Iterator[SubjectData]:
        for source in self._sources:
            yield from source

    def candidates(self) -> Iterator[SubjectData]:
        """The subjects that can count for some purpose, as far as sources can tell; ``left_out``: how many cannot.

        Who has ``answers`` to all questions is told there alone.
        """
        self.left_out = 0
        self.answers.clear()
        for source in self._sources:
            if isinstance(source, Screened):
                yield from source.candidates()
                self.left_out += source.left_out
                if isinstance(source, Answering):
                    self.answers.update(source.answers)
            else:
                yield from source


class CaseSubjects:
    """The patients of test cases: each case's Bundle is one patient, whatever its references say."""

    def __init__(self, cases: Sequence[TestCase]) -> None:
        self._cases = cases
        self.warnings: list[Diagnostic] = []

    @property
    def count(self) -> int | None:
        """How many there are."""
        return len(self._cases)

    def __iter__(self) -> Iterator[SubjectData]:
        for case in self._cases:
            yield subject_from_resources(case.resources, case.file)


def subjects(*paths: str | os.PathLike[str], kind: str = "Patient") -> Subjects:
    """The subjects at these paths: Bundles, folders of Bundles or resources, NDJSON files or folders of them, stores.

    They are read each time that they are iterated.  ``kind``: their type, for measures of organizations, locations and
    so on.  ``DataError`` for a path where there are none.
    """
    if kind != "Patient":
        return Subjects([OtherSubjects(paths, kind)])
    return Subjects([open_data(path) for path in paths])


def read_text(file: str | os.PathLike[str]) -> str:
    """The text of a CQL file."""
    path = Path(file)
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise ContentError(diagnostics=[missing_path(path, "a file of CQL")]) from error
        raise ContentError(
            f"cannot read {path}: {error.strerror}",
            code="unreadable-file",
            file=str(path),
            hint="name a file of CQL that can be read",
        ) from error
    except UnicodeDecodeError as error:
        raise ContentError(
            f"{path} is not UTF-8 text: {error}", code="not-utf8", file=str(path), hint="save it as UTF-8"
        ) from error


def attributed(subjects: Iterable[SubjectData], provider: str, *paths: str) -> Iterator[SubjectData]:
    """Those of the subjects that are a provider's: it is referred to at one of the paths of their resources.

    ``provider``: a reference such as ``Practitioner/1``.  ``paths``: such as ``Encounter.serviceProvider``; without
    them the patient's general practitioner and managing organization.  ``UsageError`` for what is no such path.
    """
    rule, wanted = by_paths(*paths), relative_reference(provider)
    return (one for one in subjects if rule(Subject(one.id, one.resources), wanted))
