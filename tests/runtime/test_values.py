"""Values without a chapter of their own."""

from __future__ import annotations

from cqlmeasure.runtime import CodeSystem, FhirValue, Tuple, ValueSet


def test_missing_elements_of_a_tuple_are_null() -> None:
    value = Tuple(id=1, name=None)
    assert value["id"] == 1
    assert value["other"] is None
    assert value == Tuple(name=None, id=1)
    assert hash(value) == hash(Tuple(name=None, id=1))
    assert repr(value) == "Tuple { id: 1, name: None }"


def test_membership() -> None:
    members = [
        {"system": "http://a", "code": "1", "display": "one"},
        {"system": "http://b", "code": "1"},
        {"system": "http://a", "code": "2"},
    ]
    value_set = ValueSet("http://vs", "3", "Things", members)
    assert value_set.codes == {"1": {"http://a", "http://b"}, "2": {"http://a"}}
    assert value_set.contains("http://a", "2")
    assert not value_set.contains("http://b", "2")
    assert value_set.contains(None, "2")
    assert not value_set.contains("http://a", None)
    assert value_set.members[0]["display"] == "one"


def test_identity() -> None:
    assert ValueSet("http://x") == ValueSet("http://x", members=[{"system": "s", "code": "c"}])
    assert ValueSet("http://x", "1") != ValueSet("http://x", "2")
    assert ValueSet("http://x") != CodeSystem("http://x")
    assert FhirValue("code", "a") == FhirValue("code", "a") != FhirValue("string", "a")
    assert len({FhirValue("Period", {"start": "2020"}), FhirValue("Period", {"start": "2020"})}) == 1
