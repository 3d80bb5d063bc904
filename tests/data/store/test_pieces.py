"""Loads in pieces: the store is the same, whoever does them; what goes wrong in one leaves the state before."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import SMALL, observation, plain, subject

import cqlmeasure as cm
from cqlmeasure.data import Store, SubjectData, ndjson, open_data
from cqlmeasure.data.store import loading
from cqlmeasure.errors import DataError, Diagnostic, UsageError

pytest.importorskip("pyarrow")
Json = dict[str, Any]
T = TypeVar("T")
PIECES = msgspec.structs.replace(SMALL, piece_bytes=700)


def elsewhere(work: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Does all pieces as other processes would: they know nothing of each other."""
    found = [pickle.dumps(piece) for piece in work]
    return (pickle.loads(pickle.dumps(pickle.loads(one)())) for one in found)


def bundles(folder: Path, people: Iterable[tuple[str, int]]) -> Path:
    """A Bundle of a patient for each name and number of Observations."""
    folder.mkdir(parents=True)
    for at, (name, count) in enumerate(people):
        own = [observation(f"{name}-{at}-{one}", f"c{one % 3}") for one in range(count)]
        for one in own:
            one["subject"] = {"reference": f"Patient/{name}"}
        resources = [{"resourceType": "Patient", "id": name}, *own]
        bundle = {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}
        (folder / f"{at:03}.json").write_text(json.dumps(bundle))
    return folder


def everything(path: Path) -> dict[str, bytes]:
    """All files of a store."""
    return {str(one.relative_to(path)): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def load(path: Path, *sources: Path, apart: bool, delete: Iterable[str] = ()) -> loading.Loaded:
    each = elsewhere if apart else None
    return loading.load({one.name: open_data(one) for one in sources}, path, delete=delete, sizes=PIECES, each=each)


people = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9)), min_size=1, max_size=12)


@settings(max_examples=8, deadline=None)
@given(
    loads=st.lists(st.tuples(people, people, st.sampled_from([(), ("Patient/a",), ("Observation/b-0-1",)])), max_size=2)
)
def test_the_same_whoever_does_it(tmp_path_factory: pytest.TempPathFactory, loads: list[Any]) -> None:
    """Also if a patient comes again in another piece, or another source."""
    folder = tmp_path_factory.mktemp("loads")
    for number, (first, second, delete) in enumerate(loads):
        sources = bundles(folder / f"{number}-1", first), bundles(folder / f"{number}-2", second)
        alone, apart = (
            load(folder / str(how), *sources, apart=how, delete=delete if number else ()) for how in (False, True)
        )
        assert repr(alone) == repr(apart)
        assert [one.message for one in alone.warnings] == [one.message for one in apart.warnings]
        assert everything(folder / "False") == everything(folder / "True")


def test_pieces_follow_from_the_size_of_the_data(tmp_path: Path) -> None:
    source = bundles(tmp_path / "many", [(f"p{number:03}", number % 5) for number in range(30)])
    load(tmp_path / "store", source, apart=True)
    store = Store(tmp_path / "store")
    assert len(store.manifest.partitions) > 5
    assert plain(store) == [(one.id, one.resources, one.source) for one in open_data(source)]
    whole = loading.load({"many": open_data(source)}, tmp_path / "whole", sizes=SMALL)
    assert len(whole.manifest.partitions) < len(store.manifest.partitions)
    assert plain(Store(tmp_path / "whole")) == plain(store)


def export(folder: Path) -> Path:
    """A bulk export of several patients."""
    folder.mkdir()
    patients = [{"resourceType": "Patient", "id": f"p{number}"} for number in range(40)]
    others = [
        observation(f"o{number}", f"c{number % 4}", "2026-01-02")
        | {"subject": {"reference": f"Patient/p{number % 40}"}}
        for number in range(200)
    ]
    for name, listed in (("Patient", patients), ("Observation", others)):
        (folder / f"{name}.ndjson").write_text("".join(json.dumps(one) + "\n" for one in listed))
    return folder


def test_processes(tmp_path: Path) -> None:
    source = export(tmp_path / "export")
    for jobs in (1, 2):
        done: list[None] = []
        found = cm.load(source, store=tmp_path / str(jobs), jobs=jobs, on_subject=lambda: done.append(None))  # noqa: B023
        assert found.new == len(done) == 40
    assert everything(tmp_path / "1") == everything(tmp_path / "2")
    assert plain(Store(tmp_path / "2")) == plain(ndjson(source))


def test_what_goes_wrong_in_a_process(tmp_path: Path) -> None:
    source = export(tmp_path / "export")
    cm.load(source, store=tmp_path / "store")
    before = everything(tmp_path / "store")
    with (source / "Patient.ndjson").open("a") as file:
        file.write('{"resourceType": "Patient", "id"')
    with pytest.raises(DataError):
        cm.load(source, store=tmp_path / "store", jobs=2)
    assert everything(tmp_path / "store") == before
    with pytest.raises(UsageError):
        cm.load(source, store=tmp_path / "store", jobs=0)


class Interrupted:
    """A source that is read when the load is given up."""

    count = None

    def __init__(self, store: Path) -> None:
        self.store = store
        self.warnings: list[Diagnostic] = []

    def __iter__(self) -> Iterator[SubjectData]:
        for number in range(200):
            if number == 3:
                for folder in self.store.glob(".loading-*"):
                    shutil.rmtree(folder)
            yield subject(f"p{number}")
        raise AssertionError("read to the end")


def test_a_load_that_was_given_up_is_not_gone_on_with(tmp_path: Path) -> None:
    """Whoever works for it notices that its folder is gone, and begins no other piece."""
    source = Interrupted(tmp_path / "store")
    with pytest.raises(DataError) as caught:
        loading.load({"interrupted": source}, tmp_path / "store")
    assert caught.value.diagnostics[0].code == "load-ended"
    assert not (tmp_path / "store").exists()
    manifest = loading.manifest_of(0, (), ())
    before = loading.Before(tmp_path, manifest, frozenset(), frozenset())
    with pytest.raises(DataError):
        loading.Piece(source, tmp_path / "gone" / "piece", 0, before, SMALL)()
    assert not (tmp_path / "gone").exists()
