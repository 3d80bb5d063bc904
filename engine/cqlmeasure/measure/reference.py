"""Reference populations: the rates that results are standardised by, from a summary MeasureReport or a table.

Owns how groups and stratifiers are named by callers.  Always holds: rates come from counts where there are any, so that
a score that was rounded or inverted in the report does no harm; a stratum without cases has no rate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from cqlmeasure.errors import UsageError
from cqlmeasure.measure.codes import AggregateMethod, PopulationType, Scoring, link_id_extension
from cqlmeasure.measure.definition import Group, MeasureDefinition, Stratifier
from cqlmeasure.measure.fhir_json import Json, code_of, extension_value, objects

_P = PopulationType


class Reference(msgspec.Struct, frozen=True):
    """The rate of the whole population, and of each stratum by its value as reports show it."""

    rate: float | None = None
    strata: Mapping[str, float] = {}


def read_reference(
    definition: MeasureDefinition, value: Mapping[str, Any], group: int = 0, stratifier: int = 0
) -> Reference:
    """The reference for a group: a summary MeasureReport of the same measure, or the rate of each stratum by its value.

    ``UsageError`` for what is neither.
    """
    if "resourceType" not in value:
        return Reference(strata={name: _finite(name, rate) for name, rate in value.items()})
    url = str(value.get("measure") or "").partition("|")[0]
    if value["resourceType"] != "MeasureReport" or value.get("type") != "summary":
        raise _error("it is no MeasureReport of type summary")
    if definition.url is not None and url != definition.url:
        raise _error(f"the report is for {url or 'no measure'}, not for {definition.url}")
    own = definition.groups[group]
    found = _reported(value, own, group)
    if found is None:
        raise _error(f"the report has no group {own.labels(group + 1)[0]}")
    strata: dict[str, float] = {}
    if stratifier < len(own.stratifiers):
        for stratum in _strata(found, own.stratifiers[stratifier]):
            rate = _rate(own, stratum)
            values = [
                value for part in (objects(stratum, "component") or [stratum]) for value in objects(part, "value")
            ]
            if rate is not None and values:
                strata |= dict.fromkeys(value_names(values), rate)
    return Reference(_rate(own, found), strata)


def group_position(definition: MeasureDefinition, group: int | str) -> int:
    """The position of a group by its id, linkId or number; a position is taken as it is."""
    if isinstance(group, int):
        return group
    labels = [one.labels(number) for number, one in enumerate(definition.groups, 1)]
    found = next((position for position, names in enumerate(labels) if group in names), None)
    if found is None:
        raise UsageError(
            f"measure {definition.name} has no group {group!r}",
            code="risk",
            hint=f"groups: {', '.join(names[0] for names in labels)}",
        )
    return found


def stratifier_position(group: Group, stratifier: int | str) -> int:
    """The position of a stratifier of a group by its id, linkId or number; a position is taken as it is."""
    if isinstance(stratifier, int):
        return stratifier
    for position, one in enumerate(group.stratifiers):
        if stratifier in (one.id, one.link_id, str(one.position)):
            return position
    known = ", ".join(one.id or str(one.position) for one in group.stratifiers) or "none"
    raise UsageError(f"there is no stratifier {stratifier!r}", code="risk", hint=f"stratifiers: {known}")


def value_names(values: Sequence[Json]) -> list[str]:
    """What a stratum of these values may be called in a table: by what reports show, or by codes."""
    shown = []
    codes = []
    for value in values:
        coding = next(iter(objects(value, "coding")), {})
        shown.append(str(value.get("text") or coding.get("display") or coding.get("code") or ""))
        codes.append(str(coding.get("code") or value.get("text") or ""))
    return [" / ".join(shown), " / ".join(codes)]


def _reported(report: Json, group: Group, position: int) -> dict[str, Any] | None:
    groups = objects(report, "group")
    for one in groups:
        link = extension_value(one, (link_id_extension("MeasureReport.group"),))
        if any(name is not None and name in (one.get("id"), link) for name in (group.id, group.link_id)):
            return one
    return groups[position] if position < len(groups) and not groups[position].get("id") else None


def _strata(group: Json, stratifier: Stratifier) -> list[dict[str, Any]]:
    reported = objects(group, "stratifier")
    same = [one for one in reported if stratifier.id is not None and one.get("id") == stratifier.id]
    chosen = same or reported[stratifier.position - 1 : stratifier.position]
    return objects(chosen[0], "stratum") if chosen else []


def _rate(group: Group, holder: Json) -> float | None:
    """The rate of a group or a stratum of a report."""
    if group.formula is Scoring.PROPORTION:
        counts = {code_of(one.get("code")): one.get("count") for one in objects(holder, "population")}

        def count(kind: PopulationType) -> int:
            value = counts.get(kind.value, 0)
            return value if isinstance(value, int) else 0

        cases = count(_P.DENOMINATOR) - count(_P.DENOMINATOR_EXCLUSION) - count(_P.DENOMINATOR_EXCEPTION)
        return (count(_P.NUMERATOR) - count(_P.NUMERATOR_EXCLUSION)) / cases if cases > 0 else None
    observed = group.position(_P.MEASURE_OBSERVATION)
    if observed is None or group.populations[observed].aggregate is not AggregateMethod.AVERAGE:
        raise _error("only averages of observations can be taken from a report", "give the rates as a table")
    score = holder.get("measureScore")
    value = score.get("value") if isinstance(score, dict) else None
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def _finite(name: str, rate: Any) -> float:
    if isinstance(rate, int | float | Decimal) and not isinstance(rate, bool) and math.isfinite(rate):
        return float(rate)
    raise _error(f"the rate of {name} is {rate!r}, not a number")


def _error(message: str, hint: str | None = None) -> UsageError:
    usual = "give a summary MeasureReport of the measure, or the rate of each stratum"
    return UsageError(f"reference population: {message}", code="risk", hint=hint or usual)
