"""The operators of CQL and their overloads, as data.

One line an operator: its ELM name, then its overloads as ``(operands)result``; ``T`` is a type variable.  Overloads
are tried together and the one that needs the least conversion is chosen, so their order means nothing.  CQL
specification, appendix B.  Operators whose result is no function of their operand types alone (``As``, ``Property``,
``Interval`` ...) are not here.
"""

from __future__ import annotations

from functools import cache

import msgspec

from cqlmeasure.typesys.types import ChoiceType, DataType, IntervalType, ListType, NamedType, TypeVariable


class Signature(msgspec.Struct, frozen=True):
    """One overload of an operator."""

    operands: tuple[DataType, ...]
    result: DataType


_POINTS = ["Integer", "Long", "Decimal", "Date", "DateTime", "Time", "Quantity", "String"]
_ORDERED = ["Integer", "Long", "Decimal", "Quantity", "String", "Date", "DateTime", "Time"]
_NUMBERS = ["Integer", "Long", "Decimal", "Quantity"]
_TEMPORAL = ["Date", "DateTime", "Time"]


def _each(pattern: str, types: list[str]) -> str:
    return " ".join(pattern.replace("#", name) for name in types)


_POINT_OR_INTERVALS = " ".join(["(Interval<T>,Interval<T>)Boolean", "(T,Interval<T>)Boolean", "(Interval<T>,T)Boolean"])
_SAME = _each("(#,#)Boolean", _TEMPORAL) + " " + _POINT_OR_INTERVALS
_SET = "(List<T>,List<T>)List<T> (Interval<T>,Interval<T>)Interval<T>"
_BETWEEN = _each("(#,#)Integer", _TEMPORAL)
_RELATION = _each("(#,#)Boolean", _ORDERED)

