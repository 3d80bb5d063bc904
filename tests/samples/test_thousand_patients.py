"""A thousand patients through each sample measure: the summary is the sum of the individual reports, whatever the order
of the patients and however they are divided among workers.

The patients are the samples' own, each many times over with an id of its own.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import cqlmeasure as cm

FOLDERS = sorted(path for path in (Path(__file__).parents[2] / "measures").iterdir() if path.is_dir())
PATIENTS = 1000


def measures() -> Iterator[tuple[Path, str]]:
    for folder in FOLDERS:
        for name in cm.Content(folder).test_measures():
            yield folder, name


def many(subjects: list[cm.SubjectData]) -> list[cm.SubjectData]:
    """The subjects over and over, with new ids in their resources and references."""
    found = []
    for number in range(PATIENTS):
        one = subjects[number % len(subjects)]
        new = f"{one.id}-{number}"
        text = orjson.dumps(one.resources).decode()
        text = text.replace(f'"{one.id}"', f'"{new}"').replace(f'"Patient/{one.id}"', f'"Patient/{new}"')
        found.append(cm.SubjectData(id=new, resources=orjson.loads(text), source=one.source))
    return found


def counts(report: dict[str, Any]) -> Counter[tuple[Any, ...]]:
    """The count of every population of every group and stratum."""
    found: Counter[tuple[Any, ...]] = Counter()
    for index, group in enumerate(report["group"]):
        for population in group.get("population", ()):
            found[index, "all", population.get("id")] += population.get("count", 0)
        for number, stratifier in enumerate(group.get("stratifier", ())):
            for stratum in stratifier.get("stratum", ()):
                key = orjson.dumps(stratum.get("value") or stratum.get("component"), option=orjson.OPT_SORT_KEYS)
                for population in stratum.get("population", ()):
                    found[index, number, key, population.get("id")] += population.get("count", 0)
    return +found


@pytest.mark.parametrize(("folder", "name"), list(measures()), ids=lambda value: getattr(value, "name", value))
def test_sums_orders_and_parts(folder: Path, name: str) -> None:
    content = cm.Content(folder)
    measure = content.measure(name)
    subjects = many(list(content.test_subjects(name)))
    period = content.test_cases(name)[0].load().period
    whole = measure.evaluate(subjects, period=period, evidence=False)
    assert not whole.failures
    summary = whole.summary()
    summed: Counter[tuple[Any, ...]] = Counter()
    for report in whole.individuals():
        summed += counts(report)
    assert counts(summary) == summed
    assert sum(summed.values()) > 0

    shuffled = list(subjects)
    random.Random(1).shuffle(shuffled)
    assert measure.evaluate(shuffled, period=period, evidence=False).summary() == summary

    first, *others = (measure.evaluate(subjects[start::3], period=period, evidence=False)._result for start in range(3))
    for other in others:
        first.merge(other)
    assert first.totals.groups() == whole._result.totals.groups()
