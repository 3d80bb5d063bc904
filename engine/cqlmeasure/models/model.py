"""One model: its header and its classes, found by name, label or identifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cqlmeasure.models.facts import ClassFacts, ContextFacts, Conversion, ModelHeader
from cqlmeasure.typesys import NamedType

ClassIndex = Callable[[], Iterable[tuple[str, str | None, str | None]]]


class Model:
    """The types, conversions and contexts of one version of a model.  Immutable to its users; safe to share.

    ``classes`` maps class names (without the model's name) to facts and may read them lazily; ``index`` gives name,
    label and identifier of every class without reading the rest.
    """

    __slots__ = ("_identifiers", "_index", "_labels", "classes", "contexts", "conversions", "header", "name", "version")

    def __init__(self, header: ModelHeader, classes: Mapping[str, ClassFacts], index: ClassIndex | None = None) -> None:
        self.header = header
        self.name: str = header.name
        self.version: str | None = header.version
        self.classes = classes
        self.conversions: tuple[Conversion, ...] = header.conversions
        self.contexts: Mapping[str, ContextFacts] = {context.name: context for context in header.contexts}
        self._index = index
        self._labels: dict[str, str] | None = None
        self._identifiers: dict[str, str] | None = None

    def __repr__(self) -> str:
        return f"Model({self.name} {self.version}, {len(self.classes)} classes)"

    @property
    def url(self) -> str | None:
        """The namespace of the model's own types."""
        return self.header.url

    @property
    def target_url(self) -> str | None:
        """The namespace of the model that the data really has, when it is another one."""
        return self.header.target_url

    @property
    def elm_url(self) -> str | None:
        """The namespace that the model's types have in ELM: that of the target, else its own."""
        return self.header.target_url or self.header.url

    @property
    def required(self) -> tuple[tuple[str, str | None], ...]:
        """The models that this one builds on, as pairs of name and version."""
        return self.header.required

    @property
    def patient_class(self) -> NamedType | None:
        """The class of a patient."""
        name = self.header.patient_class
        return NamedType(self.name, name.removeprefix(f"{self.name}.")) if name else None

    def class_named(self, name: str) -> ClassFacts | None:
        """The class of a name, with or without the model's name in front, or of a label; names go before labels."""
        found = self.classes.get(name)
        if found is None and name.startswith(f"{self.name}."):
            found = self.classes.get(name[len(self.name) + 1 :])
        return found if found is not None else self.class_labelled(name)

    def class_labelled(self, label: str) -> ClassFacts | None:
        """The class with a label such as ``QICore Condition Problems Health Concerns``."""
        if self._labels is None:
            self._read_index()
        name = self._labels.get(label) if self._labels else None
        return None if name is None else self.classes[name]

    def class_identified(self, identifier: str) -> ClassFacts | None:
        """The class with an identifier: the canonical url of the profile that it stands for."""
        if self._identifiers is None:
            self._read_index()
        name = self._identifiers.get(identifier) if self._identifiers else None
        return None if name is None else self.classes[name]

    def context(self, name: str) -> ContextFacts | None:
        """The context of a name; a model without context information has the context of its patient class."""
        found = self.contexts.get(name)
        if found is None and name == "Patient" and (patient := self.patient_class) is not None:
            return ContextFacts(name, patient, birth_date_element=self.header.birth_date_property)
        return found

    def birth_date_path(self) -> str | None:
        """The path from the patient class to the birth date, such as ``birthDate.value``."""
        context = self.contexts.get("Patient")
        return (context.birth_date_element if context else None) or self.header.birth_date_property

    def _read_index(self) -> None:
        rows: Iterable[tuple[str, str | None, str | None]]
        if self._index is not None:
            rows = self._index()
        else:
            rows = ((facts.name, facts.label, facts.identifier) for facts in self.classes.values())
        labels: dict[str, str] = {}
        identifiers: dict[str, str] = {}
        for name, label, identifier in rows:
            if label:
                labels.setdefault(label, name)
            if identifier:
                identifiers.setdefault(identifier, name)
        self._labels, self._identifiers = labels, identifiers
