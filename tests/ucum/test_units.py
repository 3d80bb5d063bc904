"""Units: validity, comparison, conversion, products."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from cqlmeasure.ucum import (
    calendar_unit,
    convert,
    convert_equivalent,
    divide_units,
    is_valid,
    more_granular,
    multiply_units,
    same_dimension,
    to_common_unit,
)

CONVERSIONS = [
    ("1", "g", "mg", "1000"),
    ("1", "[in_i]", "cm", "2.54"),
    ("1", "[lb_av]", "kg", "0.45359237"),
    ("1", "wk", "d", "7"),
    ("1", "a", "d", "365.25"),
    ("1", "mo", "d", "30.4375"),
    ("50", "%", "1", "0.5"),
    ("1", "10*3/uL", "10*9/L", "1"),
    ("1", "kg/m2", "g/cm2", "0.1"),
    ("120", "mm[Hg]", "kPa", "15.99864"),
    ("98.6", "[degF]", "Cel", "37"),
    ("0", "K", "Cel", "-273.15"),
    ("37", "Cel", "[degF]", "98.6"),
    ("1", "[IU]/L", "m[IU]/mL", "1"),
    ("5", "{score}", "1", "5"),
    ("60", "{Beats}/min", "/s", "1"),
    ("1", "mGy.cm", "Gy.m", "0.00001"),
    ("1", "meq/L", "mmol/L", "1"),
    ("2", "m2", "cm2", "20000"),
    ("90", "days", "wk", "12.85714285714285714285714286"),
    ("1", "year", "months", "12"),
    ("1", "month", "d", "30"),
    ("730", "d", "year", "2"),
    ("7", "[pH]", "[pH]", "7"),
]

NO_CONVERSIONS = [
    ("[IU]", "[arb'U]"),
    ("[IU]", "1"),
    ("[pH]", "1"),
    ("dB", "1"),
    ("mmol/L", "mg/dL"),
    ("g", "m"),
    ("k/uL", "10*3/uL"),
    ("{urine specific gravity}", "1"),
    ("mg", "nonsense"),
    ("(" * 150 + "m" + ")" * 10, "m"),
    ("m" * 500, "m"),
    ("m", "10*-999999999.m"),
    ("km999999", "m"),
    ("µm", "m"),
]


@pytest.mark.parametrize(("value", "source", "target", "expected"), CONVERSIONS)
def test_convert(value: str, source: str, target: str, expected: str) -> None:
    found = convert(Decimal(value), source, target)
    assert found is not None
    assert abs(found - Decimal(expected)) < Decimal("1E-20")
    assert same_dimension(source, target) or calendar_unit(source)


@pytest.mark.parametrize(("source", "target"), NO_CONVERSIONS)
def test_no_conversion(source: str, target: str) -> None:
    assert convert(Decimal(1), source, target) is None
    assert not same_dimension(source, target)


def test_validity() -> None:
    valid = "mg/dL mm[Hg] [hnsf'U] mGy.cm {tablet} [lb_av] Cel a /mm3 {copies}/mL [IU]/L [pH] /[HPF] 1 days year"
    assert all(is_valid(unit) for unit in valid.split())
    assert not any(is_valid(unit) for unit in ("k/uL", "{urine specific gravity}", "mg/", "DAYS", "mmHg2O"))
    assert same_dimension("k/uL", "mg") is None
    assert same_dimension("k/uL", "k/uL") is True


def test_calendar_years_are_not_comparable_with_ucum_years() -> None:
    assert to_common_unit(Decimal(1), "year", "a") is None
    assert to_common_unit(Decimal(1), "month", "d") is None
    assert to_common_unit(Decimal(2), "years", "month") == 24
    assert convert_equivalent(Decimal(1), "year", "a") == 1
    assert convert_equivalent(Decimal(1), "years", "days") == 365
    assert calendar_unit("mo") == calendar_unit("months") == "month"
    assert calendar_unit("mg") is None


@pytest.mark.parametrize(
    ("left", "right", "product", "quotient"),
    [
        ("cm", "cm2", "cm3", "/cm"),
        ("cm", "cm", "cm2", "1"),
        ("kg/m2", "m2", "kg", "kg/m4"),
        ("10*6/uL", "uL", "10*6", "10*6/uL2"),
        ("mg", "1", "mg", "mg"),
        ("1", "min", "min", "/min"),
        ("mg/dL", "mg/dL", "mg2/dL2", "1"),
        ("g", "mL", "g.mL", "g/mL"),
    ],
)
def test_products_and_quotients(left: str, right: str, product: str, quotient: str) -> None:
    assert multiply_units(left, right) == product
    assert divide_units(left, right) == quotient


def test_units_with_parentheses_still_multiply() -> None:
    unit = multiply_units("g/(8.h)", "h")
    assert to_common_unit(Decimal(8), unit, "g") == 1


def test_granularity() -> None:
    assert more_granular("g", "mg") == more_granular("mg", "g") == "mg"
    assert more_granular("year", "months") == "months"


def test_equal_and_calendar_units_do_not_load_the_library(repository: Path) -> None:
    script = (
        "import sys; from decimal import Decimal; from cqlmeasure import ucum;"
        "assert ucum.convert(Decimal(1), 'mg', 'mg') == 1; assert ucum.convert(Decimal(2), 'wk', 'days') == 14;"
        "assert ucum.multiply_units('cm', 'cm') == 'cm2';"
        "assert not {'pint', 'lark', 'ucumvert'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=repository, env={"PYTHONPATH": "engine"})
