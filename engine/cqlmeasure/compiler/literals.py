"""Literals and selectors: what a value is made of."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from cqlmeasure.compiler.code import Py
from cqlmeasure.compiler.emitter import Emitter, Handler
from cqlmeasure.compiler.kinds import INTERVAL_CLASSES, is_fhir, merge
from cqlmeasure.compiler.logic import into_choice
from cqlmeasure.elm import literals as elm
from cqlmeasure.elm.base import Element, Expression
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    CONCEPT,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    LONG,
    QUANTITY,
    RATIO,
    TIME,
    VALUE_SET,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
)

NULL = Py("None", ANY, constant=True, atom=True)


def _literal(em: Emitter, node: elm.Literal) -> Py:
    kind, text = node.value_type, node.value
    if text is None:
        return NULL.typed(kind)
    if kind == BOOLEAN:
        return Py(str(text == "true"), BOOLEAN, True, constant=True, atom=True)
    if kind == INTEGER:
        return Py(repr(int(text)), INTEGER, True, constant=True, atom=True)
    if kind == LONG:
        em.import_("numbers", "Long")
        return Py(f"Long({int(text.rstrip('Ll'))})", LONG, True, constant=True)
    if kind == DECIMAL:
        return decimal(em, Decimal(text))
    return Py(repr(text), kind, True, constant=True, atom=True)


def decimal(em: Emitter, value: Decimal) -> Py:
    """A Decimal as written."""
    return Py(f"Decimal({str(value)!r})", DECIMAL, True, constant=True)


def _null(em: Emitter, node: elm.Null) -> Py:
    return NULL


def _tuple(em: Emitter, node: elm.Tuple) -> Py:
    em.import_("values", "Tuple")
    wanted = node.result_type if isinstance(node.result_type, TupleType) else None
    names = [element.name for element in node.element]
    found = [em.value(element.value) for element in node.element]
    if wanted is not None:
        found = [into_choice(em, value, wanted.element(name)) for name, value in zip(names, found, strict=True)]
    kind: DataType = TupleType(tuple((name, value.type or ANY) for name, value in zip(names, found, strict=True)))
    constant = all(value.constant for value in found)
    texts = [value.text if constant else em.use(value) for value in found]
    body = ", ".join(f"{name!r}: {text}" for name, text in zip(names, texts, strict=True))
    return Py(f"Tuple({{{body}}})", kind, True, constant=constant)


def _instance(em: Emitter, node: elm.Instance) -> Py:
    kind = node.class_type
    found = {element.name: em.value(element.value) for element in node.element}
    none = NULL

    def get(name: str) -> Py:
        return found.get(name, none)

    if kind == QUANTITY:
        em.import_("general", "quantity_of")
        return em.combine("quantity_of({})", (get("value"), get("unit")), kind)
    if kind == RATIO:
        em.import_("general", "ratio_of")
        return em.combine("ratio_of({})", (get("numerator"), get("denominator")), kind)
    if kind == VALUE_SET:
        em.import_("general", "value_set_of")
        return em.combine("value_set_of({})", (get("id"), get("version")), kind)
    names = {"codes": "coding", "display": "text"} if kind == CONCEPT else {}
    pairs: list[tuple[str, Py]] = []
    for name, value in found.items():
        if is_fhir(kind) and isinstance(kind, NamedType) and value.type is not None:
            name, value = _fhir_element(em, kind, name, value)
        pairs.append((names.get(name, name), value))
    constant = all(value.constant for _, value in pairs)
    body = ", ".join(f"{name!r}: {value.text if constant else em.use(value)}" for name, value in pairs)
    if is_fhir(kind) and isinstance(kind, NamedType):
        if em.fhir.is_primitive(kind.name):
            em.import_("general", "fhir_json")
            return em.combine("fhir_json({})", (get("value"),), kind)
        if em.fhir.is_resource(kind.name):
            body = f"'resourceType': {kind.name!r}" + (f", {body}" if body else "")
    em.import_("general", "without_nulls")
    return Py(f"without_nulls({{{body}}})", kind, True, constant=constant)


def _fhir_element(em: Emitter, owner: NamedType, name: str, value: Py) -> tuple[str, Py]:
    facts = em.fhir.element(owner.name, name)
    if facts is None:
        return name, value
    keys = em.fhir.choice_keys(name, facts.type)
    if keys and isinstance(value.type, NamedType):
        name = next((key for key, kind in keys.items() if kind == value.type.name), name)
    if not is_fhir(value.type):
        em.import_("general", "fhir_json")
        value = em.combine("fhir_json({})", (value,), value.type)
    return name, value


def _interval(em: Emitter, node: elm.Interval) -> Py:
    rest = (node.high, node.low_closed_expression, node.high_closed_expression)
    if node.low is None:
        return _interval_of(em, node, NULL)
    with em.sharing.first(node.low, rest, em.frame, partial(em.value, node.low)) as low:
        return _interval_of(em, node, low)


def _interval_of(em: Emitter, node: elm.Interval, low: Py) -> Py:
    high = em.value(node.high) if node.high is not None else NULL
    point = merge(low.type, high.type)
    if isinstance(node.result_type, IntervalType):
        point = node.result_type.point
    flags: list[Py] = []
    for constant, expression in (
        (node.low_closed, node.low_closed_expression),
        (node.high_closed, node.high_closed_expression),
    ):
        flags.append(
            em.value(expression)
            if expression is not None
            else Py(repr(constant), BOOLEAN, True, constant=True, atom=True)
        )
    kind = IntervalType(point) if point is not None else None
    if all(flag.text == "True" for flag in flags):
        flags = []
        if low.text == high.text == "None" and point in (None, ANY):
            return NULL.typed(kind)  # without a type there is no least and no greatest value: no interval
    constant = low.constant and high.constant and (low.text != "None" or high.text != "None")
    points = em.import_("interval", INTERVAL_CLASSES.get(point or ANY, "Interval"))
    one_point = high.text.isidentifier() and (low.text == high.text or low.text.startswith(f"({high.text} := "))
    if one_point and points != "Interval" and not flags and not constant:
        return Py(f"{points}({low.text}, {high.text})", kind, True)  # it cannot be empty
    name = em.import_("general", "constant_interval" if constant else "computed_interval")
    return em.combine(f"{name}({{}})", (points, low, high, *flags), kind, sure=constant)


def _list(em: Emitter, node: elm.List) -> Py:
    found = [em.value(element) for element in node.element]
    inner = node.type_specifier
    if inner is None and isinstance(node.result_type, ListType):
        inner = node.result_type.element
    if inner is None:
        inner = merge(*(value.type for value in found)) if found else ANY
    found = [into_choice(em, value, inner) for value in found]
    kind = ListType(inner) if inner is not None else None
    py = em.combine("[{}]", found, kind, True)
    return Py(py.text, kind, True, all(value.sure for value in found), py.constant)


def quantity(em: Emitter, node: elm.Quantity) -> Py:
    """A quantity as written."""
    em.import_("quantity", "Quantity")
    value = str(node.value if node.value is not None else 0)
    return Py(f"Quantity(Decimal({value!r}), {node.unit or '1'!r})", QUANTITY, True, constant=True)


def _ratio(em: Emitter, node: elm.Ratio) -> Py:
    em.import_("quantity", "Ratio")
    return em.combine("Ratio({})", (quantity(em, node.numerator), quantity(em, node.denominator)), RATIO, True)


def _parts(em: Emitter, *parts: Expression | None) -> list[Py]:
    found = [em.value(part) if part is not None else NULL for part in parts]
    while found and found[-1].text == "None":
        found.pop()
    return found


def _datetime(em: Emitter, node: elm.DateTime) -> Py:
    parts = _parts(em, node.year, node.month, node.day, node.hour, node.minute, node.second, node.millisecond)
    em.import_("general", "datetime_selector")
    if node.timezone_offset is not None:
        offset = em.value(node.timezone_offset)
    else:
        offset = Py("OFFSET_HOURS", DECIMAL, constant=True, atom=True)
    return em.combine("datetime_selector({})", (offset, *parts), DATETIME)


def _date(em: Emitter, node: elm.Date) -> Py:
    em.import_("general", "date_selector")
    return em.combine("date_selector({})", _parts(em, node.year, node.month, node.day), DATE)


def _time(em: Emitter, node: elm.Time) -> Py:
    em.import_("general", "time_selector")
    return em.combine("time_selector({})", _parts(em, node.hour, node.minute, node.second, node.millisecond), TIME)


HANDLERS: dict[type[Element], Handler] = {
    elm.Literal: _literal,
    elm.Null: _null,
    elm.Tuple: _tuple,
    elm.Instance: _instance,
    elm.Interval: _interval,
    elm.List: _list,
    elm.Quantity: quantity,
    elm.Ratio: _ratio,
    elm.DateTime: _datetime,
    elm.Date: _date,
    elm.Time: _time,
}
