"""Loading more into a store, deleting, and loads that do not come to their end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import SMALL, Given, as_sets, observation, plain, population, subject

from cqlmeasure.data import Store, SubjectData, ndjson, open_data
from cqlmeasure.data.store import loading
from cqlmeasure.data.store.loading import Loaded, load
from cqlmeasure.errors import DataError, UsageError

pytest.importorskip("pyarrow")
Json = dict[str, Any]


def put(path: Path, subjects: list[SubjectData], *delete: str) -> Loaded:
    return load({"given": Given(subjects)}, path, delete=delete, sizes=SMALL)


def names(path: Path) -> dict[str, list[str]]:
    """The ids of the subjects' resources."""
    return {one.id: [str(resource.get("id")) for resource in one.resources] for one in Store(path)}


def files(path: Path) -> dict[str, tuple[int, int]]:
    """Every file of the store, by what makes it the same file."""
    return {
        file.name: (file.stat().st_ino, file.stat().st_mtime_ns)
        for file in path.glob("generation-*/resources/*.parquet")
    }


def write(folder: Path, **resources: list[Json]) -> Path:
    """A bulk export."""
    for name, listed in resources.items():
        file = folder / f"{name.replace('_', '/')}.ndjson"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(one) + "\n" for one in listed))
    return folder


def test_new_and_changed_resources(tmp_path: Path) -> None:
    """Replaced ones keep their place; all versions of a resource are replaced; what has no id is added once."""
    path = tmp_path / "store"
    nameless = {"resourceType": "Flag", "status": "active"}
    put(
        path,
        [subject("a", observation("1", "x"), observation("2", "x"), observation("2", "y"), nameless), subject("b")],
    )
    done = put(
        path,
        [
            subject("c", observation("1", "c")),
            subject("a", observation("2", "new"), observation("3", "new"), nameless, {"resourceType": "Flag"}),
        ],
    )
    assert (done.new, done.changed, done.removed) == (1, 1, 0)
    found = {one.id: one.resources for one in Store(path)}
    assert list(found) == ["a", "b", "c"]
    assert found["a"][1:] == [
        observation("1", "x"),
        observation("2", "new"),
        nameless,
        observation("3", "new"),
        {"resourceType": "Flag"},
    ]
    assert Store(path).manifest.resources == {"Flag": 2, "Observation": 4, "Patient": 3}


def test_what_did_not_change_is_not_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "store"
    subjects = population(60)
    put(path, subjects)
    before, generation = files(path), Store(path).manifest.generation
    reordered = [SubjectData(one.id, [dict(reversed(each.items())) for each in one.resources], "") for one in subjects]
    done = put(path, reordered)
    assert (done.new, done.changed, Store(path).manifest.generation) == (0, 0, generation)
    assert files(path) == before
    done = put(path, [subject("p030", observation("p030-0", "changed"))])
    assert (done.changed, Store(path).manifest.generation) == (1, generation + 1)
    same = files(path).items() & before.items()
    assert len(same) == len(before) - 1
    assert [one.id for one in Store(path)] == [one.id for one in subjects]


def test_a_subject_that_comes_again(tmp_path: Path) -> None:
    """In one load, as from several Bundles: put together, and said."""
    path = tmp_path / "store"
    done = put(path, [subject("a", observation("1", "x")), subject("b"), subject("a", observation("2", "x"))])
    assert names(path) == {"a": ["a", "1", "2"], "b": ["b"]}
    assert (done.new, done.changed) == (2, 0)
    assert [(one.code, "such as a" in one.message) for one in done.warnings] == [("repeated-subject", True)]


def test_small_partitions_grow(tmp_path: Path) -> None:
    path = tmp_path / "store"
    subjects = population(30, resources=1)
    for one in subjects:
        put(path, [one])
    assert plain(Store(path)) == plain(subjects)
    assert len(Store(path).manifest.partitions) < 7
    assert len(Store(path).manifest.origins) == 30


