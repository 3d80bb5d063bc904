"""CQL outside of measures: a file to ELM, one expression to its value."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from cqlmeasure.api.libraries import Libraries
from cqlmeasure.api.periods import NowLike, PeriodLike
from cqlmeasure.api.session import Session
from cqlmeasure.api.sources import read_text
from cqlmeasure.api.text import Text
from cqlmeasure.content import Content
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import ContentError, Diagnostic, UsageError

_Path = str | os.PathLike[str]


class Elm(msgspec.Struct, frozen=True):
    """A translated library: its ELM as JSON, and what was doubtful about its text."""

    json: dict[str, Any]
    warnings: list[Diagnostic]
    cql: str = ""
    urls: dict[str, str] = {}
    typed: Any = None

    @property
    def xml(self) -> bytes:
        """The ELM as XML."""
        from cqlmeasure.elm import from_json, to_xml  # only who wants XML needs it

        try:
            return to_xml(from_json(self.json))
        except ValueError as error:
            raise ContentError(str(error), code="malformed-elm") from error

    def resource(self, canonical: str | None = None) -> dict[str, Any]:
        """A FHIR Library with the CQL and the ELM; ``canonical`` is the base of its url."""
        from cqlmeasure.api.library_resource import library_resource  # only who wants the resource needs it
        from cqlmeasure.elm import ElmFormatError, from_json

        try:
            written = from_json(self.json)
            return library_resource(written, self.typed or written, self.cql, canonical=canonical, urls=self.urls)
        except ElmFormatError as error:
            raise ContentError(str(error), code="malformed-elm") from error


def translate(
    file: _Path,
    *content: _Path,
    any_version: bool = False,
    options: Iterable[str] | None = None,
    signature_level: str = "Overloads",
    compatibility_level: str = "1.5",
    roots: Iterable[str] = (),
) -> Elm:
    """Translate a CQL file to ELM; all errors of the file are in one ``TranslationError``.

    Included libraries and model infos are looked for in ``content``, without it in the folder of the file, and
    among the libraries that ship.  ``options`` are the names that ELM translators have for them
    (``EnableAnnotations``, ``EnableResultTypes`` ...); without any they are those of published content.
    ``roots`` are the definitions that count: what they do not reach is among the warnings.
    """
    path = Path(file)
    text = read_text(path)
    libraries = Libraries(Content(*(content or (path.resolve().parent,))))
    # The translator is loaded where ELM is wanted; evaluating from a warm cache does without it.
    import cqlmeasure
    from cqlmeasure.api.translation import translated
    from cqlmeasure.elm import to_json
    from cqlmeasure.translator import TranslatorOptions, options_of, write_elm

    names = TranslatorOptions().names if options is None else options
    try:
        given = options_of(names, signature_level=signature_level, compatibility_level=compatibility_level)
    except ValueError as error:
        raise UsageError(str(error)) from error
    source = Text(path.stem, None, text, str(path))
    typed, warnings = translated(source, libraries, any_version=any_version, warn=True, roots=roots, options=given)
    written = write_elm(typed, text, given, version=cqlmeasure.__version__)
    urls = {}
    for include in typed.includes:
        found = libraries.find(include.path, include.version)
        if found is not None and found.url is not None:
            urls[include.path] = found.url
    return Elm(to_json(written), [*warnings, *libraries.warnings], text, urls, typed)


def evaluate_expression(
    expression: str,
    *content: _Path,
    data: _Path | SubjectData | None = None,
    using: str | None = None,
    includes: Iterable[str] = (),
    period: PeriodLike | None = None,
    timezone: str | None = None,
    now: NowLike | None = None,
    **parameters: Any,
) -> Any:
    """The value of one CQL expression; ``to_cql`` writes it as CQL does.

    With ``data`` (one subject) the expression is evaluated in the Patient context.  ``using`` names a model and its
    version (``"QICore 6.0.0"``; ``FHIR 4.0.1`` if there is data).  ``includes`` are libraries of the content, each
    a name or a name and version (``"Hospice 6.18.000"``); ``period`` is the value of their "Measurement Period".
    ``now``: what ``Now()`` gives.  ``parameters`` can be named in the expression, and are those of the libraries:
    ``evaluate_expression("x + 1", x=5)``; values are Python's, or CQL text marked as ``Cql``.
    """
    session = Session(
        *content,
        data=data,
        using=using,
        includes=includes,
        period=period,
        timezone=timezone,
        parameters=parameters,
        now=now,
    )
    value = session.evaluate(expression).value
    session.check_parameters()
    return value
