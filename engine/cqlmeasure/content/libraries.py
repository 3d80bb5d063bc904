"""Libraries by CQL name and version, by canonical url, from ``.cql`` files, Library resources and ELM files.

Always holds: for one name and version the text of a ``.cql`` file goes before the text in a Library resource (it is
what the author edits), and base64 content is decoded only when it is asked for.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import re
from collections.abc import Iterable

import orjson

from cqlmeasure.content.resources import (
    DECODE_ERRORS,
    Json,
    ResourceEntry,
    elm_identifier,
    is_present,
    objects,
    parse_object,
    read_head,
    split_canonical,
    version_key,
)
from cqlmeasure.content.sources import SourceFile
from cqlmeasure.errors import ContentError

_PART = r'(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)'
_DECLARATION = re.compile(
    rf"\s*library\s+(?P<name>{_PART}(?:\s*\.\s*{_PART})*)(?:\s+version\s+'(?P<version>(?:[^'\\]|\\.)*)')?"
)
_SKIPPED = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)", re.DOTALL)
_XML_IDENTIFIER = re.compile(rb"<(?:\w+:)?identifier\b([^>]*)>")
_XML_ATTRIBUTE = re.compile(rb"\b(id|version)\s*=\s*[\"']([^\"']*)[\"']")

_CQL_TYPES = ("text/cql",)
_ELM_JSON_TYPES = ("application/elm+json",)
_ELM_XML_TYPES = ("application/elm+xml",)


def declared_name(cql: str) -> tuple[str, str | None] | None:
    """Name and version of the ``library`` declaration that the text starts with, if it has one."""
    at = 0
    while skipped := _SKIPPED.match(cql, at):
        at = skipped.end()
    found = _DECLARATION.match(cql, at)
    if found is None:
        return None
    parts = re.findall(_PART, found["name"])
    name = ".".join(part[1:-1] if part[0] in '"`' else part for part in parts)
    return name, found["version"]


def elm_xml_identifier(data: bytes) -> tuple[str, str | None] | None:
    """Name and version of an ELM library in XML, from its first ``identifier`` element."""
    found = _XML_IDENTIFIER.search(data, 0, 65536)
    if found is None:
        return None
    attributes = {key.decode(): value.decode("utf-8", "replace") for key, value in _XML_ATTRIBUTE.findall(found[1])}
    return (attributes["id"], attributes.get("version")) if attributes.get("id") else None


def decode_text(data: bytes, label: str) -> str:
    """UTF-8 text without its byte order mark; anything else is a ``ContentError``."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError(f"{label} is not UTF-8 text: {error}", code="not-utf8", file=label) from error


def _elm_of_xml(data: bytes, label: str) -> Json:
    # Loaded here only: hardly any content has ELM in XML alone.
    from cqlmeasure.elm import ElmFormatError, from_xml, to_json

    try:
        return to_json(from_xml(data))
    except ElmFormatError as error:
        raise ContentError(f"{label}: {error}", code="malformed-elm", file=label) from error


