"""The data requirements of measures and libraries of a content; only what asks for them loads this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cqlmeasure.api.libraries import Libraries
from cqlmeasure.api.planning import Kind, ReadingPlan
from cqlmeasure.api.translation import library_set
from cqlmeasure.elm import Library
from cqlmeasure.evaluation import LibraryText
from cqlmeasure.requirements import (
    Kinds,
    Options,
    Periods,
    criteria_of,
    infer,
    library_requirements,
    measure_requirements,
    needs_of,
)


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


def reading_plan(
    measure: Mapping[str, Any],
    source: LibraryText,
    libraries: Libraries,
    *,
    parameters: Mapping[str, tuple[str, str]],
    offset: str,
    any_version: bool = False,
    prefer_elm: bool = False,
) -> ReadingPlan | None:
    """What evaluating a Measure with the library ``source`` reads; ``None`` if any resource may matter."""
    primary, found = library_set(source, libraries, any_version=any_version, prefer_elm=prefer_elm)
    criteria = criteria_of(measure)
    needs = needs_of(infer(primary, found.values(), criteria.expressions, membership=criteria.membership))
    if needs is None:
        return None
    periods = Periods(dict(parameters), _zone(offset))

    def kinds(some: Sequence[Kinds]) -> tuple[Kind, ...]:
        return tuple(dict.fromkeys(_kind(one, periods) for one in some))

    return ReadingPlan(kinds(needs.retrieved), kinds(needs.used), tuple(map(kinds, needs.clauses)))


def _kind(one: Kinds, periods: Periods) -> Kind:
    low, high = one.days(periods)
    if not one.terms:
        return Kind(one.type, low=low, high=high)
    # One set of codes is told to sources, that of the retrieve; further conditions would only narrow it.
    terms = one.terms[0]
    codes = None if terms.value_set is not None else terms.codes
    return Kind(one.type, terms.value_set, codes, terms.profile, low, high)


def _zone(offset: str) -> str:
    return "Z" if offset == "+00:00" else offset


def _options(
    found: Mapping[str, Library],
    source: LibraryText,
    libraries: Libraries,
    parameters: Mapping[str, tuple[str, str]],
    offset: str,
    reference: bool,
) -> Options:
    texts = {}
    for key in found:
        name, _, version = key.partition("|")
        own = (name, version or None) == (source.name, source.version)
        text = source if own else libraries.find(name, version or None)
        if text is not None and text.cql is not None:
            texts[key] = text.cql
    return Options(periods=Periods(dict(parameters), _zone(offset)), reference=reference, texts=texts)
