"""The data requirements of measures and libraries of a content; only what asks for them loads this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cqlmeasure.api.libraries import Libraries
from cqlmeasure.api.translation import library_set
from cqlmeasure.elm import Library
from cqlmeasure.evaluation import LibraryText
from cqlmeasure.requirements import Options, Periods, library_requirements, measure_requirements


def requirements_of_measure(
    measure: Mapping[str, Any],
    source: LibraryText,
    libraries: Libraries,
    *,
    parameters: Mapping[str, tuple[str, str]],
    offset: str,
    reference_compatible: bool = False,
    into_measure: bool = False,
    any_version: bool = False,
    prefer_elm: bool = False,
) -> dict[str, Any]:
    """The requirements of a Measure with the library ``source``: a Library or, ``into_measure``, the Measure with it.

    ``parameters``: start and end of CQL parameters that are intervals of time, by name; ``offset`` is their time zone.
    """
    primary, found = library_set(source, libraries, any_version=any_version, prefer_elm=prefer_elm)
    options = _options(found, source, libraries, parameters, offset, reference_compatible)
    return measure_requirements(measure, primary, list(found.values()), options, contained=into_measure)


def requirements_of_library(
    source: LibraryText,
    libraries: Libraries,
    expressions: Sequence[str] | None = None,
    *,
    parameters: Mapping[str, tuple[str, str]],
    offset: str,
    any_version: bool = False,
    prefer_elm: bool = False,
) -> dict[str, Any]:
    """The requirements of named expressions of a library, or of all that it defines."""
    primary, found = library_set(source, libraries, any_version=any_version, prefer_elm=prefer_elm)
    options = _options(found, source, libraries, parameters, offset, False)
    return library_requirements(primary, list(found.values()), expressions, options)


def _options(
    found: Mapping[str, Library],
    source: LibraryText,
    libraries: Libraries,
    parameters: Mapping[str, tuple[str, str]],
    offset: str,
    reference: bool,
) -> Options:
    zone = "Z" if offset == "+00:00" else offset
    texts = {}
    for key in found:
        name, _, version = key.partition("|")
        own = (name, version or None) == (source.name, source.version)
        text = source if own else libraries.find(name, version or None)
        if text is not None and text.cql is not None:
            texts[key] = text.cql
    return Options(periods=Periods(dict(parameters), zone), reference=reference, texts=texts)
