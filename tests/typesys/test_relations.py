"""How types relate, and that the table of operators is well formed."""

from __future__ import annotations

import pytest

from cqlmeasure.elm.registry import NODES
from cqlmeasure.typesys import (
    ANY,
    DECIMAL,
    INTEGER,
    STRING,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
    TypeVariable,
    choice_of,
    is_subtype,
    operators,
    parse_type,
    signatures,
    supertypes,
    tuple_of,
    unify,
)

ANIMAL, CAT, DOG = (NamedType("Zoo", name) for name in ("Animal", "Cat", "Dog"))


class Zoo:
    """Cats and dogs are animals."""

    def base(self, kind: NamedType) -> DataType | None:
        return {CAT: ANIMAL, DOG: ANIMAL, ANY: None}.get(kind, ANY)


ZOO = Zoo()

SUBTYPES = [
    (CAT, CAT, True),
    (CAT, ANIMAL, True),
    (ANIMAL, CAT, False),
    (CAT, ANY, True),
    (INTEGER, DECIMAL, False),
    (ListType(CAT), ListType(ANIMAL), True),
    (ListType(ANIMAL), ListType(CAT), False),
    (IntervalType(CAT), IntervalType(ANIMAL), True),
    (ListType(CAT), ANIMAL, False),
    (CAT, choice_of(DOG, ANIMAL), True),
    (choice_of(CAT, DOG), ANIMAL, True),
    (choice_of(CAT, DOG), choice_of(DOG, CAT, INTEGER), True),
    (choice_of(CAT, INTEGER), ANIMAL, False),
    (tuple_of(a=CAT), tuple_of(a=ANIMAL), True),
    (tuple_of(a=CAT, b=CAT), tuple_of(a=ANIMAL), False),
]


@pytest.mark.parametrize(("kind", "other", "expected"), SUBTYPES)
def test_subtype(kind: DataType, other: DataType, expected: bool) -> None:
    assert is_subtype(kind, other, ZOO) is expected


UNITED = [
    ([CAT, ANIMAL], ANIMAL),
    ([CAT, DOG], choice_of(CAT, DOG)),
    ([ANY, CAT], CAT),
    ([ANY], ANY),
    ([], ANY),
    ([ListType(CAT), ListType(DOG)], ListType(choice_of(CAT, DOG))),
    ([INTEGER, INTEGER], INTEGER),
]


@pytest.mark.parametrize(("kinds", "expected"), UNITED)
def test_unify(kinds: list[DataType], expected: DataType) -> None:
    assert unify(kinds, ZOO) == expected


def test_supertypes_nearest_first() -> None:
    assert supertypes(CAT, ZOO) == (ANIMAL, ANY)


def test_choices_are_flat_and_equal_whatever_their_order() -> None:
    assert choice_of(INTEGER, choice_of(STRING, INTEGER)) == choice_of(STRING, INTEGER)
    assert hash(choice_of(INTEGER, STRING)) == hash(choice_of(STRING, INTEGER))
    assert choice_of(INTEGER, INTEGER) == INTEGER
    assert tuple_of(a=INTEGER, b=STRING) == TupleType((("b", STRING), ("a", INTEGER)))


def test_spelling() -> None:
    kind = ListType(IntervalType(choice_of(INTEGER, STRING)))
    assert str(kind) == "List<Interval<Choice<System.Integer, System.String>>>"
    assert parse_type("List<Interval<T>>") == ListType(IntervalType(TypeVariable("T")))
    assert parse_type("FHIR.Period") == NamedType("FHIR", "Period")


def test_every_operator_is_an_elm_node_and_its_table_reads() -> None:
    slices = {"Skip", "Take", "Tail"}  # one node in ELM, Slice
    for operator in operators():
        assert operator in NODES or operator in slices
        assert signatures(operator), operator
        for signature in signatures(operator):
            assert all(str(kind) for kind in (*signature.operands, signature.result))
    assert signatures("Nonsense") == ()