_TABLE: dict[str, str] = {
    # logical, nullological
    "And": "(Boolean,Boolean)Boolean",
    "Or": "(Boolean,Boolean)Boolean",
    "Xor": "(Boolean,Boolean)Boolean",
    "Implies": "(Boolean,Boolean)Boolean",
    "Not": "(Boolean)Boolean",
    "IsNull": "(Any)Boolean",
    "IsTrue": "(Boolean)Boolean",
    "IsFalse": "(Boolean)Boolean",
    "Coalesce": "(List<T>)T (T)T (T,T)T (T,T,T)T (T,T,T,T)T (T,T,T,T,T)T",
    # comparison
    "Equal": "(T,T)Boolean",
    "NotEqual": "(T,T)Boolean",
    "Equivalent": "(T,T)Boolean",
    "Less": _RELATION,
    "LessOrEqual": _RELATION,
    "Greater": _RELATION,
    "GreaterOrEqual": _RELATION,
    # arithmetic
    "Add": _each("(#,#)#", _NUMBERS) + " " + _each("(#,Quantity)#", _TEMPORAL) + " (String,String)String",
    "Subtract": _each("(#,#)#", _NUMBERS) + " " + _each("(#,Quantity)#", _TEMPORAL),
    "Multiply": _each("(#,#)#", _NUMBERS),
    "Divide": "(Decimal,Decimal)Decimal (Quantity,Decimal)Quantity (Quantity,Quantity)Quantity",
    "TruncatedDivide": _each("(#,#)#", _NUMBERS),
    "Modulo": _each("(#,#)#", _NUMBERS),
    "Power": "(Integer,Integer)Integer (Long,Long)Long (Decimal,Decimal)Decimal",
    "Log": "(Decimal,Decimal)Decimal",
    "Ln": "(Decimal)Decimal",
    "Exp": "(Decimal)Decimal",
    "Abs": _each("(#)#", _NUMBERS),
    "Negate": _each("(#)#", _NUMBERS),
    "Ceiling": "(Decimal)Integer",
    "Floor": "(Decimal)Integer",
    "Truncate": "(Decimal)Integer",
    "Round": "(Decimal)Decimal (Decimal,Integer)Decimal",
    "Successor": _each("(#)#", [name for name in _POINTS if name != "String"]),
    "Predecessor": _each("(#)#", [name for name in _POINTS if name != "String"]),
    "Precision": _each("(#)Integer", ["Decimal", *_TEMPORAL]),
    "LowBoundary": _each("(#,Integer)#", ["Decimal", *_TEMPORAL]),
    "HighBoundary": _each("(#,Integer)#", ["Decimal", *_TEMPORAL]),
    # strings
    "Concatenate": "(String,String)String",
    "Combine": "(List<String>)String (List<String>,String)String",
    "EndsWith": "(String,String)Boolean",
    "StartsWith": "(String,String)Boolean",
    "Matches": "(String,String)Boolean",
    "LastPositionOf": "(String,String)Integer",
    "PositionOf": "(String,String)Integer",
    "Length": "(String)Integer (List<T>)Integer",
    "Lower": "(String)String",
    "Upper": "(String)String",
    "ReplaceMatches": "(String,String,String)String",
    "Split": "(String,String)List<String>",
    "SplitOnMatches": "(String,String)List<String>",
    "Substring": "(String,Integer)String (String,Integer,Integer)String",
    # date and time
    "Now": "()DateTime",
    "Today": "()Date",
    "TimeOfDay": "()Time",
    "DateFrom": "(DateTime)Date",
    "TimeFrom": "(DateTime)Time",
    "TimezoneFrom": "(DateTime)Decimal",
    "TimezoneOffsetFrom": "(DateTime)Decimal",
    "DateTimeComponentFrom": _each("(#)Integer", _TEMPORAL),
    "DurationBetween": _BETWEEN,
    "DifferenceBetween": _BETWEEN,
    "DateTime": " ".join("(" + ",".join(["Integer"] * n) + ")DateTime" for n in range(1, 8))
    + " (Integer,Integer,Integer,Integer,Integer,Integer,Integer,Decimal)DateTime",
    "Date": "(Integer)Date (Integer,Integer)Date (Integer,Integer,Integer)Date",
    "Time": " ".join("(" + ",".join(["Integer"] * n) + ")Time" for n in range(1, 5)),
    "CalculateAge": "(Date)Integer (DateTime)Integer",
    "CalculateAgeAt": "(Date,Date)Integer (DateTime,DateTime)Integer",
    "SameAs": _SAME,
    "SameOrBefore": _SAME,
    "SameOrAfter": _SAME,
    "Before": _SAME,
    "After": _SAME,
    # intervals and what lists share with them
    "Start": "(Interval<T>)T",
    "End": "(Interval<T>)T",
    "Width": "(Interval<T>)T",
    "Size": "(Interval<T>)T",
    "PointFrom": "(Interval<T>)T",
    "In": "(T,List<T>)Boolean (T,Interval<T>)Boolean",
    "ProperIn": "(T,List<T>)Boolean (T,Interval<T>)Boolean",
    "Contains": "(List<T>,T)Boolean (Interval<T>,T)Boolean",
    "ProperContains": "(List<T>,T)Boolean (Interval<T>,T)Boolean",
    "Includes": "(List<T>,List<T>)Boolean (Interval<T>,Interval<T>)Boolean",
    "IncludedIn": "(List<T>,List<T>)Boolean (Interval<T>,Interval<T>)Boolean",
    "ProperIncludes": "(List<T>,List<T>)Boolean (Interval<T>,Interval<T>)Boolean",
    "ProperIncludedIn": "(List<T>,List<T>)Boolean (Interval<T>,Interval<T>)Boolean",
    "Meets": "(Interval<T>,Interval<T>)Boolean",
    "MeetsBefore": "(Interval<T>,Interval<T>)Boolean",
    "MeetsAfter": "(Interval<T>,Interval<T>)Boolean",
    "Overlaps": "(Interval<T>,Interval<T>)Boolean",
    "OverlapsBefore": "(Interval<T>,Interval<T>)Boolean",
    "OverlapsAfter": "(Interval<T>,Interval<T>)Boolean",
    "Starts": "(Interval<T>,Interval<T>)Boolean",
    "Ends": "(Interval<T>,Interval<T>)Boolean",
    "Union": _SET,
    "Intersect": _SET,
    "Except": _SET,
    "Collapse": "(List<Interval<T>>,Quantity)List<Interval<T>>",
    "Expand": "(List<Interval<T>>,Quantity)List<Interval<T>> (Interval<T>,Quantity)List<T>",
    # lists
    "Exists": "(List<T>)Boolean",
    "Distinct": "(List<T>)List<T>",
    "Flatten": "(List<List<T>>)List<T>",
    "SingletonFrom": "(List<T>)T",
    "First": "(List<T>)T",
    "Last": "(List<T>)T",
    "Indexer": "(List<T>,Integer)T (String,Integer)String",
    "IndexOf": "(List<T>,T)Integer",
    "Skip": "(List<T>,Integer)List<T>",
    "Take": "(List<T>,Integer)List<T>",
    "Tail": "(List<T>)List<T>",
    # aggregates
    "Count": "(List<T>)Integer",
    "Sum": _each("(List<#>)#", _NUMBERS),
    "Product": _each("(List<#>)#", _NUMBERS),
    "Min": _each("(List<#>)#", _ORDERED),
    "Max": _each("(List<#>)#", _ORDERED),
    "Avg": "(List<Decimal>)Decimal (List<Quantity>)Quantity",
    "GeometricMean": "(List<Decimal>)Decimal",
    "Median": "(List<Decimal>)Decimal (List<Quantity>)Quantity",
    "Mode": "(List<T>)T",
    "Variance": "(List<Decimal>)Decimal (List<Quantity>)Quantity",
    "PopulationVariance": "(List<Decimal>)Decimal (List<Quantity>)Quantity",
    "StdDev": "(List<Decimal>)Decimal (List<Quantity>)Quantity",
    "PopulationStdDev": "(List<Decimal>)Decimal (List<Quantity>)Quantity",
    "AllTrue": "(List<Boolean>)Boolean",
    "AnyTrue": "(List<Boolean>)Boolean",
    # clinical
    "InValueSet": "(String,ValueSet)Boolean (Code,ValueSet)Boolean (Concept,ValueSet)Boolean",
    "AnyInValueSet": _each("(List<#>,ValueSet)Boolean", ["String", "Code", "Concept"]),
    "InCodeSystem": "(String,CodeSystem)Boolean (Code,CodeSystem)Boolean (Concept,CodeSystem)Boolean",
    "AnyInCodeSystem": _each("(List<#>,CodeSystem)Boolean", ["String", "Code", "Concept"]),
    "Subsumes": "(Code,Code)Boolean (Concept,Concept)Boolean",
    "SubsumedBy": "(Code,Code)Boolean (Concept,Concept)Boolean",
    "ExpandValueSet": "(ValueSet)List<Code>",
    # conversion
    "ToBoolean": _each("(#)Boolean", ["Boolean", "Integer", "Long", "Decimal", "String"]),
    "ToInteger": "(Boolean)Integer (Integer)Integer (Long)Integer (String)Integer",
    "ToLong": "(Boolean)Long (Integer)Long (Long)Long (String)Long",
    "ToDecimal": _each("(#)Decimal", ["Boolean", "Integer", "Long", "Decimal", "String"]),
    "ToString": _each("(#)String", ["Boolean", "Ratio", *_POINTS]),
    "ToDate": "(String)Date (DateTime)Date (Date)Date",
    "ToDateTime": "(String)DateTime (Date)DateTime (DateTime)DateTime",
    "ToTime": "(String)Time (DateTime)Time (Time)Time",
    "ToQuantity": _each("(#)Quantity", ["Integer", "Long", "Decimal", "String", "Quantity", "Ratio"]),
    "ToRatio": "(String)Ratio (Ratio)Ratio",
    "ToConcept": "(Code)Concept (List<Code>)Concept (Concept)Concept",
    "ToChars": "(String)List<String>",
    "ToList": "(T)List<T>",
    "ConvertQuantity": "(Quantity,String)Quantity",
    "CanConvertQuantity": "(Quantity,String)Boolean",
    **{
        f"ConvertsTo{name}": "(Any)Boolean"
        for name in ["Boolean", "Integer", "Long", "Decimal", "String", "Date", "DateTime", "Time", "Quantity", "Ratio"]
    },
    "Children": "(Any)List<Any>",
    "Descendents": "(Any)List<Any>",
}

