"""Criteria and link ids of a Measure, wherever they occur.

Owns what counts as the name of an expression: R4 Expressions, the bare names of R5 and R6, names qualified with a
library, quoted names, and paths.  Always holds: a language that cannot be evaluated is a fault, never guessed at.
"""

from __future__ import annotations

import re
from typing import Any

from cqlmeasure.measure.codes import link_id_extension
from cqlmeasure.measure.definition import PATH_LANGUAGE, Criteria
from cqlmeasure.measure.fhir_json import Json, extension_value, text
from cqlmeasure.measure.findings import Findings

_NAME_LANGUAGES = ("text/cql-identifier", "text/cql.identifier", "text/cql-name", "text/cql", "text/cql.name")
_QUALIFIED = re.compile(r'^(?:"(?P<quoted>(?:[^"\\]|\\.)+)"|(?P<plain>[A-Za-z_]\w*))\.(?P<rest>\S.*)$', re.DOTALL)
_QUOTED = re.compile(r'^"((?:[^"\\]|\\.)*)"$', re.DOTALL)


def link_id(holder: Json, path: str) -> str | None:
    """The linkId of an element: R5's, or the cross-version extension."""
    value = extension_value(holder, (link_id_extension(path),))
    return text(holder, "linkId") or (value if isinstance(value, str) else None)


def criteria_of(value: Any, place: str, findings: Findings, *, paths: bool = False) -> Criteria | None:
    """An Expression that names a definition, or a bare name (R5, R6); where ``paths`` may be, also a FHIR path."""
    if isinstance(value, str):
        language, expression = None, value.strip()
    elif isinstance(value, dict):
        language, expression = text(value, "language"), text(value, "expression") or ""
    else:
        language, expression = None, ""
    if not expression:
        findings.error("no-criteria", place, "it has no criteria", "name a CQL expression of the primary library")
        return None
    if paths and language is not None and language.lower() == PATH_LANGUAGE:
        return Criteria(name=expression, text=expression, language=language)
    if language is not None and language.lower() not in _NAME_LANGUAGES:
        findings.error(
            "criteria-language",
            place,
            f"criteria in the language {language!r} cannot be evaluated",
            "name a CQL expression of the primary library, with the language text/cql-identifier",
        )
        return None
    library, rest = None, expression
    if (match := _QUALIFIED.match(expression)) is not None:
        library, rest = match["quoted"] or match["plain"], match["rest"].strip()
    if (quoted := _QUOTED.match(rest)) is not None:
        rest = re.sub(r"\\(.)", r"\1", quoted[1])
    return Criteria(name=rest, text=expression, library=library, language=language)
