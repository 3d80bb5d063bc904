"""The table of operators: which runtime function each ELM node becomes, by the static types of its operands.

Always holds: ``FUNCTIONS`` knows every public function of the runtime's operator modules; for a node of ``OPERATORS``
the first name of its candidates that exists is used, and a general one always does.
"""

from __future__ import annotations

import importlib
from typing import NamedTuple

from cqlmeasure.typesys import (
    BOOLEAN,
    CODE,
    CONCEPT,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    LONG,
    QUANTITY,
    RATIO,
    STRING,
    TIME,
    DataType,
    IntervalType,
    ListType,
    TupleType,
)

MODULES = (
    "aggregates",
    "general",
    "arithmetic",
    "boundaries",
    "clinical",
    "comparison",
    "conversion",
    "equality",
    "equivalence",
    "interval",
    "interval_compare",
    "interval_sets",
    "lists",
    "logical",
    "messages",
    "nullological",
    "points",
    "quantity",
    "sorting",
    "strings",
    "temporal_arithmetic",
    "temporal_compare",
    "temporal_parse",
    "types",
    "uncertainty",
)


def _functions() -> dict[str, str]:
    found: dict[str, str] = {}
    for module in MODULES:
        loaded = importlib.import_module(f"cqlmeasure.runtime.{module}")
        for name, value in vars(loaded).items():
            if callable(value) and not name.startswith("_") and not isinstance(value, type):
                own = getattr(value, "__module__", None) == loaded.__name__
                if own or name not in found:
                    found[name] = module
    return found


FUNCTIONS: dict[str, str] = _functions()
"""Runtime function -> the module that has it."""

_SUFFIXES: dict[DataType, str] = {
    BOOLEAN: "boolean",
    INTEGER: "integer",
    LONG: "long",
    DECIMAL: "decimal",
    STRING: "string",
    DATE: "date",
    DATETIME: "datetime",
    TIME: "time",
    QUANTITY: "quantity",
    RATIO: "ratio",
    CODE: "code",
    CONCEPT: "concept",
}


def suffixes(kind: DataType | None) -> tuple[str, ...]:
    """The endings of typed functions for a type, the most special first."""
    match kind:
        case IntervalType(point):
            inner = _SUFFIXES.get(point)
            return (f"interval_{inner}", "interval") if inner else ("interval",)
        case ListType():
            return ("list",)
        case TupleType():
            return ("tuple",)
        case None:
            return ()
        case _:
            found = _SUFFIXES.get(kind)
            return (found,) if found else ()


class Operator(NamedTuple):
    """How a node becomes a call.

    ``by``: which operands choose the typed function: ``both`` (they must agree), ``first``, ``second``, ``none``, or
    ``container`` (the list or interval among them).  ``result``: the type of the value, see ``operators``.
    """

    base: str
    by: str = "both"
    result: str = "Boolean"
    precision: bool = False


