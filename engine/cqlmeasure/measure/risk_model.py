"""Risk models: from the risk factors of a subject to the result that is expected for it.

Owns models given as tables of coefficients, and models that the CQL computes itself.  Always holds: a factor that the
model needs and the measure does not have is a fault of the model; a number that is missing for a subject means that
nothing is expected for it, which is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from cqlmeasure.errors import ContentError
from cqlmeasure.measure.definition import MeasureDefinition
from cqlmeasure.measure.results import SubjectResult, SupplementalValue

_LINKS = ("logistic", "log", "identity")


class Expectation(Protocol):
    """A risk model bound to a measure."""

    def __call__(self, subject: SubjectResult, /) -> float | None:
        """What is expected per case of the subject; ``None`` if a factor is missing."""
        ...


class Term(msgspec.Struct, frozen=True):
    """A coefficient: times the factor's number, or, with a ``value``, for subjects that have that value."""

    factor: str
    coefficient: float
    value: str | None = None


class RiskModel(msgspec.Struct, frozen=True):
    """``link`` tells what the sum of the terms is: the logit, the logarithm, or the expected value itself."""

    terms: tuple[Term, ...]
    intercept: float = 0.0
    link: str = "logistic"

    def bind(self, definition: MeasureDefinition) -> Expectation:
        """The model for the supplemental data of a measure; ``ContentError`` if it lacks a factor."""
        positions = {term.factor: _position(definition, term.factor) for term in self.terms}

        def expected(subject: SubjectResult) -> float | None:
            total = self.intercept
            for term in self.terms:
                values = _values(subject, positions[term.factor])
                if term.value is not None:
                    total += term.coefficient * any(term.value in _names(value) for value in values)
                    continue
                number = next((found for value in values if (found := _number(value)) is not None), None)
                if number is None:
                    return None
                total += term.coefficient * number
            return _inverse(self.link, total)

        return expected


def read_risk_model(table: Mapping[str, Any]) -> RiskModel:
    """A model from JSON: ``intercept``, ``link`` and ``coefficients`` (rows of factor, coefficient and maybe value).

    ``ContentError`` with what is wrong.
    """
    link = table.get("link", "logistic")
    if link not in _LINKS:
        raise _error(f"unknown link {link!r}", f"one of {', '.join(_LINKS)}")
    coefficients = table.get("coefficients")
    if not isinstance(coefficients, list):
        raise _error("it has no list of coefficients")
    return RiskModel(
        tuple(_term(row, number) for number, row in enumerate(coefficients, 1)),
        _finite(table.get("intercept", 0), "the intercept"),
        link,
    )


def computed_risk(definition: MeasureDefinition, name: str) -> Expectation:
    """The expectation that the CQL computes: a supplemental data element or risk factor that is a number."""
    position = _position(definition, name)

    def expected(subject: SubjectResult) -> float | None:
        return next((number for value in _values(subject, position) if (number := _number(value)) is not None), None)

    return expected


def _term(row: Any, number: int) -> Term:
    if not isinstance(row, Mapping) or not isinstance(row.get("factor"), str):
        raise _error(f"row {number} names no factor")
    value = row.get("value")
    shown = ("true" if value else "false") if isinstance(value, bool) else None if value is None else str(value)
    return Term(row["factor"], _finite(row.get("coefficient"), f"the coefficient in row {number}"), shown)


def _finite(value: Any, what: str) -> float:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise _error(f"{what} is {value!r}, not a number")


def _position(definition: MeasureDefinition, name: str) -> int:
    for position, item in enumerate(definition.supplemental_data):
        if name in (item.id, item.criteria.name, item.description):
            return position
    known = ", ".join(repr(item.id) for item in definition.supplemental_data) or "none"
    raise _error(f"measure {definition.name} has no risk factor {name!r}", f"its supplemental data are: {known}")


def _values(subject: SubjectResult, position: int) -> Sequence[SupplementalValue]:
    return subject.supplemental[position] if position < len(subject.supplemental) else ()


def _names(value: SupplementalValue) -> set[str]:
    """What a value may be called in a table: its text, or the code or display of a coding."""
    found = {str(value.concept.get("text"))}
    for coding in value.concept.get("coding", ()):
        found |= {str(coding.get("code")), str(coding.get("display"))}
    return found


def _number(value: SupplementalValue) -> float | None:
    content = value.content or {}
    for name in ("valueInteger", "valueBoolean"):
        if name in content:
            return float(content[name])
    quantity = content.get("valueQuantity")
    number = quantity.get("value") if isinstance(quantity, dict) else None
    return float(number) if isinstance(number, int | float | Decimal) else None


def _inverse(link: str, total: float) -> float:
    if link == "identity":
        return total
    # Beyond this the exponential leaves the range of numbers, and a probability is 0 or 1 anyway.
    bounded = max(-700.0, min(700.0, total))
    return math.exp(bounded) if link == "log" else 1 / (1 + math.exp(-bounded))


def _error(message: str, hint: str | None = None) -> ContentError:
    return ContentError(f"risk model: {message}", code="risk-model", hint=hint)
