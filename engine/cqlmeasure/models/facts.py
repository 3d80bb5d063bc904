"""The facts that a model info states: plain immutable records, independent of the file they came from."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cqlmeasure.typesys import DataType, NamedType


class ElementFacts(msgspec.Struct, frozen=True):
    """One element of a class: its name, its type, and the target map that says where its value is in the real data.

    ``target`` is the text of the map (see :func:`cqlmeasure.models.parse_target`); ``None`` means: as it stands.
    """

    name: str
    type: DataType
    target: str | None = None


class SearchFacts(msgspec.Struct, frozen=True):
    """A search parameter of a class: the path it searches and, when it is a single one, the type found there."""

    name: str
    path: str
    type: DataType | None = None


class RelationshipFacts(msgspec.Struct, frozen=True):
    """How a class relates to a context: the element that holds the key of the context."""

    context: str
    key_element: str


class ClassFacts(msgspec.Struct, frozen=True):
    """One type of a model.

    ``base`` may belong to another model or be a choice; only ``System.Any`` has none.  ``target`` is the name of the
    class of the target model that stands for this one (``Condition`` for a profile of Condition).  ``elements`` are
    the own ones in order of declaration; inherited ones come from :class:`cqlmeasure.models.ModelSet`.
    """

    model: str
    name: str
    base: DataType | None
    identifier: str | None = None
    label: str | None = None
    retrievable: bool = False
    simple: bool = False
    primary_code_path: str | None = None
    target: str | None = None
    elements: Mapping[str, ElementFacts] = {}
    relationships: tuple[RelationshipFacts, ...] = ()
    searches: Mapping[str, SearchFacts] = {}

    @property
    def type(self) -> NamedType:
        """The class as a type."""
        return NamedType(self.model, self.name)


class Conversion(msgspec.Struct, frozen=True):
    """An implicit conversion that a model brings: ``function`` is qualified, such as ``FHIRHelpers.ToCode``."""

    source: DataType
    target: DataType
    function: str

    @property
    def library(self) -> str | None:
        """The library of the function; ``None`` if the name is not qualified."""
        return self.function.rpartition(".")[0] or None

    @property
    def function_name(self) -> str:
        """The name of the function within its library."""
        return self.function.rpartition(".")[2]


class ContextFacts(msgspec.Struct, frozen=True):
    """A context of a model: its name, the class it is about, the key, and the path of the birth date if it has one."""

    name: str
    type: NamedType
    key_element: str | None = None
    birth_date_element: str | None = None


class ModelHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a model info says besides its classes.  ``required`` are pairs of model name and version."""

    name: str
    version: str | None = None
    url: str | None = None
    target_url: str | None = None
    target_version: str | None = None
    target_qualifier: str | None = None
    patient_class: str | None = None
    birth_date_property: str | None = None
    required: tuple[tuple[str, str | None], ...] = ()
    conversions: tuple[Conversion, ...] = ()
    contexts: tuple[ContextFacts, ...] = ()
