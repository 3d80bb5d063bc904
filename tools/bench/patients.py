"""The patients of the benchmarks: bytes of Bundles, from a deck's cases or invented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cqlmeasure as cm
from cqlmeasure.content import Content
from cqlmeasure.data import Texts, from_texts
from tools.generate_population.__main__ import bundle
from tools.generate_population.resources import Population
from tools.generate_population.wanted import Wanted, wanted


def deck_texts(deck: str, measure: str) -> list[bytes]:
    """The Bundles of a measure's test cases, without their expected reports."""
    return [bundle(list(case.load().resources)) for case in cm.Content(deck).test_cases(measure)]


def invented_texts(
    deck: str, measures: list[str], resources: int, patients: int, year: int = 2026, *, declared: bool = False
) -> list[bytes]:
    """Bundles of invented patients with codes of the measures.

    ``declared``: all resources of a type for which the measures know profiles declare one; without it most do, and
    the Patient does not.
    """
    asked = wanted(Content(deck), measures)
    population = Population(asked, resources=resources, year=year)
    found = population(patients)
    if declared:
        found = ([_declaring(resource, asked) for resource in patient] for patient in found)
    return [bundle(patient) for patient in found]


def _declaring(resource: dict[str, Any], asked: Mapping[str, Wanted]) -> dict[str, Any]:
    kind = resource["resourceType"]
    if "meta" in resource or kind not in asked or not asked[kind].profiles:
        return resource
    return {**resource, "meta": {"profile": [min(asked[kind].profiles)]}}


def subjects(texts: list[bytes]) -> Texts:
    """The subjects, each read when it is its turn."""
    return from_texts(texts, source="bench", bundle_is_patient=True)
