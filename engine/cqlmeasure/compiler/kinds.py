"""Static types at compile time: what FHIR's types are in JSON, what two types have in common."""

from __future__ import annotations

from cqlmeasure.models import FhirTypes
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    CODE,
    CODE_SYSTEM,
    CONCEPT,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    LONG,
    QUANTITY,
    RATIO,
    STRING,
    SYSTEM,
    TIME,
    VALUE_SET,
    VOCABULARY,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
    choice_of,
)

FHIR = "FHIR"

TESTS: dict[DataType, str] = {
    ANY: "is_any",
    BOOLEAN: "is_boolean",
    INTEGER: "is_integer",
    LONG: "is_long",
    DECIMAL: "is_decimal",
    STRING: "is_string",
    DATE: "is_date",
    DATETIME: "is_datetime",
    TIME: "is_time",
    QUANTITY: "is_quantity",
    RATIO: "is_ratio",
    CODE: "is_code",
    CONCEPT: "is_concept",
    VALUE_SET: "is_value_set",
    CODE_SYSTEM: "is_code_system",
    VOCABULARY: "is_vocabulary",
}
"""The run-time test of each System type."""

INTERVAL_CLASSES: dict[DataType, str] = {
    INTEGER: "IntegerInterval",
    LONG: "LongInterval",
    DECIMAL: "DecimalInterval",
    DATE: "DateInterval",
    DATETIME: "DateTimeInterval",
    TIME: "TimeInterval",
    QUANTITY: "QuantityInterval",
}

_VALUES: dict[str, DataType] = {
    "CodeableConcept": CONCEPT,
    "Coding": CODE,
    "Quantity": QUANTITY,
    "Age": QUANTITY,
    "Count": QUANTITY,
    "Distance": QUANTITY,
    "Duration": QUANTITY,
    "SimpleQuantity": QUANTITY,
    "MoneyQuantity": QUANTITY,
    "Range": IntervalType(QUANTITY),
    "Period": IntervalType(DATETIME),
    "Ratio": RATIO,
}


def is_fhir(kind: DataType | None) -> bool:
    """Whether a type is a class of FHIR."""
    return isinstance(kind, NamedType) and kind.model != SYSTEM


def is_unknown(kind: DataType | None) -> bool:
    """Whether the type tells nothing: none, or System.Any."""
    return kind is None or kind == ANY


def element_of(kind: DataType | None) -> DataType | None:
    """The type of a list's elements."""
    return kind.element if isinstance(kind, ListType) else None


def merge(*kinds: DataType | None) -> DataType | None:
    """One type for values of several; ``None`` as soon as one is unknown.  ``Any`` (of a null literal) adds nothing."""
    known: list[DataType] = []
    for kind in kinds:
        if kind is None:
            return None
        if kind != ANY and kind not in known:
            known.append(kind)
    if not known:
        return ANY
    if len(known) > 1 and all(isinstance(kind, ListType) for kind in known):
        inner = merge(*(element_of(kind) for kind in known))
        return None if inner is None else ListType(inner)
    return choice_of(*known)


def has_choice(kind: DataType | None) -> bool:
    """Whether a type is a choice, or a list of choices."""
    while isinstance(kind, ListType):
        kind = kind.element
    return isinstance(kind, ChoiceType)


def settled(found: DataType | None, declared: DataType | None) -> DataType | None:
    """The type to go on with, of the one that the compiler found and the one that the ELM declares.

    A choice that was found stays one: its values carry their type, whatever the ELM says of it.
    """
    if declared is None or (has_choice(found) and not has_choice(declared)):
        return found
    return declared


def value_type(fhir: FhirTypes, kind: DataType | None) -> DataType | None:
    """The type that ``ToValue`` gives for a type."""
    if isinstance(kind, ChoiceType):
        found = [value_type(fhir, alternative) for alternative in kind.alternatives]
        return choice_of(*(one for one in found if one is not None)) if all(found) else None
    if isinstance(kind, NamedType) and is_fhir(kind):
        return _VALUES.get(kind.name) or fhir.value_type(kind.name) or kind
    return kind


def subtypes(fhir: FhirTypes, name: str) -> list[str]:
    """The FHIR types that are, or extend, a type, sorted."""
    found = {name}
    for model in fhir.models.models:
        if model.name == fhir.name:
            found |= {other for other in model.classes if fhir.is_subtype(other, name)}
    return sorted(found)


def matches(fhir: FhirTypes, actual: DataType | None, formal: DataType | None) -> int:
    """How well an argument fits an operand when overloads are told apart: 0 not at all, 3 exactly."""
    if actual is None or formal is None or actual == ANY:
        return 1
    if actual == formal:
        return 3
    if formal == ANY:
        return 1
    match actual, formal:
        case ListType(inner), ListType(wanted):
            return matches(fhir, inner, wanted)
        case IntervalType(inner), IntervalType(wanted):
            return matches(fhir, inner, wanted)
        case ChoiceType(alternatives), _:
            best = max(matches(fhir, alternative, formal) for alternative in alternatives)
            return min(best, 1)
        case _, ChoiceType(alternatives):
            best = max(matches(fhir, actual, alternative) for alternative in alternatives)
            return min(best, 2)
        case NamedType(), NamedType() if is_fhir(actual) and is_fhir(formal):
            return 2 if fhir.is_subtype(actual.name, formal.name) else 0
        case TupleType(), TupleType():
            return 2
        case _:
            return 0
