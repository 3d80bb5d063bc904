"""The translator on libraries as they are found; only what wants ELM loads this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cqlmeasure.api.libraries import Libraries
from cqlmeasure.compiler.compile import library_key
from cqlmeasure.elm import ElmFormatError, Library, from_json, to_json
from cqlmeasure.errors import ContentError, Diagnostic
from cqlmeasure.evaluation import LibraryText
from cqlmeasure.models import Model, ModelProvider, builtin
from cqlmeasure.translator import SourceText, TranslatorOptions, translate
from cqlmeasure.typesys import SYSTEM


def elm_of(
    source: LibraryText,
    libraries: Libraries,
    *,
    any_version: bool = False,
    prefer_elm: bool = False,
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The ELM of a library as JSON, with result types, and the warnings about it and what it includes."""
    found, diagnostics = translated(source, libraries, any_version=any_version, prefer_elm=prefer_elm)
    return to_json(found), diagnostics


def translated(
    source: LibraryText,
    libraries: Libraries,
    *,
    any_version: bool = False,
    prefer_elm: bool = False,
    warn: bool = False,
    roots: Iterable[str] = (),
    options: TranslatorOptions | None = None,
) -> tuple[Library, list[Diagnostic]]:
    """The typed ELM of a library, and the warnings about it and what it includes.

    With ``warn`` they are also about CQL of the library that is correct and yet suspicious; ``roots`` are
    the definitions that count: what they do not reach is suspicious too.
    """
    options = options or TranslatorOptions()
    found = translate(
        _text(source, prefer_elm),
        _Provider(libraries, prefer_elm),
        models=libraries.model if options.default_model_infos else _own_models(libraries),
        any_version=any_version,
        prefer_elm=prefer_elm,
        warn=warn,
        roots=tuple(roots),
        options=options,
    )
    return found.main.library, list(found.diagnostics)


def library_set(
    source: LibraryText, libraries: Libraries, *, any_version: bool = False, prefer_elm: bool = False
) -> tuple[Library, dict[str, Library]]:
    """The typed ELM of a library, and that of all it includes by ``name|version``."""
    found = translate(
        _text(source, prefer_elm),
        _Provider(libraries, prefer_elm),
        models=libraries.model,
        any_version=any_version,
        prefer_elm=prefer_elm,
    )
    return found.main.library, {library_key(*key): one.library for key, one in found.libraries.items()}


def _own_models(libraries: Libraries) -> ModelProvider:
    """The models of the content; of those that ship only System, without which there is no CQL."""

    def model(name: str, version: str | None = None, /) -> Model | None:
        found = libraries.model(name, version)
        return found if name == SYSTEM or found is not builtin(name, version) else None

    return model


class _Provider:
    """Libraries as the translator wants them."""

    def __init__(self, libraries: Libraries, prefer_elm: bool) -> None:
        self._libraries = libraries
        self._prefer_elm = prefer_elm

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        """The library of that name and version."""
        found = self._libraries.find(name, version)
        return _text(found, self._prefer_elm) if found is not None else None

    def versions(self, name: str, /) -> Sequence[str]:
        """The versions that there are."""
        return self._libraries.versions(name)


def _text(source: LibraryText, prefer_elm: bool) -> SourceText:
    elm = None
    if (prefer_elm or source.cql is None) and source.elm is not None:
        try:
            elm = from_json(source.elm)
        except ElmFormatError as error:
            raise ContentError(f"library {source.name}: {error}", code="malformed-elm", file=source.file) from error
    return SourceText(source.name, source.version, source.cql, elm, source.file)
