"""Published measures: each is read, and reports made from its expected counts match those expectations."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from measure_fakes import FakeEvaluator, FakeSubject, resource

from cqlmeasure.measure import (
    BOOLEAN_BASIS,
    MeasureDefinition,
    PopulationType,
    evaluate_subject,
    individual_report,
    period_of,
    prepare,
    read_measure,
)

_P = PopulationType


@pytest.fixture(scope="module")
def deck(shared: Path) -> Path:
    return shared / "decks" / "qicore2025"


@pytest.fixture(scope="module")
def differences(shared: Path) -> Any:
    path = shared / "tools" / "compare_reports.py"
    spec = importlib.util.spec_from_file_location("compare_reports", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.differences


def read(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def test_every_measure_is_read(shared: Path) -> None:
    definitions = [read_measure(read(path)) for path in sorted(shared.glob("decks/*/measures/*.json"))]
    assert len(definitions) == 56
    scorings = Counter(group.scoring.value for definition in definitions for group in definition.groups)
    assert scorings == {"proportion": 60, "continuous-variable": 12, "ratio": 2, "cohort": 2}
    codes = Counter(warning.code for definition in definitions for warning in definition.warnings)
    assert set(codes) == {"criteria-reference", "supplemental-data-id"}


def facts(definition: MeasureDefinition, expected: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Values of expressions that give the expected counts, and the observations of each function, in order."""
    values: dict[str, Any] = {}
    observed: dict[str, list[Any]] = {}
    for group, wanted in zip(definition.groups, expected["group"], strict=True):
        counts = {item["code"]["coding"][0]["code"]: item["count"] for item in wanted["population"][::-1]}
        codes = ("measure-observation", "measure-population-observation")
        numbers = [p["count"] for p in wanted["population"] if p["code"]["coding"][0]["code"] in codes]
        items = [resource(group.basis, str(n)) for n in range(counts["initial-population"])]
        for population in group.populations:
            if population.type is _P.MEASURE_OBSERVATION:
                side = group.populations[population.observed or 0].type.value
                size = counts[side] - counts.get(f"{side}-exclusion", 0)
                observed[population.criteria.name], numbers = numbers[:size], numbers[size:]
                continue
            count = counts.get(population.type.value, 0)
            # Exclusions from the front, the numerator and the exceptions so that they do not meet them.
            start = counts.get("denominator-exclusion", 0) if group.scoring.value == "proportion" else 0
            chosen = items[:count] if population.type.value.endswith("-exclusion") else items[start : start + count]
            if population.type in (_P.INITIAL_POPULATION, _P.DENOMINATOR, _P.MEASURE_POPULATION):
                chosen = items[:count]
            if population.type is _P.DENOMINATOR_EXCEPTION:
                chosen = items[start + counts["numerator"] :][:count]
            values[population.criteria.name] = count > 0 if group.basis == BOOLEAN_BASIS else chosen
        for stratifier, strata in zip(group.stratifiers, wanted.get("stratifier", []), strict=False):
            assert stratifier.criteria is not None
            inside = strata["stratum"][0]["population"][0]["count"]
            values[stratifier.criteria.name] = inside > 0 if group.basis == BOOLEAN_BASIS else items[:inside]
    return values, observed


def test_reports_have_the_form_of_the_expected_ones(deck: Path, differences: Any) -> None:
    wrong: Counter[str] = Counter()
    repeated = 0
    cases = sorted(deck.glob("cases/*/*.json"))
    definitions = {path.stem: read_measure(read(path)) for path in deck.glob("measures/*.json")}
    for path in cases:
        definition = definitions[path.parent.name]
        expected = read(path)["entry"][-1]["resource"]
        values, observed = facts(definition, expected)
        functions = {name: lambda _, item, found=found: found.pop(0) for name, found in observed.items()}
        evaluator = FakeEvaluator(functions=functions)
        result = evaluate_subject(prepare(definition, evaluator), evaluator, FakeSubject(path.stem, values))
        report = individual_report(definition, period_of(expected["period"]), result)
        if differences(expected, report):
            doubled = any(
                len(stratum["population"]) > 4
                for group in expected["group"]
                for stratifier in group.get("stratifier", [])
                for stratum in stratifier["stratum"]
            )
            repeated += doubled
            wrong[path.parent.name] += not doubled
    assert len(cases) == 1574
    assert +wrong == {}
    # These expectations list the populations of a stratum twice, with counts that contradict each other.
    assert repeated == 20