OPERATORS: dict[str, Operator] = {
    # comparison
    "Equal": Operator("equal"),
    "NotEqual": Operator("not_equal"),
    "Equivalent": Operator("equivalent"),
    "Less": Operator("less"),
    "LessOrEqual": Operator("less_or_equal"),
    "Greater": Operator("greater"),
    "GreaterOrEqual": Operator("greater_or_equal"),
    # arithmetic
    "Add": Operator("add", "first", "arithmetic"),
    "Subtract": Operator("subtract", "first", "arithmetic"),
    "Multiply": Operator("multiply", "both", "arithmetic"),
    "Divide": Operator("divide", "both", "divide"),
    "TruncatedDivide": Operator("truncated_divide", "both", "arithmetic"),
    "Modulo": Operator("modulo", "both", "arithmetic"),
    "Power": Operator("power", "both", "arithmetic"),
    "Log": Operator("log", "none", "Decimal"),
    "Abs": Operator("abs", "first", "first"),
    "Ceiling": Operator("ceiling", "none", "Integer"),
    "Floor": Operator("floor", "none", "Integer"),
    "Truncate": Operator("truncate", "none", "Integer"),
    "Negate": Operator("negate", "first", "first"),
    "Ln": Operator("ln", "none", "Decimal"),
    "Exp": Operator("exp", "none", "Decimal"),
    "Successor": Operator("successor", "none", "first"),
    "Predecessor": Operator("predecessor", "none", "first"),
    "Precision": Operator("precision", "first", "Integer"),
    "LowBoundary": Operator("low_boundary", "first", "first"),
    "HighBoundary": Operator("high_boundary", "first", "first"),
    "Round": Operator("round_", "none", "Decimal"),
    # strings
    "Combine": Operator("combine", "none", "String"),
    "Concatenate": Operator("concatenate", "none", "String"),
    "EndsWith": Operator("ends_with", "none"),
    "StartsWith": Operator("starts_with", "none"),
    "Matches": Operator("matches", "none"),
    "LastPositionOf": Operator("last_position_of", "none", "Integer"),
    "PositionOf": Operator("position_of", "none", "Integer"),
    "Length": Operator("length", "first", "Integer"),
    "Lower": Operator("lower", "none", "String"),
    "Upper": Operator("upper", "none", "String"),
    "ReplaceMatches": Operator("replace_matches", "none", "String"),
    "Split": Operator("split", "none", "Strings"),
    "SplitOnMatches": Operator("split_on_matches", "none", "Strings"),
    "Substring": Operator("substring", "none", "String"),
    # dates and times
    "DateFrom": Operator("date_from", "first", "Date"),
    "TimeFrom": Operator("time_from", "first", "Time"),
    "TimezoneFrom": Operator("timezone_offset_from", "first", "Decimal"),
    "TimezoneOffsetFrom": Operator("timezone_offset_from", "first", "Decimal"),
    "DateTimeComponentFrom": Operator("date_time_component_from", "none", "Integer", True),
    "DurationBetween": Operator("duration_between", "none", "Integer", True),
    "DifferenceBetween": Operator("difference_between", "none", "Integer", True),
    "SameAs": Operator("same_as", "both", "Boolean", True),
    "SameOrBefore": Operator("same_or_before", "both", "Boolean", True),
    "SameOrAfter": Operator("same_or_after", "both", "Boolean", True),
    "Before": Operator("before", "both", "Boolean", True),
    "After": Operator("after", "both", "Boolean", True),
    # intervals, and what they share with lists
    "Start": Operator("start", "first", "point"),
    "End": Operator("end", "first", "point"),
    "Width": Operator("width", "first", "point"),
    "Size": Operator("size", "first", "point"),
    "PointFrom": Operator("point_from", "first", "point"),
    "In": Operator("in", "second", "Boolean", True),
    "Contains": Operator("contains", "first", "Boolean", True),
    "ProperIn": Operator("proper_in", "second", "Boolean", True),
    "ProperContains": Operator("proper_contains", "first", "Boolean", True),
    "Includes": Operator("includes", "first", "Boolean", True),
    "IncludedIn": Operator("included_in", "second", "Boolean", True),
    "ProperIncludes": Operator("proper_includes", "first", "Boolean", True),
    "ProperIncludedIn": Operator("proper_included_in", "second", "Boolean", True),
    "Meets": Operator("meets", "first", "Boolean", True),
    "MeetsBefore": Operator("meets_before", "first", "Boolean", True),
    "MeetsAfter": Operator("meets_after", "first", "Boolean", True),
    "Overlaps": Operator("overlaps", "first", "Boolean", True),
    "OverlapsBefore": Operator("overlaps_before", "first", "Boolean", True),
    "OverlapsAfter": Operator("overlaps_after", "first", "Boolean", True),
    "Starts": Operator("starts", "first", "Boolean", True),
    "Ends": Operator("ends", "first", "Boolean", True),
    "Intersect": Operator("intersect", "container", "first"),
    "Except": Operator("except", "container", "first"),
    "Collapse": Operator("collapse", "none", "first"),
    "Expand": Operator("expand", "none", "expand"),
    # lists
    "Distinct": Operator("distinct", "none", "first"),
    "Flatten": Operator("flatten", "none", "flatten"),
    "SingletonFrom": Operator("singleton_from", "none", "element"),
    "First": Operator("first", "none", "element"),
    "Last": Operator("last", "none", "element"),
    "Indexer": Operator("indexer", "first", "indexer"),
    "IndexOf": Operator("index_of", "none", "Integer"),
    "Slice": Operator("slice_", "none", "first"),
    "Times": Operator("times", "none", "first"),
    # aggregates
    "Count": Operator("count", "none", "Integer"),
    "Sum": Operator("sum_", "none", "element"),
    "Product": Operator("product", "none", "element"),
    "Min": Operator("min_", "none", "element"),
    "Max": Operator("max_", "none", "element"),
    "Avg": Operator("avg", "none", "average"),
    "GeometricMean": Operator("geometric_mean", "none", "Decimal"),
    "Median": Operator("median", "none", "average"),
    "Mode": Operator("mode", "none", "element"),
    "Variance": Operator("variance", "none", "average"),
    "PopulationVariance": Operator("population_variance", "none", "average"),
    "StdDev": Operator("std_dev", "none", "average"),
    "PopulationStdDev": Operator("population_std_dev", "none", "average"),
    "AllTrue": Operator("all_true", "none"),
    "AnyTrue": Operator("any_true", "none"),
    # clinical
    "Subsumes": Operator("subsumes", "none"),
    "SubsumedBy": Operator("subsumed_by", "none"),
    "ExpandValueSet": Operator("expand_value_set", "none", "Codes"),
    # types and conversions
    "CanConvertQuantity": Operator("can_convert_quantity", "none"),
    "ConvertQuantity": Operator("convert_quantity", "none", "Quantity"),
    "ConvertsToBoolean": Operator("converts_to_boolean", "none"),
    "ConvertsToDate": Operator("converts_to_date", "none"),
    "ConvertsToDateTime": Operator("converts_to_datetime", "none"),
    "ConvertsToDecimal": Operator("converts_to_decimal", "none"),
    "ConvertsToInteger": Operator("converts_to_integer", "none"),
    "ConvertsToLong": Operator("converts_to_long", "none"),
    "ConvertsToQuantity": Operator("converts_to_quantity", "none"),
    "ConvertsToRatio": Operator("converts_to_ratio", "none"),
    "ConvertsToString": Operator("converts_to_string", "none"),
    "ConvertsToTime": Operator("converts_to_time", "none"),
    "ToBoolean": Operator("to_boolean", "none", "Boolean"),
    "ToChars": Operator("to_chars", "none", "Strings"),
    "ToConcept": Operator("to_concept", "none", "Concept"),
    "ToDate": Operator("to_date", "none", "Date"),
    "ToDecimal": Operator("to_decimal", "none", "Decimal"),
    "ToInteger": Operator("to_integer", "none", "Integer"),
    "ToLong": Operator("to_long", "none", "Long"),
    "ToQuantity": Operator("to_quantity", "none", "Quantity"),
    "ToRatio": Operator("to_ratio", "none", "Ratio"),
    "ToString": Operator("to_string", "none", "String"),
    "ToTime": Operator("to_time", "none", "Time"),
    "Children": Operator("children", "none", "Anys"),
    "Descendents": Operator("descendants", "none", "Anys"),
}

NEVER_NULL = frozenset({"Equivalent", "Count", "AllTrue", "AnyTrue"})
"""Nodes whose value is never null."""


def candidates(operator: Operator, types: list[DataType | None]) -> list[str]:
    """Function names from the most special to the general one."""
    if operator.by == "none" or not types:
        return [operator.base]
    kind: DataType | None
    if operator.by == "both":
        kind = types[0] if all(other == types[0] for other in types[1:]) else None
    elif operator.by == "second":
        kind = types[1]
    elif operator.by == "container":
        kind = next((found for found in types if isinstance(found, ListType | IntervalType)), types[0])
    else:
        kind = types[0]
    base = operator.base
    general = [base, f"{base}_", f"{base}_interval", f"{base}_temporal"]
    return [*(f"{base}_{suffix}" for suffix in suffixes(kind)), *general]
