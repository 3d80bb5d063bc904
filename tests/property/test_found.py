"""Disagreements that were found between compiled code and reference, each with the value that is right."""

from __future__ import annotations

import pytest
from both_ways import agree, by_code, by_reference, compiled, elm_of, library

from reference import Unsupported

ROWS = [
    # unions of intervals that do not touch are null, so nested unions are no chain
    ("Interval[1, 9] union (Interval[1, 2] union Interval[7, 8])", "null as Interval<Integer>"),
    ("(Interval[1, 4] union Interval[5, 6]) union Interval[7, 8]", "Interval[1, 8]"),
    # the calendar of another offset may lead beyond the years 1 to 9999
    ("years between @2012-02-28T23:00:00.000-01:00 and @0001-01-01T00:00:00.000", "-2011"),
    ("minutes between @0001-01-01T00:00:00.000 and @9999-12-31T00:00:00.000", "null as Integer"),
    # products are rounded once
    ("Product({ -2.5, 0.00000001, 2.25 })", "-0.00000006"),
    # numbers beyond 28 digits keep all of them
    (
        "Abs(-(99999999999999999999.99999999 'mg' + 99999999999999999999.99999999 'mg'))",
        "199999999999999999999.99999998 'mg'",
    ),
    ("width of Interval[-99999999999999999999.99999999, 0.5]", "100000000000000000000.49999999"),
    # an interval of unknown start may be joined only if it certainly overlaps, or the join knows nothing at all
    (
        "collapse { Interval[@2011, null as Date), Interval(null as Date, @9999-12-31) }",
        "{ Interval(null as Date, @9999-12-31), Interval[@2011, null as Date) }",
    ),
    # the order of a list does not count in collapse
    (
        "collapse { Interval[@2012-01, @2012-01-20), Interval(@2011, @2012-02-29] }",
        "collapse { Interval(@2011, @2012-02-29], Interval[@2012-01, @2012-01-20) }",
    ),
    # constant ends that turn out to be null leave the point type known
    ("start of Interval[Min({ null as Integer }), Max({ null as Integer })]", "minimum Integer"),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_value(expression: str, expected: str) -> None:
    elm = elm_of(library({"Value": expression, "Expected": expected}))
    evaluation = compiled(elm)
    value = by_code(evaluation, "Value")
    assert agree(elm, value, by_code(evaluation, "Expected"))
    try:
        assert agree(elm, value, by_reference(elm, "Value"))
    except Unsupported:
        assert "collapse" in expression
