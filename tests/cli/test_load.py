"""``cqlmeasure load``, and evaluating from what it made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_support import MEASURE, Command, Sample

import cqlmeasure as cm

pytest.importorskip("pyarrow")


def test_load_and_evaluate(command: Command, sample: Sample, tmp_path: Path) -> None:
    store = tmp_path / "store"
    done = command("load", sample.cases, "-o", store)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[0] == "10 new"
    assert done.out.splitlines()[1].startswith(f"{store}: 10 patients, 55 resources, ")
    arguments = (MEASURE, "--content", sample.path, "--period", "2026")
    expected = command("evaluate", *arguments)
    assert command("evaluate", *arguments, "--data", store) == expected
    one = command("evaluate", *arguments, "--data", store, "--subject", "exactly-9")
    assert (one.status, "1 patient" in one.out) == (0, True)
    result = cm.Content(sample.path).measure(MEASURE).evaluate(cm.store(store), period="2026")
    assert result.summary()["group"][0]["measureScore"] == {"value": 0.5}


def test_load_more_delete_and_verify(command: Command, sample: Sample, tmp_path: Path) -> None:
    store = tmp_path / "store"
    cases = sorted(sample.cases.iterdir())
    assert command("load", *cases[:4], "-o", store).out.startswith("4 new\n")
    assert command("load", *cases[:3], "-o", store).out.startswith("nothing is new\n")
    assert command("load", sample.cases, "-o", store, "--delete", f"Patient/{cases[0].name}").out.startswith(
        "7 new, 1 removed\n"
    )
    assert command("load", "-o", store, "--delete", f"Patient/{cases[1].name}").out.startswith("1 removed\n")
    verified = command("load", "-o", store, "--verify")
    assert (verified.status, verified.out.partition(" resources")[0]) == (0, f"{store}: 9 patients, 49")
    file = next(store.glob("generation-*/codes/*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    broken = command("load", "-o", store, "--verify")
    assert broken.status == 2
    assert "error[broken-store]" in broken.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "{tmp}/s"), "say which data to load"),
        (("{tmp}/nowhere", "-o", "{tmp}/s"), "error[missing-path]"),
        (("{tmp}/broken", "-o", "{tmp}/s"), "error[broken-json]"),
        (("-o", "{tmp}/s", "--delete", "17"), "'17' names nothing that could be deleted"),
        (("{tmp}/broken", "-o", "{tmp}/broken"), "error[not-a-store]"),
    ],
)
def test_what_goes_wrong(command: Command, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "one.json").write_text("{")
    done = command("load", *(argument.format(tmp=tmp_path) for argument in arguments))
    assert done.status == 2
    assert message in done.err
    assert not (tmp_path / "s").exists()


def test_groups_and_other_subjects(command: Command, sample: Sample, tmp_path: Path) -> None:
    """The members of a Group that is in a store; what belongs to no patient is not in one."""
    member = {"entity": {"reference": "Patient/exactly-9"}}
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": [member]}
    bundle = json.loads((sample.cases / "exactly-9" / "exactly-9.json").read_text())
    bundle["entry"].append({"resource": group})
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.json").write_text(json.dumps(bundle))
    store = tmp_path / "store"
    assert command("load", tmp_path / "data", sample.cases / "no-visit-in-period", "-o", store).status == 0
    arguments = (MEASURE, "--content", sample.path, "--period", "2026", "--data", store)
    found = command("evaluate", *arguments, "--subject", "Group/g")
    assert (found.status, "1 patient" in found.out) == (0, True)
    with pytest.raises(cm.UsageError, match=r"the store .* holds what belongs to patients"):
        list(cm.subjects(store, kind="Organization"))


def test_a_server_is_not_loaded(command: Command, tmp_path: Path) -> None:
    found = command("load", "https://server.example.org/fhir", "-o", tmp_path / "store")
    assert (found.status, "only cqlmeasure evaluate --data" in found.err) == (2, True)
