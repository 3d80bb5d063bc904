"""CQL outside of measures: a file to ELM, one expression to its value."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from cqlmeasure.api.engine import Text
from cqlmeasure.api.libraries import Libraries
from cqlmeasure.api.periods import NowLike, PeriodLike
from cqlmeasure.api.session import Session
from cqlmeasure.api.sources import read_text
from cqlmeasure.content import Content
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import Diagnostic

_Path = str | os.PathLike[str]


class Elm(msgspec.Struct, frozen=True):
    """A translated library: its ELM as JSON, and what was doubtful about its text."""

    json: dict[str, Any]
    warnings: list[Diagnostic]


def translate(file: _Path, *content: _Path, any_version: bool = False) -> Elm:
    """Translate a CQL file to ELM; all errors of the file are in one ``TranslationError``.

    Included libraries and model infos are looked for in ``content``, without it in the folder of the file, and
    among the libraries that ship.
    """
    path = Path(file)
    text = read_text(path)
    libraries = Libraries(Content(*(content or (path.resolve().parent,))))
    # The translator is loaded where ELM is wanted; evaluating from a warm cache does without it.
    from cqlmeasure.api.translation import elm_of

    json, warnings = elm_of(Text(path.stem, None, text, str(path)), libraries, any_version=any_version, warn=True)
    return Elm(json, [*warnings, *libraries.warnings])


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