class LibrarySource:
    """One version of a library: its CQL text, its ELM, or both; each is read when first asked for.

    ``file`` is where the CQL is (the ELM, if there is no CQL).  ``elm`` and ``elm_xml`` are what was published and
    may be older than the CQL.
    """

    __slots__ = ("_cql", "_elm", "_elm_xml", "cql_file", "elm_file", "entry", "name", "version")

    def __init__(self, name: str, version: str | None) -> None:
        self.name = name
        self.version = version
        self.entry: ResourceEntry | None = None
        self.cql_file: SourceFile | None = None
        self.elm_file: SourceFile | None = None
        self._cql: str | None = None
        self._elm: Json | None = None
        self._elm_xml: bytes | None = None

    def __repr__(self) -> str:
        return f"LibrarySource({self.name!r}, version={self.version!r}, file={self.file!r})"

    @property
    def file(self) -> str:
        for found in (self.cql_file, self.entry, self.elm_file):
            if isinstance(found, SourceFile):
                return found.label
            if found is not None:
                return found.file
        return ""

    @property
    def url(self) -> str | None:
        """The canonical url of the Library resource, if there is one."""
        return self.entry.url if self.entry is not None else None

    @property
    def resource(self) -> Json | None:
        """The Library resource, if there is one."""
        return self.entry.resource() if self.entry is not None else None

    @property
    def cql(self) -> str | None:
        """The CQL text."""
        if self._cql is None:
            if self.cql_file is not None:
                self._cql = decode_text(self.cql_file.read(), self.cql_file.label)
            elif (data := self._attachment(_CQL_TYPES)) is not None:
                self._cql = decode_text(data, self.file)
        return self._cql

    @property
    def elm(self) -> Json | None:
        """The ELM as a JSON object with the key ``library``; read from XML if it was published in no other form."""
        if self._elm is None:
            if self.elm_file is not None and self.elm_file.suffix == ".json":
                self._elm = parse_object(self.elm_file.read(), self.elm_file.label)
            elif (data := self._attachment(_ELM_JSON_TYPES)) is not None:
                self._elm = parse_object(data, f"{self.file} (application/elm+json)")
            elif (xml := self.elm_xml) is not None:
                self._elm = _elm_of_xml(xml, self.file)
        return self._elm

    @property
    def elm_xml(self) -> bytes | None:
        """The ELM as XML text."""
        if self._elm_xml is None:
            if self.elm_file is not None and self.elm_file.suffix == ".xml":
                self._elm_xml = self.elm_file.read()
            else:
                self._elm_xml = self._attachment(_ELM_XML_TYPES)
        return self._elm_xml

    @property
    def has_logic(self) -> bool:
        """Whether there is CQL or ELM at all (the Library resources of an IG have none, the file beside them has)."""
        if self.cql_file is not None or self.elm_file is not None:
            return True
        return any(self._attachment(types) is not None for types in (_CQL_TYPES, _ELM_JSON_TYPES, _ELM_XML_TYPES))

    def _attachment(self, types: tuple[str, ...]) -> bytes | None:
        if self.entry is None:
            return None
        for content in objects(self.entry.resource().get("content")):
            if not isinstance(content.get("data"), str):
                continue
            if str(content.get("contentType", "")).split(";")[0].strip().lower() not in types:
                continue
            try:
                return base64.b64decode(content["data"], validate=False)
            except (binascii.Error, ValueError) as error:
                raise ContentError(
                    f"{self.file}: the {types[0]} content is not valid base64: {error}",
                    code="broken-base64",
                    file=self.file,
                ) from error
        return None


