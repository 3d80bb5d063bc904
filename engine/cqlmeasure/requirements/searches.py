"""What an entry asks for as search parameters of FHIR: links to patients, codes, dates, includes.

Always holds: the searches of an entry together find everything that it asks for; what a server may search otherwise
than CQL compares (time zones, elements that are no dates) is searched wider.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from cqlmeasure.models import SearchFacts
from cqlmeasure.requirements.filters import Periods, code_filters, is_coded, widened
from cqlmeasure.requirements.infer import Entry
from cqlmeasure.requirements.paths import Paths
from cqlmeasure.requirements.values import DateTest
from cqlmeasure.typesys import DATETIME

#: Parameters that many types share, which the model does not list with each of them.
_SHARED = {
    name: {"medication": "code"}
    for name in ("MedicationRequest", "MedicationAdministration", "MedicationDispense", "MedicationStatement")
}
_INCLUDES = {
    ("MedicationRequest", "Medication"): "medication",
    ("MedicationAdministration", "Medication"): "medication",
    ("MedicationDispense", "Medication"): "medication",
    ("MedicationStatement", "Medication"): "medication",
    ("Encounter", "Location"): "location",
}
#: Links of types that R4 puts into no patient's compartment although they are about patients.
_BEYOND_COMPARTMENT = {"Task": ["patient"]}
_WITH_SYSTEM = frozenset({"Coding", "CodeableConcept"})


class CodeSearch(msgspec.Struct, frozen=True):
    """A token parameter: members of a value set (a canonical), or codes, each with its system (``None``: any).

    ``systems``: the element has codes with systems; a plain code (a status) has none in the data.
    """

    name: str
    value_set: str | None = None
    codes: tuple[tuple[str | None, str], ...] = ()
    systems: bool = True


class DateSearch(msgspec.Struct, frozen=True):
    """A date parameter: overlaps the days from ``low`` to ``high``; ``missing``: or the element is no date."""

    name: str
    low: str | None = None
    high: str | None = None
    missing: bool = False


class EntrySearch(msgspec.Struct, frozen=True):
    """The searches of an entry: one by each of the links to patients, with all of the other parameters."""

    resource: str
    links: tuple[str, ...]
    codes: tuple[CodeSearch, ...] = ()
    dates: tuple[DateSearch, ...] = ()
    includes: tuple[str, ...] = ()


def entry_search(paths: Paths, entry: Entry, periods: Periods, related: Iterable[str] = ()) -> EntrySearch:
    """How to search for an entry; no links for a type that no patient is linked to (it comes with what refers to it).

    ``related``: types that other entries ask for.
    """
    searches = _searches(paths, entry.resource)
    codes = []
    for made in code_filters(entry, paths):
        types = paths.types(entry.resource, tuple(made["path"].split("."))) or frozenset()
        name = _token(paths, entry.resource, made["path"], searches)
        if name is None:
            continue
        found = tuple((code.get("system"), code["code"]) for code in made.get("code", ()))
        codes.append(CodeSearch(name, made.get("valueSet"), found, bool(types & _WITH_SYSTEM)))
    includes = tuple(
        f"{entry.resource}:{_INCLUDES[entry.resource, kind]}"
        for kind in sorted(set(related))
        if (entry.resource, kind) in _INCLUDES
    )
    links = tuple(patient_links(paths, entry.resource, searches))
    return EntrySearch(entry.resource, links, tuple(codes), _dates(paths, entry, periods, searches), includes)


def patient_links(paths: Paths, resource: str, searches: Mapping[str, SearchFacts]) -> list[str]:
    """The search parameters that lead from a type to patients: all that put it into a patient's compartment."""
    facts = paths.fhir.models.class_of(paths.fhir.type(resource))
    found: dict[str, None] = dict.fromkeys(_BEYOND_COMPARTMENT.get(resource, ()))
    for relation in facts.relationships if facts is not None else ():
        if relation.context != "Patient":
            continue
        key = relation.key_element
        if key in ("subject", "patient") or key == getattr(searches.get("patient"), "path", None):
            key = "patient" if "patient" in searches else "subject"
        name = (
            key if key in searches else next((one for one, facts in searches.items() if _ends(facts.path, key)), None)
        )
        if name is not None:
            found.setdefault(name)
    return list(found)


def _ends(path: str, key: str) -> bool:
    return path == key or path.endswith(f".{key}")


def _searches(paths: Paths, resource: str) -> Mapping[str, SearchFacts]:
    facts = paths.fhir.models.class_of(paths.fhir.type(resource))
    return facts.searches if facts is not None else {}


def _token(paths: Paths, resource: str, path: str, searches: Mapping[str, SearchFacts]) -> str | None:
    shared = _SHARED.get(resource, {}).get(path)
    if shared is not None:
        return shared
    types = paths.types(resource, tuple(path.split("."))) or frozenset()
    if not is_coded(types, paths):
        return None
    return next((name for name, facts in searches.items() if facts.path == path and facts.type != DATETIME), None)


def _dates(paths: Paths, entry: Entry, periods: Periods, searches: Mapping[str, SearchFacts]) -> tuple[DateSearch, ...]:
    lows: dict[str, list[str]] = {}
    highs: dict[str, list[str]] = {}
    partial: set[str] = set()
    for one in entry.filters:
        if not isinstance(one.test, DateTest):
            continue
        path = paths.clean(entry.resource, one.path)
        if path[-1] in ("start", "end") and paths.types(entry.resource, path[:-1]) == frozenset({"Period"}):
            path = path[:-1]
        name = next((name for name, facts in searches.items() if _covers(facts, ".".join(path))), None)
        if name is None:
            continue
        low = widened(periods, one.test.low, high=False)
        high = widened(periods, one.test.high, high=True)
        lows.setdefault(name, []).extend([low.isoformat()] if low is not None else [])
        highs.setdefault(name, []).extend([high.isoformat()] if high is not None else [])
        if one.test.partial:
            partial.add(name)
    # Days as text are in the order of time: of several bounds, all of which hold, the narrowest says it all.
    found = (
        DateSearch(name, max(lows[name], default=None), min(highs[name], default=None), name in partial)
        for name in sorted(lows)
    )
    return tuple(one for one in found if one.low is not None or one.high is not None)


def _covers(facts: SearchFacts, path: str) -> bool:
    alternatives = {one.partition(".as(")[0] for one in facts.path.split("|")}
    return facts.type == DATETIME and alternatives == {path}
