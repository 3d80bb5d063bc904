"""The patients of the benchmarks: bytes of Bundles, from a deck's cases or invented."""

from __future__ import annotations

import cqlmeasure as cm
from cqlmeasure.content import Content
from cqlmeasure.data import Texts, from_texts
from tools.generate_population.__main__ import bundle
from tools.generate_population.resources import Population
from tools.generate_population.wanted import wanted


def deck_texts(deck: str, measure: str) -> list[bytes]:
    """The Bundles of a measure's test cases, without their expected reports."""
    return [bundle(list(case.load().resources)) for case in cm.Content(deck).test_cases(measure)]


def invented_texts(deck: str, measures: list[str], resources: int, patients: int, year: int = 2026) -> list[bytes]:
    """Bundles of invented patients with codes of the measures."""
    population = Population(wanted(Content(deck), measures), resources=resources, year=year)
    return [bundle(patient) for patient in population(patients)]


def subjects(texts: list[bytes]) -> Texts:
    """The subjects, each read when it is its turn."""
    return from_texts(texts, source="bench", bundle_is_patient=True)
