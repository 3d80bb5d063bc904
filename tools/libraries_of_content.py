"""The libraries of a content for the translator: from their CQL alone, so that what is measured is translation."""

from __future__ import annotations

from cqlmeasure.content import Content
from cqlmeasure.errors import ContentError
from cqlmeasure.translator import SourceText


class Libraries:
    """The libraries of a content, from their CQL."""

    def __init__(self, content: Content) -> None:
        self.content = content

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        """The CQL of a library."""
        try:
            source = self.content.library_source(name, version)
        except ContentError:
            return None
        return SourceText(source.name, source.version, cql=source.cql, file=source.file)

    def versions(self, name: str, /) -> list[str]:
        """The versions that the content has."""
        return self.content.library_versions(name)
