"""Equality, equivalence and order over all types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cqlmeasure.runtime import (
    CqlError,
    Date,
    DateTime,
    FhirValue,
    Interval,
    Long,
    Quantity,
    Ratio,
    Time,
    Tuple,
    Uncertainty,
    ValueSet,
    comparison,
)
from cqlmeasure.runtime.interval import IntegerInterval

D = Decimal


def q(value: str, unit: str = "1") -> Quantity:
    return Quantity(D(value), unit)


LOINC = "http://loinc.org"
CODE = {"system": LOINC, "code": "8480-6"}
SHOWN = {"system": LOINC, "code": "8480-6", "display": "Systolic"}
OTHER = {"system": LOINC, "code": "8462-4"}
PATIENT = {"resourceType": "Patient", "id": "1", "gender": "male"}

# left, right, =, ~
EQUAL: list[tuple[Any, Any, bool | None, bool]] = [
    (None, None, None, True),
    (1, None, None, False),
    (True, True, True, True),
    (True, False, False, False),
    (True, 1, False, False),
    (1, 1, True, True),
    (1, Long(1), True, True),
    (1, D("1.00"), True, True),
    (Long(2), D("2.5"), False, False),
    (D("2.50"), D("2.5"), True, True),
    (D("2.52"), D("2.5"), False, True),
    (D("2.56"), D("2.5"), False, False),
    (0.1, D("0.1"), True, True),
    ("a", "a", True, True),
    ("Type 2", "tYPE\t2", False, True),
    ("ab", "abc", False, False),
    ("1", 1, False, False),
    (Date.of(2020, 5), Date.of(2020, 5), True, True),
    (Date.of(2020, 5), Date.of(2020, 5, 1), None, False),
    (Date.of(2020, 5), Date.of(2020, 6, 1), False, False),
    (Date.of(2020, 5, 1), DateTime.of(2020, 5, 1), True, True),
    (Date.of(2020, 5, 1), DateTime.of(2020, 5, 1, 7), None, False),
    (DateTime.of(2020, 5, 1, 7, offset=60), DateTime.of(2020, 5, 1, 6), True, True),
    (Time.of(7), Time.of(7, 30), None, False),
    (Time.of(7), Date.of(2020), False, False),
    (q("1", "g"), q("1000", "mg"), True, True),
    (q("1", "g"), q("1", "m"), None, False),
    (q("3"), 3, True, True),
    (Ratio(q("1"), q("2")), Ratio(q("1"), q("2")), True, True),
    (Ratio(q("1"), q("2")), Ratio(q("2"), q("4")), False, True),
    (Interval(1, 5), Interval(1, 6, True, False), True, True),
    (IntegerInterval(1, 5), Interval(1, 5), True, True),
    (IntegerInterval(1, 5), Interval(1, 4), False, False),
    ([1, None, 2], [1, None, 2], True, True),
    ([1, None], [1, 2], None, False),
    ([None, 1], [2, 3], False, False),
    ([1], [1, 1], False, False),
    ([1], ["1"], False, False),
    ([], [], True, True),
    (Tuple(a=1, b=None), Tuple(a=1), True, True),
    (Tuple(a=1, b=None), Tuple(a=1, b=2), None, False),
    (Tuple(a=1, b=None), Tuple(a=2, b=2), False, False),
    (Tuple(a=[D("1.0")]), Tuple(a=[1]), True, True),
    (CODE, dict(CODE), True, True),
    (CODE, SHOWN, None, True),
    (CODE, OTHER, False, False),
    ({**CODE, "userSelected": True}, CODE, True, True),
    (CODE, {"coding": [OTHER, SHOWN]}, None, True),
    ({"coding": [OTHER]}, CODE, None, False),
    ({"coding": [CODE, OTHER]}, {"coding": [OTHER]}, False, True),
    ({"coding": [CODE], "text": "x"}, {"coding": [CODE], "text": "y"}, False, True),
    ({"coding": [CODE]}, {"coding": [SHOWN]}, None, True),
    ({"text": "x"}, {"text": "x"}, True, False),
    (PATIENT, {"resourceType": "Patient", "id": "1"}, True, True),
    (PATIENT, {"resourceType": "Patient", "id": "2", "gender": "male"}, False, False),
    (PATIENT, {"resourceType": "Person", "id": "1"}, False, False),
    ({"start": "2020"}, {"start": "2020"}, True, True),
    ({"start": "2020"}, {"start": "2020", "end": "2021"}, None, False),
    (FhirValue("boolean", True), FhirValue("boolean", True), True, True),
    (FhirValue("boolean", True), True, True, True),
    (FhirValue("string", "x"), FhirValue("code", "x"), True, True),
    (FhirValue("Coding", CODE), CODE, True, True),
    (FhirValue("Age", {"value": 1}), FhirValue("string", "x"), False, False),
    (Interval(1, 5), Interval(Date.of(2020), Date.of(2021)), False, False),
    (FhirValue("decimal", 1.1), D("1.1"), True, True),
    (Uncertainty(1, 3), 5, False, False),
    (Uncertainty(1, 3), 2, None, False),
    (Uncertainty(1, 3), "x", False, False),
    (ValueSet("http://example.org/vs"), ValueSet("http://example.org/vs"), True, True),
    (CODE, 5, False, False),
]


@pytest.mark.parametrize(("left", "right", "same", "alike"), EQUAL)
def test_equality(left: Any, right: Any, same: bool | None, alike: bool) -> None:
    if not (isinstance(left, dict) and isinstance(right, dict) and ("code" in left) is not ("code" in right)):
        assert comparison.equal(left, right) is same
        assert comparison.equal(right, left) is same
        assert comparison.not_equal(left, right) is (None if same is None else not same)
    assert comparison.equivalent(left, right) is alike
    assert comparison.equivalent(right, left) is alike
    assert comparison.not_equivalent(left, right) is not alike


# left, right, order (-1, 0, 1, or None for a comparison that is null)
ORDER: list[tuple[Any, Any, int | None]] = [
    (1, 2, -1),
    (2, 2, 0),
    (D("2.5"), 2, 1),
    (Long(1), D("1.5"), -1),
    ("B", "a", -1),
    ("a", "a", 0),
    (1, None, None),
    (None, "a", None),
    (Date.of(2020), Date.of(2021, 1), -1),
    (Date.of(2020), Date.of(2020, 1), None),
    (Date.of(2020, 5, 2), DateTime.of(2020, 5, 1, 23), 1),
    (DateTime.of(2020, 5, 1, 12, offset=120), DateTime.of(2020, 5, 1, 11), -1),
    (Time.of(7, 30), Time.of(7, 30), 0),
    (q("1", "m"), q("10", "cm"), 1),
    (q("1", "m"), q("1", "s"), None),
    (q("2"), 3, -1),
    (Uncertainty(1, 3), 4, -1),
    (4, Uncertainty(1, 3), 1),
    (Uncertainty(1, 3), Uncertainty(2, 5), None),
]


@pytest.mark.parametrize(("left", "right", "order"), ORDER)
def test_order(left: Any, right: Any, order: int | None) -> None:
    def when(value: bool) -> bool | None:
        return None if order is None else value

    sign = order or 0
    assert comparison.less(left, right) is when(sign < 0)
    assert comparison.less_or_equal(left, right) is when(sign <= 0)
    assert comparison.greater(left, right) is when(sign > 0)
    assert comparison.greater_or_equal(left, right) is when(sign >= 0)


def test_the_end_of_an_uncertainty_can_decide() -> None:
    assert comparison.less_or_equal_integer(Uncertainty(1, 3), 3) is True
    assert comparison.less_integer(Uncertainty(1, 3), 3) is None
    assert comparison.greater_or_equal_integer(3, Uncertainty(1, 3)) is True
    assert comparison.greater_integer(Uncertainty(4, 6), 3) is True
    assert comparison.equal_integer(Uncertainty(1, 3), Uncertainty(1, 3)) is None


def test_types_without_order_are_an_error() -> None:
    for left, right in ((CODE, CODE), ("a", 1), ([1], [2])):
        with pytest.raises(CqlError, match="have no order"):
            comparison.less(left, right)


@pytest.mark.parametrize(
    ("operand", "low", "high", "expected"),
    [(4, 2, 6, True), (2, 2, 2, True), (7, 2, 6, False), (7, None, 6, False), (4, None, 6, None), (None, 1, 2, None)],
)
def test_between(operand: int | None, low: int | None, high: int | None, expected: bool | None) -> None:
    assert comparison.between(operand, low, high) is expected


def test_typed_equivalence() -> None:
    assert comparison.equivalent_concept({"coding": [CODE]}, {"coding": [OTHER, SHOWN]})
    assert not comparison.equivalent_concept({"coding": [CODE]}, {"text": "none"})
    assert not comparison.equivalent_concept(None, {"coding": [CODE]})
    assert comparison.equivalent_concept_code({"coding": [OTHER, SHOWN]}, CODE)
    assert not comparison.equivalent_concept_code({"coding": [OTHER]}, CODE)
    assert comparison.equivalent_concept_code(None, None)
    assert not comparison.equivalent_code(CODE, {"code": "8480-6"})
    assert comparison.equivalent_string(None, None)
    assert not comparison.equivalent_string("", None)
