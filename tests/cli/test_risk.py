"""``cqlmeasure evaluate``: results beside what is expected of such patients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_support import MEASURE, Command, Ran, Sample

Json = dict[str, Any]
RATES = {"18-44": 0.5, "45-64": 0.25, "65-75": 0.5}


@pytest.fixture
def ask(command: Command, sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``cqlmeasure evaluate`` of the sample, which has a risk factor and a group with a name, beside files of rates."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rates.json").write_text(json.dumps(RATES))
    (tmp_path / "model.json").write_text(json.dumps({"link": "identity", "intercept": 0.25, "coefficients": []}))
    with sample.cql.open("a") as cql:
        cql.write('\ndefine "Expected": 0.75\n')
    file = next((sample.path / "input/resources/measure").glob("*.json"))
    measure = json.loads(file.read_text())
    factor = {
        "id": "expected",
        "usage": [{"coding": [{"code": "risk-adjustment-factor"}]}],
        "criteria": {"language": "text/cql-identifier", "expression": "Expected"},
    }
    measure["supplementalData"] = [*measure.get("supplementalData", ()), factor]
    file.write_text(json.dumps(measure))

    def ran(*options: object) -> Ran:
        return command("evaluate", MEASURE, "-c", sample.path, "-p", "2026", *options)

    return ran


def rows(text: str) -> dict[str, str]:
    """The first two columns of the table."""
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]
    return {line[0]: line[1] for line in cells if len(line) > 1}


def adjusted(file: Path) -> dict[str, float]:
    """What the risk-adjusted result of a written report says."""
    contained = json.loads(file.read_text())["contained"]
    (found,) = (one for one in contained if one["code"]["text"] == "Risk-adjusted result")
    return {part["code"]["text"]: part["valueQuantity"]["value"] for part in found["component"]}


def test_standardised_by_a_table_of_rates(ask: Command, tmp_path: Path) -> None:
    ran = ask("--reference", "rates.json", "--reference-rate", "0.4", "--confidence", "0.9", "-o", "out.json")
    assert (ran.status, ran.err) == (0, "")
    shown = rows(ran.out)
    assert (shown["observed"], shown["expected"], shown["observed / expected"]) == ("3", "2.50", "1.20")
    assert shown["90 % interval of the ratio"] == "0.32 to 3.10"
    assert shown["standardised rate"] == "48.0 %"
    found = adjusted(tmp_path / "out.json")
    assert (found["observed"], found["expected"], found["ratio"]) == (3, 2.5, 1.2)


def test_standardised_by_the_report_of_a_reference_population(ask: Command, tmp_path: Path) -> None:
    assert ask("-o", "reference.json").status == 0
    ran = ask("--reference", "group-1=reference.json", "--standardise-by", "age-band", "-o", "out.json")
    assert (ran.status, ran.err) == (0, "")
    shown = rows(ran.out)
    assert (shown["observed / expected"], shown["standardised rate"]) == ("1.00", "50.0 %")
    assert adjusted(tmp_path / "out.json")["standardised rate"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("model", "expected"),
    [("model.json", "1.50"), ("Expected", "4.50"), ("group-1=expected", "4.50"), ("1=model.json", "1.50")],
)
def test_risk_models(ask: Command, tmp_path: Path, model: str, expected: str) -> None:
    ran = ask("--risk-model", model, "-o", "out.json")
    assert (ran.status, ran.err) == (0, "")
    assert rows(ran.out)["expected"] == expected
    assert "standardised rate" not in ran.out
    assert adjusted(tmp_path / "out.json")["expected"] == float(expected)


def test_a_model_with_the_rate_of_a_reference_population(ask: Command) -> None:
    assert ask("-o", "reference.json").status == 0
    ran = ask("--risk-model", "model.json", "--reference", "reference.json")
    assert rows(ran.out)["standardised rate"] == "100.0 %"
    ran = ask("--risk-model", "model.json", "--reference-rate", "0.25")
    assert rows(ran.out)["standardised rate"] == "50.0 %"


def test_every_period_is_adjusted(ask: Command, tmp_path: Path) -> None:
    ran = ask("--risk-model", "Expected", "--step", "half-year", "-o", "out.json")
    assert ran.status == 0
    header, *lines = [line.split() for line in ran.out.splitlines() if " to " in line or "O/E" in line]
    assert header[-1] == "O/E"
    reports = [entry["resource"] for entry in json.loads((tmp_path / "out.json").read_text())["entry"]]
    assert len(lines) == len(reports) == 2
    for line, report in zip(lines, reports, strict=True):
        parts = {part["code"]["text"]: part for one in report["contained"][-1:] for part in one["component"]}
        assert line[-1] == f"{parts['ratio']['valueQuantity']['value']:.2f}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--risk-model", "Smoking"), "no risk factor 'Smoking'"),
        (("--risk-model", "rates.json"), "no list of coefficients"),
        (("--risk-model", "gone.json"), "--risk-model: cannot read gone.json"),
        (("--reference", "gone.json"), "--reference: cannot read gone.json"),
        (("--reference", "model.json"), "the rate of link is 'identity', not a number"),
        (("--reference", "rates.json", "--standardise-by", "sex"), "there is no stratifier 'sex'"),
        (("--reference", "rates.json", "--reference", "1=rates.json"), "given twice for group group-1"),
        (("--standardise-by", "age-band"), "--standardise-by is for"),
        (("--reference-rate", "0.5"), "--reference-rate is for"),
    ],
)
def test_what_does_not_fit(ask: Command, options: tuple[str, ...], said: str) -> None:
    ran = ask(*options)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_a_stratum_without_a_rate(ask: Command, tmp_path: Path) -> None:
    (tmp_path / "rates.json").write_text(json.dumps({"18-44": 0.5}))
    ran = ask("--reference", "rates.json")
    assert ran.status == 2
    assert "no rate for 45-64, 65-75" in ran.err


def test_several_groups_are_told_apart(ask: Command, sample: Sample) -> None:
    file = next((sample.path / "input/resources/measure").glob("*.json"))
    measure = json.loads(file.read_text())
    (group,) = measure["group"]
    second = json.loads(json.dumps(group).replace("group-1", "group-2"))
    measure["group"].append({**second, "id": "group-2"})
    file.write_text(json.dumps(measure))
    ran = ask("--risk-model", "model.json")
    assert ran.status == 2
    assert "say for which group, as GROUP=model.json (group-1, group-2)" in ran.err
    ran = ask("--risk-model", "group-2=model.json", "--reference", "group-1=rates.json")
    assert ran.status == 0
    assert [line.split()[-1] for line in ran.out.splitlines() if line.startswith("expected")] == ["2.50", "1.50"]


def test_one_measure_at_a_time(command: Command, sample: Sample) -> None:
    folder = sample.path / "input/resources/measure"
    first = json.loads(next(folder.glob("*.json")).read_text())
    (folder / "Other.json").write_text(
        json.dumps({**first, "id": "Other", "name": "Other", "url": "http://a.example/o"})
    )
    ran = command("evaluate", MEASURE, "Other", "-c", sample.path, "-d", sample.cases, "--risk-model", "Expected")
    assert ran.status == 2
    assert "are for one measure" in ran.err
