"""ELM as XML: the same libraries as :mod:`cqlmeasure.elm.json`, in the form of the ELM schema.

Scalars are attributes and nodes are elements whose class is ``xsi:type``; a named type is a qualified name with a
prefix.  Always holds: what :func:`to_xml` writes :func:`from_xml` reads back as an equal library; a document with a
document type (and so with entities) is refused, and so is one that is too large or too deep.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from xml.parsers import expat

from cqlmeasure.elm.base import Element
from cqlmeasure.elm.depth import deep_recursion
from cqlmeasure.elm.json import (
    FHIR_URI,
    LIBRARY_SECTIONS,
    MAXIMUM_DEPTH,
    ElmFormatError,
    fields_of,
    from_json,
    to_json,
)
from cqlmeasure.elm.library import Library
from cqlmeasure.elm.registry import NODES
from cqlmeasure.typesys import SYSTEM_URI

ELM_URI = "urn:hl7-org:elm:r1"
ANNOTATION_URI = "urn:hl7-org:cql-annotations:r1"
XSI_URI = "http://www.w3.org/2001/XMLSchema-instance"
MAXIMUM_BYTES = 64 * 1024 * 1024
MAXIMUM_ELEMENTS = 2_000_000

_QNAMES = frozenset(
    {
        "asType",
        "classType",
        "dataType",
        "isType",
        "operandType",
        "parameterType",
        "relatedDataType",
        "resultTypeName",
        "toType",
        "valueType",
    }
)
_NUMBERS = frozenset({"startLine", "startChar", "endLine", "endChar"})
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_RESERVED = {"t": SYSTEM_URI, "a": ANNOTATION_URI, "xsi": XSI_URI, "fhir": FHIR_URI}


def to_xml(library: Library) -> bytes:
    """The document of a library, as UTF-8 text."""
    body = to_json(library)["library"]
    prefixes = {uri: prefix for prefix, uri in _RESERVED.items()}
    for using in library.usings:
        if using.uri not in prefixes:
            wished = using.local_identifier.lower()
            free = _NAME.fullmatch(wished) and not wished.startswith("xml") and wished not in prefixes.values()
            prefixes[using.uri] = wished if free else f"ns{len(prefixes)}"
    writer = _Writer(prefixes)
    with deep_recursion():
        writer.element("library", body, 0)
    # Types of models that no 'using' names get their prefix while the body is written.
    spaces = "".join(
        f' xmlns:{prefix}="{_attribute(uri)}"'
        for uri, prefix in prefixes.items()
        if prefix != "fhir" or "fhir" in writer.used
    )
    text = "".join(writer.parts).replace("<library", f'<library xmlns="{ELM_URI}"{spaces}', 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def from_xml(data: bytes) -> Library:
    """The library of an ELM XML document."""
    if len(data) > MAXIMUM_BYTES:
        raise ElmFormatError(f"the document has {len(data)} bytes, more than the limit of {MAXIMUM_BYTES}")
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ElmFormatError(f"not well-formed XML: {error}") from None
    except (LookupError, ValueError) as error:
        if isinstance(error, ElmFormatError):
            raise
        raise ElmFormatError(f"not readable as XML: {error}") from None
    root = reader.root
    if root is None or root.tag != "library":
        raise ElmFormatError("not an ELM library: the document's element is not 'library'")
    try:
        with deep_recursion():
            return from_json({"library": _json_of(root, Library)})
    except RecursionError:
        raise ElmFormatError("the ELM is nested too deeply") from None


# --- writing ---


class _Writer:
    """Turns the JSON form into XML text: objects are elements, lists repeat one, the rest are attributes."""

    def __init__(self, prefixes: dict[str, str]) -> None:
        self.prefixes = prefixes
        self.used: set[str] = set()
        self.parts: list[str] = []

    def element(self, tag: str, value: Mapping[str, Any], depth: int) -> None:
        pad = "  " * min(depth, 40)
        attributes = self.attributes(value)
        below = [(key, item) for key, item in value.items() if isinstance(item, dict | list | tuple)]
        self.parts.append(f"{pad}<{tag}{attributes}")
        if not any(item for _, item in below):
            self.parts.append("/>\n")
            return
        self.parts.append(">\n")
        for key, item in below:
            for one in (item,) if isinstance(item, dict) else item:
                if key == "annotation":
                    self.annotation(one, depth + 1)
                else:
                    self.element(key, one, depth + 1)
        self.parts.append(f"{pad}</{tag}>\n")

    def attributes(self, value: Mapping[str, Any]) -> str:
        kind = value.get("type")
        specifier = isinstance(kind, str) and kind.endswith("TypeSpecifier")
        found = ""
        for key, item in value.items():
            if item is None or isinstance(item, dict | list | tuple):
                continue
            if key == "type":
                found += f' xsi:type="{_attribute(_text(item))}"'
            elif key in _QNAMES or (specifier and key == "name"):
                found += f' {key}="{_attribute(self.qname(_text(item)))}"'
            else:
                found += f' {key}="{_attribute(_text(item))}"'
        return found

    def qname(self, name: str) -> str:
        uri, brace, local = name.removeprefix("{").rpartition("}")
        if not brace:
            return name
        prefix = self.prefixes.setdefault(uri, f"ns{len(self.prefixes)}")
        self.used.add(prefix)
        return f"{prefix}:{local}"

    def annotation(self, value: Mapping[str, Any], depth: int) -> None:
        pad = "  " * min(depth, 40)
        scalars = {key: item for key, item in value.items() if key != "type" and not isinstance(item, dict | list)}
        kind = f' xsi:type="a:{_attribute(str(value["type"]))}"' if "type" in value else ""
        self.parts.append(f"{pad}<annotation{kind}{self.attributes(scalars)}>")
        for tag in value.get("t") or ():
            self.parts.append(f"<a:t{self.attributes(tag)}/>")
        if "s" in value:
            self.narrative(value["s"])
        self.parts.append("</annotation>\n")

    def narrative(self, value: Mapping[str, Any]) -> None:
        name = f' r="{_attribute(str(value["r"]))}"' if "r" in value else ""
        self.parts.append(f"<a:s{name}>{_content(''.join(value.get('value') or ()))}")
        for part in value.get("s") or ():
            self.narrative(part)
        self.parts.append("</a:s>")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _content(text: str) -> str:
    illegal = _ILLEGAL.search(text)
    if illegal is not None:
        raise ElmFormatError(f"the character U+{ord(illegal[0]):04X} cannot be written in XML; write the ELM as JSON")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _attribute(text: str) -> str:
    return _content(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


# --- reading ---


class _Node:
    """An element: local name, class by ``xsi:type``, attributes, and its content in order."""

    __slots__ = ("attributes", "content", "kind", "tag")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.kind: str | None = None
        self.attributes: dict[str, str] = {}
        self.content: list[_Node | str] = []

    def children(self, tag: str) -> list[_Node]:
        return [item for item in self.content if isinstance(item, _Node) and item.tag == tag]

    def child(self, tag: str) -> _Node | None:
        return next(iter(self.children(tag)), None)


class _Reader:
    """The document as nodes, with qualified names resolved to ``{uri}name`` where they stand."""

    def __init__(self) -> None:
        self.root: _Node | None = None
        self.open: list[_Node] = []
        self.count = 0
        self.spaces: dict[str | None, list[str]] = {}
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartNamespaceDeclHandler = self._begin_space
        parser.EndNamespaceDeclHandler = self._end_space

    def _doctype(self, *_: object) -> None:
        raise ElmFormatError("a document type declaration is not allowed")

    def _begin_space(self, prefix: str | None, uri: str | None) -> None:
        self.spaces.setdefault(prefix, []).append(uri or "")

    def _end_space(self, prefix: str | None) -> None:
        self.spaces[prefix].pop()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MAXIMUM_ELEMENTS:
            raise ElmFormatError(f"more than {MAXIMUM_ELEMENTS} elements")
        if len(self.open) > MAXIMUM_DEPTH:
            raise ElmFormatError(f"nested more than {MAXIMUM_DEPTH} levels deep")
        node = _Node(name.rpartition(" ")[2])
        kind = attributes.get(f"{XSI_URI} type")
        if kind is not None:
            node.kind = kind.rpartition(":")[2]
        specifier = node.kind is not None and node.kind.endswith("TypeSpecifier")
        for key, value in attributes.items():
            if " " not in key:
                qualified = key in _QNAMES or (specifier and key == "name")
                node.attributes[key] = self._resolved(value) if qualified else value
        if self.open:
            self.open[-1].content.append(node)
        elif self.root is None:
            self.root = node
        self.open.append(node)

    def _resolved(self, name: str) -> str:
        prefix, colon, local = name.rpartition(":")
        if not colon:
            return name
        uris = self.spaces.get(prefix)
        if not uris:
            raise ElmFormatError(f"the type '{name}' has a prefix that is not declared")
        return f"{{{uris[-1]}}}{local}"

    def _end(self, _: str) -> None:
        self.open.pop()

    def _characters(self, text: str) -> None:
        if self.open[-1].tag == "s":
            self.open[-1].content.append(text)


def _json_of(node: _Node, declared: type[Element]) -> dict[str, Any]:
    """The JSON form of an element that stands where ELM has a node of ``declared``."""
    found: dict[str, Any] = {}
    kind: type[Element] | None = declared
    if node.kind is not None:
        found["type"] = node.kind
        kind = NODES.get(node.kind)
    if kind is None:
        return found  # whoever reads the JSON says what is wrong with it
    for field in fields_of(kind):
        name = field.elm_name
        if name == "annotation":
            notes = [_annotation(item) for item in node.children(name)]
            if notes:
                found[name] = notes
        elif field.kind == "type":
            for key in _type_names(field.name, name):
                if key in node.attributes:
                    found[key] = node.attributes[key]
                elif (specifier := node.child(key)) is not None:
                    found[key] = _specifier(specifier)
        elif field.kind == "types":
            found[name] = [_specifier(item) for item in node.children(name)]
        elif field.kind == "node":
            inner = node.child(name)
            if inner is not None:
                found[name] = _json_of(inner, field.node)
        elif field.kind == "nodes":
            owner = node.child(name) if kind is Library and field.name in LIBRARY_SECTIONS else node
            tag = name if owner is node else "def"
            items = [_json_of(item, field.node) for item in owner.children(tag)] if owner is not None else []
            found[name] = items if owner is node else {"def": items}
        elif name in node.attributes:
            text = node.attributes[name]
            found[name] = text in ("true", "1") if field.kind == "flag" else text
    return found


def _type_names(field: str, name: str) -> tuple[str, ...]:
    if field == "result_type":
        return ("resultTypeName", "resultTypeSpecifier")
    return (name,) if field == "type_specifier" else (name, name + "Specifier")


def _specifier(node: _Node) -> dict[str, Any]:
    """A type specifier; the elements of choices and tuples are lists, all others single."""
    found: dict[str, Any] = dict(node.attributes)
    if node.kind is not None:
        found["type"] = node.kind
    for item in node.content:
        if not isinstance(item, _Node) or item.tag == "annotation":
            continue
        # Old documents have the alternatives of a choice as 'type'.
        tag = "choice" if node.kind == "ChoiceTypeSpecifier" else item.tag
        if tag in ("choice", "element"):
            found.setdefault(tag, []).append(_specifier(item))
        else:
            found[tag] = _specifier(item)
    return found


def _annotation(node: _Node) -> dict[str, Any]:
    found: dict[str, Any] = {"type": node.kind} if node.kind is not None else {}
    for key, text in node.attributes.items():
        found[key] = int(text) if key in _NUMBERS and text.isdecimal() else text
    tags = [dict(item.attributes) for item in node.children("t")]
    if tags:
        found["t"] = tags
    narrative = node.child("s")
    if narrative is not None:
        found["s"] = _narrative(narrative)
    return found


def _narrative(node: _Node) -> dict[str, Any]:
    found: dict[str, Any] = {"r": node.attributes["r"]} if "r" in node.attributes else {}
    if not any(isinstance(item, _Node) for item in node.content):
        text = "".join(item for item in node.content if isinstance(item, str))
        if text or not found:
            found["value"] = [text]
        return found
    found["s"] = [
        _narrative(item) if isinstance(item, _Node) else {"value": [item]}
        for item in node.content
        if isinstance(item, _Node) or item.strip()
    ]
    return found