# What System itself converts without being asked, by ELM operator.
IMPLICIT_CONVERSIONS: tuple[tuple[str, str, str], ...] = (
    ("Integer", "Long", "ToLong"),
    ("Integer", "Decimal", "ToDecimal"),
    ("Long", "Decimal", "ToDecimal"),
    ("Date", "DateTime", "ToDateTime"),
    ("Code", "Concept", "ToConcept"),
    ("Integer", "Quantity", "ToQuantity"),
    ("Long", "Quantity", "ToQuantity"),
    ("Decimal", "Quantity", "ToQuantity"),
    ("ValueSet", "List<Code>", "ExpandValueSet"),
)


def operators() -> tuple[str, ...]:
    """The names of all operators in the table."""
    return tuple(_TABLE)


@cache
def signatures(operator: str) -> tuple[Signature, ...]:
    """The overloads of an ELM operator; empty for a name that is not in the table."""
    text = _TABLE.get(operator, "")
    return tuple(_signature(part) for part in text.split())


@cache
def parse_type(text: str) -> DataType:
    """The type of a spelling such as ``List<Interval<T>>``; unqualified names are System's, ``T`` is a variable."""
    if text == "T":
        return TypeVariable("T")
    name, bracket, rest = text.partition("<")
    if not bracket:
        model, dot, local = text.rpartition(".")
        return NamedType(model if dot else "System", local)
    inner = rest.removesuffix(">")
    if name == "Choice":
        return ChoiceType(tuple(parse_type(part) for part in inner.split(",")))
    return ListType(parse_type(inner)) if name == "List" else IntervalType(parse_type(inner))


def _signature(text: str) -> Signature:
    operands, _, result = text.removeprefix("(").partition(")")
    types = tuple(parse_type(part) for part in operands.split(",")) if operands else ()
    return Signature(types, parse_type(result))
