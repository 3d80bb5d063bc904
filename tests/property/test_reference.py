"""Random well-typed expressions: the compiled code and the reference evaluator give the same value."""

from __future__ import annotations

import random

import orjson
import pytest
from both_ways import Failure, agree, by_code, by_reference, compiled, elm_of, library
from cql_constants import LISTS
from cql_text import Generator
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from cqlmeasure.elm import from_json, to_json
from reference import Unsupported

SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def check(definitions: dict[str, str], head: str = "") -> int:
    """All properties of a library; how many of its definitions the reference evaluator could not compare."""
    text = library(definitions, head)
    elm = elm_of(text)
    copy = from_json(orjson.loads(orjson.dumps(to_json(elm), default=str)))
    assert copy == elm, f"other ELM from its JSON: {text}"
    first, again = compiled(elm), compiled(copy)
    left_out = 0
    for name in definitions:
        value = by_code(first, name)
        assert agree(elm, value, by_code(again, name)), f"another value from the ELM's JSON: {text}"
        try:
            expected = by_reference(elm, name)
        except Unsupported:
            left_out += 1
            continue
        assert agree(elm, value, expected), f"{text}\ncompiled:  {value}\nreference: {expected}"
    return left_out


@SETTINGS
@given(st.data())
def test_found_and_shrunk(data: st.DataObject) -> None:
    """Hypothesis chooses, so that what it finds is small."""
    generator = Generator(lambda n: data.draw(st.integers(0, n - 1)) if n > 1 else 0, partial=True)
    definitions, head = generator.library(2, 2)
    note(library(definitions, head))
    check(definitions, head)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("kind", ["total", "partial"])
def test_many(depth: int, kind: str) -> None:
    """Many more, of fixed seeds."""
    count = left_out = 0
    for seed in range(60):
        chance = random.Random(1000 * depth + seed)
        generator = Generator(chance.randrange, partial=kind == "partial")
        definitions, head = generator.library(8, depth)
        left_out += check(definitions, head)
        count += len(definitions)
    assert left_out < count / 20


# How a Boolean may be asked for: each expression is 1, 2 or 3 for true, false and null.
MODES = [
    "if B then 1 else if not B then 2 else 3",
    "case when B then 1 when not (not (not B)) then 2 else 3 end",
    "if B is true then 1 else if B is false then 2 else 3",
    "if B is not true then (if B is null then 3 else 2) else 1",
    "if exists (({ 1 }) X where B) then 1 else if exists (({ 1 }) X where not B) then 2 else 3",
    "if Count(({ 1 }) X where B return X) = 1 then 1 else if Count(({ 1 }) X where not B) = 1 then 2 else 3",
    "if exists (({ 1 }) X with ({ 2 }) Y such that B) then 1"
    " else if not exists (({ 1 }) X without ({ 2 }) Y such that not B) then 2 else 3",
    "if (B and true) or false then 1 else if (B or false) xor true then 2 else 3",
    "if (true implies B) then 1 else if (B implies false) then 2 else 3",
    "case B when true then 1 when false then 2 else 3 end",
    "if AnyTrue({ B }) then 1 else if not AllTrue({ B }) then 2 else 3",
    "({ 1 }) X let y: B return if y then 1 else if not y then 2 else 3",
    "({ 1 }) X aggregate R starting 3: if B then 1 else if not B then 2 else R",
]


@pytest.mark.parametrize("mode", range(len(MODES)))
def test_every_way_to_ask_for_a_boolean_agrees(mode: int) -> None:
    for seed in range(20):
        generator = Generator(random.Random(f"{mode} {seed}").randrange)
        boolean = generator.expression("Boolean", 2)
        definitions = {"Value": boolean, "Mode": MODES[mode].replace("B", boolean)}
        evaluation = compiled(elm_of(library(definitions)))
        value, found = by_code(evaluation, "Value"), by_code(evaluation, "Mode")
        if not isinstance(value, Failure):
            number = found[0] if isinstance(found, list) else found
            assert number == {True: 1, False: 2, None: 3}[value], library(definitions)


def test_asking_for_a_list_twice_gives_it_twice() -> None:
    """What an expression is used for does not change its value: no operator changes its operands."""
    for seed in range(150):
        generator = Generator(random.Random(f"again {seed}").randrange)
        kind = generator.one(LISTS)
        uses = ("Last({0})", "distinct {0}", "{0} union {0}", "({0}) X sort asc", "Tail({0})", "exists {0}")
        use = generator.one(
            uses if kind in ("List<Integer>", "List<String>") else [one for one in uses if "sort" not in one]
        )
        definitions = {"L": generator.expression(kind, 2), "Use": use.format("L")}
        elm = elm_of(library(definitions))
        before, after = compiled(elm), compiled(elm)
        value = by_code(before, "L")
        by_code(after, "Use")
        assert agree(elm, value, by_code(after, "L")), library(definitions)
