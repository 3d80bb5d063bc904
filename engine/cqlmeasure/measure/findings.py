"""A list of what is wrong with a measure, so that all of it is told at once."""

from __future__ import annotations

from cqlmeasure.errors import ContentError, Diagnostic, Severity


class Findings:
    """Collects diagnostics about one measure; every message starts with the place in it."""

    __slots__ = ("errors", "measure", "warnings")

    def __init__(self, measure: str) -> None:
        self.measure = measure
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []

    def error(self, code: str, place: str, message: str, hint: str | None = None) -> None:
        """Notes something that makes the measure unusable."""
        self.errors.append(Diagnostic(code=code, message=self._text(place, message), hint=hint))

    def warning(self, code: str, place: str, message: str, hint: str | None = None) -> None:
        """Notes something that was understood in one of several possible ways."""
        self.warnings.append(
            Diagnostic(code=code, message=self._text(place, message), severity=Severity.WARNING, hint=hint)
        )

    def raise_errors(self) -> None:
        """Raises one ``ContentError`` with all errors, if there are any."""
        if self.errors:
            raise ContentError(diagnostics=self.errors)

    def _text(self, place: str, message: str) -> str:
        return f"measure {self.measure}{', ' + place if place else ''}: {message}"


def group_place(label: str) -> str:
    """How a group is named in messages."""
    return f'group "{label}"'


def population_place(group: str, label: str) -> str:
    """How a population is named in messages."""
    return f'group "{group}", population "{label}"'
