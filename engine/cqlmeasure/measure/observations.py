"""Measure observations: one value per member, and their aggregation.

Always holds: a null observation is no observation (and is said); zero is one; values are Integer, Decimal or Quantity;
the aggregate does not depend on the order of the values.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from decimal import Context, Decimal
from typing import Any

import msgspec

from cqlmeasure.errors import Diagnostic, EvaluationError, Severity
from cqlmeasure.measure.codes import AggregateMethod
from cqlmeasure.measure.labels import Observed
from cqlmeasure.measure.members import Cases, reference
from cqlmeasure.measure.ports import SubjectEvaluation
from cqlmeasure.runtime import FhirValue, Quantity

# Wide enough that a sum of CQL decimals over any population is exact, whatever the order.
_EXACT = Context(prec=60)
_SHOWN = Context(prec=28)


class ObservationValue(msgspec.Struct, frozen=True):
    """One observation; ``unit`` is ``None`` for a plain number, ``member`` the reference of the item it is about."""

    value: int | Decimal
    unit: str | None = None
    member: str | None = None


class Observer(msgspec.Struct, frozen=True):
    """How the observation expression is called: a function of the member or the subject, one without operands, or a
    definition.
    """

    observed: Observed
    form: str

    MEMBER = "member"
    SUBJECT = "subject"
    NOTHING = "nothing"
    DEFINITION = "definition"


def observe(
    observer: Observer,
    members: Cases,
    evaluation: SubjectEvaluation,
    subject_type: str,
    library: str | None,
    notes: list[Diagnostic],
) -> list[tuple[Hashable, ObservationValue]]:
    """The observations of the members, each with the identity of its member; what is skipped goes to ``notes``."""
    found = []
    name = observer.observed.expression
    for key, item in members.items():
        if observer.form == Observer.MEMBER:
            result = evaluation.call(name, item)
        elif observer.form == Observer.SUBJECT:
            result = evaluation.call(name, evaluation.value(subject_type))
        elif observer.form == Observer.NOTHING:
            result = evaluation.call(name)
        else:
            result = evaluation.value(name)
        member = reference(item)
        value = _number(result, name, library, member)
        if value is None:
            about = f" for {member}" if member else ""
            notes.append(
                Diagnostic(
                    code="null-observation",
                    message=f'"{name}" is null{about}: not counted as an observation',
                    severity=Severity.INFORMATION,
                    library=library,
                )
            )
        else:
            found.append((key, value))
    return found


def _number(result: Any, name: str, library: str | None, member: str | None) -> ObservationValue | None:
    if isinstance(result, FhirValue):
        result = result.json
    if result is None:
        return None
    if isinstance(result, int | Decimal) and not isinstance(result, bool):
        return ObservationValue(result, None, member)
    if isinstance(result, float):
        return ObservationValue(Decimal(repr(result)), None, member)
    if isinstance(result, Quantity):
        return ObservationValue(result.value, result.unit, member)
    if isinstance(result, dict) and isinstance(result.get("value"), int | float | Decimal):
        unit = result.get("code") or result.get("unit")
        return ObservationValue(Decimal(str(result["value"])), str(unit) if unit else "1", member)
    raise EvaluationError(
        f"gives a {type(result).__name__}; a measure observation must be an Integer, a Decimal or a Quantity",
        code="observation-type",
        library=library,
        definition=name,
    )


class MixedUnits(Exception):
    """Observations of one population have different units; ``units`` names them."""

    def __init__(self, units: Sequence[str]) -> None:
        self.units = tuple(units)
        super().__init__(", ".join(units))


def aggregate(method: AggregateMethod, values: Sequence[ObservationValue]) -> tuple[Decimal | None, str | None]:
    """The aggregate and its unit: a count of nothing is 0, any other aggregate of nothing is ``None``."""
    if method is AggregateMethod.COUNT:
        return Decimal(len(values)), None
    if not values:
        return None, None
    units = sorted({value.unit or "1" for value in values})
    if len(units) > 1:
        raise MixedUnits(units)
    numbers = sorted(Decimal(value.value) for value in values)
    unit = None if units == ["1"] else units[0]
    middle = len(numbers) // 2
    if method is AggregateMethod.MINIMUM:
        return numbers[0], unit
    if method is AggregateMethod.MAXIMUM:
        return numbers[-1], unit
    if method is AggregateMethod.MEDIAN:
        if len(numbers) % 2:
            return numbers[middle], unit
        return divide(_EXACT.add(numbers[middle - 1], numbers[middle]), Decimal(2)), unit
    total = Decimal(0)
    for number in numbers:
        total = _EXACT.add(total, number)
    return (total if method is AggregateMethod.SUM else divide(total, Decimal(len(numbers)))), unit


def divide(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient with 28 digits."""
    return _SHOWN.divide(numerator, denominator)
