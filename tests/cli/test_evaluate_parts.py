"""``cqlmeasure evaluate`` for many patients: processes, going on after a stop, without a plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_support import MEASURE, Command, Sample


@pytest.fixture
def bundles(sample: Sample, tmp_path: Path) -> Path:
    """The patients of the test cases, a Bundle each."""
    folder = tmp_path / "bundles"
    folder.mkdir()
    for case in sorted(sample.cases.glob("*/*.json")):
        bundle = json.loads(case.read_text())
        bundle["entry"] = [one for one in bundle["entry"] if one["resource"]["resourceType"] != "MeasureReport"]
        (folder / case.name).write_text(json.dumps(bundle))
    return folder


def test_the_result_is_the_same(command: Command, sample: Sample, bundles: Path, tmp_path: Path) -> None:
    asked = ("evaluate", MEASURE, "-c", str(sample.path), "-d", str(bundles), "-p", "2026")
    plain = command(*asked)
    assert "numerator                                   3         1        2      0" in plain.out
    state = tmp_path / "run.state"
    for more in (["--jobs", "2"], ["--no-plan"], ["--resume", str(state)], ["-j", "2", "--resume", str(state)]):
        assert command(*asked, *more) == plain
    reports = [tmp_path / f"{number}.ndjson" for number in range(3)]
    for file, more in zip(reports, ([], ["--no-plan"], ["--jobs", "2"]), strict=True):
        command(*asked, "--report", "individual", "-o", str(file), *more)
    assert len({file.read_text() for file in reports}) == 1
    assert len(reports[0].read_text().splitlines()) == 10


def test_only_sums_are_kept(command: Command, sample: Sample, bundles: Path, tmp_path: Path) -> None:
    found = command(
        "evaluate", MEASURE, "-c", str(sample.path), "-d", str(bundles), "--report", "individual", "-o", "-",
        "--resume", str(tmp_path / "run.state"),
    )  # fmt: skip
    assert found.status == 2
    assert "--resume is for summaries" in found.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--resume", "no-such-folder/run.state"), "files cannot be written to"),
        (("--resume", "run.state", "--subject", "exactly-9"), "neither with --subject nor with --explain"),
        (("--jobs", "2", "--explain", "exactly-9"), "neither with --subject nor with --explain"),
        (("--resume", "run.state", "-o", "rows.csv"), "--resume is for summaries"),
    ],
)
def test_what_cannot_be(command: Command, sample: Sample, bundles: Path, options: tuple[str, ...], said: str) -> None:
    found = command("evaluate", MEASURE, "-c", str(sample.path), "-d", str(bundles), *options)
    assert (found.status, found.out) == (2, "")
    assert said in found.err


def test_the_measures_own_cases_are_not_divided(command: Command, sample: Sample) -> None:
    found = command("evaluate", MEASURE, "-c", str(sample.path), "--jobs", "2")
    assert (found.status, "--jobs is for patients in files or a store" in found.err) == (2, True)
