"""String operators, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from cqlmeasure.runtime import CqlError, strings

ROWS: list[tuple[str, tuple[Any, ...], Any]] = [
    ("combine", (["x", None, "y"],), "xy"),
    ("combine", (["x", None, "y"], ", "), "x, y"),
    ("combine", ([],), None),
    ("combine", ([None], "-"), None),
    ("combine", (None, "-"), None),
    ("concatenate", ("x", "y", "z"), "xyz"),
    ("concatenate", ("x", None), None),
    ("concatenate_nulls_empty", ("x", None, "z"), "xz"),
    ("concatenate_nulls_empty", (None, None), ""),
    ("ends_with", ("measure", "sure"), True),
    ("ends_with", ("measure", ""), True),
    ("ends_with", ("a", "longer"), False),
    ("ends_with", (None, "a"), None),
    ("starts_with", ("measure", "mea"), True),
    ("starts_with", ("measure", "Mea"), False),
    ("starts_with", ("measure", None), None),
    ("indexer_string", ("cql", 1), "q"),
    ("indexer_string", ("cql", 3), None),
    ("indexer_string", ("cql", -1), None),
    ("indexer_string", ("cql", None), None),
    ("position_of", ("q", "cqlq"), 1),
    ("position_of", ("z", "cql"), -1),
    ("last_position_of", ("q", "cqlq"), 3),
    ("last_position_of", ("q", None), None),
    ("length_string", ("cql",), 3),
    ("length_string", (None,), None),
    ("lower", ("CqL",), "cql"),
    ("upper", ("CqL",), "CQL"),
    ("upper", (None,), None),
    ("substring", ("numerator", 4), "rator"),
    ("substring", ("numerator", 4, 2), "ra"),
    ("substring", ("numerator", 4, 100), "rator"),
    ("substring", ("numerator", 4, None), "rator"),
    ("substring", ("numerator", 4, -1), ""),
    ("substring", ("numerator", 9), None),
    ("substring", ("numerator", -1), None),
    ("substring", ("", 0), ""),
    ("substring", ("", 1), None),
    ("split", ("a/b//c", "/"), ["a", "b", "", "c"]),
    ("split", ("a/b", None), ["a/b"]),
    ("split", ("a/b", ""), ["a/b"]),
    ("split", (None, "/"), None),
    ("split_on_matches", ("a1b22c", "([0-9])+"), ["a", "b", "c"]),
    ("split_on_matches", ("abc", "[0-9]+"), ["abc"]),
    ("split_on_matches", ("abc", "x*"), ["abc"]),
    ("split_on_matches", (None, "x"), None),
    ("matches", ("urn:oid:2.16", "oid"), True),
    ("matches", ("urn:oid:2.16", "^oid"), False),
    ("matches", ("urn:oid:2.16", "^urn:oid:[0-9.]+$"), True),
    ("matches", ("two\nlines", "o.l"), True),
    ("matches", ("Upper", "upper"), False),
    ("matches", ("äöü", r"^\p{L}+$"), True),
    ("matches", ("abc7", r"\p{Nd}\z"), True),
    ("matches", (r"a\p{L}", r"\\p\{L\}"), True),
    ("matches", (None, "a"), None),
    ("replace_matches", ("2020-05-31", r"(\d+)-(\d+)-(\d+)", "$3.$2.$1"), "31.05.2020"),
    ("replace_matches", ("2020-05", r"(?<y>\d+)-(?<m>\d+)", "${m}/${y}"), "05/2020"),
    ("replace_matches", ("5", r"(\d)", "$10"), "50"),
    ("replace_matches", ("5", r"\d", "[$0]"), "[5]"),
    ("replace_matches", ("price", "price", r"\$"), "$"),
    ("replace_matches", ("a", "a", r"\\"), "\\"),
    ("replace_matches", ("ac", "a(b)?c", "<$1>"), "<>"),
    ("replace_matches", ("a", None, "b"), None),
]


@pytest.mark.parametrize(("name", "operands", "expected"), ROWS)
def test_operator(name: str, operands: tuple[Any, ...], expected: Any) -> None:
    assert getattr(strings, name)(*operands) == expected


def test_a_wrong_pattern_is_an_error_that_names_it() -> None:
    with pytest.raises(CqlError, match=r"'\(a' is not a regular expression"):
        strings.matches("a", "(a")


def test_a_group_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(CqlError, match="group 2"):
        strings.replace_matches("a", "(a)", "$2")
