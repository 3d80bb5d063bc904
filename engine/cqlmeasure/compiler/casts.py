"""Type operators: tests, casts, conversions to a named type."""

from __future__ import annotations

from cqlmeasure.compiler.code import Py
from cqlmeasure.compiler.emitter import Conditions, Emitter, Handler
from cqlmeasure.compiler.kinds import TESTS, is_fhir, is_unknown, subtypes
from cqlmeasure.compiler.logic import into_choice
from cqlmeasure.compiler.operators import apply
from cqlmeasure.elm.base import Element
from cqlmeasure.elm.literals import Null
from cqlmeasure.elm.types import As, CanConvert, Convert, Is
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
)


def test(em: Emitter, kind: DataType) -> str:
    """The name of a function that tests a value for a type."""
    known = TESTS.get(kind)
    if known is not None:
        return em.import_("types", known)
    return em.module.constant(f"lambda v: {_condition(em, kind)}", em.frame.place, "IS_")


def names_of(em: Emitter, kind: NamedType) -> str:
    """The constant set of the names of a FHIR type and its subtypes."""
    names = subtypes(em.fhir, kind.name)
    return em.module.constant(f"frozenset({tuple(names)!r})", em.frame.place, "FHIR_")


def _condition(em: Emitter, kind: DataType) -> str:
    known = TESTS.get(kind)
    if known is not None:
        return f"{em.import_('types', known)}(v)"
    match kind:
        case NamedType():
            em.import_("types", "is_fhir")
            return f"is_fhir(v, {names_of(em, kind)})"
        case IntervalType(point):
            if point == ANY:
                return f"{em.import_('types', 'is_interval')}(v)"
            return f"{em.import_('types', 'is_interval_of')}(v, {test(em, point)})"
        case ListType(inner):
            if inner == ANY:
                return f"{em.import_('types', 'is_list')}(v)"
            return f"{em.import_('types', 'is_list_of')}(v, {test(em, inner)})"
        case TupleType(elements):
            tests = ", ".join(f"{name!r}: {test(em, one)}" for name, one in elements)
            return f"{em.import_('types', 'is_tuple')}(v, {{{tests}}})"
        case ChoiceType(alternatives):
            return " or ".join(_condition(em, one) for one in alternatives)
        case _:
            return f"{em.import_('types', 'is_any')}(v)"


def _is_sure(em: Emitter, actual: DataType | None, wanted: DataType) -> bool:
    """Whether a value of the static type is of the other type, if it is not null."""
    if actual is None:
        return False
    if wanted in (actual, ANY):
        return True
    match actual, wanted:
        case ChoiceType(alternatives), _:
            return all(_is_sure(em, one, wanted) for one in alternatives)
        case _, ChoiceType(alternatives):
            return any(_is_sure(em, actual, one) for one in alternatives)
        case ListType(inner), ListType(element):
            return _is_sure(em, inner, element)
        case IntervalType(inner), IntervalType(point):
            return inner == point
        case NamedType(), NamedType() if is_fhir(actual) and is_fhir(wanted):
            return em.fhir.is_subtype(actual.name, wanted.name)
        case _:
            return False


def _is(em: Emitter, node: Is) -> Py:
    value = em.value(node.operand)
    kind = node.is_type
    if not isinstance(value.type, ChoiceType) and _is_sure(em, value.type, kind):
        return Py(f"({em.use(value)} is not None)", BOOLEAN, True)
    if isinstance(kind, NamedType) and is_fhir(kind):
        em.import_("types", "is_fhir")
        return Py(f"is_fhir({em.use(value)}, {names_of(em, kind)})", BOOLEAN, True)
    return Py(f"{test(em, kind)}({em.use(value)})", BOOLEAN, True)


def _as(em: Emitter, node: As) -> Py:
    kind = node.as_type
    if isinstance(node.operand, Null):
        return Py("None", kind, constant=True, atom=True)
    value = em.value(node.operand)
    own = value.type
    if _is_sure(em, own, kind):
        if isinstance(kind, ChoiceType) and not isinstance(own, ChoiceType):
            return into_choice(em, value, kind).typed(kind)
        if not (isinstance(own, ChoiceType) and isinstance(kind, NamedType) and is_fhir(kind)):
            return value.typed(kind)
    if own == ANY and value.text == "None":
        return value.typed(kind)
    both_fhir = isinstance(own, NamedType) and isinstance(kind, NamedType) and is_fhir(own) and is_fhir(kind)
    if both_fhir and isinstance(own, NamedType) and not em.fhir.is_resource(own.name):
        return value.typed(kind)
    text = em.use(value)
    if isinstance(kind, NamedType) and is_fhir(kind):
        names = names_of(em, kind)
        if node.strict:
            em.import_("types", "cast_fhir")
            return Py(f"cast_fhir({text}, {names}, {str(kind)!r})", kind)
        em.import_("types", "as_fhir")
        return Py(f"as_fhir({text}, {names})", kind)
    if node.strict:
        em.import_("types", "cast_type")
        return Py(f"cast_type({text}, {test(em, kind)}, {str(kind)!r})", kind)
    if isinstance(kind, ListType) and (is_unknown(own) or isinstance(own, ListType)) and _is_loose(kind):
        return Py(text, kind, value.sure, value.items)
    em.import_("types", "as_type")
    return Py(f"as_type({text}, {test(em, kind)})", kind)


def _is_loose(kind: ListType) -> bool:
    """A list whose elements a test could only guess at."""
    return isinstance(kind.element, ChoiceType | TupleType)


def _convert(em: Emitter, node: Convert) -> Py:
    kind = node.to_type
    value = em.value(node.operand)
    if value.type == kind:
        return value
    name = kind.name if isinstance(kind, NamedType) else ""
    if name == "DateTime":
        return em.call("to_datetime", value, "OFFSET", kind=kind)
    try:
        return apply(em, f"To{name}", [value])
    except KeyError:
        return em.failure(f"there is no conversion to {kind}", kind)


def _can_convert(em: Emitter, node: CanConvert) -> Py:
    name = node.to_type.name if isinstance(node.to_type, NamedType) else ""
    try:
        return apply(em, f"ConvertsTo{name}", [em.value(node.operand)])
    except KeyError:
        return em.failure(f"there is no conversion to {node.to_type}", BOOLEAN)


def _true_is(em: Emitter, node: Is) -> str:
    return em.use(_is(em, node))


HANDLERS: dict[type[Element], Handler] = {
    Is: _is,
    As: _as,
    Convert: _convert,
    CanConvert: _can_convert,
}

TRUTHS: dict[type[Element], Conditions] = {Is: _true_is}
