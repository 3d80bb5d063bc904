"""Elements of values: FHIR JSON, System classes, tuples."""

from __future__ import annotations

from collections.abc import Sequence

from cqlmeasure.compiler.code import Py
from cqlmeasure.compiler.emitter import Emitter, Handler
from cqlmeasure.compiler.kinds import is_fhir, is_unknown, merge
from cqlmeasure.elm.base import Element
from cqlmeasure.elm.literals import Property
from cqlmeasure.typesys import (
    BOOLEAN,
    CODE,
    CODE_SYSTEM,
    CONCEPT,
    DATE,
    DATETIME,
    DECIMAL,
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
)

_FLAGS = {"lowClosed": "low_closed", "highClosed": "high_closed"}
_SYSTEM: dict[DataType, dict[str, tuple[str, DataType]]] = {
    QUANTITY: {"value": ("value", DECIMAL), "unit": ("unit", STRING)},
    RATIO: {"numerator": ("numerator", QUANTITY), "denominator": ("denominator", QUANTITY)},
    CODE: {name: (name, STRING) for name in ("code", "system", "version", "display")},
    CONCEPT: {"codes": ("coding", ListType(CODE)), "display": ("text", STRING)},
    VALUE_SET: {"id": ("url", STRING), "version": ("version", STRING), "name": ("name", STRING)},
    CODE_SYSTEM: {"id": ("url", STRING), "version": ("version", STRING), "name": ("name", STRING)},
    VOCABULARY: {"id": ("url", STRING), "version": ("version", STRING), "name": ("name", STRING)},
}
_PRIMITIVES: dict[DataType, str] = {DATE: "fhir_date", TIME: "fhir_time", DECIMAL: "fhir_decimal"}


def _property(em: Emitter, node: Property) -> Py:
    steps = node.path.replace("[x]", "").split(".")
    if node.source is None:
        base = em.look_up("alias", node.scope or "$this") or em.look_up("let", node.scope or "")
        if base is None:
            return em.failure(f"'{node.scope}' is not an alias in scope")
    else:
        base = None
        if steps[0] in ("extension", "id") and isinstance(node.source, Property):
            base = _of_primitive(em, node.source)
        if base is None:
            base = em.value(node.source)
    for step in steps:
        base = access(em, base, step)
    return base


def _of_primitive(em: Emitter, source: Property) -> Py | None:
    """The object that carries id and extensions of a primitive element, if the source is one."""
    owner: Py | None
    if source.source is not None:
        owner = em.value(source.source)
    else:
        owner = em.look_up("alias", source.scope or "$this")
    if owner is None or "." in source.path or not isinstance(owner.type, NamedType) or not is_fhir(owner.type):
        return None
    facts = em.fhir.element(owner.type.name, source.path)
    kind = facts.type if facts is not None else None
    if not isinstance(kind, NamedType) or not is_fhir(kind) or not em.fhir.is_primitive(kind.name):
        return None
    return get(em, owner, "_" + source.path, em.fhir.type("Element"))


def get(em: Emitter, owner: Py, key: str, kind: DataType | None) -> Py:
    """The JSON under a key."""
    if owner.constant:
        em.import_("fhir", "element")
        return em.combine("element({})", (owner, repr(key)), kind)
    if owner.sure:
        return Py(f"{owner.text}.get({key!r})", kind)
    if owner.text.isidentifier():
        return Py(f"(None if {owner.text} is None else {owner.text}.get({key!r}))", kind)
    temp = em.temp()
    return Py(f"(None if ({temp} := {owner.text}) is None else {temp}.get({key!r}))", kind)


def _attribute(em: Emitter, owner: Py, name: str, kind: DataType | None, sure: bool = False) -> Py:
    if owner.sure or owner.constant:
        temp_free = owner.sure
        if temp_free:
            return Py(f"{owner.text}.{name}", kind, sure, constant=owner.constant)
    temp = em.temp()
    text = f"(None if ({temp} := {owner.text if owner.constant else em.use(owner)}) is None else {temp}.{name})"
    return Py(text, kind, constant=owner.constant)


def access(em: Emitter, owner: Py, name: str) -> Py:
    """One element of a value."""
    kind = owner.type
    if is_unknown(kind):
        return dynamic(em, owner, name, None)
    if isinstance(kind, TupleType):
        return get(em, owner, name, kind.element(name))
    if isinstance(kind, IntervalType):
        flag = name in _FLAGS
        return _attribute(em, owner, _FLAGS.get(name, name), BOOLEAN if flag else kind.point)
    if isinstance(kind, ListType):
        return _of_items(em, owner, kind, name)
    if isinstance(kind, ChoiceType):
        return _of_choice(em, owner, kind, name)
    if isinstance(kind, NamedType) and kind.model == SYSTEM:
        found = _SYSTEM.get(kind, {}).get(name)
        if found is None:
            return dynamic(em, owner, name, None)
        key, inner = found
        if kind in (CODE, CONCEPT):
            return get(em, owner, key, inner)
        return _attribute(em, owner, key, inner, sure=kind == QUANTITY)
    assert isinstance(kind, NamedType)
    return _of_fhir(em, owner, kind, name)


