"""Results beside what is expected of such patients, and the patients of one provider, from Python."""

from __future__ import annotations

from pathlib import Path

import pytest

import cqlmeasure as cm

MEASURE = "DiabetesHbA1cPoorControl"


@pytest.fixture(scope="module")
def result(repository: Path) -> cm.MeasureResult:
    content = cm.Content(repository / "measures" / "diabetes-hba1c")
    return content.measure(MEASURE).evaluate(content.test_subjects(MEASURE), period="2026")


def test_standardised_by_the_rates_of_a_reference(result: cm.MeasureResult) -> None:
    rates = {"18-44": 0.5, "45-64": 0.25, "65-75": 0.5}
    found = result.standardised(rates, reference_rate=0.4)
    assert (found.observed, found.cases) == (3, 6)
    assert found.expected == 2 * 0.5 + 2 * 0.25 + 2 * 0.5
    assert (found.ratio, found.rate) == (pytest.approx(1.2), pytest.approx(0.48))
    report = result.summary(cm.ReportOptions(adjusted={"group-1": found}))
    (observation,) = (one for one in report["contained"] if "Risk-adjusted" in one["code"].get("text", ""))
    assert observation["component"][0]["valueQuantity"] == {"value": 3}
    del rates["45-64"]
    with pytest.raises(cm.UsageError, match="no rate for 45-64"):
        result.standardised(rates)


def test_standardised_by_the_report_of_a_reference(result: cm.MeasureResult) -> None:
    found = result.standardised(result.summary(), group="group-1", stratifier="age-band")
    assert (found.ratio, found.rate) == (pytest.approx(1), pytest.approx(0.5))
    found = result.risk_adjusted(
        {"intercept": 0.25, "link": "identity", "coefficients": []}, reference=result.summary()
    )
    assert (found.ratio, found.rate) == (2, 1)
    for group, stratifier in (("x", 0), (0, "x"), (7, 0)):
        with pytest.raises(cm.UsageError, match=r"no (group|stratifier)"):
            result.standardised(result.summary(), group=group, stratifier=stratifier)


def test_the_same_result_with_other_reports(result: cm.MeasureResult) -> None:
    found = result.with_options(date="2027-01-15", suffix="north")
    assert (found.summary()["date"], found.summary()["id"][-6:]) == ("2027-01-15", "-north")
    assert found.with_options(date=None).report_options.suffix == "north"
    assert "date" not in result.summary()
    with pytest.raises(cm.DataError, match="no group whose score is attested"):
        result.with_options(attested={"group-1": cm.attested_score(1)})


def test_adjusted_by_a_table_of_coefficients(result: cm.MeasureResult) -> None:
    model = {"link": "identity", "intercept": 0.25, "coefficients": []}
    found = result.risk_adjusted(model)
    assert (found.observed, found.expected, found.ratio) == (3, 1.5, 2)
    with pytest.raises(cm.ContentError, match="unknown link"):
        result.risk_adjusted({**model, "link": "cubic"})
    with pytest.raises(cm.ContentError, match="Smoking"):
        result.risk_adjusted({**model, "coefficients": [{"factor": "Smoking", "coefficient": 1}]})
    with pytest.raises(cm.ContentError, match="Expected"):
        result.risk_adjusted("Expected")


def test_the_patients_of_a_provider() -> None:
    def patient(name: str, practitioner: str, place: str) -> cm.SubjectData:
        doctor = {"reference": f"Practitioner/{practitioner}"}
        visit = {"resourceType": "Encounter", "id": "e", "serviceProvider": {"reference": f"Organization/{place}"}}
        return cm.SubjectData(
            name, [{"resourceType": "Patient", "id": name, "generalPractitioner": [doctor]}, visit], "test"
        )

    patients = [patient("a", "x", "north"), patient("b", "y", "north"), patient("c", "y", "south")]

    def ids(provider: str, *paths: str) -> list[str]:
        return [one.id for one in cm.attributed(patients, provider, *paths)]

    assert ids("Practitioner/y") == ["b", "c"]
    assert ids("Organization/north") == []
    assert ids("Organization/north", "Encounter.serviceProvider") == ["a", "b"]
    with pytest.raises(cm.UsageError, match="no path for attribution"):
        ids("Practitioner/y", "generalPractitioner")
