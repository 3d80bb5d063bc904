"""The cache on disk: what is written is read, what is broken is absent."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cqlmeasure.evaluation.store import VARIABLE, Store, default_directory


def test_what_is_written_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    key = store.key("a", b"b")
    assert store.read("programs", key) is None
    store.write("programs", key, b"body")
    assert store.read("programs", key) == b"body"
    assert store.read("other", key) is None
    assert store.key("a", "b") == key != store.key("ab")


@pytest.mark.parametrize("damage", [b"", b"short", b"cqlmeasure\x01" + b"0" * 40])
def test_damaged_entries_are_absent(tmp_path: Path, damage: bytes) -> None:
    store = Store(tmp_path)
    key = store.key("a")
    store.write("programs", key, b"body")
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_bytes(damage)
    assert store.read("programs", key) is None


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_directory_is_private_and_no_temporary_files_stay(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    store.write("programs", store.key("a"), b"body")
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_directory_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    store = Store(tmp_path / "cache")
    store.write("programs", store.key("a"), b"body")
    assert store.read("programs", store.key("a")) is None


def test_variable_moves_or_switches_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert default_directory() == tmp_path
    monkeypatch.setenv(VARIABLE, "off")
    assert default_directory() is None
    store = Store()
    store.write("programs", store.key("a"), b"body")
    assert store.read("programs", store.key("a")) is None
