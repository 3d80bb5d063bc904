"""Stores that are no stores, broken ones, and those of somebody who means harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from stores import SMALL, Given, plain, population

from cqlmeasure.data import Selection, Store, Wanted, open_data
from cqlmeasure.data.bundles import Folder
from cqlmeasure.data.store import arrow
from cqlmeasure.data.store.loading import load
from cqlmeasure.data.store.manifest import file_of
from cqlmeasure.errors import DataError, UsageError

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
Json = dict[str, Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    load({"given": Given(population(20))}, tmp_path / "store", sizes=SMALL)
    return tmp_path / "store"


def first(path: Path, kind: str) -> Path:
    return path / f"generation-1/{kind}/00000.parquet"


def read(path: Path) -> None:
    """All of it, in both ways."""
    selection = Selection((Wanted("Observation", frozenset({"c1"})),), (((Wanted("Encounter"),),),))
    for found in (Store(path).selecting(selection), Store(path)):
        list(found)


def changed(path: Path, change: Callable[[Json], object]) -> None:
    manifest = json.loads((path / "manifest.json").read_text())
    change(manifest)
    (path / "manifest.json").write_text(json.dumps(manifest))


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"error\[missing-path\]"):
        Store(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"error\[not-a-store\]"):
        Store(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"transactionTime": "2026", "output": []}))
    with pytest.raises(DataError, match=r"error\[not-a-store\]"):
        Store(tmp_path)
    assert isinstance(open_data(tmp_path), Folder)
    (tmp_path / "manifest.json").write_bytes(b"\xff{")
    with pytest.raises(DataError, match=r"error\[not-a-store\]"):
        Store(tmp_path)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda one: one.update(version=3), "store-version"),
        (lambda one: one.update(format="other"), "not-a-store"),
        (lambda one: one.update(folder="../../elsewhere"), "broken-store"),
        (lambda one: one.update(folder="/etc"), "broken-store"),
        (lambda one: one.update(subjects=7), "broken-store"),
        (lambda one: one.update(subjects="many"), "broken-store"),
        (lambda one: one.update(more=1), "broken-store"),
        (lambda one: one["partitions"][0].update(number=-1), "broken-store"),
        (lambda one: one["partitions"][0].update(number=1), "broken-store"),
        (lambda one: one["partitions"][0].update(path="../x"), "broken-store"),
        (lambda one: one["partitions"][0]["files"].pop("codes"), "broken-store"),
        (lambda one: one["partitions"][0]["blocks"][0].update(subjects=10**12), "broken-store"),
        (lambda one: one["partitions"][0]["blocks"].pop(), "broken-store"),
    ],
)
def test_manifests(path: Path, change: Callable[[Json], object], code: str) -> None:
    changed(path, change)
    with pytest.raises(DataError) as caught:
        Store(path)
    assert [one.code for one in caught.value.diagnostics] == [code]
    assert caught.value.diagnostics[0].hint


@pytest.mark.parametrize("kind", ["resources", "codes", "subjects"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: b"PAR1" + b"\xff" * 200 + b"PAR1",
        lambda data: data[:20] + bytes(len(data) - 60) + data[-40:],
    ],
    ids=["empty", "cut", "noise", "zeros"],
)
def test_files_that_are_broken(path: Path, kind: str, spoil: Callable[[bytes], bytes]) -> None:
    file = first(path, kind)
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(DataError, match=r"00000\.parquet: error\[broken-store\]"):
        read(path)
    with pytest.raises(DataError, match="its checksum differs"):
        Store(path).verify()


def test_bytes_that_flip(path: Path) -> None:
    """Whatever byte it is: an answer or an error of the store, never another error."""
    for kind in ("resources", "codes", "subjects"):
        file = first(path, kind)
        data = file.read_bytes()
        for at in range(0, len(data), 37):
            file.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
            try:
                read(path)
            except DataError as error:
                assert {one.code for one in error.diagnostics} == {"broken-store"}
        file.write_bytes(data)


@pytest.mark.parametrize("kind", ["resources", "codes", "subjects"])
def test_missing_files(path: Path, kind: str) -> None:
    first(path, kind).unlink()
    with pytest.raises(DataError, match=r"error\[broken-store\]"):
        read(path)
    with pytest.raises(DataError, match="its checksum differs"):
        Store(path).verify()


def _with(column: str, value: Any) -> Callable[[Any], Any]:
    """A table with one value in all rows of a column."""

    def change(table: Any) -> Any:
        at = table.schema.get_field_index(column)
        field = table.schema.field(at)
        return table.set_column(at, field, pyarrow.array([value] * len(table), field.type))

    return change


def _told(file: Path) -> Json:
    """What the manifest of somebody who means harm says of a file."""
    found: Json = msgspec.to_builtins(file_of(file, 0))
    return {name: value for name, value in found.items() if name != "rows"}


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("resources", lambda table: table.drop(["codes"]), r"its columns are"),
        ("resources", lambda table: table.rename_columns([*table.column_names[:-1], "json"]), r"its columns are"),
        ("resources", lambda table: table.slice(1), r"it has \d+ rows"),
        ("resources", _with("resource", "{"), r"the JSON of a resource"),
        ("resources", _with("resource", "[]"), r"is no FHIR"),
        ("resources", _with("resource", "{}"), r"is no FHIR"),
        ("resources", _with("resource", None), r"without JSON"),
        ("resources", _with("number", -1), r"out of range"),
        ("resources", _with("number", 10**9), r"out of range"),
        ("resources", _with("position", None), r"of no subject"),
        ("codes", _with("row", 10**9), r"out of range"),
        ("codes", _with("row", -1), r"out of range"),
        ("codes", _with("number", 10**9), r"out of range"),
        ("codes", _with("number", None), r"out of range"),
        ("codes", lambda table: table.slice(1), r"it has \d+ rows"),
        ("subjects", _with("subject", None), r"without id"),
        ("subjects", _with("source", None), r"without id"),
    ],
)
def test_files_with_other_content(path: Path, kind: str, change: Callable[[Any], Any], message: str) -> None:
    file = first(path, kind)
    with parquet.ParquetFile(file) as opened:
        table, groups = opened.read(), opened.metadata.num_row_groups
    with parquet.ParquetWriter(file, change(table).schema) as writer:
        for number in range(groups):
            size = -(-len(table) // groups)
            writer.write_table(change(table.slice(number * size, size)))
    changed(path, lambda one: one["partitions"][0]["files"][kind].update(_told(file)))
    with pytest.raises(DataError, match=rf"error\[broken-store\].*{message}"):
        read(path)


def test_what_is_sound_is_verified(path: Path) -> None:
    Store(path).verify()
    assert plain(Store(path)) == plain(population(20))


def test_without_the_libraries(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    arrow.modules.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"a store needs pyarrow(.|\n)*cqlmeasure\[store\]"):
            list(Store(path))
        with pytest.raises(UsageError, match="a store needs pyarrow"):
            load({}, path)
    finally:
        arrow.modules.cache_clear()
