"""Retrieves: each is a memo slot of the context, filled from the subject's index of codes.

Always holds: retrieves that ask for the same share a slot; the codes of a constant filter are a constant table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from cqlmeasure.compiler.code import Py
from cqlmeasure.compiler.emitter import Emitter, Handler
from cqlmeasure.compiler.filters import Refused, filtered, is_filtered, searched_path
from cqlmeasure.elm.base import Element
from cqlmeasure.elm.queries import Retrieve
from cqlmeasure.models import profile_facts
from cqlmeasure.typesys import VALUE_SET, DataType, ListType, NamedType


def profile(em: Emitter, kind: str, template: str | None) -> str:
    """The constant of a profile, or ``None`` as :func:`profile_facts` has it."""
    facts = profile_facts(kind, template)
    if facts is None:
        return "None"
    em.import_("retrieve", "Profile")
    return em.module.constant(f"Profile{tuple(facts)!r}", em.frame.place, "PROFILE_")


def code_path(em: Emitter, kind: str, path: str) -> str:
    """The constant of a code path: the JSON names of each step; a choice has several."""
    steps = em.fhir.code_steps(kind, path)
    text = f"ENV.indexes.at({f'{kind}.{path}'!r}, {kind!r}, {steps!r})"
    return em.module.constant(text, em.frame.place, "PATH_")


def _retrieve(em: Emitter, node: Retrieve) -> Py:
    base = _by_codes(em, node)
    return filtered(em, node, base) if is_filtered(node) else base


def _by_codes(em: Emitter, node: Retrieve) -> Py:
    assert isinstance(node.data_type, NamedType)
    kind = node.data_type.name
    result = ListType(node.data_type)
    wanted = profile(em, kind, node.template_id)
    if node.codes is None:
        return _memoised(em, "retrieve", (repr(kind), wanted), result)
    if node.value_set_property is not None:
        return em.failure(f"the valueSetProperty of the retrieve of {kind} cannot be honoured", result)
    try:
        name = "code"
        if node.code_property or node.code_search:
            name = searched_path(kind, node.code_property, node.code_search, "codeProperty")
    except Refused as refused:
        return em.failure(f"the retrieve of {kind}: {refused}", result)
    path = code_path(em, kind, name)
    codes = em.value(node.codes)
    if node.code_comparator == "~" and codes.type == VALUE_SET:
        return _memoised(em, "retrieve_not_done", (wanted, path, em.use(codes)), result)
    em.import_("retrieve", "code_table")
    if codes.constant:
        table = em.module.constant(f"{path}.add(code_table({codes.text}))", em.frame.place, "CODES_")
        return _memoised(em, "retrieve_codes", (wanted, path, table), result)
    text = f"c[0].retrieve_dynamic({wanted}, {path}, code_table({codes.text}))"
    return Py(text, result, True, True)


_OF_TABLE = re.compile(
    r"\((t\d+) if \(\1 := c\[(\d+)\]\) is not UNSET else c\[0\]\.retrieve_codes\(c, \2, (\w+), (\w+), (\w+)\)\)"
)


def merged(em: Emitter, operands: Sequence[Py]) -> list[Py]:
    """The operands of a union, with neighbours that only differ in the codes they ask for made one."""
    found: list[Py] = []
    tables: list[str] = []
    for operand, following in zip_longest(operands, operands[1:]):
        match = _OF_TABLE.fullmatch(operand.text)
        after = _OF_TABLE.fullmatch(following.text) if following is not None else None
        if match is None:
            found.append(operand)
            continue
        tables.append(match[5])
        if after is not None and after.group(3, 4) == match.group(3, 4) and following.type == operand.type:
            continue
        if len(tables) == 1:
            found.append(operand)
        else:
            arguments = (match[3], match[4], f"({', '.join(dict.fromkeys(tables))},)")
            found.append(_memoised(em, "retrieve_any", arguments, operand.type))
        tables = []
    return found


def _memoised(em: Emitter, method: str, arguments: tuple[str, ...], kind: DataType | None) -> Py:
    rest = ", ".join(arguments)
    key = f"{method}({rest})"
    slot = em.retrieves.get(key)
    if slot is None:
        slot = em.retrieves[key] = em.module.slot()
    em.import_("context", "UNSET")
    temp = em.temp()
    text = f"({temp} if ({temp} := c[{slot}]) is not UNSET else c[0].{method}(c, {slot}, {rest}))"
    return Py(text, kind, True, True)


HANDLERS: dict[type[Element], Handler] = {Retrieve: _retrieve}
