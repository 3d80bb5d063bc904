"""Equivalence (``~``) of every type.

Always holds: the result is true or false; two nulls are equivalent.  Codes and Concepts are told by their shape where
the type is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cqlmeasure.runtime.equality import (
    Json,
    equal_json,
    in_common_type,
    is_code_json,
    is_concept_json,
    is_number,
    share_points,
)
from cqlmeasure.runtime.interval import INTERVAL_CLASSES, Interval
from cqlmeasure.runtime.interval_compare import equivalent_interval
from cqlmeasure.runtime.numbers import WIDE_CONTEXT, Long
from cqlmeasure.runtime.quantity import (
    Quantity,
    Ratio,
    equivalent_quantity,
    equivalent_ratio,
)
from cqlmeasure.runtime.temporal import Date, DateTime, Time
from cqlmeasure.runtime.temporal_compare import (
    equivalent_date,
    equivalent_datetime,
    equivalent_time,
)
from cqlmeasure.runtime.uncertainty import (
    Uncertainty,
)
from cqlmeasure.runtime.values import CodeSystem, FhirValue, Tuple, ValueSet

_WHITE_SPACE = {ord(char): " " for char in "\t\n\r\u00a0"}


def equivalent_boolean(left: Any, right: Any) -> bool:
    """``left ~ right`` of Booleans: two nulls are equivalent."""
    return left is right if left is None or right is None else bool(left == right)


equivalent_integer = equivalent_boolean
equivalent_long = equivalent_boolean


def equivalent_string(left: str | None, right: str | None) -> bool:
    """``left ~ right`` of Strings: case does not count, and every white space is like every other."""
    if left is None or right is None:
        return left is right
    if left == right:
        return True
    if len(left) != len(right) and left.isascii() and right.isascii():
        return False
    return left.translate(_WHITE_SPACE).casefold() == right.translate(_WHITE_SPACE).casefold()


def equivalent_decimal(left: Decimal | int | None, right: Decimal | int | None) -> bool:
    """``left ~ right`` of Decimals: both rounded to the places of the less precise one."""
    if left is None or right is None:
        return left is right
    if left == right:
        return True
    places = min(_places(left), _places(right))
    step = Decimal((0, (1,), -places))
    return _rounded(left, step) == _rounded(right, step)


def _places(value: Decimal | int) -> int:
    exponent = Decimal(value).normalize(WIDE_CONTEXT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _rounded(value: Decimal | int, step: Decimal) -> Decimal:
    return Decimal(value).quantize(step, rounding=ROUND_HALF_UP, context=WIDE_CONTEXT)


def equivalent_code(left: Json | None, right: Json | None) -> bool:
    """``left ~ right`` of Codes: code and system agree; version and display do not count."""
    if left is None or right is None:
        return left is right
    return left.get("code") == right.get("code") and left.get("system") == right.get("system")


def equivalent_concept(left: Json | None, right: Json | None) -> bool:
    """``left ~ right`` of Concepts: they have an equivalent code in common."""
    if left is None or right is None:
        return left is right
    codes = right.get("coding")
    if not codes:
        return False
    for one in left.get("coding") or ():
        if one is not None:
            code = one.get("code")
            for other in codes:
                if other is not None and other.get("code") == code and other.get("system") == one.get("system"):
                    return True
    return False


def equivalent_concept_code(concept: Json | None, code: Json | None) -> bool:
    """``concept ~ code``: one of the concept's codes is equivalent to the code."""
    if concept is None or code is None:
        return concept is code
    wanted, system = code.get("code"), code.get("system")
    for one in concept.get("coding") or ():
        if one is not None and one.get("code") == wanted and one.get("system") == system:
            return True
    return False


def code_pairs(codes: Iterable[Json]) -> frozenset[tuple[Any, Any]]:
    """System and code of each."""
    return frozenset((code.get("system"), code.get("code")) for code in codes)


