"""Whose subjects are evaluated: those of one practitioner or organization, by what the data or the CQL say.

Always holds: nobody is left out unless a provider is named; a rule that cannot be understood is refused before the
first subject is read.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cqlmeasure.api.pieces import Piece, placed
from cqlmeasure.api.text import Text
from cqlmeasure.data.subjects import relative_reference
from cqlmeasure.errors import Diagnostic, EvaluationError, Severity, TranslationError, UsageError
from cqlmeasure.measure import by_expression, by_paths, is_attribution_path
from cqlmeasure.runtime.subject import Subject

if TYPE_CHECKING:
    from cqlmeasure.api.engine import PreparedLibrary

# A name that no library gives to a definition of its own.
_RESULT = "(attribution)"
_FILE = "attribution"


class Attribution(NamedTuple):
    """A provider, and what says that a subject is this provider's; without rules the usual elements of a patient."""

    provider: str
    rules: tuple[str, ...] = ()


Belongs = Callable[[Subject], bool]
"""Whether a subject is the provider's; ``EvaluationError`` where the CQL that says so fails."""


def attribution_to(provider: str | None, rules: str | Iterable[str] = ()) -> Attribution | None:
    """What callers say of a provider; ``UsageError`` if that is no reference, or rules come without a provider."""
    listed = (rules,) if isinstance(rules, str) else tuple(rules)
    if provider is None:
        if listed:
            raise UsageError(
                "subjects are attributed to a provider, and none is named", code="attribution", hint="name the provider"
            )
        return None
    reference = relative_reference(provider.strip())
    kind, _, identity = reference.partition("/")
    if not reference.startswith("urn:") and not (kind and identity):
        raise UsageError(
            f"{provider!r} is no reference to a provider",
            code="attribution",
            hint="such as Practitioner/1 or Organization/1",
        )
    return Attribution(reference, listed)


def nobody(found: Attribution) -> Diagnostic:
    """The warning that no subject is the provider's."""
    rules = ", ".join(map(repr, found.rules)) or "the patients' general practitioners and managing organizations"
    return Diagnostic(
        code="nobody-attributed",
        message=f"no subject is attributed to {found.provider}",
        severity=Severity.WARNING,
        hint=f"look at the reference, and at what attributes subjects: {rules}",
    )


def belongs(
    found: Attribution,
    kind: str,
    library: PreparedLibrary | None,
    evaluator: Any,
    make: Callable[[PreparedLibrary], Any],
) -> Belongs:
    """What tells whose a subject (of the type ``kind``) is.

    A rule is the name of a definition of the measure's library (with its ``evaluator``), else a path such as
    ``Encounter.serviceProvider``, else CQL that may use what the library declares; ``make`` gives an evaluator for the
    library that it makes.
    """
    paths: list[str] = []
    ruled = []
    for text in found.rules:
        if library is not None and evaluator.definition_type(text) is not None:
            ruled.append(by_expression(evaluator, text))
        elif is_attribution_path(text):
            paths.append(text)
        else:
            ruled.append(_by_cql(library, kind, text, make))
    if paths or not ruled:
        ruled.insert(0, by_paths(*paths))
    return lambda subject: any(rule(subject, found.provider) for rule in ruled)


def _by_cql(
    library: PreparedLibrary | None, kind: str, text: str, make: Callable[[PreparedLibrary], Any]
) -> Callable[[Subject, str], bool]:
    """The rule that CQL gives; what fails in it is told with its place there."""
    extended, pieces = _extended(library, kind, text)
    rule = by_expression(make(extended), _RESULT, text)

    def told(subject: Subject, provider: str) -> bool:
        try:
            return rule(subject, provider)
        except EvaluationError as error:
            raise error.told([_placed(extended.placed(one), pieces) for one in error.diagnostics]) from None

    return told


def _extended(library: PreparedLibrary | None, kind: str, text: str) -> tuple[PreparedLibrary, Sequence[Piece]]:
    """The library with a definition more, which has the CQL of a rule, and the pieces that it is made of."""
    if library is None:
        raise UsageError(
            f"{text!r} is no path for attribution, and the measure has no library that could define it",
            code="attribution",
            hint="such as Encounter.serviceProvider",
        )
    source = library.source
    hint = _near(text, library.program.expressions)
    known = f"neither a definition of library {source.name}, nor a path such as Encounter.serviceProvider"
    if source.cql is None:
        raise UsageError(
            f"{text!r} is {known}; the library has no CQL that an expression could be added to",
            code="attribution",
            hint=hint,
        )
    # CQL has no context of most other types: what it says is then about all that belongs to the subject.
    context = "context Patient\n" if kind == "Patient" else ""
    pieces = [
        Piece(section="", text=source.cql.rstrip("\n"), file=source.file),
        Piece(section="", text=f'{context}define "{_RESULT}":'),
        Piece(section="", text=text, kind="own", file=_FILE),
    ]
    cql = "\n".join((*(piece.text for piece in pieces), ""))
    try:
        return library.with_text(Text(source.name, source.version, cql, _FILE)), pieces
    except TranslationError as error:
        raise TranslationError(
            f"{text!r} is {known}, nor CQL",
            code="attribution",
            hint=hint,
            diagnostics=[_placed(one, pieces) for one in error.diagnostics],
        ) from None


def _placed(found: Diagnostic, pieces: Sequence[Piece]) -> Diagnostic:
    """The finding with its place in the rule or in the library, and not in the text that is made of both."""
    return placed(found, pieces) if found.file == _FILE else found


def _near(text: str, names: Iterable[str]) -> str:
    found = difflib.get_close_matches(text.strip('"'), list(names), 3)
    return f"did you mean {' or '.join(map(repr, found))}?" if found else "name a definition, a path, or write CQL"