@pytest.mark.parametrize(
    ("delete", "expected"),
    [
        (["Observation/1"], {"a": ["a", "m"], "b": ["b", "2", "m"]}),
        (["Medication/m"], {"a": ["a", "1"], "b": ["b", "2"]}),
        (["Patient/a"], {"b": ["b", "2", "m"]}),
        (["http://x.org/Patient/a", "Observation/2/_history/1"], {"b": ["b", "m"]}),
        (["Patient/a", "Patient/b"], {}),
        (["Observation/9", "Patient/9"], {"a": ["a", "1", "m"], "b": ["b", "2", "m"]}),
    ],
)
def test_deletes(tmp_path: Path, delete: list[str], expected: dict[str, list[str]]) -> None:
    path = tmp_path / "store"
    medication = {"resourceType": "Medication", "id": "m"}
    put(path, [subject("a", observation("1", "x"), medication), subject("b", observation("2", "x"), medication)])
    load({}, path, delete=delete, sizes=SMALL)
    assert names(path) == expected
    assert Store(path).manifest.subjects == len(expected)


def test_deleted_and_loaded_again(tmp_path: Path) -> None:
    """What goes goes first."""
    path = tmp_path / "store"
    put(path, [subject("a", observation("1", "x"), observation("2", "x")), subject("b")])
    done = put(path, [subject("a", observation("3", "x"))], "Patient/a")
    assert names(path) == {"b": ["b"], "a": ["a", "3"]}
    assert (done.new, done.removed) == (1, 1)
    put(path, [subject("a", observation("3", "y"))], "Observation/3")
    assert names(path) == {"b": ["b"], "a": ["a", "3"]}


def test_no_reference() -> None:
    with pytest.raises(UsageError, match="names nothing that could be deleted"):
        load({}, "nowhere", delete=["17"])
    assert not Path("nowhere").exists()


def test_an_export_of_what_changed(tmp_path: Path) -> None:
    """It may lack Patients, shared resources that changed reach everybody, and it lists what was deleted."""
    path = tmp_path / "store"
    of_a = {"subject": {"reference": "Patient/a"}}
    request = {
        "resourceType": "MedicationRequest",
        "id": "r",
        **of_a,
        "medicationReference": {"reference": "Medication/m"},
    }
    export = write(
        tmp_path / "export",
        Patient=[{"resourceType": "Patient", "id": "a"}, {"resourceType": "Patient", "id": "b"}],
        MedicationRequest=[request],
        Observation=[observation("1", "x", **of_a), observation("2", "x", **of_a)],
        Medication=[{"resourceType": "Medication", "id": "m", "status": "active"}],
    )
    load({"export": ndjson(export)}, path, sizes=SMALL)
    entry = {"request": {"method": "DELETE", "url": "Observation/1"}}
    newer = write(
        tmp_path / "newer",
        Observation=[observation("3", "y", **of_a), observation("4", "y", subject={"reference": "Patient/c"})],
        Medication=[{"resourceType": "Medication", "id": "m", "status": "inactive"}],
        deleted_Observation=[{"resourceType": "Bundle", "type": "transaction", "entry": [entry]}],
    )
    done = load({"newer": ndjson(newer)}, path, sizes=SMALL)
    assert names(path) == {"a": ["a", "r", "2", "m", "3"], "b": ["b"]}
    assert (done.new, done.changed) == (0, 1)
    (found, _) = Store(path)
    assert found.resources[3] == {"resourceType": "Medication", "id": "m", "status": "inactive"}
    assert [one.code for one in done.warnings] == ["unclaimed-resources"]
    patients = write(tmp_path / "patients", Patient=[{"resourceType": "Patient", "id": "b", "gender": "male"}])
    load({"patients": ndjson(patients)}, path, sizes=SMALL)
    assert list(Store(path))[1].resources == [{"resourceType": "Patient", "id": "b", "gender": "male"}]