class LibraryIndex:
    """All libraries of a content; filled while files are scanned, asked afterwards."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[str, LibrarySource]] = {}
        self._by_url: dict[str, dict[str, LibrarySource]] = {}
        self._by_id: dict[str, LibrarySource] = {}
        self._declared: dict[str, dict[str, LibrarySource]] | None = None
        self.duplicates: list[tuple[SourceFile | ResourceEntry, SourceFile | ResourceEntry, str]] = []

    def _slot(self, name: str, version: str | None) -> LibrarySource:
        versions = self._by_name.setdefault(name, {})
        return versions.setdefault(version or "", LibrarySource(name, version))

    def add_cql(self, file: SourceFile, data: bytes) -> None:
        """A ``.cql`` file."""
        head = declared_name(data[:65536].decode("utf-8", "replace")) or (file.stem, None)
        source = self._slot(*head)
        if source.cql_file is None:
            source.cql_file = file
        else:
            self.duplicates.append((source.cql_file, file, f"library {_label(*head)}"))

    def add_elm(self, file: SourceFile, identifier: tuple[str, str | None]) -> None:
        """An ELM file in JSON or XML; JSON goes before XML."""
        source = self._slot(*identifier)
        if source.elm_file is None or (source.elm_file.suffix == ".xml" and file.suffix == ".json"):
            source.elm_file = file
        elif source.elm_file.suffix == file.suffix:
            self.duplicates.append((source.elm_file, file, f"ELM of library {_label(*identifier)}"))

    def add_resource(self, entry: ResourceEntry) -> None:
        """A Library resource; one that has neither CQL nor ELM is listed too (an IG fills it from the file)."""
        source = self._slot(entry.name, entry.version)
        if source.entry is not None:
            if source.entry.url == entry.url:
                self.duplicates.append((source.entry, entry, f"Library {entry.url or entry.name}|{entry.version}"))
                return
            source = LibrarySource(entry.name, entry.version)
        source.entry = entry
        if entry.url:
            self._by_url.setdefault(entry.url, {}).setdefault(entry.version or "", source)
        if entry.id:
            self._by_id.setdefault(entry.id, source)

    def all(self) -> list[LibrarySource]:
        """Every library and version, sorted."""
        return [
            versions[version]
            for _, versions in sorted(self._by_name.items())
            for version in sorted(versions, key=version_key)
        ]

    def versions(self, name: str) -> list[str]:
        """The versions of a library, lowest first; ``''`` for one without."""
        found = {version for versions in self._candidates(name) for version in versions}
        return sorted(found, key=version_key)

    def find(self, reference: str, version: str | None) -> LibrarySource:
        """The library that ``reference`` (name, canonical url, ``Library/id``) names; else ``ContentError``."""
        target, own = split_canonical(reference)
        wanted = version or own
        available: set[str] = set()
        for versions in self._candidates(target):
            if wanted is None:
                if versions:
                    return self._with_logic(versions[max(versions, key=version_key)])
            elif wanted in versions:
                return self._with_logic(versions[wanted])
            available.update(versions)
        label = _label(target, wanted)
        if available:
            listed = ", ".join(sorted((v or "(no version)" for v in available), key=version_key))
            raise ContentError(
                f"library {label} is not there; versions there: {listed}",
                code="missing-library-version",
                hint=f"include one of the versions that are there, or add version {wanted}",
            )
        near = difflib.get_close_matches(target.rsplit("/", 1)[-1], list(self._by_name), n=3, cutoff=0.6)
        raise ContentError(
            f"library {label} is not there",
            code="missing-library",
            hint=f"did you mean {' or '.join(near)}?" if near else "add the folder that holds it to the content paths",
        )

    def _with_logic(self, source: LibrarySource) -> LibrarySource:
        """``source``, or the one file of its name that a Library resource without content stands for."""
        if source.has_logic:
            return source
        versions = self._by_name.get(source.name, {})
        others = [other for other in versions.values() if other is not source and other.has_logic]
        if len(others) == 1:
            return others[0]
        raise ContentError(
            f"library {_label(source.name, source.version)} has neither CQL nor ELM ({source.file})",
            code="empty-library",
            file=source.file,
            hint=f"add its .cql file: library {source.name} version '{source.version or ''}'",
        )

    def _candidates(self, target: str) -> Iterable[dict[str, LibrarySource]]:
        """Maps from version to library, the closest meaning of ``target`` first."""
        if target in self._by_url:
            yield self._by_url[target]
        if target.startswith("Library/") and (by_id := self._by_id.get(target[8:])) is not None:
            yield {by_id.version or "": by_id}
        if target in self._by_name:
            yield self._by_name[target]
        declared = self._declared_names()
        if target in declared:
            yield declared[target]
        # A qualified name and a canonical url end in the library's own name.
        last = re.split(r"[/.]", target)[-1]
        if last != target:
            for index in (self._by_name, declared):
                if last in index:
                    yield index[last]

    def _declared_names(self) -> dict[str, dict[str, LibrarySource]]:
        """Libraries by the name that their CQL or ELM declares, where it is not what the resource says."""
        if self._declared is None:
            self._declared = {}
            for source in self.all():
                if source.entry is None or source.cql_file is not None:
                    continue
                found = _declaration(source)
                if found is not None and found != (source.name, source.version):
                    self._declared.setdefault(found[0], {}).setdefault(found[1] or "", source)
        return self._declared


def _declaration(source: LibrarySource) -> tuple[str, str | None] | None:
    try:
        if source.cql is not None:
            return declared_name(source.cql)
        elm = source.elm
    except ContentError:  # it is reported to whoever asks for this library
        return None
    if elm is None:
        return None
    return elm_identifier(orjson.dumps(elm.get("library")))


def _label(name: str, version: str | None) -> str:
    return f"{name} version '{version}'" if version else name


def sniff_elm(data: bytes) -> tuple[str, str | None] | None:
    """Name and version if ``data`` is an ELM library in JSON."""
    try:
        head = read_head(data)
    except DECODE_ERRORS:
        return None
    return elm_identifier(head.library) if head.resourceType is None and is_present(head.library) else None
