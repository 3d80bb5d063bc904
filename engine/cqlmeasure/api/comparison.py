"""Holding a computed individual MeasureReport against an expected one.

Owns what "the same result" means for a test case.  Always holds: only what an author states is compared (populations,
observations and strata that the expected report lists); scores and the ``false`` stratum of criteria stratifiers are
not, because published expected reports carry them without care.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

Json = Mapping[str, Any]
_Key = tuple[str | None, int]

OBSERVATION = "measure-observation"
_ALIASES = {"measure-population-observation": OBSERVATION}
_CRITERIA_REFERENCE = "criteriaReference"
_DIGITS = 6


class Difference(msgspec.Struct, frozen=True):
    """A statement of the expected report that the computed one does not make; ``None``: nothing was computed."""

    place: str
    expected: int | float | list[float] | None
    computed: int | float | list[float] | None

    def __str__(self) -> str:
        return f"{self.place}: expected {shown(self.expected)}, computed {shown(self.computed)}"


class _Population(msgspec.Struct, frozen=True):
    """An entry of ``population``; ``key`` is its code and its position among the entries with that code."""

    id: str | None
    key: _Key
    count: Any

    @property
    def label(self) -> str:
        return self.id or self.key[0] or "population"


def compare(expected: Json, computed: Json) -> list[Difference]:
    """What the expected report says and the computed one does not, in the order of the expected report.

    Groups are matched by id, else by position; populations by id, else by code and position among equal codes; strata
    by their value, or by the values of their components in any order.
    """
    groups = computed.get("group") or []
    by_id = {group["id"]: group for group in groups if group.get("id")}
    values = _observation_values(computed)
    found: list[Difference] = []
    for position, wanted in enumerate(expected.get("group") or []):
        place = f"group {wanted.get('id') or position + 1}"
        group = by_id.get(wanted.get("id")) or (groups[position] if position < len(groups) else None)
        if group is None:
            found.append(Difference(f"{place}, populations", len(wanted.get("population") or []), None))
            continue
        found += _compare_populations(place, wanted, group)
        found += _compare_observations(place, wanted, group, values)
        found += _compare_strata(place, wanted, group)
    return found


def _compare_populations(place: str, wanted: Json, group: Json) -> Iterator[Difference]:
    computed = _populations(group)
    by_id: dict[str | None, Any] = {population.id: population.count for population in computed if population.id}
    by_key = {population.key: population.count for population in computed}
    for population in _populations(wanted):
        if population.key[0] == OBSERVATION:
            continue
        count = by_id.get(population.id, by_key.get(population.key))
        if count != population.count:
            yield Difference(f"{place}, {population.label}", population.count, count)


def _compare_observations(
    place: str, wanted: Json, group: Json, values: Mapping[str | None, list[float]]
) -> Iterator[Difference]:
    """In expected reports the count of an observation entry *is* the value of one observation."""
    stated = [population.count for population in _populations(wanted) if population.key[0] == OBSERVATION]
    expected = sorted(round(float(value), _DIGITS) for value in stated if value is not None)
    own = dict.fromkeys(population.id for population in _populations(group) if population.key[0] == OBSERVATION)
    computed = sorted(value for identifier in own for value in values.get(identifier, ()))
    if expected != computed:
        yield Difference(f"{place}, observations", expected, computed)


def _compare_strata(place: str, wanted: Json, group: Json) -> Iterator[Difference]:
    stratifiers = group.get("stratifier") or []
    for position, expected in enumerate(wanted.get("stratifier") or []):
        identifier = expected.get("id")
        same = [one for one in stratifiers if identifier and one.get("id") == identifier]
        stratifier: Json = next(iter(same or stratifiers[position : position + 1]), {})
        for stratum in expected.get("stratum") or []:
            parts = _parts(stratum)
            values = [part.value for part in parts]
            if not parts or None in values or values == ["false"]:
                continue
            match: Json = next((one for one in stratifier.get("stratum") or [] if _same(parts, _parts(one))), {})
            counts = {population.key: population.count for population in _populations(match)}
            for population in _populations(stratum):
                count = counts.get(population.key)
                if (count or 0) != population.count:
                    shown_values = " / ".join(map(str, values))
                    label = f"{place}, stratifier {identifier or position + 1} = {shown_values}, {population.key[0]}"
                    yield Difference(label, population.count, count)


def _populations(holder: Json) -> list[_Population]:
    seen: dict[str | None, int] = {}
    found = []
    for entry in holder.get("population") or []:
        code = _code(entry)
        code = _ALIASES.get(code, code) if code is not None else None
        number = seen[code] = seen.get(code, -1) + 1
        found.append(_Population(entry.get("id"), (code, number), entry.get("count", 0)))
    return found


def _code(entry: Json) -> str | None:
    coding = (entry.get("code") or {}).get("coding") or [{}]
    code = coding[0].get("code")
    return code if isinstance(code, str) else None


class _Part(msgspec.Struct, frozen=True):
    """What tells a stratum from others: its value, or that of a component, with all that the component is called."""

    value: str | None
    names: frozenset[str] = frozenset()

    def fits(self, other: _Part) -> bool:
        """Whether both may be the same component with the same value; a name that only one has decides nothing."""
        return self.value == other.value and (
            not self.names or not other.names or not self.names.isdisjoint(other.names)
        )


def _parts(stratum: Json) -> list[_Part]:
    components = stratum.get("component") or []
    if not components:
        return [_Part(_concept_text(stratum.get("value")))] if "value" in stratum else []
    return [_Part(_concept_text(one.get("value")), _concept_names(one.get("code"))) for one in components]


def _same(wanted: list[_Part], found: list[_Part]) -> bool:
    """Whether the parts are the same, in any order; those with a name choose first."""
    left = list(found)
    for part in sorted(wanted, key=lambda one: not one.names):
        match = next((one for one in left if part.fits(one)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _concept_names(concept: Any) -> frozenset[str]:
    if not isinstance(concept, dict):
        return frozenset()
    codings = [one for one in concept.get("coding") or [] if isinstance(one, dict)]
    names = [concept.get("text"), *(one.get(key) for one in codings for key in ("code", "display"))]
    return frozenset(name for name in names if isinstance(name, str))


def _concept_text(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    text = value.get("text") or (value.get("coding") or [{}])[0].get("code")
    return text if isinstance(text, str) else None


def _observation_values(report: Json) -> dict[str | None, list[float]]:
    """Values of the contained Observations by the id of the population that a ``criteriaReference`` ties them to."""
    contained = {
        f"#{resource.get('id')}": resource
        for resource in report.get("contained") or []
        if resource.get("resourceType") == "Observation"
    }
    references = list(report.get("evaluatedResource") or [])
    references += [one["valueReference"] for one in report.get("extension") or [] if "valueReference" in one]
    found: dict[str | None, list[float]] = {}
    for reference in references:
        value = _number(contained.get(reference.get("reference")))
        if value is None:
            continue
        for extension in reference.get("extension") or []:
            if str(extension.get("url", "")).endswith(_CRITERIA_REFERENCE):
                found.setdefault(extension.get("valueString"), []).append(value)
    return found


def _number(observation: Json | None) -> float | None:
    value = next((value for key, value in (observation or {}).items() if key.startswith("value")), None)
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(float(value), _DIGITS)
    return None


def shown(value: object) -> str:
    """A value of a report as text."""
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return ", ".join(f"{one:g}" for one in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
