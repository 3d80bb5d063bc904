"""A fake evaluator: named expressions as Python values or functions of a subject; and builders of Measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cqlmeasure.errors import CqlMeasureError
from cqlmeasure.typesys import ANY, DataType

POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
US = "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-"
UV = "http://hl7.org/fhir/uv/cqm/StructureDefinition/cqm-"
CRITERIA_REFERENCE = "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference"


@dataclass(frozen=True)
class FakeSubject:
    """A subject whose expressions' values are given."""

    id: str
    values: dict[str, Any] = field(default_factory=dict)
    messages: tuple[Any, ...] = ()
    evaluated: tuple[Any, ...] = ()


class FakeEvaluation:
    def __init__(self, evaluator: FakeEvaluator, subject: FakeSubject) -> None:
        self.evaluator = evaluator
        self.data = subject
        self.asked: list[str] = []

    def value(self, name: str) -> Any:
        self.asked.append(name)
        self.evaluator.asked.append((self.data.id, name))
        found = self.data.values.get(name)
        if isinstance(found, CqlMeasureError):
            raise found
        return found

    def call(self, name: str, *arguments: Any) -> Any:
        function = self.evaluator.functions[name]
        return function(self.data, *arguments)

    def messages(self) -> Sequence[Any]:
        return self.data.messages

    @property
    def evaluated(self) -> Sequence[Any]:
        return self.data.evaluated


class FakeEvaluator:
    """``types``: static types of definitions (any other name is a definition of type Any unless ``strict``)."""

    def __init__(
        self,
        types: dict[str, DataType] | None = None,
        functions: dict[str, Callable[..., Any]] | None = None,
        arities: dict[str, int] | None = None,
        missing: Sequence[str] = (),
    ) -> None:
        self.types = types or {}
        self.functions = functions or {}
        self.arities = arities or {}
        self.missing = missing
        self.asked: list[tuple[str, str]] = []

    def subject(self, data: FakeSubject) -> FakeEvaluation:
        return FakeEvaluation(self, data)

    def definition_type(self, name: str) -> DataType | None:
        if name in self.functions or name in self.missing or "." in name:
            return None
        return self.types.get(name, ANY)

    @property
    def names(self) -> list[str]:
        return [*self.types, *self.functions]

    def function_signatures(self, name: str) -> list[tuple[DataType, ...]]:
        return [(ANY,) * self.arities.get(name, 1)] if name in self.functions else []


def concept(code: str, system: str | None = POPULATION) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} if system else {"code": code}]}


def population(code: str, expression: str, identity: str | None = None, **extensions: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": identity or code,
        "code": concept(code),
        "criteria": {"language": "text/cql-identifier", "expression": expression},
    }
    urls = {"reference": CRITERIA_REFERENCE, "aggregate": f"{US}aggregateMethod"}
    if extensions:
        found["extension"] = [{"url": urls[name], "valueString": value} for name, value in extensions.items()]
    return found


def group(
    scoring: str,
    *populations: dict[str, Any],
    basis: str = "boolean",
    identity: str = "Group_1",
    stratifiers: Sequence[dict[str, Any]] = (),
    **extra: Any,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": identity,
        "extension": [
            {"url": f"{US}scoring", "valueCodeableConcept": concept(scoring, None)},
            {"url": f"{US}populationBasis", "valueCode": basis},
        ],
        "population": list(populations),
        **extra,
    }
    if stratifiers:
        found["stratifier"] = list(stratifiers)
    return found


def measure(*groups: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {
        "resourceType": "Measure",
        "id": "sample",
        "url": "http://example.org/Measure/Sample",
        "version": "1.0",
        "name": "Sample",
        "status": "active",
        "library": ["http://example.org/Library/SampleLogic|1.0"],
        "group": list(groups),
        **extra,
    }


def proportion(*more: str, **options: Any) -> dict[str, Any]:
    """A proportion group with the required populations and some more, each named by its code."""
    codes = ("initial-population", "denominator", "numerator", *more)
    return group("proportion", *(population(code, code) for code in codes), **options)


def resource(kind: str, identity: str) -> dict[str, Any]:
    return {"resourceType": kind, "id": identity}


def encounters(*ids: str) -> list[dict[str, Any]]:
    return [resource("Encounter", identity) for identity in ids]
