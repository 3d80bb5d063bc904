"""XML from outside, read safely into plain nodes: no document type, no entities, bounded size, depth and count."""

from __future__ import annotations

from collections.abc import Collection
from xml.parsers import expat

from cqlmeasure.errors import ContentError, Diagnostic, Span

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 1_000_000
XSI = "http://www.w3.org/2001/XMLSchema-instance"


class Node:
    """One XML element: local name, namespace, attributes by local name, children, place.  Text is not kept.

    ``kind`` is the local part of ``xsi:type``.
    """

    __slots__ = ("attributes", "children", "column", "kind", "line", "namespace", "tag")

    def __init__(self, tag: str, namespace: str, line: int, column: int) -> None:
        self.tag = tag
        self.namespace = namespace
        self.line = line
        self.column = column
        self.kind: str | None = None
        self.attributes: dict[str, str] = {}
        self.children: list[Node] = []

    def get(self, name: str) -> str | None:
        """The value of an attribute; an empty one counts as absent."""
        return self.attributes.get(name) or None

    def first(self, *tags: str) -> Node | None:
        """The first child with one of the tags."""
        return next((child for child in self.children if child.tag in tags), None)


def problem(message: str, file: str, node: Node | None = None, hint: str | None = None) -> ContentError:
    """The error of a malformed model info, with the place of the node at fault."""
    span = None if node is None else Span(node.line, node.column, node.line, node.column)
    diagnostic = Diagnostic(code="model-info", message=message, file=file, span=span, hint=hint)
    return ContentError(diagnostics=(diagnostic,))


def parse_xml(data: bytes, file: str, skip: Collection[str] = ()) -> Node:
    """The tree of a document, without the subtrees of the elements named in ``skip``."""
    if len(data) > MAX_BYTES:
        raise problem(f"the file has {len(data)} bytes, more than the limit of {MAX_BYTES}", file)
    reader = _Reader(file, frozenset(skip))
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        place = Node("", "", error.lineno, error.offset + 1)
        raise problem(f"not well-formed XML: {expat.ErrorString(error.code)}", file, place) from None
    except (LookupError, ValueError) as error:  # an encoding that Python does not know or cannot use
        raise problem(f"not readable as XML: {error}", file) from None
    assert reader.root is not None, "expat refuses a document without an element"
    return reader.root


class _Reader:
    def __init__(self, file: str, skip: frozenset[str]) -> None:
        self.file = file
        self.skip = skip
        self.skipping = 0
        self.count = 0
        self.root: Node | None = None
        self.open: list[Node] = []
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _doctype(self, *_: object) -> None:
        raise problem("a document type declaration is not allowed", self.file, self._place())

    def _place(self) -> Node:
        return Node("", "", self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        self.count += 1
        if self.count > MAX_NODES:
            raise problem(f"more than {MAX_NODES} elements", self.file, self._place())
        if len(self.open) + self.skipping >= MAX_DEPTH:
            raise problem(f"elements nested more than {MAX_DEPTH} deep", self.file, self._place())
        if self.skipping or tag in self.skip:
            self.skipping += 1
            return
        node = Node(tag, namespace, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        for key, value in attributes.items():
            space, _, local = key.rpartition(" ")
            if not space:
                node.attributes[local] = value
            elif space == XSI and local == "type":
                node.kind = value.rpartition(":")[2]
        if self.open:
            self.open[-1].children.append(node)
        elif self.root is None:
            self.root = node
        self.open.append(node)

    def _end(self, _: str) -> None:
        if self.skipping:
            self.skipping -= 1
        else:
            self.open.pop()
