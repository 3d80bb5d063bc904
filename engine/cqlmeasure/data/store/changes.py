"""What a load changes in a store: which resources of a subject are new, which are replaced, which go.

Always holds: of resources with one type and id in one subject the newest load's are kept; what has no id is kept unless
it is there already; resources that are as they were stay the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from cqlmeasure.data.store.inputs import Key
from cqlmeasure.data.store.keys import Row


class Everywhere(NamedTuple):
    """Changes for every subject that has the resource: new versions, what goes, and subjects that go."""

    shared: Mapping[Key, Row]
    deleted: frozenset[Key]
    subjects: frozenset[str]


def merged(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """A subject's resources after a load, replaced ones in their place and new ones at the end."""
    given, before = _by_key(new), _by_key(old)
    found: list[Row] = []
    placed: set[Key] = set()
    for row in old:
        key = (row.type, row.id or "")
        if row.id is None or key not in given:
            found.append(row)
        elif key not in placed:
            placed.add(key)
            found.extend(_kept(before[key], given[key]))
    for key, rows in given.items():
        if key not in placed:
            found.extend(rows)
    nameless = [row for row in old if row.id is None]
    found.extend(row for row in new if row.id is None and not any(_same(row, other) for other in nameless))
    return found


def _by_key(rows: Sequence[Row]) -> dict[Key, list[Row]]:
    """The rows with an id by type and id."""
    found: dict[Key, list[Row]] = {}
    for row in rows:
        if row.id is not None:
            found.setdefault((row.type, row.id), []).append(row)
    return found


def _kept(old: Sequence[Row], new: Sequence[Row]) -> Sequence[Row]:
    """The versions after a load: the old rows where nothing changed."""
    return old if len(old) == len(new) and all(map(_same, old, new)) else new


def _same(one: Row, other: Row) -> bool:
    if one.json == other.json:
        return True
    return one.type == other.type and bool(orjson.loads(one.json) == orjson.loads(other.json))


def without(everywhere: Everywhere, rows: Sequence[Row]) -> list[Row]:
    """A subject's resources without those that go."""
    gone = everywhere.deleted
    return [row for row in rows if row.id is None or (row.type, row.id) not in gone] if gone else list(rows)


def apply(everywhere: Everywhere, rows: Sequence[Row]) -> list[Row]:
    """A subject's resources with the new versions of those that no subject owns."""
    if not everywhere.shared:
        return list(rows)
    found = []
    for row in rows:
        change = None if row.id is None else everywhere.shared.get((row.type, row.id))
        found.append(row if change is None or _same(row, change) else change)
    return found
