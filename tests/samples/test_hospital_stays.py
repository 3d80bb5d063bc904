"""Scores of what is observed: a median of quantities, a ratio of sums with two initial populations; attested scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm


@pytest.fixture(scope="module")
def results(repository: Path) -> dict[str, cm.MeasureResult]:
    content = cm.Content(repository / "measures" / "hospital-stays")
    return {
        name: content.measure(name).evaluate(content.test_subjects(name), period="2026")
        for name in content.test_measures()
    }


def test_median_of_quantities(results: dict[str, cm.MeasureResult]) -> None:
    group = _group(results["LengthOfStay"].summary())
    assert _counts(group) == {
        "initial-population": 9,
        "measure-population": 8,
        "measure-population-exclusion": 1,
        "measure-observation": 6,
    }
    assert (group["measureScore"]["value"], group["measureScore"]["code"]) == (3.5, "d")


def test_median_of_each_stratum(results: dict[str, cm.MeasureResult]) -> None:
    (stratifier,) = _group(results["LengthOfStay"].summary())["stratifier"]
    scores = {one["value"]["text"]: one["measureScore"]["value"] for one in stratifier["stratum"]}
    assert scores == {"planned": 4, "emergency": 2.5, "(no value)": 6}


def test_a_null_is_no_observation_and_is_said(results: dict[str, cm.MeasureResult]) -> None:
    report = results["LengthOfStay"].individual("start-unknown")
    assert _counts(_group(report))["measure-population"] == 1
    assert _counts(_group(report))["measure-observation"] == 0
    (outcome,) = (one for one in report["contained"] if one["resourceType"] == "OperationOutcome")
    assert "Length of Stay" in outcome["issue"][0]["details"]["text"]
    assert outcome["issue"][0]["severity"] == "information"


def test_ratio_of_sums(results: dict[str, cm.MeasureResult]) -> None:
    group = _group(results["CatheterInfections"].summary())
    assert _counts(group) == {
        "stays-with-catheter": 7,
        "stays-with-culture": 6,
        "denominator": 6,
        "denominator-exclusion": 1,
        "numerator": 4,
        "numerator-exclusion": 1,
        "catheter-days": 5,
        "infections": 3,
    }
    assert (group["measureScore"]["value"], group["measureScore"]["code"]) == (0.2, "{infections}/{days}")


def test_what_is_excluded_is_not_observed(results: dict[str, cm.MeasureResult]) -> None:
    rows = {row["subject"]: row for row in results["CatheterInfections"].rows()}
    sides = ("catheter-days", "infections")
    assert [rows["transferred"][side] for side in sides] == [[], [1]]
    assert [rows["infected-before"][side] for side in sides] == [[5], []]
    assert [rows["two-stays"][side] for side in sides] == [[3, 6], [2]]


def test_attested_scores_are_carried_and_never_made_up(repository: Path) -> None:
    folder = repository / "measures" / "hospital-stays"
    measure = cm.Content(folder).measure("InfectionRegister")
    attestation = json.loads((folder / "attestation.json").read_text())
    options = cm.ReportOptions(attested=measure.attested(attestation))
    report = measure.evaluate([], period="2026", report=options).summary()
    assert report["reporter"] == attestation["reporter"]
    kept, checked = report["group"]
    assert kept["extension"] == attestation["group"][0]["extension"]
    assert checked["measureScore"] == {"value": 0.85}
    for group in measure.evaluate([], period="2026").summary()["group"]:
        assert "value" not in group.get("measureScore", {})
        assert "valueBoolean" not in json.dumps(group)
    with pytest.raises(cm.DataError, match="not for"):
        measure.attested({**attestation, "measure": "http://example.org/cqlmeasure/Measure/LengthOfStay|1.0.0"})


def _group(report: dict[str, Any]) -> dict[str, Any]:
    (group,) = report["group"]
    return group  # type: ignore[no-any-return]


def _counts(group: dict[str, Any]) -> dict[str, int]:
    return {one["id"]: one["count"] for one in group["population"]}
