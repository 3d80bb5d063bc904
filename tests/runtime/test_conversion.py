"""Conversions between types, and from FHIR primitives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cqlmeasure.runtime import Date, DateTime, FhirValue, Long, Quantity, Ratio, Time, conversion

D = Decimal
N = None


def q(value: str, unit: str = "1") -> Quantity:
    return Quantity(D(value), unit)


ROWS: list[tuple[str, Any, Any]] = [
    ("to_boolean", "Yes", True),
    ("to_boolean", "f", False),
    ("to_boolean", "maybe", N),
    ("to_boolean", 1, True),
    ("to_boolean", 2, N),
    ("to_boolean", D("0.0"), False),
    ("to_integer", "+42", 42),
    ("to_integer", "4.2", N),
    ("to_integer", "2147483648", N),
    ("to_integer", "٣", N),
    ("to_integer", "9" * 10_000, N),
    ("to_integer", True, 1),
    ("to_integer", Long(2**40), N),
    ("to_integer", Long(5), 5),
    ("to_long", "2147483648", Long(2147483648)),
    ("to_long", 5, Long(5)),
    ("to_long", "x", N),
    ("to_decimal", "+0.10", D("0.10")),
    ("to_decimal", ".5", N),
    ("to_decimal", "1e3", N),
    ("to_decimal", "1.123456789", D("1.12345679")),
    ("to_decimal", "1" * 30, N),
    ("to_decimal", True, D("1.0")),
    ("to_decimal", 3, D("3")),
    ("to_string", True, "true"),
    ("to_string", -7, "-7"),
    ("to_string", Long(7), "7"),
    ("to_string", D("2"), "2.0"),
    ("to_string", D("1E-8"), "0.00000001"),
    ("to_string", D("-0.0"), "0.0"),
    ("to_string", q("5.5", "cm"), "5.5 'cm'"),
    ("to_string", Ratio(q("1", "g"), q("2", "mL")), "1 'g':2 'mL'"),
    ("to_string", Date.of(2020, 5), "2020-05"),
    ("to_string", DateTime.of(2020, 5, 31, 7, 30, offset=-330), "2020-05-31T07:30-05:30"),
    ("to_string", Time.of(7, 30, 5, 10), "07:30:05.010"),
    ("to_string", FhirValue("decimal", 1.5), "1.5"),
    ("to_string", [1], N),
    ("to_date", "2020-05", Date.of(2020, 5)),
    ("to_date", "2020-05-31T23:00:00Z", Date.of(2020, 5, 31)),
    ("to_date", "2020-13", N),
    ("to_date", "31.05.2020", N),
    ("to_date", DateTime.of(2020, 5, 31, 23, offset=-300), Date.of(2020, 5, 31)),
    ("to_date", DateTime.of(2020, 5), Date.of(2020, 5)),
    ("to_datetime", "2020-05-31", DateTime.of(2020, 5, 31)),
    ("to_datetime", "2020-05-31T07:30:00.000+02:00", DateTime.of(2020, 5, 31, 7, 30, 0, 0, offset=120)),
    ("to_datetime", "2020/05/31", N),
    ("to_datetime", Date.of(2020, 5), DateTime.of(2020, 5)),
    ("to_time", "07:30", Time.of(7, 30)),
    ("to_time", "T07:30:00.5", Time.of(7, 30, 0, 500)),
    ("to_time", "07:30:00-05:00", Time.of(7, 30, 0)),
    ("to_time", "25:00", N),
    ("to_quantity", "-0.5 'mg'", q("-0.5", "mg")),
    ("to_quantity", "3 days", q("3", "days")),
    ("to_quantity", "3", q("3")),
    ("to_quantity", "3 bananas", N),
    ("to_quantity", "3 'mg", N),
    ("to_quantity", 3, q("3")),
    ("to_quantity", Ratio(q("6", "g"), q("2", "g")), q("3")),
    ("to_ratio", "1 'g':2 'mL'", Ratio(q("1", "g"), q("2", "mL"))),
    ("to_ratio", "1:128", Ratio(q("1"), q("128"))),
    ("to_ratio", "1 'g';2 'mL'", N),
    ("to_concept", {"code": "1", "display": "One"}, {"coding": [{"code": "1", "display": "One"}], "text": "One"}),
    ("to_concept", {"code": "1"}, {"coding": [{"code": "1"}]}),
    ("to_concept", [{"code": "1"}, {"code": "2"}], {"coding": [{"code": "1"}, {"code": "2"}]}),
    ("to_concept", {"coding": []}, {"coding": []}),
    ("to_chars", "ab", ["a", "b"]),
]


@pytest.mark.parametrize(("name", "value", "expected"), ROWS)
def test_conversion(name: str, value: Any, expected: Any) -> None:
    result = getattr(conversion, name)(value)
    assert result == expected
    assert type(result) is type(expected)
    if (test := getattr(conversion, f"converts_{name}", None)) is not None:
        assert test(value) is (expected is not None)


@pytest.mark.parametrize("name", sorted(name for name in vars(conversion) if name.startswith(("to_", "converts_to_"))))
def test_null_stays_null(name: str) -> None:
    assert getattr(conversion, name)(None) == ([] if name == "to_list" else None)


def test_strings_without_offset_take_that_of_the_evaluation() -> None:
    assert conversion.to_datetime("2020-05-31T07:30:00", -300) == DateTime.of(2020, 5, 31, 7, 30, 0, offset=-300)
    assert conversion.to_datetime(Date.of(2020, 5, 31), -300) == DateTime.of(2020, 5, 31, offset=-300)


def test_quantities() -> None:
    assert conversion.convert_quantity(q("5", "mg"), "g") == q("0.005", "g")
    assert conversion.convert_quantity(q("5", "mg"), "m") is None
    assert conversion.can_convert_quantity(q("5", "mg"), "m") is False
    assert conversion.can_convert_quantity(q("5", "mg"), "g") is True
    assert conversion.can_convert_quantity(None, "g") is None


FHIR: list[tuple[str, Any, Any]] = [
    ("boolean", True, True),
    ("boolean", "true", N),
    ("integer", 5, 5),
    ("positiveInt", 5.0, 5),
    ("integer", 2**31, N),
    ("decimal", 0.1, D("0.1")),
    ("decimal", 1e-7, D("0.0000001")),
    ("decimal", 5, D("5")),
    ("decimal", "7.50", D("7.50")),
    ("decimal", "x", N),
    ("date", "2020-05", Date.of(2020, 5)),
    ("dateTime", "2020-05-31T07:30:00Z", DateTime.of(2020, 5, 31, 7, 30, 0, 0)),  # seconds are exact in FHIR
    ("dateTime", "2020-05-31", DateTime.of(2020, 5, 31)),
    ("instant", "nonsense", N),
    ("time", "07:30:00", Time.of(7, 30, 0, 0)),
    ("code", "final", "final"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), FHIR)
def test_fhir_primitive(kind: str, value: Any, expected: Any) -> None:
    result = conversion.fhir_primitive(kind, value)
    assert result == expected
    assert type(result) is type(expected)
