"""What a retrieve filters by beyond type, profile and codes; each filter is a call on the resources found so far.

Always holds: a filter that cannot be honoured becomes a failure that names it.  ``include`` and ``includedIn`` change
nothing: they say what a server may send along, and the data of a subject are all there.
"""

from __future__ import annotations

import re
from dataclasses import replace

from cqlmeasure.compiler.code import Py, slug
from cqlmeasure.compiler.emitter import Emitter
from cqlmeasure.compiler.kinds import element_of, is_fhir
from cqlmeasure.elm.base import Expression
from cqlmeasure.elm.queries import CodeFilterElement, DateFilterElement, OtherFilterElement, Retrieve
from cqlmeasure.models import builtin
from cqlmeasure.typesys import ChoiceType, DataType, ListType, NamedType

_COMPARATORS = {
    "=": "equal",
    "~": "equivalent",
    "!=": "not_equal",
    "<": "less",
    "<=": "less_or_equal",
    ">": "greater",
    ">=": "greater_or_equal",
    "in": "in_",
}
_DATES = frozenset({"date", "dateTime", "instant", "Period"})
_PERSONS = ("subject", "patient", "beneficiary", "individual")
_AS = re.compile(r"\.as\(\w+\)$")
_CODED = ("CodeableConcept", "Coding", "code")


class Refused(Exception):
    """The filter cannot be honoured; the message names it."""


def is_filtered(node: Retrieve) -> bool:
    """Whether a retrieve asks for more than type, profile and codes."""
    return bool(node.date_range or node.id or node.context or node.code_filter or node.date_filter or node.other_filter)


def filtered(em: Emitter, node: Retrieve, base: Py) -> Py:
    """The resources of ``base`` that pass all other filters of the retrieve."""
    assert isinstance(node.data_type, NamedType)
    kind = node.data_type.name
    with em.function(f"r_{slug(em.frame.place.definition, 32)}") as inner:
        inner.line(f"out = {em.use(base)}")
        try:
            for call in _calls(em, node, kind):
                inner.line(f"out = {call}")
        except Refused as refused:
            return replace(em.failure(f"the retrieve of {kind}: {refused}", base.type), sure=True)
        inner.line("return out")
    return Py(em.call_of(inner), base.type, True, True)


def searched_path(kind: str, name: str | None, search: str | None, wanted: str) -> str:
    """The path of an element: as it is given, else that of a search parameter."""
    if name is not None:
        return name
    model = builtin("FHIR")
    facts = model.classes.get(kind) if model is not None else None
    found = facts.searches.get(search) if facts is not None and search is not None else None
    # 'onset.as(dateTime)|onset.as(Period)' is onset: those who ask take only the types that they can use.
    paths = {_AS.sub("", path) for path in found.path.split("|")} if found is not None else set()
    path = paths.pop() if len(paths) == 1 else ""
    if not path.replace(".", "").isalnum():
        raise Refused(
            f"'{search}' is not a search parameter that can be used as {wanted}" if search else f"no {wanted}"
        )
    return path


def _calls(em: Emitter, node: Retrieve, kind: str) -> list[str]:
    calls: list[str] = []
    if node.context is not None:
        calls.append(_context(em, node, kind, node.context))
    if node.id is not None:
        path = _values(em, kind, searched_path(kind, node.id_property or "id", None, "idProperty"), "idProperty")
        em.import_("filters", "with_id")
        calls.append(f"with_id(out, {path}, {_once(em, node.id)}, DATE_TIMES)")
    calls += [_code(em, kind, code_filter) for code_filter in node.code_filter]
    if node.date_range is not None:
        whole = DateFilterElement(
            property=node.date_property,
            low_property=node.date_low_property,
            high_property=node.date_high_property,
            search=node.date_search,
            value=node.date_range,
        )
        calls.append(_date(em, kind, whole))
    calls += [_date(em, kind, date_filter) for date_filter in node.date_filter]
    calls += [_other(em, kind, other_filter) for other_filter in node.other_filter]
    return calls


def _once(em: Emitter, expression: Expression) -> str:
    return em.use(em.value(expression))


def _context(em: Emitter, node: Retrieve, kind: str, person: Expression) -> str:
    names = [node.context_property or ""] if node.context_property else list(_PERSONS)
    if not node.context_property:
        model = builtin("FHIR")
        facts = model.classes.get(kind) if model is not None else None
        names += [found.key_element for found in (facts.relationships if facts is not None else ())]
    paths = [
        tuple((step,) for step in name.split("."))
        for name in dict.fromkeys(names)
        if em.fhir.element(kind, name.partition(".")[0]) is not None
    ]
    if not paths and kind != "Patient":
        raise Refused(f"{node.context_property or kind} does not refer to a person")
    em.import_("filters", "in_context")
    table = em.module.constant(repr(tuple(paths)), em.frame.place, "REFERENCES_")
    return f"in_context(c[0].subject, out, {_once(em, person)}, {kind!r}, {table})"


