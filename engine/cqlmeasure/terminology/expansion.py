"""Reading the expansion of a ValueSet and the concepts of a CodeSystem.

Always holds: abstract entries (headings of a hierarchy) are no members, inactive ones are (an expansion that lists an
inactive code says that it belongs); an expansion that says that it holds less than everything is never called complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cqlmeasure.terminology.lookup import Json, objects, text_of

Code = dict[str, Any]

_INCOMPLETE = {
    "http://hl7.org/fhir/StructureDefinition/valueset-toocostly": "the server found the expansion too costly",
    "http://hl7.org/fhir/StructureDefinition/valueset-unclosed": "the value set is unclosed",
}
MAX_NESTING = 200


def expansion_gap(expansion: Json) -> str | None:
    """Why an expansion is not the whole value set; ``None`` if it is."""
    count = sum(1 for _ in _nested(expansion.get("contains"), "contains"))
    total = expansion.get("total")
    if isinstance(total, int) and total > count:
        return f"its expansion is cut: {count} of {total} codes are there"
    offset = expansion.get("offset")
    if isinstance(offset, int) and offset > 0:
        return f"its expansion is one page, from code {offset} on"
    for extension in objects(expansion.get("extension")):
        reason = _INCOMPLETE.get(text_of(extension.get("url")) or "")
        if reason is not None and extension.get("valueBoolean") is not False:
            return f"its expansion is not complete: {reason}"
    for parameter in objects(expansion.get("parameter")):
        if parameter.get("name") == "limitedExpansion" and str(parameter.get("valueBoolean")).lower() == "true":
            return "its expansion is marked as limited"
    return None


def expansion_codes(expansion: Json) -> Iterator[Code]:
    """The member codes of an expansion in its order."""
    for entry in _nested(expansion.get("contains"), "contains"):
        code = entry.get("code")
        if isinstance(code, str) and entry.get("abstract") is not True:
            yield make_code(entry.get("system"), entry)


def make_code(system: Any, entry: Json) -> Code:
    """A Coding of what an expansion, an include or a code system says of one code."""
    code: Code = {"code": entry["code"]}
    if isinstance(system, str) and system:
        code["system"] = system
    for name in ("version", "display"):
        if isinstance(entry.get(name), str):
            code[name] = entry[name]
    return code


class Concept:
    """One concept of a code system with its place in the hierarchy."""

    __slots__ = ("entry", "parents")

    def __init__(self, entry: Json, parents: frozenset[str]) -> None:
        self.entry = entry
        self.parents = parents  # all ancestors


def system_concepts(system: Json) -> list[Concept]:
    """The concepts of a CodeSystem, parents before their children."""
    found: list[Concept] = []
    stack: list[tuple[Json, frozenset[str]]] = [
        (entry, frozenset()) for entry in reversed(objects(system.get("concept")))
    ]
    while stack:
        entry, parents = stack.pop()
        code = entry.get("code")
        if not isinstance(code, str):
            continue
        found.append(Concept(entry, parents))
        below = parents | {code}
        if len(below) <= MAX_NESTING:
            stack.extend((child, below) for child in reversed(objects(entry.get("concept"))))
    return _with_parent_properties(found)


def _with_parent_properties(concepts: list[Concept]) -> list[Concept]:
    """Adds ancestors that are given by ``parent`` properties instead of nesting."""
    direct: dict[str, set[str]] = {}
    for concept in concepts:
        named = set(properties(concept.entry, "parent")) | set(properties(concept.entry, "subsumedBy"))
        if named:
            direct[concept.entry["code"]] = {str(code) for code in named}
    if direct:
        for concept in concepts:
            ancestors, open_ones = set(concept.parents), [concept.entry["code"], *concept.parents]
            while open_ones:
                for parent in direct.get(open_ones.pop(), ()):
                    if parent not in ancestors:
                        ancestors.add(parent)
                        open_ones.append(parent)
            concept.parents = frozenset(ancestors)
    return concepts


def properties(entry: Json, name: str) -> list[str | int | float]:
    """The values of a concept's property."""
    found: list[str | int | float] = []
    for item in objects(entry.get("property")):
        if item.get("code") == name:
            value = next((value for key, value in item.items() if key.startswith("value")), None)
            value = value.get("code") if isinstance(value, dict) else value
            if isinstance(value, str | int | float):
                found.append(value)
    return found


def is_abstract(entry: Json) -> bool:
    """Whether a concept is not selectable."""
    return True in properties(entry, "notSelectable") or True in properties(entry, "abstract")


def is_inactive(entry: Json) -> bool:
    """Whether a concept is no longer in use."""
    return True in properties(entry, "inactive") or bool({"retired", "inactive"} & {*properties(entry, "status")})


def _nested(entries: Any, name: str) -> Iterator[Json]:
    """Entries and those below them, depth first, without recursion."""
    stack = objects(entries)[::-1]
    while stack:
        entry = stack.pop()
        yield entry
        if below := entry.get(name):
            stack.extend(reversed(objects(below)))
