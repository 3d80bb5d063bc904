"""Plans of reading, made from CQL; only what has no plan yet loads this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cqlmeasure.api.libraries import Libraries
from cqlmeasure.api.periods import utc_offset
from cqlmeasure.api.planning import Kind, ReadingPlan
from cqlmeasure.api.translation import library_set
from cqlmeasure.data import Times
from cqlmeasure.evaluation import LibraryText
from cqlmeasure.requirements import Kinds, MeasureLogic, Periods, decisions_of, needs_of


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
    inferred = MeasureLogic(measure, primary, list(found.values())).inferred()
    needs = needs_of(inferred)
    if needs is None:
        return None
    names = [root.node.name for root in inferred.roots if root.library is primary]
    decisions = decisions_of(inferred.libraries, names)
    periods = Periods(dict(parameters), utc_offset(offset))

    def kinds(some: Sequence[Kinds]) -> tuple[Kind, ...]:
        return tuple(dict.fromkeys(_kind(one, periods) for one in some))

    return ReadingPlan(kinds(needs.retrieved), kinds(needs.used), tuple(map(kinds, needs.clauses)), decisions)


def _kind(one: Kinds, periods: Periods) -> Kind:
    low, high = one.days(periods)
    touched = ((touch, touch.days(periods)) for touch in one.times if touch.dates)
    times = tuple(Times(touch.dates, touch.others, *days) for touch, days in touched if days != (None, None))
    if not one.terms:
        return Kind(one.type, low=low, high=high, times=times, there=one.there)
    # One set of codes is told to sources, that of the retrieve; further conditions would only narrow it.
    terms = one.terms[0]
    codes = None if terms.value_set is not None else terms.codes
    return Kind(one.type, terms.value_set, codes, terms.profile, low, high, terms.elements, times, one.there)
