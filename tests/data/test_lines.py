"""Lines of NDJSON that are not as everybody writes them, with and without a selection."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm
from cqlmeasure.api.others import all_resources
from cqlmeasure.data import Selection, SubjectData, Wanted, ndjson
from cqlmeasure.data.ndjson import parts

PATIENT = '{"resourceType":"Patient","id":"p"}'
DRUGS = Selection((Wanted("Patient"), Wanted("Medication", frozenset({"1"}))))


def order(separator: str) -> str:
    """What refers to a Medication; the slash of references is written in some way."""
    text = (
        '{"resourceType":"MedicationRequest","id":"r","subject":{"reference":"Patient/p"},'
        '"medicationReference":{"reference":"Medication/m"}}'
    )
    return text.replace("/", separator)


def drug(code: str, identity: str = "m") -> str:
    return json.dumps({"resourceType": "Medication", "id": identity, "code": {"coding": [{"code": code}]}})


def drugs(source: Iterable[SubjectData]) -> list[str]:
    return [
        one["code"]["coding"][0]["code"]
        for subject in source
        for one in subject.resources
        if one["resourceType"] == "Medication"
    ]


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("separator", ["/", "\\/", "\\u002f", "\\u002F"])
def test_references_may_be_written_with_escapes(tmp_path: Path, separator: str, apart: bool) -> None:
    lines = [PATIENT, order(separator), drug("1")]
    for number, text in enumerate(lines if apart else ["\n".join(lines)]):
        (tmp_path / f"{number}.ndjson").write_text(text)
    assert drugs(ndjson(tmp_path)) == drugs(ndjson(tmp_path).selecting(DRUGS)) == ["1"]


@pytest.mark.parametrize("jobs", [1, 3])
def test_shared_resources_of_one_id_that_differ_are_all_there(tmp_path: Path, jobs: int) -> None:
    """As in Bundles; the first may be one that nobody wants."""
    for number, lines in enumerate([[PATIENT, order("/"), drug("9")], [drug("1"), drug("1"), drug("9")]]):
        (tmp_path / f"{number}.ndjson").write_text("\n".join(lines))

    def found(source: Any) -> list[str]:
        with source.divided(jobs, lambda work: [piece() for piece in work]) as divided:
            return [code for part in divided for code in drugs(part)]

    assert found(ndjson(tmp_path)) == ["9", "1"]
    assert found(ndjson(tmp_path).selecting(DRUGS)) == ["1"]


def test_more_files_than_can_be_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_OPEN_AT_MOST", 3)
    for number in range(20):
        (tmp_path / f"{number:02}.ndjson").write_text(PATIENT.replace('"p"', f'"{number}"') + "\n" + order("/"))
    opened: list[int] = []
    listed = Path("/proc/self/fd")
    for one in ndjson(tmp_path):
        assert one.resources
        opened.append(len(os.listdir(listed)) if listed.is_dir() else 0)
    assert max(opened) - min(opened) <= 3
    assert len(opened) == 20


def test_what_is_no_text_is_left_out_or_told_with_its_line(tmp_path: Path) -> None:
    """What says whose a line is can be read all the same."""
    broken = b'{"resourceType":"Observation","subject":{"reference":"Patient/p"},"status":"\xff"}'
    (tmp_path / "all.ndjson").write_bytes(b"\n".join([PATIENT.encode(), broken, drug("1").encode()]))
    with pytest.raises(cm.DataError, match=r"all\.ndjson:2"):
        list(ndjson(tmp_path))
    source = ndjson(tmp_path, strict=False)
    assert [[one["resourceType"] for one in subject.resources] for subject in source] == [["Patient"]]
    assert len(source.warnings) == 1 and "all.ndjson:2" in str(cm.DataError(diagnostics=source.warnings))


def test_a_patient_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "all.ndjson").write_bytes(b'{"resourceType":"Patient","id":"q","gender":"\xff"}\n' + PATIENT.encode())
    assert [one.id for one in ndjson(tmp_path, strict=False)] == ["p"]


def test_packed_lines_of_any_subject(tmp_path: Path) -> None:
    packing = pytest.importorskip("zstandard")
    group = {"resourceType": "Group", "id": "g"}
    (tmp_path / "Group.ndjson.zst").write_bytes(packing.compress(json.dumps(group).encode()))
    assert list(all_resources(tmp_path)) == [group]


def test_packed_lines_that_are_damaged(tmp_path: Path) -> None:
    (tmp_path / "Group.ndjson.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + b"\xff" * 20)
    with pytest.raises(cm.DataError, match="cannot read"):
        list(all_resources(tmp_path))
