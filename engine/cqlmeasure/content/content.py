"""``Content``: one or several paths, indexed together.

Always holds: of two resources with the same url and version (two libraries with the same name and version) the one that
was found first counts, paths in the order given, and ``warnings`` names both files if they differ.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import msgspec

from cqlmeasure.content.cases import CaseIndex, TestCase, is_case
from cqlmeasure.content.libraries import LibraryIndex, LibrarySource, elm_xml_identifier, sniff_elm
from cqlmeasure.content.resources import (
    DECODE_ERRORS,
    Head,
    Json,
    MeasureEntry,
    ResourceEntry,
    parse_object,
    read_entries,
    read_head,
    split_canonical,
    version_key,
)
from cqlmeasure.content.sources import SourceFile, Tree, open_tree
from cqlmeasure.errors import ContentError, Diagnostic, Severity

_Versions = dict[str, ResourceEntry]
# Names of JSON files that tools put beside FHIR files.
_NOT_FHIR = frozenset({"package.json", "manifest.json", "cql-options.json", "package-lock.json"})


class Content:
    """Measures, Libraries, ValueSets, CodeSystems, model infos and test cases found in ``path`` and ``more_paths``.

    A path is an HL7 IG repository, a folder of FHIR JSON in any layout, a file (a measure Bundle, a resource, CQL, ELM)
    or a FHIR package (``.tgz``).
    """

    def __init__(self, path: str | os.PathLike[str], *more_paths: str | os.PathLike[str]) -> None:
        self.paths = tuple(Path(p) for p in (path, *more_paths))
        self._measures: list[MeasureEntry] = []
        self._libraries = LibraryIndex()
        self._tables: dict[str, dict[str, _Versions]] = {"ValueSet": {}, "CodeSystem": {}}
        self._model_infos: list[SourceFile] = []
        self._found: list[Diagnostic] = []
        self._duplicates: list[tuple[SourceFile | ResourceEntry, SourceFile | ResourceEntry, str]] = []
        self._trees: list[Tree] = []
        self._stray: list[SourceFile] = []
        for one in self.paths:
            tree = open_tree(one)
            self._trees.append(tree)
            for file in tree.files:
                self._scan(file, alone=one.is_file() and len(tree.files) == 1)
            # Files are re-read when asked for; what an archive holds beyond content need not stay in memory.
            tree.files.clear()

    def __repr__(self) -> str:
        return f"Content({', '.join(repr(str(path)) for path in self.paths)})"

    # Measures

    def measures(self) -> list[MeasureEntry]:
        """All Measures, sorted by name and version."""
        return sorted(self._measures, key=lambda entry: (entry.name, version_key(entry.version)))

    def measure(self, reference: str | os.PathLike[str]) -> MeasureEntry:
        """The Measure that a name, id, canonical url (``|version``), ``Measure/id`` or file names.

        Of several versions the highest counts.  Unknown or ambiguous: ``ContentError``.
        """
        text = os.fspath(reference)
        target, version = split_canonical(text)
        found = self._measures_named(target)
        if not found and target.lower().endswith(".json"):
            found = self._measure_files(text)
        if not found:
            raise self._unknown_measure(target)
        if version is not None:
            exact = [entry for entry in found if entry.version == version]
            if not exact:
                listed = ", ".join(sorted({entry.version or "(no version)" for entry in found}))
                raise ContentError(
                    f"measure {target} is not there in version {version}; versions there: {listed}",
                    code="missing-measure-version",
                )
            found = exact
        if len({entry.url for entry in found}) > 1:
            listed = ", ".join(f"{entry.url or entry.name} ({entry.file})" for entry in found)
            raise ContentError(
                f"measure {target} is ambiguous: {listed}", code="ambiguous-measure", hint="give its canonical url"
            )
        return max(found, key=lambda entry: version_key(entry.version))

    def measure_json(self, reference: str | os.PathLike[str]) -> Json:
        """The JSON of the Measure that ``reference`` names."""
        return self.measure(reference).resource()

    def _measures_named(self, target: str) -> list[MeasureEntry]:
        def name(entry: MeasureEntry) -> bool:
            return entry.name == target

        def identity(entry: MeasureEntry) -> bool:
            return entry.id is not None and entry.id == target.removeprefix("Measure/")

        def url(entry: MeasureEntry) -> bool:
            return entry.url == target

        for test in (url, name, identity):
            if found := [entry for entry in self._measures if test(entry)]:
                return found
        return []

    def _measure_files(self, text: str) -> list[MeasureEntry]:
        path = Path(text)
        found = [entry for entry in self._measures if Path(entry.file) == path or _same_file(path, entry.file)]
        if not found and path.is_file():
            found = Content(path)._measures
            if not found:
                raise ContentError(f"{text} holds no Measure", code="unknown-measure", file=text)
        return found

    def _unknown_measure(self, target: str) -> ContentError:
        names = sorted({entry.name for entry in self._measures})
        shown = ", ".join(str(path) for path in self.paths)
        if not names:
            return ContentError(f"no measure {target}: there is no Measure in {shown}", code="unknown-measure")
        lowered = {name.lower(): name for name in names}
        near = [lowered[one] for one in difflib.get_close_matches(target.lower(), list(lowered), n=3, cutoff=0.5)]
        near += [name for name in names if target.lower() in name.lower() and name not in near]
        hint = f"did you mean {' or '.join(near[:3])}?" if near else f"measures there: {_some(names)}"
        return ContentError(f"no measure {target} in {shown}", code="unknown-measure", hint=hint)

    # Libraries and model infos

    def libraries(self) -> list[LibrarySource]:
        """All libraries, sorted by name and version."""
        return self._libraries.all()

    def library_source(self, reference: str, version: str | None = None) -> LibrarySource:
        """The library with this CQL name (qualified or not), canonical url (``|version``) or ``Library/id``.

        Without a version the highest one.  Not there: ``ContentError`` that says which versions are.
        """
        return self._libraries.find(reference, version)

    def library_versions(self, name: str) -> list[str]:
        """The versions of a library that are there, lowest first; ``''`` is one without a version."""
        return self._libraries.versions(name)

    def modelinfo_files(self) -> list[tuple[str, bytes]]:
        """ModelInfo files (XML) that lie in the content: name of the file, its bytes."""
        return [(file.label, file.read()) for file in self._model_infos]

    # Terminology

    def value_set_json(self, url: str, version: str | None = None) -> tuple[Json, str] | None:
        """The ValueSet with this url (and version; without one the highest), and the name of its file."""
        return self._lookup("ValueSet", url, version)

    def code_system_json(self, url: str, version: str | None = None) -> tuple[Json, str] | None:
        """The CodeSystem with this url (and version; without one the highest), and the name of its file."""
        return self._lookup("CodeSystem", url, version)

    def value_set_versions(self, url: str) -> list[str]:
        """The versions of a value set that are there, lowest first; ``''`` is one without a version."""
        return sorted(self._tables["ValueSet"].get(url, ()), key=version_key)

    def value_sets(self) -> list[ResourceEntry]:
        """All ValueSets that have a url, unread, sorted by url and version."""
        table = self._tables["ValueSet"]
        return [table[url][version] for url in sorted(table) for version in sorted(table[url], key=version_key)]

    def _lookup(self, kind: str, url: str, version: str | None) -> tuple[Json, str] | None:
        target, own = split_canonical(url)
        versions = self._tables[kind].get(target)
        wanted = version or own
        if not versions or (wanted is not None and wanted not in versions):
            return None
        entry = versions[max(versions, key=version_key) if wanted is None else wanted]
        return entry.read(), entry.file

    # Test cases

    def test_measures(self) -> list[str]:
        """Names of the folders (else canonical urls of the measures) for which there are test cases."""
        return self._cases.names()

    def test_cases(self, measure: str) -> list[TestCase]:
        """The test cases of a measure (as for ``measure``, or the name of their folder); may be empty."""
        found = self._cases.find([split_canonical(measure)[0]])
        if found:
            return found
        entry = self.measure(measure)
        names = {entry.name, entry.source.stem}
        names.update(name for name in (entry.id, entry.url) if name)
        if entry.url:
            names.add(entry.url.rsplit("/", 1)[-1])
        return self._cases.find(names)

    @cached_property
    def _cases(self) -> CaseIndex:
        return CaseIndex((file for tree in self._trees for file in tree.test_files()), self._stray)

    # Warnings

    @property
    def warnings(self) -> list[Diagnostic]:
        """Files that could not be read, and duplicates that differ from what was found first."""
        return [*self._found, *self._duplicate_warnings]

    @cached_property
    def _duplicate_warnings(self) -> list[Diagnostic]:
        found = []
        for first, second, label in (*self._duplicates, *self._libraries.duplicates):
            if _same_content(first, second):
                continue
            names = [one.label if isinstance(one, SourceFile) else one.file for one in (first, second)]
            found.append(
                Diagnostic(
                    code="duplicate-content",
                    message=f"{label} is there twice with different content: {names[0]} is used, {names[1]} is not",
                    severity=Severity.WARNING,
                    file=names[1],
                )
            )
        return found

    # Scanning

    def _scan(self, file: SourceFile, alone: bool) -> None:
        """Puts one file into the index; ``alone``: the user named it, so that its faults are errors."""
        data = file.read()
        if file.suffix == ".cql":
            self._libraries.add_cql(file, data)
        elif file.suffix == ".xml":
            self._scan_xml(file, data)
        else:
            try:
                self._scan_json(file, data)
            except DECODE_ERRORS as error:
                if alone:
                    parse_object(data, file.label)
                    raise ContentError(f"this is no FHIR: {error}", code="not-fhir", file=file.label) from error
                code, message = "broken-json", f"is not valid JSON and was left out: {error}"
                if data.lstrip()[:1] not in (b"{", b""):
                    code, message = "not-fhir", "is no FHIR and was left out: expected a JSON object"
                self._warn(file, code, message)

    def _scan_xml(self, file: SourceFile, data: bytes) -> None:
        head = data[:4096]
        if b"urn:hl7-org:elm-modelinfo:" in head:
            self._model_infos.append(file)
        elif b"urn:hl7-org:elm:" in head and (identifier := elm_xml_identifier(data)) is not None:
            self._libraries.add_elm(file, identifier)

    def _scan_json(self, file: SourceFile, data: bytes) -> None:
        head = read_head(data)
        kind = head.resourceType
        if kind is None:
            if (identifier := sniff_elm(data)) is not None:
                self._libraries.add_elm(file, identifier)
            elif file.parts[-1] not in _NOT_FHIR:
                message = "has no resourceType and is no ELM library: left out"
                self._warn(file, "not-fhir", message, Severity.INFORMATION)
        elif kind == "Bundle":
            raws = read_entries(head.entry)
            heads = [read_head(raw) for raw in raws]
            if is_case(str(one.resourceType) for one in heads):
                self._stray.append(file)
            for one, raw in zip(heads, raws, strict=True):
                self._add(one, file, raw)
        else:
            self._add(head, file, None)

    def _add(self, head: Head, file: SourceFile, raw: msgspec.Raw | None) -> None:
        kind = head.resourceType
        if kind == "Measure":
            entry = MeasureEntry(head, file, raw)
            same = [m for m in self._measures if m.url and (m.url, m.version) == (entry.url, entry.version)]
            if same:
                self._duplicates.append((same[0], entry, f"Measure {entry.url}|{entry.version}"))
            else:
                self._measures.append(entry)
        elif kind == "Library":
            self._libraries.add_resource(ResourceEntry(head, file, raw))
        elif kind in self._tables:
            resource = ResourceEntry(head, file, raw)
            if resource.url is None:
                self._warn(file, "no-url", f"holds a {kind} without url: nothing can refer to it")
                return
            versions = self._tables[kind].setdefault(resource.url, {})
            first = versions.setdefault(resource.version or "", resource)
            if first is not resource:
                self._duplicates.append((first, resource, f"{kind} {resource.url}|{resource.version or ''}"))

    def _warn(self, file: SourceFile, code: str, message: str, severity: Severity = Severity.WARNING) -> None:
        text = f"{file.label} {message}"
        self._found.append(Diagnostic(code=code, message=text, severity=severity, file=file.label))


def open_content(path: str | os.PathLike[str], *more_paths: str | os.PathLike[str]) -> Content:
    """The content of one or several paths; see ``Content``."""
    return Content(path, *more_paths)


def _same_file(path: Path, label: str) -> bool:
    try:
        return path.samefile(label)
    except OSError:
        return False


def _same_content(first: SourceFile | ResourceEntry, second: SourceFile | ResourceEntry) -> bool:
    """Whether two files or resources say the same, however the JSON is laid out."""
    if isinstance(first, SourceFile) or isinstance(second, SourceFile):
        return isinstance(first, SourceFile) and isinstance(second, SourceFile) and first.read() == second.read()
    one, other = first.bytes(), second.bytes()
    if bytes(one) == bytes(other):
        return True
    try:
        return parse_object(one, first.file) == parse_object(other, second.file)
    except ContentError:
        return False


def _some(names: Iterable[str], count: int = 8) -> str:
    listed = list(names)
    return ", ".join(listed[:count]) + (f" and {len(listed) - count} more" if len(listed) > count else "")
