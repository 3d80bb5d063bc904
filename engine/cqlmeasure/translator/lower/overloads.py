"""Choosing overloads: of operators (the table in ``typesys``) and of functions (what libraries define).

CQL specification, Developer's Guide, "Function resolution": of all overloads whose operands the arguments convert to,
the one with the least cost.  A type variable stands for one type in a signature; each type that the arguments suggest
for it is tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cqlmeasure.translator.lower.conversions import Conversion, find_conversion
from cqlmeasure.translator.lower.core import Lowering, Typed
from cqlmeasure.typesys import (
    ANY,
    SYSTEM,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    Signature,
    TypeVariable,
)


class Chosen(NamedTuple):
    """An overload with its variables filled in, and the conversions of the arguments."""

    signature: Signature
    cost: int
    conversions: tuple[Conversion, ...]
    position: int

    def apply(self, operands: Sequence[Typed]) -> list[Typed]:
        """The arguments, converted."""
        return [conversion.apply(operand) for conversion, operand in zip(self.conversions, operands, strict=True)]


def choose(lowering: Lowering, overloads: Iterable[Signature], types: Sequence[DataType]) -> Chosen | None:
    """The cheapest overload for arguments of ``types``; the first of equals; ``None`` if none fits."""
    best: Chosen | None = None
    for index, overload in enumerate(overloads):
        if len(overload.operands) != len(types):
            continue
        for signature in instances(lowering, overload, types):
            conversions: list[Conversion] = []
            for kind, wanted in zip(types, signature.operands, strict=True):
                conversion = find_conversion(lowering, kind, wanted)
                if conversion is None:
                    break
                conversions.append(conversion)
            else:
                cost = sum(conversion.cost for conversion in conversions)
                if best is None or cost < best.cost:
                    best = Chosen(signature, cost, tuple(conversions), index)
    return best


def instances(lowering: Lowering, overload: Signature, types: Sequence[DataType]) -> Iterable[Signature]:
    """The overload with its type variable filled in, in each way that the types of the arguments suggest."""
    candidates: dict[DataType, None] = {}
    generic = False
    for pattern, kind in zip(overload.operands, types, strict=True):
        if _has_variable(pattern):
            generic = True
            for candidate in _candidates(lowering, pattern, kind):
                candidates.setdefault(candidate)
    if not generic:
        return (overload,)
    known = [kind for kind in candidates if kind != ANY]
    if not known:
        return (_fill(overload, ANY),) if candidates else ()
    return [_fill(overload, kind) for kind in known]


def _has_variable(kind: DataType) -> bool:
    match kind:
        case TypeVariable():
            return True
        case ListType(inner) | IntervalType(inner):
            return _has_variable(inner)
    return False


def _candidates(lowering: Lowering, pattern: DataType, kind: DataType) -> Iterable[DataType]:
    """What the variable of a pattern would have to be for a value of ``kind``."""
    match pattern, kind:
        case TypeVariable(), _:
            yield kind
            if isinstance(kind, ChoiceType):
                yield from kind.alternatives
            if isinstance(kind, NamedType):
                # A model's class may extend one of System's, such as a reason that is a Concept.
                ancestors = lowering.models.ancestors(kind)
                yield from (base for base in ancestors if isinstance(base, NamedType) and base.model == SYSTEM)
            for conversion in lowering.models.conversions_from(kind):
                yield conversion.target
        case ListType(inner), ListType(element):
            yield from _candidates(lowering, inner, element)
        case IntervalType(inner), IntervalType(point):
            yield from _candidates(lowering, inner, point)
        case _, ChoiceType(alternatives):
            for alternative in alternatives:
                yield from _candidates(lowering, pattern, alternative)
        case _, _ if kind == ANY:
            yield ANY
        case _, ListType(element) if lowering.options.list_demotion:
            yield from _candidates(lowering, pattern, element)
        case IntervalType(inner), _ if lowering.options.interval_promotion:
            yield from _candidates(lowering, inner, kind)
        case ListType(inner), _ if lowering.options.list_promotion:
            yield from _candidates(lowering, inner, kind)
        case _:
            for conversion in lowering.models.conversions_from(kind):
                yield from _candidates(lowering, pattern, conversion.target)


def _fill(signature: Signature, value: DataType) -> Signature:
    return Signature(
        tuple(_replace(operand, value) for operand in signature.operands), _replace(signature.result, value)
    )


def _replace(kind: DataType, value: DataType) -> DataType:
    match kind:
        case TypeVariable():
            return value
        case ListType(inner):
            return ListType(_replace(inner, value))
        case IntervalType(inner):
            return IntervalType(_replace(inner, value))
    return kind


__all__ = ["Chosen", "choose", "instances"]
