"""From a library's source to a program that can be loaded: translated and compiled, or taken from the cache.

Always holds: a cached program is used only if the library and every library that was looked up for it still read the
same; in that case neither the translator nor the compiler is loaded.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any, Protocol

import msgspec
import orjson

from cqlmeasure.compiler.program import Program
from cqlmeasure.errors import ContentError, Diagnostic
from cqlmeasure.evaluation.codec import pack, unpack
from cqlmeasure.evaluation.store import Store, digest
from cqlmeasure.models import ModelProvider, builtin

KIND = "programs"


class LibraryText(Protocol):
    """One version of a library: CQL, ELM (JSON), or both."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str | None: ...

    @property
    def cql(self) -> str | None: ...

    @property
    def elm(self) -> Mapping[str, Any] | None: ...

    @property
    def file(self) -> str | None: ...


class Libraries(Protocol):
    """Where included libraries come from."""

    def find(self, name: str, version: str | None, /) -> LibraryText | None:
        """The library of that name and version; without a version, the newest."""

    def versions(self, name: str, /) -> Sequence[str]:
        """The versions that there are of a library."""


class Prepared(msgspec.Struct, frozen=True):
    """A program with its code, the warnings of its translation, and the file of each library (by ``name|version``)."""

    program: Program
    code: CodeType
    diagnostics: tuple[Diagnostic, ...] = ()
    files: dict[str, str | None] = {}
    from_cache: bool = False


Looked = tuple[str, str | None, str | None]
"""A library that was looked up: name and version asked for, digest of what was found."""


def prepare(
    primary: LibraryText,
    libraries: Libraries,
    *,
    store: Store | None = None,
    models: ModelProvider = builtin,
    models_key: str = "",
    any_version: bool = False,
    prefer_elm: bool = False,
) -> Prepared:
    """The program of a library and all that it includes.

    ``models_key`` stands for the models that ``models`` has beyond those that ship.  With ``prefer_elm`` libraries that
    have both are taken from their ELM.  Raises ``TranslationError`` for CQL with errors and ``ContentError`` for ELM
    that cannot be used.
    """
    store = store if store is not None else Store(enabled=False)
    taken = _digest(primary, prefer_elm)
    key = store.key(primary.name, primary.version or "", taken, f"{any_version} {prefer_elm}", models_key)
    cached = _cached(store, key, primary, libraries, prefer_elm)
    if cached is not None:
        return cached
    recorder = _Recorder(libraries, prefer_elm)
    program, diagnostics = _compile(primary, recorder, models, any_version, prefer_elm)
    code = program.compile()
    if store.directory is not None:
        body = (tuple(recorder.looked), orjson.dumps(msgspec.to_builtins(diagnostics)), pack(program), code)
        store.write(KIND, key, marshal.dumps(body))
    return Prepared(program, code, diagnostics, {_key(primary): primary.file, **recorder.files})


def _digest(source: LibraryText, prefer_elm: bool) -> str:
    text = source.cql
    if text is not None and not prefer_elm:
        return digest("cql", text)
    elm = source.elm
    if elm is not None:
        return digest("elm", orjson.dumps(elm))
    return digest("cql", text or "")


def _key(source: LibraryText) -> str:
    return f"{source.name}|{source.version}" if source.version else source.name


def _cached(store: Store, key: str, primary: LibraryText, libraries: Libraries, prefer_elm: bool) -> Prepared | None:
    body = store.read(KIND, key)
    if body is None:
        return None
    files = {_key(primary): primary.file}
    try:
        looked, diagnostics, packed, code = marshal.loads(body)
        for name, version, expected in looked:
            found = libraries.find(name, version)
            if (None if found is None else _digest(found, prefer_elm)) != expected:
                return None
            if found is not None:
                files[_key(found)] = found.file
        notes = msgspec.json.decode(diagnostics, type=tuple[Diagnostic, ...])
        return Prepared(unpack(packed), code, notes, files, True)
    except (ValueError, TypeError, EOFError, KeyError, msgspec.ValidationError):
        return None


class _Recorder:
    """Notes what is looked up, so that a cached program knows what it depends on."""

    def __init__(self, libraries: Libraries, prefer_elm: bool) -> None:
        self.libraries = libraries
        self.prefer_elm = prefer_elm
        self.looked: dict[Looked, None] = {}
        self.files: dict[str, str | None] = {}

    def find(self, name: str, version: str | None, /) -> LibraryText | None:
        """The library, noted."""
        found = self.libraries.find(name, version)
        self.looked[name, version, None if found is None else _digest(found, self.prefer_elm)] = None
        if found is not None:
            self.files[_key(found)] = found.file
        return found

    def versions(self, name: str, /) -> Sequence[str]:
        """The versions that there are."""
        return self.libraries.versions(name)


def _compile(
    primary: LibraryText, recorder: _Recorder, models: ModelProvider, any_version: bool, prefer_elm: bool
) -> tuple[Program, tuple[Diagnostic, ...]]:
    # loaded here only: with a warm cache neither the translator nor the compiler is needed
    from cqlmeasure.compiler.compile import compile_library, library_key
    from cqlmeasure.elm import ElmFormatError, from_json
    from cqlmeasure.translator import SourceText, translate

    def source(text: LibraryText) -> SourceText:
        elm = None
        if text.elm is not None and (prefer_elm or text.cql is None):
            try:
                elm = from_json(text.elm)
            except ElmFormatError as error:
                raise ContentError(f"library {text.name}: {error}", code="malformed-elm", file=text.file) from error
        return SourceText(text.name, text.version, text.cql, elm, text.file)

    provider = _Provider(recorder, source)
    found = translate(source(primary), provider, models=models, any_version=any_version, prefer_elm=prefer_elm)
    libraries = {library_key(*key): translated.library for key, translated in found.libraries.items()}
    return compile_library(found.main.library, libraries), tuple(found.diagnostics)


class _Provider:
    """The recorder as the translator wants it."""

    def __init__(self, recorder: _Recorder, source: Callable[[LibraryText], Any]) -> None:
        self._recorder = recorder
        self._source = source

    def find(self, name: str, version: str | None, /) -> Any:
        """The library as a source text."""
        found = self._recorder.find(name, version)
        return None if found is None else self._source(found)

    def versions(self, name: str, /) -> Sequence[str]:
        """The versions that there are."""
        return self._recorder.versions(name)
