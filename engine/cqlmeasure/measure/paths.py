"""Paths in resources: the small part of FHIRPath that stratifiers, supplemental data and code filters use.

Owns `Patient.gender`, `deceased` (a choice), `name[0].family`, `extension('url').value.ofType(Coding)`, `first()`,
`exists()` and `$this`.  Always holds: a path that cannot be read is a message, never a guess; a path that finds nothing
gives no values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from cqlmeasure.runtime import FhirValue

_PART = re.compile(
    r"""(?:
        (?P<this>\$this)
      | (?P<function>ofType|as|extension|first|exists)\(\s*(?P<argument>'[^']*'|[A-Za-z_][\w.]*)?\s*\)
      | (?P<name>[A-Za-z_]\w*|`[^`]+`)
    )(?:\[(?P<index>\d{1,6})\])?""",
    re.VERBOSE,
)
_PRIMITIVES = """
    base64Binary boolean canonical code date dateTime decimal id instant integer integer64 markdown oid positiveInt
    string time unsignedInt uri url uuid
"""
_COMPLEX = """
    Address Age Annotation Attachment CodeableConcept CodeableReference Coding ContactPoint Count Distance Dosage
    Duration Expression HumanName Identifier Meta Money Period Quantity Range Ratio RatioRange Reference SampledData
    Signature Timing
"""
# The ending of a choice element's JSON name -> the FHIR type.
_CHOICES = {name[0].upper() + name[1:]: name for name in (_PRIMITIVES + _COMPLEX).split()}
_FUNCTIONS_WITH_ARGUMENT = frozenset({"ofType", "as", "extension"})


class Part(msgspec.Struct, frozen=True):
    """One step: an element, or a function with its argument; ``index`` picks one of what is found."""

    name: str
    function: bool = False
    argument: str | None = None
    index: int | None = None


class Path(msgspec.Struct, frozen=True):
    """A path; ``root`` is the type that it starts with, if it says one."""

    text: str
    root: str | None
    parts: tuple[Part, ...]


def parse_path(text: str) -> Path | str:
    """The path, or what is wrong with it."""
    parts: list[Part] = []
    root = None
    position = 0
    text = text.strip()
    while position < len(text) or not parts:
        match = _PART.match(text, position)
        if match is None:
            return f"cannot read {text[position:] or 'nothing'!r} as a step of a path"
        function, argument = match["function"], match["argument"]
        index = int(match["index"]) if match["index"] is not None else None
        if function is not None:
            if (argument is not None) != (function in _FUNCTIONS_WITH_ARGUMENT):
                return f"{function}() has {'no' if argument is None else 'an'} argument"
            parts.append(Part(function, True, argument.strip("'") if argument else None, index))
        elif match["name"] is not None:
            parts.append(Part(match["name"].strip("`"), False, None, index))
        else:
            parts.append(Part("$this", False, None, index))
        position = match.end()
        if position < len(text):
            if text[position] != ".":
                return f"cannot read {text[position:]!r} in a path"
            position += 1
            if position == len(text):
                return "a path does not end with a dot"
    if parts[0].name[0].isupper() and not parts[0].function:
        root, parts = parts[0].name, parts[1:]
    return Path(text, root, tuple(parts))


def find(path: Path, value: Any) -> list[Any]:
    """The values at the path, in order; values of choice elements know their type."""
    if path.root is not None and not _is_a(value, path.root):
        return []
    found = [value] if value is not None else []
    for part in path.parts:
        if part.name == "exists" and part.function:
            found = [bool(found)]
        elif part.name == "first" and part.function:
            found = found[:1]
        elif part.name != "$this":
            found = [item for one in found for item in _step(part, one)]
        if part.index is not None:
            found = found[part.index : part.index + 1]
    return found


def codings(value: Any) -> Iterator[tuple[str | None, str]]:
    """The (system, code) pairs of a code, Coding, CodeableConcept or choice of these."""
    if isinstance(value, FhirValue):
        value = value.json
    if isinstance(value, str):
        yield None, value
    elif isinstance(value, dict):
        listed = value.get("coding")
        for coding in listed if isinstance(listed, list) else [value]:
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                system = coding.get("system")
                yield (system if isinstance(system, str) else None), coding["code"]


def _is_a(value: Any, kind: str) -> bool:
    if kind in ("Resource", "DomainResource"):
        return isinstance(value, dict) and "resourceType" in value
    return isinstance(value, dict) and value.get("resourceType", kind) == kind


def _step(part: Part, value: Any) -> Iterator[Any]:
    if part.function and part.name in ("ofType", "as"):
        if isinstance(value, FhirValue):
            wanted = (part.argument or "").rpartition(".")[2]
            if value.type.lower() == wanted.lower():
                yield value
        elif value is not None:
            yield value
        return
    if isinstance(value, FhirValue):
        value = value.json
    if not isinstance(value, dict):
        return
    if part.function:
        extensions = value.get("extension")
        for extension in extensions if isinstance(extensions, list) else []:
            if isinstance(extension, dict) and extension.get("url") == part.argument:
                yield extension
        return
    if part.name in value:
        inner = value[part.name]
        yield from (item for item in (inner if isinstance(inner, list) else [inner]) if item is not None)
        return
    size = len(part.name)
    for name, inner in value.items():
        kind = _CHOICES.get(name[size:]) if name.startswith(part.name) else None
        if kind is not None and inner is not None:
            yield FhirValue(kind, inner)