def test_a_file_that_only_deletes(tmp_path: Path) -> None:
    path = tmp_path / "store"
    put(path, [subject("a", observation("1", "x"))])
    entry = {"request": {"method": "DELETE", "url": "Observation/1"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    folder = tmp_path / "more" / "deleted"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(json.dumps(bundle))
    load({"more": open_data(tmp_path / "more")}, path, sizes=SMALL)
    assert names(path) == {"a": ["a"]}


_versions = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.lists(st.tuples(st.integers(1, 4), st.sampled_from("xyz")), max_size=5)),
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_versions, min_size=1, max_size=4))
def test_in_parts_or_at_once(tmp_path_factory: pytest.TempPathFactory, loads: list[Any]) -> None:
    """One load after the other gives what one load of all gives: of each resource the newest."""
    folder = tmp_path_factory.mktemp("parts")
    parts = []
    for number, versions in enumerate(loads):
        found: dict[str, dict[str, Json]] = {}
        for identity, resources in versions:
            of_one = found.setdefault(identity, {})
            of_one.update({str(name): observation(str(name), f"{code}{number}") for name, code in resources})
        parts.append([subject(identity, *resources.values()) for identity, resources in found.items()])
    for part in parts:
        put(folder / "parts", part)
    put(folder / "once", [one for part in parts for one in part])
    assert as_sets(Store(folder / "parts")) == as_sets(Store(folder / "once"))
    newest: dict[str, dict[str, Json]] = {}
    for part in parts:
        for one in part:
            newest.setdefault(one.id, {}).update({resource["id"]: resource for resource in one.resources})
    expected = [SubjectData(identity, list(found.values()), "") for identity, found in newest.items()]
    assert as_sets(Store(folder / "parts")) == as_sets(expected)
    Store(folder / "parts").verify()


# Loads that do not come to their end


class Failing(Given):
    """Breaks off after all that it has."""

    def __init__(self, subjects: list[SubjectData], error: BaseException) -> None:
        super().__init__(subjects)
        self.error = error

    def __iter__(self) -> Iterator[SubjectData]:
        yield from self.subjects
        raise self.error


@pytest.mark.parametrize("error", [DataError("broken"), KeyboardInterrupt(), MemoryError()])
def test_an_interrupted_load_leaves_the_state_before(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "store"
    with pytest.raises(type(error)):
        load({"failing": Failing(population(30), error)}, path, sizes=SMALL)
    assert not path.exists()
    before = population(20)
    put(path, before)
    listed = sorted(path.rglob("*"))
    with pytest.raises(type(error)):
        load({"failing": Failing(population(30, resources=9), error)}, path, sizes=SMALL)
    assert sorted(path.rglob("*")) == listed
    assert plain(Store(path)) == plain(before)


@pytest.mark.parametrize("step", ["write_manifest", "os.rename"])
def test_interrupted_in_the_last_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Even then; and the next load removes what was left."""
    path = tmp_path / "store"
    before = population(20)
    put(path, before)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"{loading.__name__}.{step}", fail)
        with pytest.raises(KeyboardInterrupt):
            put(path, population(30))
    assert plain(Store(path)) == plain(before)
    put(path, population(30))
    assert plain(Store(path)) == plain(population(30))
    assert [one.name for one in path.glob("generation-*")] == ["generation-2"]


def test_what_a_killed_load_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "store"
    put(path, population(3))
    for name in (".loading/next/resources", "generation-7"):
        (path / name).mkdir(parents=True)
        (path / name / "00000.parquet").write_bytes(b"half")
    assert plain(Store(path)) == plain(population(3))
    put(path, population(4))
    assert sorted(one.name for one in path.iterdir()) == [".lock", "generation-2", "manifest.json"]


def test_one_load_at_a_time(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "store"
    put(path, population(3))

    class Meddling(Given):
        def __iter__(self) -> Iterator[SubjectData]:
            with pytest.raises(DataError, match=r"error\[store-busy\]"):
                put(path, population(5))
            return super().__iter__()

    load({"meddling": Meddling(population(4))}, path, sizes=SMALL)
    assert len(list(Store(path))) == 4


def test_no_store_is_made_where_something_else_lies(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"error\[not-a-store\]"):
        put(tmp_path, population(1))
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(DataError, match=r"error\[not-a-store\]"):
        put(tmp_path / "notes.txt", population(1))


def test_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store"
    put(path, population(30))

    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    put(path, population(40))
    assert plain(Store(path)) == plain(population(40))
    Store(path).verify()
