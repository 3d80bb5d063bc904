"""Stores whose partitions have no exact keys: they are read as before, and get the keys when they are written anew."""

from __future__ import annotations

from pathlib import Path

import msgspec
import orjson
import pytest
from stores import SMALL, Given, observation, plain, population, subject

from cqlmeasure.data import Question, Selection, Store, Wanted
from cqlmeasure.data.store import keys, loading
from cqlmeasure.data.store.manifest import read_manifest, write_manifest

pytest.importorskip("pyarrow")

ASKED = Selection((Wanted("Observation"),), (), (Question("Observation", frozenset({("http://loinc.org", "1")})),))


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A store as it was made before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keys, "exact_terms", lambda _: [])
        loading.load({"here": Given(population(9))}, tmp_path / "store", sizes=SMALL)
    manifest = read_manifest(tmp_path / "store")
    parts = tuple(msgspec.structs.replace(one, exact=False) for one in manifest.partitions)
    write_manifest(tmp_path / "store", msgspec.structs.replace(manifest, version=1, partitions=parts))
    raw = orjson.loads((tmp_path / "store" / "manifest.json").read_bytes())
    for one in raw["partitions"]:
        del one["exact"]
    (tmp_path / "store" / "manifest.json").write_bytes(orjson.dumps(raw))
    return tmp_path / "store"


def exact(path: Path) -> list[tuple[bool, bool]]:
    """Of each partition whether it says that it has exact keys, and whether it has any."""
    partitions = Store(path).manifest.partitions
    return [(one.exact, any("|" in group.first + group.last for group in one.codes)) for one in partitions]


def test_nobody_has_answers(earlier: Path) -> None:
    store = Store(earlier).selecting(ASKED)
    assert plain(store.candidates()) == plain(store)
    assert not store.answers


def test_partitions_that_are_written_anew_get_the_keys(earlier: Path) -> None:
    before = Store(earlier).manifest.partitions
    assert len(before) > 1
    coded = {"coding": [{"system": "http://loinc.org", "code": "1"}]}
    changed = [
        subject("p000", observation("new", "1") | {"code": coded}),
        subject("q", observation("new", "1") | {"code": coded}),
    ]
    loading.load({"here": Given(changed)}, earlier, sizes=SMALL)
    assert read_manifest(earlier).version == 2
    found = exact(earlier)
    assert found[0] == (True, True)
    assert (False, False) in found
    store = Store(earlier).selecting(ASKED)
    rest = list(store.candidates())
    assert sum(store.answers.values()) + len(rest) == store.count == 10
    assert sum(count for (has,), count in store.answers.items() if has) == 2
