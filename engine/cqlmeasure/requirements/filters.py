"""An entry's filters as FHIR has them: code filters, date filters, and what neither can say.

Always holds: what is written keeps every resource that the filters keep.  A date filter means "falls within", so a
condition that only asks for overlap gives none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from cqlmeasure.requirements import times
from cqlmeasure.requirements.infer import Entry
from cqlmeasure.requirements.paths import DATE_TYPES, POINT_TYPES, Paths
from cqlmeasure.requirements.rules_numbers import NUMBERS, QUANTITIES
from cqlmeasure.requirements.times import Points
from cqlmeasure.requirements.values import Codes, CodeTest, DateTest, Filter, Terminology, ValueTest

VALUE_FILTER = "http://hl7.org/fhir/StructureDefinition/cqf-valueFilter"
CQF_EXPRESSION = "http://hl7.org/fhir/StructureDefinition/cqf-expression"
_DAY = timedelta(days=1)
_CODED = frozenset({"code", "Coding", "CodeableConcept"})
_TEXT = frozenset({"string", "boolean", "uri", "canonical", "id"})


class Periods(msgspec.Struct, frozen=True):
    """What is known of time: the bounds of parameters, and the offset from UTC that they are meant in."""

    known: Mapping[str, Points] = {}
    offset: str = "Z"

    def bound(self, term: times.Time | None, *, high: bool, day: bool) -> str | None:
        """A bound as a FHIR date or dateTime; ``None`` if it is not known."""
        point = times.evaluate(term, self.known, high=high)
        if point is None:
            return None
        edge = "23:59:59.999" if high else "00:00:00.000"
        if day or point.day or point.at.time().isoformat("milliseconds") == edge:
            return point.at.date().isoformat()
        return point.text(self.offset)


def widened(periods: Periods, term: times.Time | None, *, high: bool) -> date | None:
    """The day of a bound, one day wide of it, as time zones shift dates by less than that; ``None`` if not known."""
    found = periods.bound(term, high=high, day=True)
    if found is None:
        return None
    try:
        return date.fromisoformat(found[:10]) + (_DAY if high else -_DAY)
    except OverflowError:
        return None


def code_filter(path: str, codes: Codes | Terminology) -> dict[str, Any]:
    """A code filter: a value set, or codes."""
    if isinstance(codes, Terminology):
        return {"path": path, "valueSet": codes.url}
    return {"path": path, "code": [_coding(*code) for code in codes.codes]}


def _coding(system: str | None, code: str, display: str | None) -> dict[str, str]:
    parts = {"system": system, "code": code, "display": display}
    return {name: value for name, value in parts.items() if value is not None}


def code_filters(entry: Entry, paths: Paths) -> list[dict[str, Any]]:
    """The code filter of the retrieve, then those that follow from conditions; sorted by path."""
    found: list[dict[str, Any]] = []
    if entry.code_path is not None and entry.codes is not None:
        found.append(code_filter(entry.code_path, entry.codes))
    further: list[dict[str, Any]] = []
    for path, one in _tests(entry, paths):
        types = paths.types(entry.resource, path) or frozenset()
        if not isinstance(one.test, CodeTest) or not is_coded(types, paths):
            continue
        codes: Codes | Terminology
        codes = Terminology(one.test.value_set) if one.test.value_set is not None else Codes(one.test.codes)
        made = code_filter(".".join(path), codes)
        if made not in found and made not in further:
            further.append(made)
    return found + sorted(further, key=lambda made: (made["path"], str(made)))


def is_coded(types: Iterable[str], paths: Paths) -> bool:
    """Whether some type of an element is a code; all others then have no codes and cannot meet a test for one."""
    return any(name in _CODED or paths.fhir.is_subtype(name, "code") or _bound_code(name, paths) for name in types)


def _bound_code(name: str, paths: Paths) -> bool:
    # The model has a primitive class of its own for each required binding: EncounterStatus.
    return paths.fhir.is_primitive(name) and name[:1].isupper()


def date_filters(entry: Entry, paths: Paths, periods: Periods) -> list[dict[str, Any]]:
    """The date filters that can be said: with bounds where the parameters are known, with CQL where not."""
    spans: dict[tuple[str, times.Span, bool], None] = {}
    for path, one in _tests(entry, paths):
        if isinstance(one.test, DateTest):
            span = falls_within(one.test, paths.types(entry.resource, path) or frozenset())
            if span is not None:
                spans.setdefault((".".join(path), span, one.test.day))
    found: list[dict[str, Any]] = []
    for name, span, day in spans:
        if not any(_says_more(other, (name, span, day)) for other in spans):
            made = {"path": name, "valuePeriod": _period(span, day, periods)}
            if made["valuePeriod"] and made not in found:
                found.append(made)
    return sorted(found, key=str)


def _says_more(one: tuple[str, times.Span, bool], other: tuple[str, times.Span, bool]) -> bool:
    """Whether a filter has the bounds of another one, and a further bound."""
    (path, span, day), (same, less, widened) = one, other
    return (
        path == same
        and day <= widened
        and span != less
        and less.low in (None, span.low)
        and less.high in (None, span.high)
    )


def value_filters(entry: Entry, paths: Paths) -> list[dict[str, Any]]:
    """The value filters: extensions, as FHIR R4 has no element for them."""
    found: list[dict[str, Any]] = []
    for path, one in _tests(entry, paths):
        if not isinstance(one.test, ValueTest):
            continue
        value = _value(one.test, paths.types(entry.resource, path) or frozenset())
        if value is None:
            continue
        parts = [
            {"url": "path", "valueString": ".".join(path)},
            {"url": "comparator", "valueCode": one.test.comparator},
            {"url": "value", **value},
        ]
        found.append({"url": VALUE_FILTER, "extension": parts})
    return found


def _value(test: ValueTest, types: frozenset[str]) -> dict[str, Any] | None:
    """The constant of a value filter; ``None`` if no type of the element compares to it."""
    if test.value in ("true", "false"):
        return {"valueBoolean": test.value == "true"} if "boolean" in types and test.comparator == "eq" else None
    number = float(test.value)
    plain = int(number) if number.is_integer() else number
    if test.unit is not None:
        quantity = {"value": plain, "unit": test.unit, "system": "http://unitsofmeasure.org", "code": test.unit}
        return {"valueQuantity": quantity} if types & QUANTITIES else None
    if not types & NUMBERS:
        return None
    return {"valueInteger": plain} if isinstance(plain, int) else {"valueDecimal": plain}


def falls_within(test: DateTest, types: frozenset[str]) -> times.Span | None:
    """The span that all of an element's time is in if the test holds; ``None`` if that cannot be said."""
    if test.partial or not types & DATE_TYPES:
        return None
    if types & DATE_TYPES <= POINT_TYPES:
        return _span(test.low, test.high)
    match test.part:
        case "whole":
            return _span(test.low, test.high)
        case "start":
            return _span(test.low, None)
        case "end":
            return _span(None, test.high)
    return None


