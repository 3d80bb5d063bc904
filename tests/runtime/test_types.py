"""Run-time type tests, casts, and the structure of values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cqlmeasure.runtime import (
    CodeSystem,
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
    types,
)
from cqlmeasure.runtime.interval import DateInterval, IntegerInterval

Q = Quantity(Decimal(1), "g")
SAMPLES: dict[str, Any] = {
    "boolean": False,
    "integer": 1,
    "long": Long(1),
    "decimal": Decimal(1),
    "string": "1",
    "date": Date.of(2020),
    "datetime": DateTime.of(2020),
    "time": Time.of(7),
    "quantity": Q,
    "ratio": Ratio(Q, Q),
    "code": {"system": "s", "code": "1"},
    "concept": {"coding": []},
    "value_set": ValueSet("u"),
    "code_system": CodeSystem("u"),
    "tuple": Tuple(a=1),
    "list": [1],
    "interval": Interval(1, 2),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_type_is_only_itself(name: str) -> None:
    test: Callable[[Any], bool] = getattr(types, f"is_{name}")
    assert [kind for kind, sample in SAMPLES.items() if test(sample)] == [name]
    assert test(None) is False


def test_general_types() -> None:
    assert types.is_any(0)
    assert not types.is_any(None)
    assert types.is_vocabulary(ValueSet("u"))
    assert types.is_integer(Uncertainty(1, 2))
    assert types.is_list_of([1, None], types.is_integer)
    assert not types.is_list_of([1, "a"], types.is_integer)
    assert types.is_interval_of(Interval(None, 2), types.is_integer)
    assert not types.is_interval_of(Interval(1, 2), types.is_date)
    assert types.is_interval_of(IntegerInterval(None, None), types.is_integer)
    assert not types.is_interval_of(DateInterval(None, None), types.is_integer)
    assert types.is_tuple(Tuple(a=1, b=None), {"a": types.is_integer, "b": types.is_string})
    assert not types.is_tuple(Tuple(a=1), {"a": types.is_string})
    assert not types.is_tuple(Tuple(c=1), {"a": types.is_integer})


FHIR: list[tuple[Any, tuple[str, ...], bool]] = [
    (FhirValue("Period", {}), ("Period",), True),
    (FhirValue("Period", {}), ("Range", "dateTime"), False),
    (FhirValue("Age", {"value": 1}), ("Quantity", "Age"), True),
    ({"resourceType": "Patient"}, ("Patient",), True),
    ({"resourceType": "Patient"}, ("DomainResource", "Patient"), True),
    ({"resourceType": "Patient", "text": {}}, ("CodeableConcept",), False),
    ({"coding": [], "text": "x"}, ("CodeableConcept",), True),
    ({"start": "2020"}, ("Period",), True),
    ({"start": "2020"}, ("Range",), False),
    ({"value": 1, "unit": "g"}, ("Quantity",), True),
    ({"reference": "Patient/1", "display": "x"}, ("Reference",), True),
    ({"reference": "Patient/1"}, ("CodeableConcept",), False),
    ({"low": {"value": 1}, "id": "x"}, ("Range",), True),
    ("2020-05-31", ("dateTime",), True),
    ("final", ("dateTime",), False),
    ("final", ("code", "string"), True),
    (True, ("boolean",), True),
    (True, ("integer",), False),
    (5, ("positiveInt",), True),
    (5.5, ("integer",), False),
    (5.5, ("decimal",), True),
    (None, ("boolean",), False),
]


@pytest.mark.parametrize(("value", "names", "expected"), FHIR)
def test_fhir(value: Any, names: tuple[str, ...], expected: bool) -> None:
    assert types.is_fhir(value, names) is expected
    bare = value.json if isinstance(value, FhirValue) else value
    assert types.as_fhir(value, names) == (bare if expected else None)


def test_casts() -> None:
    assert types.as_type(1, types.is_integer) == 1
    assert types.as_type("1", types.is_integer) is None
    assert types.cast_type(None, types.is_integer, "Integer") is None
    with pytest.raises(CqlError, match="type String cannot be cast to Integer"):
        types.cast_type("1", types.is_integer, "Integer")
    assert types.cast_fhir(FhirValue("Period", {"start": "2020"}), ("Period",), "FHIR.Period") == {"start": "2020"}
    with pytest.raises(CqlError, match=r"type Patient cannot be cast to FHIR\.Encounter"):
        types.cast_fhir({"resourceType": "Patient"}, ("Encounter",), "FHIR.Encounter")


def test_structure() -> None:
    value = Tuple(a=1, b=[2, 3], c=None, d=Tuple(e=4))
    assert types.children(value) == [1, 2, 3, Tuple(e=4)]
    assert types.descendants(value) == [1, 2, 3, Tuple(e=4), 4]
    assert types.descendents is types.descendants
    assert types.children([Tuple(a=1), Tuple(a=2)]) == [1, 2]
    assert types.children(Interval(1, 2)) == [1, 2, True, True]
    assert types.children(FhirValue("Period", {"start": "2020"})) == ["2020"]
    assert types.children(Q) == [Decimal(1), "g"]
    assert types.children(5) == []
    assert types.children(None) is None
    assert types.descendants(None) is None
