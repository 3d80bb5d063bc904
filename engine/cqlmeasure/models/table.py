"""Compact tables: a model as a JSON file with one class per line, whose classes are decoded when first asked for.

    {"format": 1,
     "model": {"name", "version", "url", "targetUrl", "targetVersion", "targetQualifier", "patient", "birthDate",
               "requires": [[name, version]], "contexts": [[name, type, key, birth date]]},
     "conversions": [[function, target type, [source type]]],
     "classes": {name: row}}

A row has, each only if there is something to say: ``b`` base (absent: System.Any), ``i`` identifier, ``l`` label,
``r`` 1 if retrievable, ``x`` 1 if a simple type, ``p`` primary code path, ``t`` target, ``e`` elements by name: type or
[type, target map], ``c`` relationships [context, key], ``s`` search parameters by name: [path] or [path, type].  Types
are spelled as :mod:`cqlmeasure.models.spelling` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import orjson

from cqlmeasure.errors import ContentError
from cqlmeasure.models.facts import (
    ClassFacts,
    ContextFacts,
    Conversion,
    ElementFacts,
    ModelHeader,
    RelationshipFacts,
    SearchFacts,
)
from cqlmeasure.models.model import Model
from cqlmeasure.models.spelling import decode, encode
from cqlmeasure.typesys import ANY, DataType, NamedType

FORMAT = 1
Row = dict[str, Any]

_HEADER = {
    "name": "name",
    "version": "version",
    "url": "url",
    "target_url": "targetUrl",
    "target_version": "targetVersion",
    "target_qualifier": "targetQualifier",
    "patient_class": "patient",
    "birth_date_property": "birthDate",
}


class TableClasses(Mapping[str, ClassFacts]):
    """The classes of a table; each is decoded once, when first asked for."""

    __slots__ = ("_decoded", "_model", "_rows", "_types")

    def __init__(self, model: str, rows: dict[str, Row]) -> None:
        self._model = model
        self._rows = rows
        self._decoded: dict[str, ClassFacts] = {}
        self._types: dict[str, DataType] = {}

    def __getitem__(self, name: str) -> ClassFacts:
        found = self._decoded.get(name)
        if found is None:
            found = self._decoded[name] = self._decode(name, self._rows[name])
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def index(self) -> Iterator[tuple[str, str | None, str | None]]:
        """Name, label and identifier of every class."""
        return ((name, row.get("l"), row.get("i")) for name, row in self._rows.items())

    def _type(self, text: str) -> DataType:
        found = self._types.get(text)
        if found is None:
            found = self._types[text] = decode(text, self._model)
        return found

    def _decode(self, name: str, row: Row) -> ClassFacts:
        base: DataType | None = self._type(row["b"]) if "b" in row else ANY
        elements: dict[str, ElementFacts] = {}
        for key, fact in row.get("e", {}).items():
            if isinstance(fact, str):
                elements[key] = ElementFacts(key, self._type(fact))
            else:
                elements[key] = ElementFacts(key, self._type(fact[0]), fact[1])
        return ClassFacts(
            model=self._model,
            name=name,
            base=None if (self._model, name) == (ANY.model, ANY.name) else base,
            identifier=row.get("i"),
            label=row.get("l"),
            retrievable="r" in row,
            simple="x" in row,
            primary_code_path=row.get("p"),
            target=row.get("t"),
            elements=elements,
            relationships=tuple(RelationshipFacts(context, key) for context, key in row.get("c", ())),
            searches={
                key: SearchFacts(key, fact[0], self._type(fact[1]) if len(fact) > 1 else None)
                for key, fact in row.get("s", {}).items()
            },
        )


def load_table(data: bytes, file: str) -> Model:
    """The model of a table.  Raises ``ContentError`` if the bytes are no table of this format."""
    try:
        table = orjson.loads(data)
        if table["format"] != FORMAT:
            raise ValueError(f"format {table['format']}, expected {FORMAT}")
        info: Row = table["model"]
        name: str = info["name"]
        classes = TableClasses(name, table["classes"])
        said: Row = {field: info.get(key) for field, key in _HEADER.items()}
        header = ModelHeader(
            **said,
            required=tuple((required, version) for required, version in info.get("requires", ())),
            conversions=tuple(
                Conversion(decode(source, name), decode(target, name), function)
                for function, target, sources in table["conversions"]
                for source in sources
            ),
            contexts=tuple(
                ContextFacts(context, NamedType(name, kind), key, birth)
                for context, kind, key, birth in info.get("contexts", ())
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        message = f"not a model table: {error}"
        raise ContentError(message, code="model-table", file=file, hint="reinstall cqlmeasure") from None
    return Model(header, classes, classes.index)


def dump_table(model: Model) -> bytes:
    """The table of a model.  Raises ``ValueError`` if the model has something that no table holds."""
    header, own = model.header, model.name
    info: Row = {key: getattr(header, field) for field, key in _HEADER.items() if getattr(header, field) is not None}
    if header.required:
        info["requires"] = [list(pair) for pair in header.required]
    if any(context.type.model != own for context in header.contexts):
        raise ValueError("a table cannot hold a context about a class of another model")
    if header.contexts:
        info["contexts"] = [[c.name, c.type.name, c.key_element, c.birth_date_element] for c in header.contexts]
    groups = groupby(header.conversions, key=lambda conversion: (conversion.function, conversion.target))
    conversions = [
        [function, encode(target, own), [encode(conversion.source, own) for conversion in group]]
        for (function, target), group in groups
    ]
    lines = [
        f'{{"format":{FORMAT},',
        f'"model":{_json(info)},',
        '"conversions":[',
        ",\n".join(map(_json, conversions)),
        "],",
        '"classes":{',
        ",\n".join(f"{_json(name)}:{_json(_row(model.classes[name]))}" for name in sorted(model.classes)),
        "}}",
    ]
    return ("\n".join(line for line in lines if line) + "\n").encode()


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _row(facts: ClassFacts) -> Row:
    own = facts.model
    row: Row = {}
    if facts.base is not None and facts.base != ANY:
        row["b"] = encode(facts.base, own)
    for key, value in (
        ("i", facts.identifier),
        ("l", facts.label),
        ("p", facts.primary_code_path),
        ("t", facts.target),
    ):
        if value is not None:
            row[key] = value
    for key, flag in (("r", facts.retrievable), ("x", facts.simple)):
        if flag:
            row[key] = 1
    if facts.elements:
        row["e"] = {
            name: [encode(element.type, own), element.target] if element.target else encode(element.type, own)
            for name, element in facts.elements.items()
        }
    if facts.relationships:
        row["c"] = [[relationship.context, relationship.key_element] for relationship in facts.relationships]
    if facts.searches:
        row["s"] = {
            name: [search.path] if search.type is None else [search.path, encode(search.type, own)]
            for name, search in facts.searches.items()
        }
    return row
