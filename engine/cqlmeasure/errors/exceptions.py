"""The exceptions that leave the package.  Each carries diagnostics that a shell can print; none needs a traceback."""

from __future__ import annotations

from collections.abc import Sequence

from cqlmeasure.errors.diagnostic import Diagnostic, Span, render


class CqlMeasureError(Exception):
    """Base of all errors that a user's input can cause.  ``diagnostics`` is never empty."""

    default_code = "error"

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        hint: str | None = None,
        file: str | None = None,
        diagnostics: Sequence[Diagnostic] = (),
    ) -> None:
        found = tuple(diagnostics)
        if message is not None or not found:
            own = Diagnostic(code=code or self.default_code, message=message or "failed", hint=hint, file=file)
            found = (own, *found)
        self.diagnostics: tuple[Diagnostic, ...] = found
        super().__init__("\n".join(render(diagnostic) for diagnostic in found))


class UsageError(CqlMeasureError):
    """A parameter or command line that cannot be understood: a wrong period, an unknown measure."""

    default_code = "usage"


class ContentError(CqlMeasureError):
    """Measures, libraries or model files that are missing, ambiguous or malformed."""

    default_code = "content"


class DataError(CqlMeasureError):
    """Subject data that cannot be read: no JSON, no FHIR, no Patient."""

    default_code = "data"


class TerminologyError(CqlMeasureError):
    """A value set or code system that is missing or incomplete."""

    default_code = "terminology"


class TranslationError(CqlMeasureError):
    """CQL with errors; ``diagnostics`` lists all of them in source order."""

    default_code = "translation"


class EvaluationError(CqlMeasureError):
    """A definition that failed for a subject: library, definition and place of the CQL that failed.

    Raised once, at the innermost definition; outer definitions let it pass.
    """

    default_code = "evaluation"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        library: str | None = None,
        definition: str | None = None,
        span: Span | None = None,
        hint: str | None = None,
    ) -> None:
        self.library = library
        self.definition = definition
        self.span = span
        where = f'{library}."{definition}": ' if definition else ""
        diagnostic = Diagnostic(
            code=code or self.default_code, message=where + message, library=library, span=span, hint=hint
        )
        super().__init__(diagnostics=(diagnostic,))

    def told(self, diagnostics: Sequence[Diagnostic]) -> EvaluationError:
        """The same failure, told by other diagnostics."""
        found = EvaluationError.__new__(EvaluationError)
        found.library, found.definition, found.span = self.library, self.definition, self.span
        CqlMeasureError.__init__(found, diagnostics=diagnostics)
        return found
