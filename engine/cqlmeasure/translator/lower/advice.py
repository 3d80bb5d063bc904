"""What to tell an author whose types do not fit: why each overload was refused, and what would make one fit.

Always holds: nothing here changes how CQL is understood; advice is given only where following it would have helped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from cqlmeasure.errors import Span
from cqlmeasure.translator.lower.conversions import find_conversion
from cqlmeasure.translator.lower.core import Abandoned, Lowering
from cqlmeasure.translator.lower.overloads import choose, instances
from cqlmeasure.typesys import (
    BOOLEAN,
    CODE,
    CONCEPT,
    STRING,
    VALUE_SET,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    Signature,
    TypeVariable,
    signatures,
)

MAX_CANDIDATES: Final = 4
MAX_ALTERNATIVES: Final = 3  # of a choice; FHIR has some with more than ten

_WORDS: Final = """
    And Or Xor Implies Not Exists Distinct Flatten Union Intersect Except In Contains Includes Before After
    Meets Overlaps Starts Ends Collapse Expand Successor Predecessor
"""
# How CQL spells the operators that are not called by their names.
_SPELLING: Final = {
    "Add": "+",
    "Subtract": "-",
    "Negate": "-",
    "Multiply": "*",
    "Divide": "/",
    "TruncatedDivide": "div",
    "Modulo": "mod",
    "Power": "^",
    "Concatenate": "+",
    "Equal": "=",
    "Equivalent": "~",
    "Less": "<",
    "LessOrEqual": "<=",
    "Greater": ">",
    "GreaterOrEqual": ">=",
    "Indexer": "[ ]",
    "SingletonFrom": "singleton from",
    "PointFrom": "point from",
    "DateFrom": "date from",
    "TimeFrom": "time from",
    "TimezoneOffsetFrom": "timezoneoffset from",
    "DateTimeComponentFrom": "... from",
    "DurationBetween": "duration between",
    "DifferenceBetween": "difference between",
    "ConvertQuantity": "convert ... to",
    "IsNull": "is null",
    "IsTrue": "is true",
    "IsFalse": "is false",
    "IncludedIn": "included in",
    "ProperIncludedIn": "properly included in",
    "ProperIncludes": "properly includes",
    "ProperIn": "properly included in",
    "ProperContains": "properly includes",
    "SameAs": "same as",
    "SameOrBefore": "same or before",
    "SameOrAfter": "same or after",
    "MeetsBefore": "meets before",
    "MeetsAfter": "meets after",
    "OverlapsBefore": "overlaps before",
    "OverlapsAfter": "overlaps after",
    "InValueSet": "in",
    "AnyInValueSet": "in",
    "InCodeSystem": "in",
    "AnyInCodeSystem": "in",
    **{name: name.lower() for name in _WORDS.split()},
    **{name: f"{name.lower()} of" for name in ("Start", "End", "Width")},
}


class Candidate(NamedTuple):
    """An overload that was refused, why, and how far it was from fitting."""

    distance: int
    signature: Signature
    reason: str


def shown(kind: DataType) -> str:
    """A type as an author would write it: System's types without their model."""
    if isinstance(kind, ChoiceType) and len(kind.alternatives) > MAX_ALTERNATIVES:
        return f"Choice<{listed(kind.alternatives[:MAX_ALTERNATIVES])}, ...>"
    if isinstance(kind, ListType):
        return f"List<{shown(kind.element)}>"
    return str(kind).replace("System.", "")


def listed(kinds: Iterable[DataType]) -> str:
    """Several types."""
    return ", ".join(map(shown, kinds))


