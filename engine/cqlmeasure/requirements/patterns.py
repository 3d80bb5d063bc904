"""Searches that give the data of an entry: relative FHIR URLs with ``{{context.patientId}}`` for the subject.

Always holds: the searches of an entry together find everything that it asks for; what a server may search otherwise
than CQL compares (time zones, elements that are no dates) is searched wider.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import product
from urllib.parse import quote

from cqlmeasure.models import SearchFacts
from cqlmeasure.requirements.filters import Periods, code_filters, is_coded
from cqlmeasure.requirements.infer import Entry
from cqlmeasure.requirements.paths import Paths
from cqlmeasure.requirements.values import DateTest
from cqlmeasure.typesys import DATETIME

PATIENT = "{{context.patientId}}"
#: Longer searches are split, as servers and proxies refuse long URLs.
LONGEST = 1900
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


def query_patterns(paths: Paths, entry: Entry, periods: Periods, related: Iterable[str] = ()) -> list[str]:
    """The searches of an entry; none for a type that no patient is linked to (it comes with what refers to it).

    Nor are there any for data of everybody, which no search by patient gives.

    ``related``: types that other entries ask for.
    """
    if entry.everybody:
        return []
    if entry.resource == "Patient":
        return [f"Patient?_id={PATIENT}"]
    searches = _searches(paths, entry.resource)
    links = patient_links(paths, entry.resource, searches)
    parts: list[list[str]] = []
    length = len(entry.resource) + len(PATIENT) + 40
    for made in code_filters(entry, paths):
        name = _token(paths, entry.resource, made["path"], searches)
        if name is not None:
            parts.append(_codes(name, made, (LONGEST - length) // 2))
            length += max(map(len, parts[-1]))
            if length > LONGEST:
                parts.pop()
    parts += _dates(paths, entry, periods, searches)
    includes = [
        f"_include={entry.resource}:{_INCLUDES[entry.resource, kind]}"
        for kind in sorted(set(related))
        if (entry.resource, kind) in _INCLUDES
    ]
    return [
        f"{entry.resource}?{'&'.join((f'{link}={PATIENT}', *chosen, *includes))}"
        for link in links
        for chosen in product(*parts)
    ]


def patient_links(paths: Paths, resource: str, searches: Mapping[str, SearchFacts]) -> list[str]:
    """The search parameters that lead from a type to patients: all that put it into a patient's compartment."""
    facts = paths.fhir.models.class_of(paths.fhir.type(resource))
    found: dict[str, None] = {}
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


def _codes(name: str, made: Mapping[str, object], room: int) -> list[str]:
    value_set = made.get("valueSet")
    if isinstance(value_set, str):
        return [f"{name}:in={quote(value_set, safe=':/.')}"]
    codes = made["code"]
    assert isinstance(codes, list)
    tokens = [quote(_one(code), safe="") for code in codes]
    chunks: list[list[str]] = [[]]
    for token in tokens:
        if chunks[-1] and sum(len(one) + 1 for one in chunks[-1]) + len(token) > room:
            chunks.append([])
        chunks[-1].append(token)
    return [f"{name}={','.join(chunk)}" for chunk in chunks]


def _one(code: Mapping[str, str]) -> str:
    return f"{_escaped(code['system'])}|{_escaped(code['code'])}" if "system" in code else _escaped(code["code"])


def _escaped(text: str) -> str:
    """As a part of a token: what separates tokens is escaped."""
    return text.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$")


def _dates(paths: Paths, entry: Entry, periods: Periods, searches: Mapping[str, SearchFacts]) -> list[list[str]]:
    found: dict[str, list[str]] = {}
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
        low = _wider(periods.bound(one.test.low, high=False, day=True), -1)
        high = _wider(periods.bound(one.test.high, high=True, day=True), 1)
        bounds = [f"{name}=ge{low}"] if low is not None else []
        bounds += [f"{name}=le{high}"] if high is not None else []
        found.setdefault(name, []).extend(bound for bound in bounds if bound not in found[name])
        if one.test.partial:
            partial.add(name)
    return [
        ["&".join(sorted(bounds)), *([f"{name}:missing=true"] if name in partial else [])]
        for name, bounds in sorted(found.items())
        if bounds
    ]


def _covers(facts: SearchFacts, path: str) -> bool:
    alternatives = {one.partition(".as(")[0] for one in facts.path.split("|")}
    return facts.type == DATETIME and alternatives == {path}


def _wider(bound: str | None, days: int) -> str | None:
    # Which day an instant is on depends on the time zone, and a server's is not known.
    if bound is None:
        return None
    try:
        return (date.fromisoformat(bound[:10]) + timedelta(days=days)).isoformat()
    except OverflowError:
        return None
