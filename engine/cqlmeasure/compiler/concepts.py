"""Concepts that are asked for codes: many questions become one call.

Always holds: the call answers what the questions would have, in any order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cqlmeasure.compiler.code import Frame
from cqlmeasure.compiler.emitter import Emitter

_ONE_CODE = re.compile(r"equivalent_concept_code\((.+), (CODE_\w+)\)")
_SOME_CODES = re.compile(r"\(?concept_among\((\w+), (AMONG_\w+)\)\)?")
_ASSIGNED = re.compile(r"\((t\d+) := .+\)")
_LOOP = re.compile(r"for (\w+) in (?:\((.+) or \(\)\)|(\w+)):")
_CONDITION = re.compile(r"if not (.+):")
_TEMPORARY = re.compile(r"\bt\d+\b")


def among(em: Emitter, texts: Sequence[str]) -> list[str]:
    """Alternatives, with neighbours that ask one concept for several codes made one."""
    found: list[str] = []
    concept = ""
    codes: list[str] = []
    for text in [*texts, ""]:
        match = _ONE_CODE.fullmatch(text)
        assigned = _ASSIGNED.fullmatch(concept)
        if match is not None and codes and match[1] in (concept, assigned[1] if assigned else concept):
            codes.append(match[2])
            continue
        if len(codes) > 1:
            em.import_("equivalence", "concept_among")
            found[-1] = f"concept_among({concept}, {_pairs(em, codes)})"
        concept, codes = (match[1], [match[2]]) if match is not None else ("", [])
        if text:
            found.append(text)
    return found


def any_among(em: Emitter, inner: Frame) -> str | None:
    """What a function answers that only asks each concept of a list for codes, as a call; ``None`` of any other."""
    texts = [text for _, text, _ in inner.lines]
    if len(texts) != 5 or texts[2:] != ["continue", "return True", "return False"]:
        return None
    loop, condition = _LOOP.fullmatch(texts[0]), _CONDITION.fullmatch(texts[1])
    if loop is None or condition is None:
        return None
    items = loop[2] or loop[3]
    # Variables of the function mean something else outside.
    if _TEMPORARY.search(items):
        return None
    one, some = _ONE_CODE.fullmatch(condition[1]), _SOME_CODES.fullmatch(condition[1])
    asked = one or some
    if asked is None or asked[1] != loop[1]:
        return None
    em.import_("equivalence", "any_among")
    pairs = _pairs(em, [one[2]]) if one is not None else asked[2]
    return f"any_among({items}, {pairs})"


def _pairs(em: Emitter, codes: Sequence[str]) -> str:
    em.import_("equivalence", "code_pairs")
    return em.module.constant(f"code_pairs(({', '.join(codes)},))", em.frame.place, "AMONG_")