def near(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The names that an author may have meant: those that differ in case only, then those spelt alike."""
    names = list(dict.fromkeys(known))
    folded = name.casefold()
    same = [other for other in names if other.casefold() == folded and other != name]
    lower = {other.casefold(): other for other in reversed(names)}
    found = get_close_matches(folded, list(lower), n=count, cutoff=0.8) or get_close_matches(
        folded, list(lower), n=count
    )
    close = [lower[other] for other in found]
    return list(dict.fromkeys([*same, *(other for other in close if other != name)]))[:count]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The hint with near names, each quoted; ``None`` if there are none."""
    found = near(name, known)
    return f"did you mean {' or '.join(repr(item) for item in found)}?" if found else None


def no_overload(
    lowering: Lowering,
    name: str,
    overloads: Sequence[Signature],
    types: Sequence[DataType],
    span: Span,
    *,
    function: bool = False,
) -> Abandoned:
    """The error that no overload fits: what would make one fit, and why the nearest ones were refused."""
    spelled = name if function else _SPELLING.get(name, name)
    word = spelled if spelled[:1].isupper() or function else f"'{spelled}'"
    lines = [found] if (found := advice(lowering, name, overloads, types)) else []
    candidates = refusals(lowering, overloads, types, infix=not function and spelled != name and len(types) == 2)
    lines += [f"{word}({listed(one.signature.operands)}): {one.reason}" for one in candidates[:MAX_CANDIDATES]]
    more = len(candidates) - MAX_CANDIDATES
    if more > 0:
        lines.append(f"... and {more} other{'s' if more > 1 else ''}")
    message = f"no overload of {word} takes ({listed(types)})"
    return lowering.fail("no-overload", message, span, hint="\n".join(lines) or None)


def refusals(
    lowering: Lowering, overloads: Iterable[Signature], types: Sequence[DataType], *, infix: bool = False
) -> list[Candidate]:
    """Every overload with the reason why it does not take ``types``; the nearest first."""
    found: dict[tuple[DataType, ...], Candidate] = {}
    for overload in overloads:
        candidate = _refusal(lowering, overload, types, infix)
        known = found.get(candidate.signature.operands)
        if known is None or candidate.distance < known.distance:
            found[candidate.signature.operands] = candidate
    return sorted(found.values(), key=lambda one: one.distance)


def _refusal(lowering: Lowering, overload: Signature, types: Sequence[DataType], infix: bool) -> Candidate:
    wanted = len(overload.operands)
    if wanted != len(types):
        return Candidate(1000 + abs(wanted - len(types)), overload, f"takes {_count(wanted)}, not {len(types)}")
    best: Candidate | None = None
    for signature in instances(lowering, overload, types):
        refused = [
            (index, kind, operand)
            for index, (kind, operand) in enumerate(zip(types, signature.operands, strict=True))
            if find_conversion(lowering, kind, operand) is None
        ]
        different = sum(kind != operand for kind, operand in zip(types, signature.operands, strict=True))
        distance = 10 * len(refused) + different
        if refused and (best is None or distance < best.distance):
            reasons = [
                f"{_position(index, infix)}, {shown(kind)}, does not convert to {shown(operand)}"
                for index, kind, operand in refused
            ]
            best = Candidate(distance, signature, "; ".join(reasons))
    if best is not None:
        return best
    for index, (kind, operand) in enumerate(zip(types, overload.operands, strict=True)):
        shape = "a list" if isinstance(operand, ListType) else "an interval"
        if isinstance(operand, ListType | IntervalType) and not isinstance(kind, type(operand)):
            return Candidate(100, overload, f"{_position(index, infix)}, {shown(kind)}, is not {shape}")
    return Candidate(500, overload, "the types of the operands do not agree")


def _count(number: int) -> str:
    return f"{number} argument{'' if number == 1 else 's'}"


def _position(index: int, infix: bool) -> str:
    return f"the {('left', 'right')[index]} operand" if infix else f"argument {index + 1}"


# --- advice ---


def mismatch(lowering: Lowering, found: DataType, wanted: DataType) -> str | None:
    """What would make a value of one type stand where another is wanted."""
    return advice(lowering, "", [Signature((wanted,), wanted)], [found])


def advice(lowering: Lowering, name: str, overloads: Sequence[Signature], types: Sequence[DataType]) -> str | None:
    """The change that would make an overload fit, the most likely first; ``None`` if none is known."""
    if name in ("Equal", "Equivalent") and VALUE_SET in types and len(set(types)) == 2:
        return "membership in a value set is tested with 'in'"
    if len(types) == 2 and STRING in types and any(_is_code(kind) for kind in types):
        return "a code is more than its text: compare with a code that is declared, or take its .code"
    if any(_is_code(kind) for kind in types) and name in ("Equal", "Equivalent") and _wants_code(lowering, types):
        return "a list of codes is compared with one code: test 'exists (list C where C ~ code)'"
    for index, kind in enumerate(types):
        if isinstance(kind, ListType) and all(one.operands[index : index + 1] == (BOOLEAN,) for one in overloads):
            return "'exists' tests whether a list has items"
        for change, text in _CHANGES:
            for other in change(lowering, kind):
                tried = [*types[:index], other, *types[index + 1 :]]
                if choose(lowering, overloads, tried) is not None:
                    return text(lowering, kind, other)
    changed = [next(iter(_unconverted(lowering, kind)), kind) for kind in types]
    if changed != list(types):
        index = next(index for index, kind in enumerate(types) if kind != changed[index])
        return _by_include(lowering, types[index], changed[index])
    if name == "Concatenate":
        other = next((kind for kind in types if kind != STRING), STRING)
        if choose(lowering, signatures("ToString"), [other]) is not None:
            return f"ToString(...) makes a String of {shown(other)}"
    return None


def _is_code(kind: DataType) -> bool:
    return kind in (CODE, CONCEPT) or (isinstance(kind, NamedType) and kind.name in ("Coding", "CodeableConcept"))


def _wants_code(lowering: Lowering, types: Sequence[DataType]) -> bool:
    return any(isinstance(kind, ListType) and _is_code(kind.element) for kind in types)


def _unconverted(lowering: Lowering, kind: DataType) -> Iterable[DataType]:
    """What a value would become if the library with the model's conversions were included."""
    if isinstance(kind, ChoiceType):
        for alternative in kind.alternatives:
            yield from _unconverted(lowering, alternative)
        return
    if isinstance(kind, ListType):
        for element in _unconverted(lowering, kind.element):
            yield ListType(element)
        return
    if isinstance(kind, NamedType):
        for conversion in lowering.models.conversions_from(kind):
            if not _included(lowering, conversion.library):
                yield conversion.target


def _included(lowering: Lowering, library: str | None) -> bool:
    return library == lowering.library or any(one.name == library for one in lowering.includes.values())


def _by_include(lowering: Lowering, kind: DataType, other: DataType) -> str:
    alternatives = kind.alternatives if isinstance(kind, ChoiceType) else (kind,)
    inner = [one.element if isinstance(one, ListType) else one for one in alternatives]
    target = other.element if isinstance(other, ListType) else other
    conversion = next(
        found
        for one in inner
        for found in (lowering.models.conversions_from(one) if isinstance(one, NamedType) else ())
        if found.target == target
    )
    source = next(one for one in inner if isinstance(one, NamedType) and _converts(lowering, one, target))
    return (
        f"{shown(source)} converts to {shown(target)} by {conversion.function}:"
        f" add 'include {conversion.library} version ...'"
    )


def _converts(lowering: Lowering, kind: NamedType, target: DataType) -> bool:
    return any(found.target == target for found in lowering.models.conversions_from(kind))


def _item(lowering: Lowering, kind: DataType) -> Iterable[DataType]:
    return (kind.element,) if isinstance(kind, ListType) else ()


def _point(lowering: Lowering, kind: DataType) -> Iterable[DataType]:
    return (kind.point,) if isinstance(kind, IntervalType) else ()


def _list(lowering: Lowering, kind: DataType) -> Iterable[DataType]:
    return () if isinstance(kind, ListType | IntervalType | TypeVariable) else (ListType(kind),)


def _by_item(lowering: Lowering, kind: DataType, other: DataType) -> str:
    return f"{shown(kind)} is a list: take one item with First(...) or 'singleton from', or use a query"


def _by_bound(lowering: Lowering, kind: DataType, other: DataType) -> str:
    return f"{shown(kind)} is an interval: take 'start of' or 'end of' it"


def _by_braces(lowering: Lowering, kind: DataType, other: DataType) -> str:
    return f"a list is wanted: {{ ... }} makes one of {shown(kind)}"


_Change = Callable[[Lowering, DataType], Iterable[DataType]]
_Text = Callable[[Lowering, DataType, DataType], str]
_CHANGES: Final[tuple[tuple[_Change, _Text], ...]] = (
    (_unconverted, _by_include),
    (_item, _by_item),
    (_point, _by_bound),
    (_list, _by_braces),
)
