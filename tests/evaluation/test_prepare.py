"""Preparing a library: from the cache if nothing that it read has changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cqlmeasure.errors import TranslationError
from cqlmeasure.evaluation import Evaluator, Store, environment, prepare
from cqlmeasure.evaluation.codec import pack, unpack
from cqlmeasure.runtime import DateTime
from cqlmeasure.runtime.subject import Subject

NOW = DateTime.of(2026, 6, 15, 12, 0, 0, 0, offset=0)


@dataclass
class Source:
    name: str
    version: str | None
    cql: str | None
    elm: Any = None
    file: str | None = None


@dataclass
class Folder:
    texts: dict[str, str] = field(default_factory=dict)

    def find(self, name: str, version: str | None, /) -> Source | None:
        text = self.texts.get(name)
        return None if text is None else Source(name, version, text, file=f"{name}.cql")

    def versions(self, name: str, /) -> list[str]:
        return []


MAIN = Source("M", "1", "library M version '1'\ninclude O version '1'\ndefine A: O.V + 1", file="M.cql")
OTHER = "library O version '1'\ndefine V: 5\ndefine function F(a List<Interval<Integer>>, b Tuple { c Code }): a"


def value(prepared: Any) -> Any:
    def none(url: str, version: str | None) -> Any:
        raise LookupError(url)

    shared = environment(prepared.program, now=NOW, parameters={}, value_set=none)
    return Evaluator(prepared.program, shared, prepared.code).subject(Subject("s", [])).value("A")


def test_second_time_comes_from_the_cache(tmp_path: Path) -> None:
    store, folder = Store(tmp_path), Folder({"O": OTHER})
    first = prepare(MAIN, folder, store=store)
    second = prepare(MAIN, folder, store=store)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert first.program == second.program
    assert first.files == second.files == {"M|1": "M.cql", "O|1": "O.cql"}
    assert value(first) == value(second) == 6


def test_a_changed_include_is_seen(tmp_path: Path) -> None:
    store, folder = Store(tmp_path), Folder({"O": OTHER})
    prepare(MAIN, folder, store=store)
    folder.texts["O"] = OTHER.replace("5", "7")
    changed = prepare(MAIN, folder, store=store)
    assert not changed.from_cache
    assert value(changed) == 8


def test_a_removed_include_is_an_error_even_with_a_cache(tmp_path: Path) -> None:
    store = Store(tmp_path)
    prepare(MAIN, Folder({"O": OTHER}), store=store)
    with pytest.raises(TranslationError, match="O version '1' was not found"):
        prepare(MAIN, Folder(), store=store)


def test_rubbish_in_the_cache_is_ignored(tmp_path: Path) -> None:
    store, folder = Store(tmp_path), Folder({"O": OTHER})
    prepare(MAIN, folder, store=store)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            key = path.name
            store.write("programs", key, b"no program")
    assert value(prepare(MAIN, folder, store=store)) == 6


def test_packing_loses_nothing() -> None:
    library = Source("O", "1", OTHER + "\ndefine W: ({1 'mg', 2 'mg'}) X return X")
    made = prepare(library, Folder()).program
    assert unpack(pack(made)) == made
