"""Libraries and models for the translator: those of a content, with what ships with the package behind them.

Always holds: content goes first; what ships is taken only for a name and version that the content does not have.
"""

from __future__ import annotations

import hashlib
from functools import cache, cached_property
from pathlib import Path

from cqlmeasure.content import Content, LibrarySource
from cqlmeasure.errors import ContentError, Diagnostic, Severity
from cqlmeasure.models import Model, builtin, load_modelinfo

_PACKAGE = Path(__file__).resolve().parents[1]
# In an installed package, and in a checkout of the repository.
_PLACES = (_PACKAGE / "libraries", _PACKAGE.parents[1] / "libraries")


class Libraries:
    """Finds libraries by name and version, and models; ``content`` may be nothing but what ships."""

    def __init__(self, content: Content | None) -> None:
        self.content = content
        self.warnings: list[Diagnostic] = []

    def find(self, name: str, version: str | None, /) -> LibrarySource | None:
        """The library of that name and version; without a version the newest that the content has, else that ships."""
        for place in self._places():
            try:
                return place.library_source(name, version)
            except ContentError:
                continue
        return None

    def versions(self, name: str, /) -> list[str]:
        """The versions that there are of a library."""
        return list(dict.fromkeys(found for place in self._places() for found in place.library_versions(name)))

    def primary(self, reference: str) -> LibrarySource:
        """The library that a Measure names (a canonical url, or a name); ``ContentError`` if it is not there."""
        return (self.content or shipped_libraries()).library_source(reference)

    def model(self, name: str, version: str | None = None, /) -> Model | None:
        """A model of the content's model info files, else one that ships."""
        for known in self._models:
            if known.name == name and version in (None, known.version):
                return known
        return builtin(name, version)

    @cached_property
    def models_key(self) -> str:
        """What tells the content's model infos from others; empty if there are none."""
        found = hashlib.sha256()
        files = self.content.modelinfo_files() if self.content is not None else []
        for _, data in files:
            found.update(len(data).to_bytes(8, "big") + data)
        return found.hexdigest() if files else ""

    @cached_property
    def _models(self) -> list[Model]:
        found = []
        for file, data in self.content.modelinfo_files() if self.content is not None else ():
            try:
                found.append(load_modelinfo(data, file=file))
            except ContentError as error:  # a model that nothing uses must not stop what does not need it
                self.warnings += [_as_warning(diagnostic) for diagnostic in error.diagnostics]
        return found

    def _places(self) -> list[Content]:
        return [place for place in (self.content, shipped_libraries()) if place is not None]


@cache
def shipped_libraries() -> Content:
    """The libraries that ship with the package."""
    folder = next((place for place in _PLACES if place.is_dir()), None)
    if folder is None:
        raise ContentError(
            "the libraries that ship with cqlmeasure are not there",
            code="broken-installation",
            hint="install cqlmeasure again",
        )
    return Content(folder)


def _as_warning(diagnostic: Diagnostic) -> Diagnostic:
    return Diagnostic(code=diagnostic.code, message=diagnostic.message, severity=Severity.WARNING, file=diagnostic.file)
