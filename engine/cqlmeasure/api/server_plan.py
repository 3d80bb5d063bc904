"""From the measures of a run to the searches that a FHIR server is asked; only who asks one loads this.

Always holds: the searches find all that can influence a result, for every measure and period of the run; the codes of
value sets are those of the content, in each version that a measure names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from cqlmeasure.api.engine import Logic
from cqlmeasure.api.periods import MEASUREMENT_PERIOD, utc_offset
from cqlmeasure.api.translation import library_set
from cqlmeasure.data.compartment import PATIENT_PATHS
from cqlmeasure.data.server.plan import Codes, Dates, Search, ServerPlan
from cqlmeasure.errors import TerminologyError
from cqlmeasure.requirements import (
    CodeSearch,
    Criteria,
    Entry,
    EntrySearch,
    Inferred,
    Periods,
    criteria_of,
    entry_search,
    follows_references,
    infer,
    token,
)
from cqlmeasure.requirements.values import Terminology

if TYPE_CHECKING:
    from cqlmeasure.api.measures import CompiledMeasure
    from cqlmeasure.api.runs import Settings

_ANY_TYPE = frozenset({"Resource", "DomainResource"})


def server_plan(wanted: Sequence[tuple[CompiledMeasure, Settings]]) -> ServerPlan:
    """The plan for measures with their settings."""
    searches: dict[Search, None] = {}
    followed: set[str] = set()
    reaching = False
    inferred: dict[tuple[int, Criteria], Inferred] = {}
    for logic, settings in ((part, settings) for measure, settings in wanted for part in measure.logic):
        # A measure that is evaluated for several periods is looked at once.
        key = id(logic.library), criteria_of(logic.resource)
        if key not in inferred:
            inferred[key] = _inferred(logic, key[1])
        found = inferred[key]
        reaching = reaching or follows_references(found)
        zone = utc_offset(settings.timezone)
        periods = Periods({MEASUREMENT_PERIOD: (settings.period.start, settings.period.end)}, zone)
        codes = _Codes(logic)
        entries = list(_searchable(found))
        related = {entry.resource for entry in entries}
        for entry in entries:
            made = entry_search(found.run.paths, entry, periods, related)
            if made.links:
                searches.setdefault(_search(made, codes))
            else:
                followed.add(entry.resource)
    return ServerPlan(tuple(searches), None if reaching else frozenset(followed))


def _inferred(logic: Logic, criteria: Criteria) -> Inferred:
    """What a measure needs, for its populations, strata and supplemental data."""
    engine = logic.engine
    primary, libraries = library_set(
        logic.library.source, engine.libraries, any_version=engine.any_version, prefer_elm=engine.prefer_elm
    )
    return infer(primary, libraries.values(), criteria.expressions, perhaps=criteria.perhaps)


def _searchable(found: Inferred) -> Iterator[Entry]:
    """The entries as they are searched for: the Patient is there anyway; any type is each type of the compartment."""
    for entry in found.entries:
        retrieves = (found.run.sites[site].retrieve for site in entry.sites)
        if isinstance(entry.codes, Terminology) and any(one.code_comparator == "~" for one in retrieves):
            # What was not done names the value set in place of a code: no search by code finds it.
            entry = msgspec.structs.replace(entry, code_path=None, codes=None)
        if entry.resource in _ANY_TYPE:
            for kind in PATIENT_PATHS:
                yield Entry(kind, None, None, None)
        elif entry.resource != "Patient":
            yield entry


def _search(made: EntrySearch, codes: _Codes) -> Search:
    dates = tuple(Dates(one.name, one.low, one.high, one.missing) for one in made.dates)
    return Search(made.resource, made.links, tuple(map(codes.of, made.codes)), dates, made.includes)


class _Codes:
    """Codes of a measure's value sets as tokens."""

    def __init__(self, logic: Logic) -> None:
        self._terminology = logic.engine.terminology
        self._versions: dict[str, set[str | None]] = {}
        for url, version, _ in logic.library.program.value_sets:
            self._versions.setdefault(url, set()).add(version)

    def of(self, made: CodeSearch) -> Codes:
        """A token parameter with its codes."""
        if made.value_set is None:
            return Codes(made.name, _tokens(made.codes, made.systems))
        url, _, named = made.value_set.partition("|")
        versions = {named or None} if named else self._versions.get(url, {None})
        members: dict[tuple[str | None, str], None] = {}
        found: set[str | None] = set()
        for version in sorted(versions, key=str):
            try:
                value_set = self._terminology.value_set(url, version)
            except TerminologyError:
                # Where the codes are not known the search is by type alone.
                return Codes(made.name, (), (url, version) if made.systems else None)
            found.add(value_set.version)
            members.update(dict.fromkeys((one.get("system"), one["code"]) for one in value_set.members))
        # A server's :in compares systems, and looks in one version.
        whole = (url, found.pop()) if made.systems and len(found) == 1 else None
        return Codes(made.name, _tokens(members, made.systems), whole)


def _tokens(codes: Iterable[tuple[str | None, str]], systems: bool) -> tuple[str, ...]:
    return tuple(dict.fromkeys(token(system if systems else None, code) for system, code in codes))
