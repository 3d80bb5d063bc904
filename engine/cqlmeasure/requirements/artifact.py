"""The data requirements of a Measure or of a library, in one call: what ``$data-requirements`` answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from cqlmeasure.elm import Library
from cqlmeasure.requirements.infer import infer
from cqlmeasure.requirements.measures import criteria_of
from cqlmeasure.requirements.module import DEFAULT, Options, into_measure, module_definition
from cqlmeasure.requirements.narrative import narrative

_ID_LENGTH = 64
_SUFFIX = "-data-requirements"


def measure_requirements(
    measure: Mapping[str, Any],
    primary: Library,
    libraries: Iterable[Library],
    options: Options = DEFAULT,
    *,
    contained: bool = False,
) -> dict[str, Any]:
    """The requirements of a Measure whose library is ``primary``: a Library or, if ``contained``, the Measure with it.

    ``libraries`` are all those that ``primary`` includes; ``ContentError`` if an expression that the Measure names is
    not there.
    """
    criteria = criteria_of(measure)
    found = infer(primary, libraries, criteria.expressions, membership=criteria.membership)
    base, slash, _ = str(measure.get("url", "")).partition("Measure/")
    if options.library_base is None and slash:
        options = msgspec.structs.replace(options, library_base=base)
    if contained:
        return into_measure(measure, module_definition(found, options), options)
    name = str(measure.get("id") or measure.get("name") or primary.identifier.id)
    return _told(module_definition(found, options, **_header(name, options.library_base, measure.get("version"))))


def library_requirements(
    primary: Library,
    libraries: Iterable[Library],
    expressions: Sequence[str] | None = None,
    options: Options = DEFAULT,
) -> dict[str, Any]:
    """The requirements of named expressions of a library, or of all that it defines."""
    found = infer(primary, libraries, expressions)
    name = str(primary.identifier.id)
    return _told(module_definition(found, options, **_header(name, options.library_base, primary.identifier.version)))


def _told(library: dict[str, Any]) -> dict[str, Any]:
    """With its narrative, which comes before the extensions."""
    first = {name: library.pop(name) for name in ("resourceType", "id")}
    return {**first, "text": narrative(library), **library}


def _header(name: str, base: str | None, version: str | None) -> dict[str, Any]:
    identifier = f"{name.replace('_', '-')[: _ID_LENGTH - len(_SUFFIX)]}{_SUFFIX}"
    return {"id": identifier, "url": f"{base}Library/{identifier}" if base else None, "version": version}
