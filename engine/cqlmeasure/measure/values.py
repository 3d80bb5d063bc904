"""Run-time values -> FHIR JSON, for supplemental data and strata.

Always holds: every value has some form; what FHIR has no type for becomes text; nothing here looks at model
information.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from decimal import Decimal
from typing import Any

import orjson

from cqlmeasure.measure.codes import DATA_ABSENT_REASON
from cqlmeasure.runtime import DAY, SECOND, Date, DateTime, FhirValue, Interval, Quantity, Ratio, Time, Tuple

_UCUM = "http://unitsofmeasure.org"
_WORDS = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
_CALENDAR = frozenset(_WORDS) | frozenset(f"{word}s" for word in _WORDS)
_INTEGER = range(-(2**31), 2**31)

NO_VALUE: dict[str, Any] = {"extension": [{"url": DATA_ABSENT_REASON, "valueCode": "unknown"}], "text": "(no value)"}

# The types of Observation.value[x] by the name of the FHIR type, and what else is said with one of them.
_VALUE_NAMES = {
    "Quantity": "valueQuantity",
    "Age": "valueQuantity",
    "Count": "valueQuantity",
    "Distance": "valueQuantity",
    "Duration": "valueQuantity",
    "SimpleQuantity": "valueQuantity",
    "CodeableConcept": "valueCodeableConcept",
    "string": "valueString",
    "code": "valueString",
    "id": "valueString",
    "uri": "valueString",
    "url": "valueString",
    "canonical": "valueString",
    "markdown": "valueString",
    "boolean": "valueBoolean",
    "integer": "valueInteger",
    "positiveInt": "valueInteger",
    "unsignedInt": "valueInteger",
    "Range": "valueRange",
    "Ratio": "valueRatio",
    "SampledData": "valueSampledData",
    "time": "valueTime",
    "date": "valueDateTime",
    "dateTime": "valueDateTime",
    "instant": "valueDateTime",
    "Period": "valuePeriod",
}


def number(value: Decimal | int) -> int | float:
    """A JSON number: whole values without a fraction, others as the nearest double."""
    whole = int(value)
    return whole if whole == value and abs(whole) < 2**53 else float(value)


def quantity(value: Decimal | int, unit: str | None) -> dict[str, Any]:
    """A Quantity; UCUM unless there is no unit or it is a calendar word."""
    found: dict[str, Any] = {"value": number(value)}
    if unit is None:
        return found
    found["unit"] = unit
    if unit not in _CALENDAR:
        found["system"] = _UCUM
        found["code"] = unit
    return found


def observation_value(value: Any) -> tuple[str, Any]:
    """The name and JSON of ``Observation.value[x]`` for any value but null, lists and tuples."""
    if isinstance(value, FhirValue):
        if (name := _VALUE_NAMES.get(value.type)) is not None:
            return name, _plain(value.json)
        return observation_value(value.json if value.json is not None else "")
    if isinstance(value, bool):
        return "valueBoolean", value
    if isinstance(value, int):
        return ("valueInteger", int(value)) if value in _INTEGER else ("valueQuantity", {"value": int(value)})
    if isinstance(value, Decimal):
        return "valueQuantity", quantity(value, None)
    if isinstance(value, float):
        return "valueQuantity", {"value": value}
    if isinstance(value, str):
        return "valueString", value
    if isinstance(value, Quantity):
        return "valueQuantity", quantity(value.value, value.unit)
    if isinstance(value, Ratio):
        parts = {"numerator": value.numerator, "denominator": value.denominator}
        return "valueRatio", {name: quantity(part.value, part.unit) for name, part in parts.items()}
    if isinstance(value, Date) or (isinstance(value, DateTime) and _writable(value)):
        return "valueDateTime", str(value)
    if isinstance(value, Time) and value.precision >= SECOND:
        return "valueTime", str(value).lstrip("T")
    if isinstance(value, Interval):
        return _interval(value)
    if isinstance(value, dict):
        return _object(value)
    return "valueString", str(value)


def concept_value(value: Any) -> dict[str, Any]:
    """A CodeableConcept that stands for the value in a count or a stratum."""
    if value is None:
        return NO_VALUE
    if isinstance(value, Tuple):
        codings, texts = [], []
        for item in value.values():
            for part in item if isinstance(item, list) else [item]:
                if isinstance(part, str):
                    texts.append(part)
                elif isinstance(part, dict) and not isinstance(part, Tuple):
                    codings += _codings(part)
        if codings or texts:
            found: dict[str, Any] = {"coding": codings} if codings else {}
            return {**found, "text": ", ".join(texts)} if texts else found
        return {"text": canonical(value)}
    name, json = observation_value(value)
    if name == "valueCodeableConcept":
        return dict(json)
    if name == "valueBoolean":
        return {"text": "true" if json else "false"}
    if name == "valueQuantity" and "value" in json:
        unit = json.get("code") or json.get("unit")
        return {"text": f"{json['value']} {unit}" if unit and unit != "1" else f"{json['value']}"}
    return {"text": str(json) if isinstance(json, str | int) else canonical(json)}


def canonical(value: Any) -> str:
    """The same text for the same value: JSON with sorted keys; values that are no JSON by their text."""
    return orjson.dumps(_plain(value), default=_text, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def concept_key(concept: dict[str, Any]) -> str:
    """What makes two concepts the same stratum or count: the codes, else the text."""
    codings = concept.get("coding")
    if codings:
        pairs = sorted({(str(coding.get("system") or ""), str(coding.get("code") or "")) for coding in codings})
        return "\n".join(f"{system}|{code}" for system, code in pairs)
    return f"{'' if 'extension' not in concept else chr(0)}{concept.get('text') or canonical(concept)}"


def elements(value: Any) -> Iterator[Any]:
    """The values of a result: the items of a list without nulls, or the value itself."""
    for item in value if isinstance(value, list) else [value]:
        if item is not None:
            yield item


def hashable(values: tuple[dict[str, Any], ...]) -> Hashable:
    """An identity of several concepts together."""
    return tuple(concept_key(value) for value in values)


def _writable(value: DateTime) -> bool:
    return value.precision <= DAY or value.precision >= SECOND


def _interval(value: Interval) -> tuple[str, Any]:
    low, high = value.low, value.high
    points = [point for point in (low, high) if point is not None]
    if points and value.low_closed and value.high_closed:
        if all(isinstance(p, Date) or (isinstance(p, DateTime) and _writable(p)) for p in points):
            ends = {"start": low, "end": high}
            return "valuePeriod", {name: str(point) for name, point in ends.items() if point is not None}
        if all(isinstance(p, Quantity) for p in points):
            ends = {"low": low, "high": high}
            return "valueRange", {n: quantity(p.value, p.unit) for n, p in ends.items() if p is not None}
    return "valueString", repr(value)


def _object(value: dict[str, Any]) -> tuple[str, Any]:
    """A FHIR element or a CQL Code or Concept: told by its members, as JSON carries no type."""
    plain = _plain(value)
    names = plain.keys() - {"id", "extension"}
    if "coding" in names or names == {"text"}:
        return "valueCodeableConcept", plain
    if "value" in names and names <= {"value", "unit", "system", "code", "comparator"}:
        return "valueQuantity", plain
    if "code" in names and names <= {"system", "code", "version", "display", "userSelected"}:
        return "valueCodeableConcept", {"coding": [plain]}
    if names and names <= {"start", "end"}:
        return "valuePeriod", plain
    if names and names <= {"low", "high"}:
        return "valueRange", plain
    if names and names <= {"numerator", "denominator"}:
        return "valueRatio", plain
    return "valueString", canonical(plain)


def _codings(value: dict[str, Any]) -> list[dict[str, Any]]:
    name, json = _object(value)
    return list(json.get("coding", [])) if name == "valueCodeableConcept" else []


def _plain(value: Any) -> Any:
    """JSON without nulls, choice values unwrapped."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value if item is not None]
    return _plain(value.json) if isinstance(value, FhirValue) else value


def _text(value: Any) -> Any:
    return number(value) if isinstance(value, Decimal) else str(value)
