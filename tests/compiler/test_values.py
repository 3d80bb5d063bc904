"""Values of expressions, from CQL text to Python."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from support import NOW, subject, value

from cqlmeasure.runtime import Date, DateTime, Interval, Long, Quantity, Tuple

CASES: list[tuple[str, Any]] = [
    ("1 + 2", 3),
    ("1 + 2.5", Decimal("3.5")),
    ("3L * 2L", Long(6)),
    ("'a' + 'b'", "ab"),
    ("'a' & null", "a"),
    ("7 div 2", 3),
    ("7 / 2", Decimal("3.5")),
    ("1 / 0", None),
    ("5 'mg' > 3 'mg'", True),
    ("not (null as Boolean)", None),
    ("true and null", None),
    ("false and null", False),
    ("null or true", True),
    ("null implies false", None),
    ("false implies null", True),
    ("true xor null", None),
    ("(null as Boolean) is true", False),
    ("(1 = 1) is not false", True),
    ("if null then 1 else 2", 2),
    ("case when 1 = 2 then 'a' when 1 = 1 then 'b' else 'c' end", "b"),
    ("case 3 when 1 then 'a' when 3 then 'b' else 'c' end", "b"),
    ("Coalesce(null, null, 4)", 4),
    ("Coalesce({null, 5, 6})", 5),
    ("2 in {1, 2, 3}", True),
    ("4 in Interval[1, 3]", False),
    ("3 in Interval[1, 3)", False),
    ("{1, 2} union {2, 3}", [1, 2, 3]),
    ("{1, 2, 3} intersect {2, 3, 4}", [2, 3]),
    ("{1, 2, 3} except {2}", [1, 3]),
    ("flatten {{1, 2}, {3}}", [1, 2, 3]),
    ("First({3, 4})", 3),
    ("Last({3, 4})", 4),
    ("Count({1, null, 2})", 2),
    ("Sum({1, 2, 3})", 6),
    ("exists {null}", False),
    ("exists {1}", True),
    ("singleton from {7}", 7),
    ("distinct {1, 1, 2}", [1, 2]),
    ("{1, 2, 3}[1]", 2),
    ("Length('abc')", 3),
    ("Length({1, 2})", 2),
    ("IndexOf({'a', 'b'}, 'b')", 1),
    ("Split('a/b', '/')", ["a", "b"]),
    ("start of Interval[1, 3]", 1),
    ("end of Interval[1, 3)", 2),
    ("Interval[1, 5] overlaps Interval[4, 9]", True),
    ("@2026-02-03 before @2026-02-04", True),
    ("@2026 before @2026-02-04", None),
    ("@2026-02-03 same month as @2026-02-28", True),
    ("@2026-01-31 + 1 month", Date.of(2026, 2, 28)),
    ("years between @2000-01-01 and @2026-06-15", 26),
    ("Now()", NOW),
    ("Today()", Date.of(2026, 6, 15)),
    ("date from Now()", Date.of(2026, 6, 15)),
    ("year from Now()", 2026),
    ("DateTime(2026, 1, 2, 3, 4, 5, 6, 0.0)", DateTime.of(2026, 1, 2, 3, 4, 5, 6, offset=0)),
    ("Interval[1, 3]", Interval(1, 3)),
    ("5 'mg'", Quantity(Decimal(5), "mg")),
    ("Tuple { a: 1, b: null }.a", 1),
    ("Tuple { a: 1, b: null }.b", None),
    ("5 is Integer", True),
    ("(5 as Choice<Integer, String>) is String", False),
    ("(5 as Choice<Integer, String>) as Integer", 5),
    ("ToString(5)", "5"),
    ("ToInteger('12')", 12),
    ("ToQuantity('5 \\'mg\\'')", Quantity(Decimal(5), "mg")),
    ("convert 5 to Decimal", Decimal(5)),
    ("minimum Integer", -(2**31)),
    ("Message(5, true, 'c', 'Warning', 'text')", 5),
]


@pytest.mark.parametrize(("expression", "expected"), CASES, ids=[case[0] for case in CASES])
def test_value(expression: str, expected: Any) -> None:
    found = value(expression)
    assert found == expected
    assert type(found) is type(expected) or isinstance(expected, Interval)


QUERIES: list[tuple[str, Any]] = [
    ("({1, 2, 3}) X where X > 1", [2, 3]),
    ("({1, 2, 3}) X where X > 1 return X * 2", [4, 6]),
    ("({1, 1}) X return X", [1]),
    ("({1, 1}) X return all X", [1, 1]),
    ("({3, 1, 2}) X sort asc", [1, 2, 3]),
    ("({3, 1, 2}) X sort desc", [3, 2, 1]),
    ("({3, null, 2}) X sort asc", [None, 2, 3]),
    ("({1, 2}) X let Y: X + 1 return Y", [2, 3]),
    ("({1, 2, 3}) X with ({2, 3}) Y such that X = Y", [2, 3]),
    ("({1, 2, 3}) X without ({2, 3}) Y such that X = Y", [1]),
    ("({1, 2, 3}) X with ({2, 3}) Y such that X = Y without ({3}) Z such that X = Z", [2]),
    ("from ({1, 2}) A, ({10, 20}) B where A = 2 return A + B", [12, 22]),
    ("from ({1, 2}) A, ({1, 2}) B where A = B", [Tuple(A=1, B=1), Tuple(A=2, B=2)]),
    ("({Tuple{n: 2}, Tuple{n: 1}}) T sort by n", [Tuple(n=1), Tuple(n=2)]),
    ("({Tuple{n: 2}, Tuple{n: 1}}) T return T.n sort desc", [2, 1]),
    ("({1, 2, 3}) X aggregate R starting 0: R + X", 6),
    ("({2, 2, 3}) X aggregate distinct R starting 0: R + X", 5),
    ("(null as List<Integer>) X where X > 1", None),
    ("(5) X return X + 1", 6),
    ("(5) X where X > 6", None),
    ("(null as Integer) X return if X is null then 'none' else 'some'", "none"),
    ("exists (({1, 2}) X where X > 1)", True),
    ("exists (({1, 2}) X where X > 2)", False),
    ("exists (({1, 2}) X return all null as Integer)", False),
    ("({1, 2}) X where exists (({2}) Y where Y = X and exists (({2}) Z where Z = X and Z = Y))", [2]),
]


@pytest.mark.parametrize(("expression", "expected"), QUERIES, ids=[case[0] for case in QUERIES])
def test_query(expression: str, expected: Any) -> None:
    assert value(expression) == expected


def test_later_sources_are_not_evaluated_without_items() -> None:
    text = "({} as List<Integer>) X with (Message({1}, true, 'c', 'Error', 'reached')) Y such that X = Y"
    assert value(text) == []


def test_the_second_operand_is_not_evaluated_where_the_first_decides() -> None:
    assert value("1 = 2 and Message(true, true, 'c', 'Error', 'reached')") is False
    assert value("1 = 1 or Message(true, true, 'c', 'Error', 'reached')") is True


def test_definitions_are_evaluated_once() -> None:
    found = subject("define A: Message(1, true, 'c', 'Warning', 'once')\ndefine B: A + A")
    assert found.value("B") == 2
    assert found.value("A") == 1
    assert [one.text for one in found.messages()] == ["once"]


def test_functions_and_overloads() -> None:
    text = (
        "define function F(a Integer): a + 1\n"
        "define function F(a String): a + '!'\n"
        "define fluent function twice(a Integer): F(F(a))\n"
        ""
        "define A: F(1)\ndefine B: F('x')\ndefine C: (5).twice()"
    )
    found = subject(text)
    assert (found.value("A"), found.value("B"), found.value("C")) == (2, "x!", 7)
    assert found.call("twice", 1) == 3


def test_included_library_and_its_parameter() -> None:
    other = "library O version '1'\nparameter P Integer default 5\ndefine V: P + 1\ndefine function F(a Integer): a * P"
    text = "include O version '1'\ndefine A: O.V + O.F(2)"
    assert subject(text, others={"O": other}).value("A") == 16
    assert subject(text, others={"O": other}, parameters={"P": 1}).value("A") == 4
    assert subject(text, others={"O": other}, parameters={("O", "P"): 2}).value("A") == 7
