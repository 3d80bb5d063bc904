"""What the head of a JSON file says, and the entries of the index that is made from it.

Always holds: a head is read by a decoder that skips what it is not asked for, so that the codes of a value set or the
base64 text of a library cost no objects until somebody wants them.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import orjson

from cqlmeasure.content.sources import SourceFile
from cqlmeasure.errors import ContentError, broken_json

Json = dict[str, Any]


class Head(msgspec.Struct):
    """The top level of a JSON object as far as the index needs it; anything may be of a wrong type."""

    resourceType: Any = None  # a text or None, once ``read_head`` has seen it
    id: Any = None
    url: Any = None
    version: Any = None
    name: Any = None
    measure: Any = None
    library: msgspec.Raw = msgspec.Raw()
    entry: msgspec.Raw = msgspec.Raw()


class BundleEntry(msgspec.Struct):
    """An entry of a Bundle with its resource still unread."""

    resource: msgspec.Raw = msgspec.Raw()


class _Identifier(msgspec.Struct):
    id: str | None = None
    version: str | None = None


class ElmHead(msgspec.Struct):
    """The head of an ELM library: its identifier."""

    identifier: _Identifier | None = None


_head = msgspec.json.Decoder(Head)
_entries = msgspec.json.Decoder(list[BundleEntry])
_elm_head = msgspec.json.Decoder(ElmHead)
DECODE_ERRORS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def read_head(data: bytes | msgspec.Raw) -> Head:
    """The head of a JSON object; raises one of ``DECODE_ERRORS``."""
    head = _head.decode(data)
    if not isinstance(head.resourceType, str):
        head.resourceType = None
    return head


def is_present(raw: msgspec.Raw) -> bool:
    """Whether the JSON had this member."""
    return memoryview(raw).nbytes > 0


def read_entries(data: msgspec.Raw) -> list[msgspec.Raw]:
    """The resources of a Bundle's ``entry`` list, unread; raises one of ``DECODE_ERRORS``."""
    entries = _entries.decode(data) if is_present(data) else []
    return [entry.resource for entry in entries if is_present(entry.resource)]


def elm_identifier(data: bytes | msgspec.Raw) -> tuple[str, str | None] | None:
    """Name and version of the ELM library in ``data``, or ``None`` if it is none."""
    try:
        head = _elm_head.decode(data)
    except DECODE_ERRORS:
        return None
    if head.identifier is None or not head.identifier.id:
        return None
    return head.identifier.id, head.identifier.version


def parse_object(data: bytes | memoryview, label: str) -> Json:
    """A JSON object, or a ``ContentError`` that names the file."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ContentError(diagnostics=[broken_json(error, label)]) from error
    if not isinstance(value, dict):
        raise ContentError("this is no FHIR: expected a JSON object", code="not-fhir", file=label)
    return value


def objects(value: Any) -> list[Json]:
    """The JSON objects of a list; what is no list holds none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: Any) -> str | None:
    """``value`` if it is a text that is not empty."""
    return value if isinstance(value, str) and value else None


class ResourceEntry:
    """One indexed resource: what its head says and where it is; ``resource()`` parses it once."""

    __slots__ = ("_json", "_raw", "_source", "file", "id", "name", "type", "url", "version")

    def __init__(self, head: Head, source: SourceFile, raw: msgspec.Raw | None) -> None:
        self.type = text_of(head.resourceType) or ""
        self.id = text_of(head.id)
        self.url = text_of(head.url)
        self.version = text_of(head.version)
        tail = self.url.rstrip("/").rsplit("/", 1)[-1] if self.url else None
        self.name: str = text_of(head.name) or self.id or tail or source.stem
        self.file = source.label
        self._source = source
        self._raw = raw
        self._json: Json | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, version={self.version!r}, file={self.file!r})"

    @property
    def source(self) -> SourceFile:
        """The file that holds it."""
        return self._source

    def bytes(self) -> bytes | memoryview:
        """The JSON text."""
        return self._source.read() if self._raw is None else memoryview(self._raw)

    def resource(self) -> Json:
        """The parsed resource; the same object at each call, not to be changed."""
        if self._json is None:
            self._json = parse_object(self.bytes(), self.file)
        return self._json

    def read(self) -> Json:
        """The resource, parsed anew and not kept: for large resources that are turned into something else."""
        return parse_object(self.bytes(), self.file)


class MeasureEntry(ResourceEntry):
    """A Measure: ``name``, ``id``, ``url``, ``version``, ``file``, and ``resource()`` for its JSON."""

    __slots__ = ()


_PIECES = re.compile(r"\d+|[A-Za-z]+")


def version_key(version: str | None) -> tuple[Any, ...]:
    """Sorts versions as people read them: 1.10 after 1.9, a release after its drafts, no version first."""
    if not version:
        return ()
    main, _, draft = version.partition("-")

    def pieces(text: str) -> tuple[tuple[int, int, str], ...]:
        return tuple((1, int(p), "") if p.isdigit() else (0, 0, p.lower()) for p in _PIECES.findall(text)[:16])

    return (pieces(main), not draft, pieces(draft), version)


def split_canonical(reference: str) -> tuple[str, str | None]:
    """``url|version`` in two; a fragment is dropped."""
    url, _, version = reference.partition("|")
    return url.partition("#")[0], version or None
