"""``cqlmeasure evaluate --data https://...``."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_support import MEASURE, Command

import cqlmeasure as cm
from fhir_server.process import Json, Running


@pytest.fixture
def arguments(repository: Path) -> list[str]:
    return ["evaluate", MEASURE, "--content", str(repository / "measures" / "diabetes-hba1c"), "--period", "2026"]


@pytest.fixture(scope="module")
def resources(repository: Path) -> list[Json]:
    cases = cm.Content(repository / "measures" / "diabetes-hba1c").test_cases(MEASURE)
    return [one for case in cases for one in case.resources if one["resourceType"] != "MeasureReport"]


def test_patients_of_a_server(
    fhir: Running, command: Command, arguments: list[str], resources: list[Json], tmp_path: Path
) -> None:
    fhir.hold(resources, token="secret")
    token = tmp_path / "token"
    token.write_text("secret\n")
    options = ["--token-file", str(token), "--header", "X-Tenant: 7", "-o", str(tmp_path / "server.json")]
    ran = command(*arguments, "--data", fhir.url, *options)
    assert (ran.status, ran.err) == (0, "")
    assert command(*arguments, "-o", str(tmp_path / "files.json")).out == ran.out
    assert (tmp_path / "server.json").read_bytes() == (tmp_path / "files.json").read_bytes()
    assert {one["headers"].get("X-Tenant") for one in fhir.log} == {"7"}


def test_the_token_may_come_from_the_environment(
    fhir: Running, command: Command, arguments: list[str], resources: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    fhir.hold(resources, token="secret")
    ran = command(*arguments, "--data", fhir.url)
    assert ran.status == 2
    assert "401" in ran.err
    monkeypatch.setenv("CQLMEASURE_FHIR_TOKEN", "secret")
    ran = command(*arguments, "--data", fhir.url, "--subject", "exactly-9")
    assert ran.status == 0
    assert "1 patient" in ran.out


def test_explained_from_a_server(fhir: Running, command: Command, arguments: list[str], resources: list[Json]) -> None:
    fhir.hold(resources)
    ran = command(*arguments, "--data", fhir.url, "--explain", "no-visit-in-period")
    assert (ran.status, ran.err) == (0, "")
    assert "initial-population: 0" in ran.out
    assert fhir.asked("Patient") == ["GET Patient _id=no-visit-in-period"]


def test_an_empty_group_is_nobody(fhir: Running, command: Command, arguments: list[str], resources: list[Json]) -> None:
    fhir.hold([*resources, {"resourceType": "Group", "id": "g", "actual": True}])
    ran = command(*arguments, "--data", fhir.url, "--subject", "Group/g")
    assert ran.status == 0
    assert "0 patients" in ran.out
    assert fhir.asked("Patient") == []


def test_warnings_and_failures_are_told(
    fhir: Running, command: Command, arguments: list[str], resources: list[Json]
) -> None:
    fhir.hold(resources, {"match": "exactly-9", "kind": "malformed"}, refused=["Encounter.date"])
    ran = command(*arguments, "--data", fhir.url)
    assert ran.status == 1
    assert "warning[server-search]" in ran.err
    assert "error[server-answer]: exactly-9: the answer is broken JSON" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--data", "patients", "--token-file", "t"], "are for a FHIR server"),
        (["--header", "A: b"], "are for a FHIR server"),
        (["--data", "http://a/fhir", "--data", "patients"], "only place of data"),
        (["--data", "http://a/fhir", "--header", "A"], "NAME:VALUE"),
        (["--data", "http://a/fhir", "--token-file", "/nowhere/token"], "cannot read the token"),
        (["--data", "http://me:pw@a/fhir"], "must not hold a password"),
    ],
)
def test_what_does_not_go_together(command: Command, arguments: list[str], options: list[str], text: str) -> None:
    ran = command(*arguments, *options)
    assert ran.status == 2
    assert text in ran.err