def _code(em: Emitter, kind: str, given: CodeFilterElement) -> str:
    if given.value_set_property is not None:
        raise Refused(f"the valueSetProperty '{given.value_set_property}' of a codeFilter cannot be honoured")
    if given.comparator not in ("in", "=", "~"):
        raise Refused(f"a codeFilter cannot compare by '{given.comparator}'")
    path = coded_steps(em, kind, searched_path(kind, given.property, given.search, "property of a codeFilter"))
    if path is None:
        raise Refused(f"{kind} has no element '{given.property}', which a codeFilter names")
    em.import_("filters", "coded")
    em.import_("retrieve", "code_table")
    steps = em.module.constant(repr(path), em.frame.place, "STEPS_")
    codes = em.value(given.value)
    table = f"code_table({codes.text})"
    if codes.constant:
        table = em.module.constant(table, em.frame.place, "CODES_")
    return f"coded(out, {steps}, {table})"


def _date(em: Emitter, kind: str, given: DateFilterElement) -> str:
    period = _once(em, given.value)
    if given.low_property is not None or given.high_property is not None:
        if given.low_property is None or given.high_property is None:
            raise Refused("dateLowProperty and dateHighProperty go together")
        low = _values(em, kind, given.low_property, "dateLowProperty", _DATES)
        high = _values(em, kind, given.high_property, "dateHighProperty", _DATES)
        em.import_("filters", "during_bounds")
        return f"during_bounds(out, {low}, {high}, {period}, DATE_TIMES)"
    name = searched_path(kind, given.property, given.search, "dateProperty")
    path = _values(em, kind, name, "dateProperty", _DATES)
    em.import_("filters", "during")
    return f"during(out, {path}, {period}, DATE_TIMES)"


def _other(em: Emitter, kind: str, given: OtherFilterElement) -> str:
    function = _COMPARATORS.get(given.comparator)
    if function is None:
        raise Refused(f"an otherFilter cannot compare by '{given.comparator}'")
    path = _values(
        em, kind, searched_path(kind, given.property, given.search, "property of an otherFilter"), "property"
    )
    em.call(function)
    em.import_("filters", "having")
    return f"having(out, {path}, {function}, {_once(em, given.value)}, DATE_TIMES)"


def coded_steps(em: Emitter, kind: str, path: str) -> tuple[tuple[str, ...], ...] | None:
    """The JSON names of each step to a coded element, ``None`` if the class has no such element."""
    steps: list[tuple[str, ...]] = []
    for step, found in _steps(em, kind, path):
        if found is None:
            return None
        keys = em.fhir.choice_keys(step, found)
        steps.append(tuple(key for key, name in keys.items() if name in _CODED) or (step,))
    return tuple(steps)


def _values(em: Emitter, kind: str, path: str, role: str, kinds: frozenset[str] | None = None) -> str:
    """The constant of a path to System values; ``kinds`` are the FHIR types that will do."""
    steps: list[tuple[tuple[str, str], ...]] = []
    names: dict[str, str] = {}
    for step, found in _steps(em, kind, path.removesuffix(".value")):
        if found is None:
            raise Refused(f"{kind} has no element '{path}', which is its {role}")
        names = dict(em.fhir.choice_keys(step, found))
        if not names and isinstance(found, NamedType):
            names = {step: found.name}
        steps.append(tuple(names.items()))
    if kinds is not None:
        steps[-1] = tuple((key, name) for key, name in steps[-1] if name in kinds)
        if not steps[-1]:
            raise Refused(f"'{path}' is neither a date nor a period, and so cannot be its {role}")
    return em.module.constant(repr(tuple(steps)), em.frame.place, "VALUES_")


def _steps(em: Emitter, kind: str, path: str) -> list[tuple[str, DataType | None]]:
    """Each step of a path with the type of its element or of the element's items; ``None`` where there is none."""
    found: list[tuple[str, DataType | None]] = []
    owner: str | None = kind
    for step in path.replace("[x]", "").split("."):
        facts = em.fhir.element(owner, step) if owner is not None else None
        own = (element_of(facts.type) if isinstance(facts.type, ListType) else facts.type) if facts else None
        found.append((step, own))
        owner = own.name if isinstance(own, NamedType) and is_fhir(own) else None
        if isinstance(own, ChoiceType):
            owner = None
    return found