def concept_among(concept: Json | None, pairs: Collection[tuple[Any, Any]]) -> bool:
    """Whether a concept is equivalent to one of several codes."""
    if concept is None:
        return False
    for one in concept.get("coding") or ():  # noqa: SIM110 - a generator takes twice the time
        if one is not None and (one.get("system"), one.get("code")) in pairs:
            return True
    return False


def any_among(concepts: Iterable[Json | None] | None, pairs: Collection[tuple[Any, Any]]) -> bool:
    """Whether one of the concepts is equivalent to one of several codes."""
    for concept in concepts or ():
        if concept is not None:
            for one in concept.get("coding") or ():
                if one is not None and (one.get("system"), one.get("code")) in pairs:
                    return True
    return False


def equivalent_list(left: Sequence[Any] | None, right: Sequence[Any] | None) -> bool:
    """``left ~ right`` of lists: equivalent elements in the same order."""
    if left is None or right is None:
        return left is right
    if len(left) != len(right):
        return False
    return all(equivalent(one, other) for one, other in zip(left, right, strict=True))


def equivalent_tuple(left: Json | None, right: Json | None) -> bool:
    """``left ~ right`` of tuples: every element is equivalent to that of the same name."""
    if left is None or right is None:
        return left is right
    return all(equivalent(left.get(name), right.get(name)) for name in left.keys() | right.keys())


def equivalent_json(left: Json | None, right: Json | None) -> bool:
    """``left ~ right`` of resources and FHIR elements; Codes and Concepts are told by their shape."""
    if left is None or right is None:
        return left is right
    left_concept, right_concept = is_concept_json(left), is_concept_json(right)
    if left_concept and right_concept:
        return equivalent_concept(left, right)
    if left_concept and is_code_json(right):
        return equivalent_concept_code(left, right)
    if right_concept and is_code_json(left):
        return equivalent_concept_code(right, left)
    if is_code_json(left) and is_code_json(right):
        return equivalent_code(left, right)
    return equal_json(left, right) is True or equivalent_tuple(left, right)


def equivalent_fhir_value(left: FhirValue | None, right: FhirValue | None) -> bool:
    """``left ~ right`` of two values of FHIR choice elements."""
    if left is None or right is None:
        return left is right
    return equivalent(left.json, right.json)


def _equivalent_any_interval(left: Interval, right: Interval) -> bool:
    return share_points(left, right) and equivalent_interval(left, right)


_EQUIVALENT: dict[type, Callable[[Any, Any], bool]] = {
    bool: equivalent_boolean,
    int: equivalent_boolean,
    Long: equivalent_boolean,
    Decimal: equivalent_decimal,
    float: equivalent_boolean,
    str: equivalent_string,
    Date: equivalent_date,
    DateTime: equivalent_datetime,
    Time: equivalent_time,
    Quantity: equivalent_quantity,
    Ratio: equivalent_ratio,
    Interval: _equivalent_any_interval,
    list: equivalent_list,
    Tuple: equivalent_tuple,
    dict: equivalent_json,
    FhirValue: equivalent_fhir_value,
    Uncertainty: equivalent_boolean,
    ValueSet: equivalent_boolean,
    CodeSystem: equivalent_boolean,
    **dict.fromkeys(INTERVAL_CLASSES.values(), _equivalent_any_interval),
}


def equivalent(left: Any, right: Any) -> bool:
    """``left ~ right`` of any types: two nulls are equivalent, values of unrelated types are not."""
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is type(right) and (operator := _EQUIVALENT.get(kind)) is not None:
        return operator(left, right)
    left, right = in_common_type(left, right)
    if is_number(left) and is_number(right):
        return equivalent_decimal(left, right)
    for kind, operator in _EQUIVALENT.items():
        if isinstance(left, kind) and isinstance(right, kind) and isinstance(left, bool) is isinstance(right, bool):
            return operator(left, right)
    return False


def not_equivalent(left: Any, right: Any) -> bool:
    """``left !~ right``."""
    return not equivalent(left, right)
