"""What measures look for: the types, codes and profiles of the retrieves of their libraries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cqlmeasure.content import Content
from cqlmeasure.elm import from_json
from cqlmeasure.elm.base import Expression
from cqlmeasure.elm.clinical import CodeRef, ValueSetRef
from cqlmeasure.elm.library import Library
from cqlmeasure.elm.queries import Retrieve
from cqlmeasure.elm.walk import walk
from cqlmeasure.errors import CqlMeasureError
from cqlmeasure.measure import read_measure
from cqlmeasure.terminology import Terminology
from cqlmeasure.translator import SourceText, translate
from cqlmeasure.typesys import NamedType

Coding = dict[str, Any]


@dataclass(slots=True)
class Wanted:
    """For one type of resources: lists of codings that some retrieve asks for, and the profiles that retrieves name."""

    codes: list[list[Coding]] = field(default_factory=list)
    profiles: set[str] = field(default_factory=set)


class _Sources:
    def __init__(self, content: Content) -> None:
        self.content = content

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        try:
            found = self.content.library_source(name, version)
        except CqlMeasureError:
            return None
        elm = from_json(found.elm) if found.cql is None and found.elm is not None else None
        return SourceText(found.name, found.version, found.cql, elm, found.file)

    def versions(self, name: str, /) -> list[str]:
        return list(self.content.library_versions(name))


def wanted(content: Content, measures: Iterable[str]) -> dict[str, Wanted]:
    """What the libraries of measures retrieve, by type."""
    found: dict[str, Wanted] = {}
    terminology = Terminology(content, lenient=True)
    for name in measures:
        definition = read_measure(content.measure(name).resource())
        source = content.library_source(definition.library or definition.name)
        primary = SourceText(source.name, source.version, source.cql, None, source.file)
        if source.cql is None and source.elm is not None:
            primary = SourceText(source.name, source.version, None, from_json(source.elm), source.file)
        for translated in translate(primary, _Sources(content)).libraries.values():
            _add(found, translated.library, terminology)
    return found


def _add(found: dict[str, Wanted], library: Library, terminology: Terminology) -> None:
    for statement in library.statements:
        for node in walk(statement):
            if isinstance(node, Retrieve) and isinstance(node.data_type, NamedType):
                one = found.setdefault(node.data_type.name, Wanted())
                if node.template_id:
                    one.profiles.add(node.template_id)
                codings = _codings(library, node.codes, terminology) if node.codes is not None else []
                if codings and codings not in one.codes:
                    one.codes.append(codings)


def _codings(library: Library, codes: Expression, terminology: Terminology) -> list[Coding]:
    found: list[Coding] = []
    for node in walk(codes):
        if isinstance(node, ValueSetRef) and node.library_name is None:
            for definition in library.value_sets:
                if definition.name == node.name:
                    found += [dict(one) for one in terminology.value_set(definition.id, definition.version).members]
        elif isinstance(node, CodeRef) and node.library_name is None:
            systems = {one.name: one.id for one in library.code_systems}
            for code in library.codes:
                if code.name == node.name and code.code_system is not None:
                    found.append({"system": systems.get(code.code_system.name), "code": code.id})
    return found
