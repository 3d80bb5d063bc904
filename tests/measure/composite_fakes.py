"""Builders of composite measures and their components, and composites evaluated with their components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from measure_fakes import UV, FakeEvaluator, FakeSubject, concept, encounters, measure, proportion

from cqlmeasure.measure import MeasureResult, Task, evaluate_together, parse_period, prepare, read_measure

PERIOD = parse_period("2026")
BASE = "http://example.org/Measure/"
MORE = ("denominator-exclusion", "denominator-exception", "numerator-exclusion")


def part(name: str, weight: float | None = None, group_id: str | None = None, version: str = "") -> dict[str, Any]:
    settings = []
    if weight is not None:
        settings.append({"url": f"{UV}weight", "valueDecimal": weight})
    if group_id is not None:
        settings.append({"url": f"{UV}groupId", "valueString": group_id})
    artifact = {"type": "composed-of", "resource": f"{BASE}{name}{version}"}
    return {"url": f"{UV}component", "extension": settings, "valueRelatedArtifact": artifact}


def composite(method: str, *parts: dict[str, Any], notation: str = "increase", **extra: Any) -> dict[str, Any]:
    return {
        "resourceType": "Measure",
        "name": "Whole",
        "url": f"{BASE}Whole",
        "version": "1.0",
        "improvementNotation": concept(notation, None),
        "group": [
            {
                "id": "whole",
                "extension": [
                    {"url": f"{UV}scoring", "valueCodeableConcept": concept("composite", None)},
                    {"url": f"{UV}compositeScoring", "valueCodeableConcept": concept(method, None)},
                    *parts,
                ],
            }
        ],
        **extra,
    }


def component(name: str, *more: str, notation: str = "increase", basis: str = "boolean") -> dict[str, Any]:
    return {
        **measure(proportion(*more, basis=basis), improvementNotation=concept(notation, None)),
        "url": f"{BASE}{name}",
        "name": name,
        "id": name,
    }


def rate(name: str, basis: str = "boolean", **options: Any) -> dict[str, Any]:
    """A component with all populations of a proportion, whose expressions nobody else has (``states``)."""
    found = component(name, *MORE, basis=basis, **options)
    for item in found["group"][0]["population"]:
        item["criteria"]["expression"] = f"{name} {item['id']}"
    return found


def states(**components: str) -> dict[str, Any]:
    """What the expressions of rates give: for each the letter of its ``facts``, or for items a letter each."""
    found: dict[str, Any] = {}
    for name, letters in components.items():
        if len(letters) == 1:
            found |= {f"{name} {code}": value for code, value in facts(letters).items()}
            continue
        each = [facts(letter) for letter in letters]
        for code in each[0]:
            ids = (str(number) for number, values in enumerate(each, 1) if values[code])
            found[f"{name} {code}"] = encounters(*ids)
    return found


def together(
    whole: dict[str, Any],
    *components: dict[str, Any],
    subjects: Iterable[FakeSubject],
    evaluator: FakeEvaluator | None = None,
    **options: Any,
) -> MeasureResult:
    """A composite over subjects, with its components (nested composites after theirs), in one pass."""
    evaluator = evaluator or FakeEvaluator()
    tasks: list[Task[Any]] = []
    for resource in (*components, whole):
        definition = read_measure(resource)
        parts = [part for group in definition.groups for part in group.parts]
        used = tuple(task for task in tasks if any(part.means(task.plan.definition) for part in parts))
        plan = prepare(definition, evaluator, options.get("value_set"), [task.plan.definition for task in used])
        tasks.append(Task(plan, evaluator, PERIOD, used))
    return evaluate_together(tasks[-1:], subjects, evidence=True)[0]


def facts(state: str) -> dict[str, Any]:
    """``-`` outside, F in the denominator, T in the numerator; X, E, N excluded, excepted, excluded from the latter."""
    return {
        "initial-population": state != "-",
        "denominator": state != "-",
        "denominator-exclusion": state == "X",
        "denominator-exception": state == "E",
        "numerator": state in "TN",
        "numerator-exclusion": state == "N",
    }
