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
from cqlmeasure.data.ndjson import buffers, parts
from cqlmeasure.data.ndjson.index import Index
from cqlmeasure.data.screen import Screen

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


@pytest.mark.parametrize("block", [1, 16, 100, 1000])
def test_lines_are_the_same_however_many_are_taken_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    text = "\ufeff" + "\n".join([PATIENT, "", " \r", order("/"), "\n", drug("1"), "x" * 150, drug("9")])
    (tmp_path / "all.ndjson").write_text(text, encoding="utf-8")
    monkeypatch.setattr(buffers, "_BLOCK", block)
    buffer = buffers.Buffer(str(tmp_path / "all.ndjson"))
    found = [(offset, line.decode()) for offset, line in buffer.lines(0, len(buffer.data))]
    assert [line for _, line in found] == [PATIENT, order("/"), drug("1"), "x" * 150, drug("9")]
    assert all(buffer.line(offset).decode() == line for offset, line in found)
    buffer.close()


ODD = [
    '"code":{"coding":[{"code":"1"}]},"subject":{"reference":"Patient/p"}',
    '"code":[{"coding":[{"code":"1"}]}],"subject":[{"reference":"Patient/p"}]',
    '"code":"1","subject":{"reference":"http://x/Patient/p/_history/2"}',
    '"code":{"coding":null},"subject":{"reference":"Patient/p"}',
    '"code":[null],"subject":{"reference":"Patient/p"}',
    '"code":1,"subject":{"reference":"Patient/p"}',
    '"code":"1","subject":["Patient/q",{"reference":"Patient/p"}]',
    '"code":"1","subject":{"reference":1},"performer":[{"actor":{"reference":"Patient/p"}}]',
    '"code":"1","subject":{"reference":"Patient/q"},"performer":{"actor":[{"reference":"Patient/p"}]}',
    '"code":"1","c\\u006fde":"1","subj\\u0065ct":{"reference":"Patient\\/p"}',
]


@pytest.mark.parametrize("body", ODD)
def test_lines_that_are_not_as_fhir_has_them_are_not_lost(tmp_path: Path, body: str) -> None:
    other = '{"resourceType":"Procedure","code":"9","subject":{"reference":"Patient/p"}}'
    text = "\n".join([PATIENT, f'{{"resourceType":"Procedure",{body}}}', other])
    (tmp_path / "all.ndjson").write_text(text)
    whole = [len(one.resources) for one in ndjson(tmp_path)]
    selection = Selection((Wanted("Procedure", frozenset({"1"}), elements=("code",)),))
    assert [len(one.resources) for one in ndjson(tmp_path).selecting(selection)] == [2]
    assert whole == [3]


def test_a_type_that_is_said_twice_is_the_last_one(tmp_path: Path) -> None:
    line = '{"resourceType":"Observation","resourceType":"Procedure","subject":{"reference":"Patient/p"}}'
    (tmp_path / "all.ndjson").write_text(f"{PATIENT}\n{line}")
    selection = Selection((Wanted("Procedure"), Wanted("Observation", frozenset())))
    (one,) = ndjson(tmp_path).selecting(selection)
    assert [resource["resourceType"] for resource in one.resources] == ["Patient", "Procedure"]


def test_types_that_nobody_knows_are_looked_at_in_one_way() -> None:
    index = Index(Screen(DRUGS))
    for number in range(5):
        name = f"Unheard{'of' * number}"
        line = f'{{"resourceType":"{name}","id":"{number}","of":{{"reference":"Medication/m"}}}}'
        assert index.takes(name, line.encode(), number)
    assert len(index.places.shared) == 5
    assert len(index._kinds) == 1
