"""Types, constants and phrases that random CQL is made of.

Types are CQL's own spelling; ``Tuple`` stands for ``Tuple { a Integer, b String }``.
"""

from __future__ import annotations

SIMPLE = ("Boolean", "Integer", "Long", "Decimal", "String", "Date", "DateTime", "Time", "Quantity")
POINTS = ("Integer", "Long", "Decimal", "Date", "DateTime", "Time", "Quantity")
NUMBERS = ("Integer", "Long", "Decimal")
TEMPORAL = ("Date", "DateTime", "Time")
TUPLE = "Tuple"
INTERVALS = tuple(f"Interval<{point}>" for point in POINTS)
LISTS = (*(f"List<{item}>" for item in SIMPLE), "List<Tuple>", "List<Interval<Integer>>", "List<Interval<Date>>")
LISTS = (*LISTS, "List<List<Integer>>")
TYPES = (*SIMPLE, TUPLE, *INTERVALS, *LISTS)
WANTED = (*TYPES, *("Boolean",) * 20, *("Integer", "Long", "Decimal", "String", *INTERVALS) * 2)
"""What to begin with: Booleans reach most operators."""
PRECISIONS = {
    "Date": ("year", "month", "day"),
    "DateTime": ("year", "month", "day", "hour", "minute", "second", "millisecond"),
    "Time": ("hour", "minute", "second", "millisecond"),
}

# Constants, those of ordered types in ascending order (partial dates by their first instant).
CONSTANTS: dict[str, tuple[str, ...]] = {
    "Boolean": ("true", "false"),
    "Integer": ("-2147483648", "-7", "-2", "-1", "0", "1", "2", "3", "5", "10", "2147483646", "2147483647"),
    "Long": ("-9223372036854775808L", "-2147483649L", "-3L", "0L", "1L", "2L", "4L", "9223372036854775807L"),
    "Decimal": (
        "-99999999999999999999.99999999",
        "-2.5",
        "-0.5",
        "-0.00000001",
        "0.0",
        "0.00000001",
        "0.5",
        "1.0",
        "1.50",
        "2.25",
        "3.14159265",
        "99999999999999999999.99999999",
    ),
    "String": (
        "''",
        "'a'",
        "'A'",
        "'b'",
        "'ab'",
        "'abcab'",
        "' '",
        "'12'",
        "'-3'",
        "'true'",
        "'Ärger'",
        "'ä\\u0308😀'",
    ),
    "Date": (
        "@0001-01-01",
        "@2011",
        "@2011-12-31",
        "@2012",
        "@2012-01",
        "@2012-01-01",
        "@2012-01-31",
        "@2012-02",
        "@2012-02-29",
        "@2012-03-01",
        "@2013-02-28",
        "@9999-12-31",
    ),
    "DateTime": (
        "@0001-01-01T00:00:00.000",
        "@2011T",
        "@2012-02T",
        "@2012-02-28T23:00:00.000-01:00",
        "@2012-02-29T",
        "@2012-02-29T00:30:00.000Z",
        "@2012-02-29T10",
        "@2012-02-29T10:30",
        "@2012-02-29T12:30:15.250+02:00",
        "@2012-02-29T10:30:15.251",
        "@2012-02-29T10:30:16",
        "@2012-03-01T02:00:00.000+03:00",
        "@2012-12-31T23:59:59.999",
        "@9999-12-31T23:59:59.999",
    ),
    "Time": (
        "@T00:00:00.000",
        "@T09",
        "@T10",
        "@T10:00",
        "@T10:30",
        "@T10:30:15",
        "@T10:30:15.250",
        "@T12:00:00.000",
        "@T23:59:59.999",
    ),
    "Quantity": ("-3 'mg'", "-0.5 'mg'", "0 'mg'", "1 'mg'", "1.5 'mg'", "2 'mg'", "100 'mg'"),
}
DURATIONS = {
    "Date": ("1 day", "-1 day", "1 month", "13 months", "1 year", "-1 years", "2 weeks", "40 days", "1.9 months"),
    "DateTime": (
        *("1 day", "1 month", "-1 month", "18 months", "1 year", "4 years", "3 weeks", "400 days", "25 hours"),
        *("-90 minutes", "1.5 seconds", "86400 seconds", "1 millisecond", "-1 millisecond", "36 'h'", "2 'wk'"),
    ),
    "Time": ("1 hour", "-1 hour", "90 minutes", "30 seconds", "1 millisecond", "-1 millisecond", "1.25 seconds"),
}
RELATIONS = (
    *("before", "after", "same as", "same or before", "same or after", "includes", "included in", "overlaps"),
    *("overlaps before", "overlaps after", "meets", "meets before", "meets after", "starts", "ends", "during"),
    *("properly includes", "properly included in"),
)
WITHOUT_PRECISION = ("=", "!=", "~", "!~")
