"""The tables of operators and handlers are complete and name only what exists."""

from __future__ import annotations

import importlib
import inspect

import pytest

from cqlmeasure.compiler.catalog import FUNCTIONS, MODULES, OPERATORS, candidates
from cqlmeasure.compiler.compile import FALSEHOODS, HANDLERS, TRUTHS
from cqlmeasure.elm.base import Expression
from cqlmeasure.elm.registry import NODES
from cqlmeasure.typesys import DATETIME, INTEGER, IntervalType, ListType

ABSTRACT = {name for name in NODES if name.endswith("Expression")}


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_has_a_general_function(name: str) -> None:
    assert any(one in FUNCTIONS for one in candidates(OPERATORS[name], [None, None]))


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_is_a_node(name: str) -> None:
    assert name in NODES


def test_every_function_is_where_the_table_says() -> None:
    for name, module in FUNCTIONS.items():
        assert module in MODULES
        assert callable(getattr(importlib.import_module(f"cqlmeasure.runtime.{module}"), name))


def test_every_expression_node_is_compiled() -> None:
    missing = {name for name, node in NODES.items() if issubclass(node, Expression) and node not in HANDLERS}
    assert missing - ABSTRACT == set()


def test_conditions_are_for_nodes_with_values() -> None:
    assert {*TRUTHS, *FALSEHOODS} <= set(HANDLERS)


@pytest.mark.parametrize(
    ("operator", "types", "expected"),
    [
        ("Less", [INTEGER, INTEGER], "less_integer"),
        ("Less", [INTEGER, None], "less"),
        ("In", [DATETIME, IntervalType(DATETIME)], "in_interval_datetime"),
        ("In", [INTEGER, ListType(INTEGER)], "in_list"),
        ("IncludedIn", [ListType(INTEGER), ListType(INTEGER)], "included_in_list"),
        ("Before", [DATETIME, DATETIME], "before_datetime"),
    ],
)
def test_the_most_special_function_is_chosen(operator: str, types: list[object], expected: str) -> None:
    found = next(one for one in candidates(OPERATORS[operator], types) if one in FUNCTIONS)  # type: ignore[arg-type]
    assert found == expected
    assert inspect.isfunction(getattr(importlib.import_module(f"cqlmeasure.runtime.{FUNCTIONS[found]}"), found))
