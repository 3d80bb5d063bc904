"""Quantities, ratios and uncertain numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from cql_lines import evaluate, same_value
from test_temporal_operators import lines

from cqlmeasure.runtime import Quantity, Uncertainty
from cqlmeasure.runtime.numbers import DECIMAL_BOUND, MAX_INTEGER, Long, fix_decimal, fix_integer, fix_long
from cqlmeasure.runtime.quantity import (
    abs_quantity,
    add_quantity,
    can_convert_quantity,
    convert_quantity,
    divide_quantity,
    modulo_quantity,
    negate_quantity,
    truncated_divide_quantity,
)
from cqlmeasure.runtime.uncertainty import (
    equal_uncertainty,
    greater_or_equal_uncertainty,
    greater_uncertainty,
    negate_uncertainty,
    subtract_uncertainty,
)

LINES = """
1 'mg' < 2 'mg' -> true
1 'g' > 999 'mg' -> true
1 'g' = 1000 'mg' -> true
1 'g' = 1 'm' -> null
1 'g' < 1 'm' -> null
1 'k/uL' < 1 '10*3/uL' -> null
1 'k/uL' < 2 'k/uL' -> true
1 '[IU]' = 1 '[arb\\'U]' -> null
1 '{score}' = 1 '1' -> true
5 'mg' = null -> null
1 'g' ~ 1000 'mg' -> true
1 'g' ~ 1 'm' -> false
1 day = 24 'h' -> true
7 days = 1 'wk' -> true
1 year = 12 months -> true
1 year = 1 'a' -> null
1 year ~ 1 'a' -> true
1 year ~ 365 days -> true
1 month ~ 30 'd' -> true
1 year > 11 months -> true
1 year > 11 'mo' -> null
1 'g' + 1 'mg' -> 1001 'mg'
1 'mg' + 1 'g' -> 1001 'mg'
3 'mg' - 5 'mg' -> -2 'mg'
1 'g' + 1 'm' -> null
2 'cm' * 3 'cm2' -> 6 'cm3'
2 'mg' * 3 '1' -> 6 'mg'
6 'mg' / 3 'mL' -> 2 'mg/mL'
6 'mg' / 3 'mg' -> 2 '1'
1 'g' / 100 'mg' -> 10 '1'
1 'mg' / 0 'mg' -> null
1 'mg' : 2 'mL' = 1 'mg' : 2 'mL' -> true
1 'mg' : 2 'mL' = 2 'mg' : 4 'mL' -> false
1 'mg' : 2 'mL' ~ 2 'mg' : 4 'mL' -> true
1 'mg' : 2 'mL' ~ 2 'mg' : 5 'mL' -> false
"""


@pytest.mark.parametrize(("expression", "expected"), lines(LINES))
def test_operators(expression: str, expected: str) -> None:
    found = evaluate(expression)
    assert same_value(found, evaluate(expected)), f"{expression} gave {found!r}"


def q(value: str, unit: str = "1") -> Quantity:
    return Quantity(Decimal(value), unit)


def test_whole_quotients_keep_the_unit() -> None:
    assert truncated_divide_quantity(q("10.1", "cm"), q("-3.1", "cm")) == q("-3", "cm")
    assert modulo_quantity(q("3.5", "cm"), q("3", "cm")) == q("0.5", "cm")
    assert modulo_quantity(q("3.5", "cm"), q("3")) == q("0.5", "cm")
    assert modulo_quantity(q("3.5", "cm"), q("0", "cm")) is None
    assert truncated_divide_quantity(q("3.5", "cm"), None) is None


def test_results_are_rounded_or_null() -> None:
    assert repr(divide_quantity(q("2", "mg"), q("3"))) == "0.66666667 'mg'"
    assert add_quantity(Quantity(DECIMAL_BOUND, "g"), q("1", "g")) is None
    assert repr(convert_quantity(q("1", "kg"), "mg")) == "1000000 'mg'"
    assert (negate_quantity(q("1", "g")), abs_quantity(q("-1", "g"))) == (q("-1", "g"), q("1", "g"))


def test_conversion() -> None:
    assert convert_quantity(q("98.6", "[degF]"), "Cel") == q("37", "Cel")
    assert convert_quantity(q("1", "g"), "m") is None
    assert convert_quantity(q("1", "year"), "d") == q("365", "d")
    assert can_convert_quantity(q("1", "g"), "mg") is True
    assert can_convert_quantity(q("1", "g"), "m") is False
    assert can_convert_quantity(None, "m") is None
    assert convert_quantity(q("5", "nonsense"), "nonsense") == q("5", "nonsense")


def test_numbers_out_of_range_are_null() -> None:
    assert fix_integer(MAX_INTEGER) == MAX_INTEGER
    assert fix_integer(MAX_INTEGER + 1) is None
    assert type(fix_long(MAX_INTEGER + 1)) is Long
    assert fix_long(2**63) is None
    assert str(fix_decimal(Decimal("0.123456785"))) == "0.12345679"
    assert str(fix_decimal(Decimal("-0.123456785"))) == "-0.12345679"
    assert fix_decimal(Decimal("10000000000000000000000000000.00000001")) is None
    assert fix_decimal(Decimal("NaN")) is None
    assert fix_decimal(Decimal("1E+30")) is None
    assert (repr(Long(5)), str(Long(5))) == ("5L", "5")


def test_uncertain_numbers() -> None:
    some = Uncertainty(2, 5)
    assert greater_uncertainty(some, 1) is True
    assert greater_uncertainty(some, 5) is False
    assert greater_uncertainty(some, 3) is None
    assert greater_or_equal_uncertainty(some, 2) is True
    assert equal_uncertainty(some, some) is None
    assert equal_uncertainty(some, 6) is False
    assert subtract_uncertainty(some, some) == Uncertainty(-3, 3)
    assert negate_uncertainty(some) == Uncertainty(-5, -2)
    assert subtract_uncertainty(some, None) is None
