"""The data requirements of measures and libraries of a content; only what asks for them loads this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cqlmeasure.api.engine import Engine, Logic
from cqlmeasure.api.libraries import Libraries
from cqlmeasure.api.periods import MEASUREMENT_PERIOD, PeriodLike, as_period, utc_offset
from cqlmeasure.api.translation import library_set
from cqlmeasure.elm import Library
from cqlmeasure.errors import UsageError
from cqlmeasure.evaluation import LibraryText
from cqlmeasure.requirements import MeasureLogic, Options, Periods, library_requirements, measure_requirements

if TYPE_CHECKING:
    from cqlmeasure.api.measures import CompiledMeasure


def logic_of(measures: Iterable[CompiledMeasure]) -> list[Logic]:
    """What decides about the measures' populations, each once; in place of composites also that of their components."""
    found: dict[tuple[int, int], Logic] = {}
    for measure in measures:
        if not measure.logic:
            raise UsageError(
                f"measure {measure.name} has no library: its scores are attested, not computed", code="no-library"
            )
        for one in measure.logic:
            found.setdefault((id(one.resource), id(one.library)), one)
    if not found:
        raise UsageError("no measure is named", code="no-measure", hint="name one or several")
    return list(found.values())


def requirements_of_measures(
    measures: Iterable[CompiledMeasure],
    engine: Engine,
    period: PeriodLike | None,
    offset: str,
    *,
    reference_compatible: bool = False,
    into_measure: bool = False,
) -> dict[str, Any]:
    """The requirements of Measures, merged: a Library or, ``into_measure``, the one Measure with it.

    ``period``: that of the "Measurement Period", in the time zone ``offset``; without it dates stay CQL.
    """
    parts: list[MeasureLogic] = []
    texts: dict[str, str] = {}
    asked = list({id(one): one for one in measures}.values())
    for one in logic_of(asked):
        source = one.library.source
        primary, found = library_set(
            source, engine.libraries, any_version=engine.any_version, prefer_elm=engine.prefer_elm
        )
        parts.append(MeasureLogic(one.resource, primary, list(found.values())))
        texts.update(_texts(found, source, engine.libraries))
    options = _options(texts, _bounds(period), offset, reference_compatible)
    return measure_requirements(parts, options, asked=[one.resource for one in asked], contained=into_measure)


def requirements_of_library(
    reference: str, expressions: Sequence[str], engine: Engine, period: PeriodLike | None, offset: str
) -> dict[str, Any]:
    """The requirements of named expressions of a library, or of all that it defines."""
    source = engine.libraries.primary(reference)
    primary, found = library_set(source, engine.libraries, any_version=engine.any_version, prefer_elm=engine.prefer_elm)
    options = _options(_texts(found, source, engine.libraries), _bounds(period), offset, False)
    return library_requirements(primary, list(found.values()), expressions or None, options)


def _bounds(period: PeriodLike | None) -> dict[str, tuple[str, str]]:
    wanted = as_period(period) if period is not None else None
    return {} if wanted is None else {MEASUREMENT_PERIOD: (wanted.start, wanted.end)}


def _options(
    texts: Mapping[str, str], parameters: Mapping[str, tuple[str, str]], offset: str, reference: bool
) -> Options:
    return Options(periods=Periods(dict(parameters), utc_offset(offset)), reference=reference, texts=texts)


def _texts(found: Mapping[str, Library], source: LibraryText, libraries: Libraries) -> dict[str, str]:
    """The CQL of libraries, by ``name|version``."""
    texts = {}
    for key in found:
        name, _, version = key.partition("|")
        own = (name, version or None) == (source.name, source.version)
        text = source if own else libraries.find(name, version or None)
        if text is not None and text.cql is not None:
            texts[key] = text.cql
    return texts
