"""The merged index of codes: each table gets what a scan of all resources would give it."""

from __future__ import annotations

from typing import Any

import pytest

from cqlmeasure.runtime.code_index import CodeIndex, CodeIndexes
from cqlmeasure.runtime.context import memo_of
from cqlmeasure.runtime.retrieve import code_table, select_codes
from cqlmeasure.runtime.subject import NOT_DONE_VALUE_SET, CodePath, Subject
from cqlmeasure.runtime.values import ValueSet

CODE = (("code",),)


def concept(*codings: tuple[str | None, str]) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for system, code in codings]}


def observation(number: int, code: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": str(number), "code": code}


RESOURCES = [
    observation(0, concept(("s", "a"))),
    observation(1, concept(("s", "b"), ("t", "a"))),
    observation(2, concept(("s", "a"), ("s", "b"))),
    observation(3, concept((None, "a"))),
    observation(4, "a"),
    observation(5, {"system": "s", "code": "b"}),
    observation(6, [concept(("s", "a")), concept(("s", "b"))]),
    observation(7, {**concept(("s", "a")), "extension": [{"url": NOT_DONE_VALUE_SET, "valueCanonical": "v"}]}),
    observation(8, {**concept(("s", "a")), "extension": [{"url": "other"}]}),
    observation(9, {"coding": "odd"}),
    observation(10, {"coding": ["odd", {"system": "s", "code": "a"}]}),
    observation(11, {"coding": [{"system": "s", "code": ["a"]}]}),
    observation(12, {"text": "only"}),
    {"resourceType": "Observation", "id": "13"},
    {"resourceType": "Patient", "id": "p"},
]
TABLES = {
    "one": {"a": frozenset({"s"})},
    "two": {"a": frozenset({"t"}), "b": frozenset({"s"})},
    "any system": {"a": frozenset({"*"})},
    "none": {},
}


@pytest.mark.parametrize("name", TABLES)
def test_an_index_gives_what_a_scan_gives(name: str) -> None:
    index = CodeIndex("Observation.code", "Observation", CODE)
    numbers = {other: index.add(table) for other, table in TABLES.items()}
    path = CodePath("Observation.code", "Observation", CODE)
    expected = select_codes(Subject("p", RESOURCES), None, path, TABLES[name])
    memo = memo_of(Subject("p", RESOURCES), 3)
    assert memo[0].retrieve_codes(memo, 1, None, index, numbers[name]) == expected == memo[1]
    assert memo[0].retrieve_any(memo, 2, None, index, (numbers[name],)) == expected == memo[2]
    assert bool(expected) is bool(TABLES[name])


def test_a_table_that_comes_later_is_found_too() -> None:
    index = CodeIndex("Observation.code", "Observation", CODE)
    subject = Subject("p", RESOURCES)
    first = index.add(TABLES["one"])
    memo = memo_of(subject, 3)
    assert memo[0].retrieve_codes(memo, 1, None, index, first)
    second = index.add(TABLES["two"])
    found = memo[0].retrieve_codes(memo, 2, None, index, second)
    assert [resource["id"] for resource in found] == ["1", "2", "4", "5", "6"]


def test_a_union_of_tables_has_their_order_and_each_resource_once() -> None:
    index = CodeIndex("Observation.code", "Observation", CODE)
    first, second = index.add({"b": frozenset({"s"})}), index.add({"a": frozenset({"s"})})
    memo = memo_of(Subject("p", RESOURCES[:3]), 2)
    found = memo[0].retrieve_any(memo, 1, None, index, (first, second))
    assert [resource["id"] for resource in found] == ["1", "2", "0"]


def test_equal_tables_are_one() -> None:
    index = CodeIndexes().at("Observation.code", "Observation", CODE)
    members = [{"system": "s", "code": "a"}]
    assert index.add(ValueSet("u", members=members).codes) == index.add(ValueSet("v", members=members).codes)
    assert index.add(code_table([{"system": "s", "code": "b"}])) == 1


def test_indexes_share_paths() -> None:
    indexes = CodeIndexes()
    assert indexes.at("Observation.code", "Observation", CODE) is indexes.at("Observation.code", "Observation", CODE)
    assert indexes.at("Condition.code", "Condition", CODE) is not indexes.at("Observation.code", "Observation", CODE)
