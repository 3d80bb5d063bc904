"""Values that must have one type: branches of a condition, elements of a list, bounds of an interval."""

from __future__ import annotations

from collections.abc import Sequence

from cqlmeasure.translator.lower.conversions import find_conversion
from cqlmeasure.translator.lower.core import Lowering, Typed
from cqlmeasure.typesys import ANY, ChoiceType, DataType, unify


def merge(lowering: Lowering, values: Sequence[Typed]) -> tuple[list[Typed], DataType]:
    """The values, converted to their common type, and that type.

    The common type is that of one of them to which all others convert, at the least cost; else their choice.
    """
    kinds = list(dict.fromkeys(value.type for value in values))
    known = [kind for kind in kinds if kind != ANY]
    if not known:
        return list(values), ANY
    best: tuple[int, DataType] | None = None
    for candidate in known:
        costs = [find_conversion(lowering, kind, candidate) for kind in kinds]
        if all(cost is not None for cost in costs) and not _narrows(candidate, known):
            total = sum(cost.cost for cost in costs if cost is not None)
            if best is None or total < best[0]:
                best = (total, candidate)
    common = best[1] if best is not None else unify(known, lowering.models)
    converted: list[Typed] = []
    for value in values:
        conversion = find_conversion(lowering, value.type, common)
        converted.append(conversion.apply(value) if conversion is not None else value)
    return converted, common


def _narrows(candidate: DataType, kinds: Sequence[DataType]) -> bool:
    """Whether taking ``candidate`` would lose alternatives of a choice among the types."""
    return any(isinstance(kind, ChoiceType) and kind != candidate for kind in kinds)