def _of_fhir(em: Emitter, owner: Py, kind: NamedType, name: str) -> Py:
    if name == "value":
        simple = em.fhir.value_type(kind.name)
        if simple is not None:
            return primitive(em, owner, simple)
    facts = em.fhir.element(kind.name, name)
    if facts is None:
        return dynamic(em, owner, name, None)
    if isinstance(facts.type, ChoiceType):
        keys = em.module.constant(repr(em.fhir.choice_keys(name, facts.type)), em.frame.place, "CHOICE_")
        text = em.use(owner)
        em.import_("fhir", "choice")
        return Py(f"choice({text}, {keys})", facts.type, owner=text, keys=keys)
    found = get(em, owner, name, facts.type)
    return Py(found.text, found.type, items=isinstance(facts.type, ListType), constant=found.constant)


def primitive(em: Emitter, owner: Py, simple: DataType) -> Py:
    """The System value of a FHIR primitive."""
    if simple == DATETIME:
        text = em.use(owner)
        if owner.sure:
            return Py(f"DATE_TIMES[{text}]", simple)
        temp = em.temp()
        return Py(f"(None if ({temp} := {text}) is None else DATE_TIMES[{temp}])", simple)
    convert = _PRIMITIVES.get(simple)
    if convert is None:
        return owner.typed(simple)
    return em.call(convert, owner, kind=simple)


def dynamic(em: Emitter, owner: Py, name: str, kind: DataType | None) -> Py:
    """An element of a value whose type is only known at run time."""
    em.import_("fhir", "dynamic")
    return Py(f"dynamic({em.use(owner)}, {name!r}, DATE_TIMES)", kind)


def _of_items(em: Emitter, owner: Py, kind: ListType, name: str) -> Py:
    item = em.temp()
    found = access(em, Py(item, kind.element, owner.items, atom=True), name)
    temp = em.temp()
    text = f"(None if ({temp} := {em.use(owner)}) is None else [{em.use(found)} for {item} in {temp}])"
    if isinstance(found.type, ListType):
        em.call("flatten")
        return Py(f"flatten({text})", found.type)
    return Py(text, ListType(found.type) if found.type is not None else None)


def _of_choice(em: Emitter, owner: Py, kind: ChoiceType, name: str) -> Py:
    """Of a choice: if all alternatives that have the element agree on its type, as of one of them."""
    having: list[tuple[NamedType, DataType]] = []
    others: list[DataType | None] = []
    resources = True
    for alternative in kind.alternatives:
        if not isinstance(alternative, NamedType):
            resources = False
            others.append(_element_type(alternative, name))
        elif is_fhir(alternative):
            resources = resources and em.fhir.is_resource(alternative.name)
            simple = em.fhir.value_type(alternative.name) if name == "value" else None
            facts = em.fhir.element(alternative.name, name)
            if simple is not None:
                others.append(simple)
            elif facts is not None:
                having.append((alternative, facts.type))
        else:
            resources = False
            found = _SYSTEM.get(alternative, {}).get(name)
            others.append(found[1] if found else None)
    if resources and having and _agree(having):
        return _of_fhir(em, owner, having[0][0], name)
    types: Sequence[DataType | None] = [*(one for _, one in having), *(one for one in others if one is not None)]
    if resources and having:
        table = em.module.constant(
            repr({one.name: _element_keys(em, name, found) for one, found in having}), em.frame.place, "ELEMENTS_"
        )
        em.import_("general", "element_of_type")
        return Py(f"element_of_type({em.use(owner)}, {table})", merge(*types))
    return dynamic(em, owner, name, merge(*types) if types else None)


def _agree(having: Sequence[tuple[NamedType, DataType]]) -> bool:
    """Whether one way of access serves all: the same type, or choices of which the first has all alternatives."""
    first = having[0][1]
    return all(other == first for _, other in having)


def _element_keys(em: Emitter, name: str, kind: DataType) -> dict[str, str | None]:
    keys: dict[str, str | None] = dict(em.fhir.choice_keys(name, kind))
    if keys:
        return keys
    plain = isinstance(kind, ListType) or (isinstance(kind, NamedType) and em.fhir.is_resource(kind.name))
    return {name: None if plain or not isinstance(kind, NamedType) else kind.name}


def _element_type(kind: DataType, name: str) -> DataType | None:
    if isinstance(kind, TupleType):
        return kind.element(name)
    if isinstance(kind, IntervalType):
        return BOOLEAN if name in _FLAGS else kind.point
    return None


HANDLERS: dict[type[Element], Handler] = {Property: _property}