def _span(low: times.Time | None, high: times.Time | None) -> times.Span | None:
    return times.Span(low, high) if low is not None or high is not None else None


def _period(span: times.Span, day: bool, periods: Periods) -> dict[str, Any]:
    bounds = {
        "start": periods.bound(span.low, high=False, day=day),
        "end": periods.bound(span.high, high=True, day=day),
    }
    found: dict[str, Any] = {name: value for name, value in bounds.items() if value is not None}
    wanted = (span.low is not None) + (span.high is not None)
    if len(found) == wanted:
        return found
    expression = {"language": "text/cql-expression", "expression": span_text(span)}
    return {"extension": [{"url": CQF_EXPRESSION, "valueExpression": expression}]}


def span_text(span: times.Span) -> str:
    """A span as CQL; the interval of a parameter by its name."""
    match span.low, span.high:
        case (times.Boundary(times.Parameter() as low, False), times.Boundary(times.Parameter() as high, True)):
            if low == high:
                return times.text(low)
    return times.text(span)


def _tests(entry: Entry, paths: Paths) -> list[tuple[tuple[str, ...], Filter]]:
    cleaned = ((paths.clean(entry.resource, one.path), one) for one in entry.filters)
    return sorted(cleaned, key=lambda found: (found[0], repr(found[1])))
