"""What the compiler of ELM needs to know about FHIR's types to run on plain JSON.

FHIR's primitives are JSON scalars whose ``value`` is a System value; a choice element is several JSON properties, one
per type; resources carry ``resourceType``, data types do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from cqlmeasure.errors import ContentError
from cqlmeasure.models.builtin import builtin, builtin_versions
from cqlmeasure.models.facts import ElementFacts
from cqlmeasure.models.modelset import ModelSet
from cqlmeasure.typesys import SYSTEM, ChoiceType, DataType, ListType, NamedType

Kind = Literal["primitive", "datatype", "backbone", "resource"]

_CODED = ("CodeableConcept", "Coding", "code")
#: Profiles of Quantity that the model info has as classes; in JSON they are spelled as what they are.
_JSON_TYPES = {"SimpleQuantity": "Quantity", "MoneyQuantity": "Quantity"}


class FhirTypes:
    """The types of one version of FHIR, by their names without ``FHIR.``."""

    __slots__ = ("_kinds", "_values", "models", "name")

    def __init__(self, models: ModelSet, name: str = "FHIR") -> None:
        self.models = models
        self.name = name
        self._kinds: dict[str, Kind | None] = {}
        self._values: dict[str, NamedType | None] = {}

    def type(self, name: str) -> NamedType:
        """The named type of a FHIR type name."""
        return NamedType(self.name, name)

    def kind(self, name: str) -> Kind | None:
        """What sort of type it is, ``None`` if there is none of that name.

        The types of codes with a required binding are primitive.
        """
        if name not in self._kinds:
            self._kinds[name] = self._kind(name)
        return self._kinds[name]

    def value_type(self, name: str) -> NamedType | None:
        """The System type of a primitive's ``value``; ``None`` for what is not primitive."""
        if name not in self._values:
            element = self.models.element(self.type(name), "value")
            kind = element.type if element is not None else None
            self._values[name] = kind if isinstance(kind, NamedType) and kind.model == SYSTEM else None
        return self._values[name]

    def is_primitive(self, name: str) -> bool:
        """Whether its JSON is a scalar."""
        return self.kind(name) == "primitive"

    def is_resource(self, name: str) -> bool:
        """Whether its JSON carries ``resourceType``; also true for Resource and DomainResource."""
        return self.kind(name) == "resource"

    def is_quantity(self, name: str) -> bool:
        """Whether it is Quantity or one of its kinds: Age, Count, Distance, Duration, ..."""
        return self.models.is_subtype(self.type(name), self.type("Quantity"))

    def is_subtype(self, name: str, of: str) -> bool:
        """Whether a type is, or extends, another."""
        return self.models.is_subtype(self.type(name), self.type(of))

    def element(self, name: str, element: str) -> ElementFacts | None:
        """An element of a type, its own or inherited."""
        return self.models.element(self.type(name), element)

    def elements(self, name: str) -> Mapping[str, ElementFacts]:
        """All elements of a type."""
        return self.models.elements(self.type(name))

    def choice_keys(self, element: str, kind: DataType) -> dict[str, str]:
        """The JSON properties of a choice element and the FHIR type of each: ``{"onsetAge": "Age", ...}``.

        Empty for a type that is no choice.
        """
        if not isinstance(kind, ChoiceType):
            return {}
        keys: dict[str, str] = {}
        for alternative in kind.alternatives:
            if isinstance(alternative, NamedType):
                name = _JSON_TYPES.get(alternative.name, alternative.name)
                keys[f"{element}{name[:1].upper()}{name[1:]}"] = name
        return keys

    def code_steps(self, name: str, path: str) -> tuple[tuple[str, ...], ...]:
        """The steps to the codes at a path of a type: of each the JSON names that it may have.

        A choice has the names of those types that have codes.
        """
        steps: list[tuple[str, ...]] = []
        owner: str | None = name
        for step in path.replace("[x]", "").split("."):
            facts = self.element(owner, step) if owner is not None else None
            keys = self.choice_keys(step, facts.type) if facts is not None else {}
            steps.append(tuple(key for key, kind in keys.items() if kind in _CODED) or (step,))
            found: DataType | None = facts.type if facts is not None else None
            if isinstance(found, ListType):
                found = found.element
            owner = found.name if isinstance(found, NamedType) else None
        return tuple(steps)

    def main_code_steps(self, name: str) -> tuple[tuple[str, ...], ...] | None:
        """The steps to the codes that say what a resource is; ``None`` for a type that has none."""
        facts = self.models.class_of(self.type(name))
        if facts is None or not facts.retrievable or facts.primary_code_path is None:
            return None
        return self.code_steps(name, facts.primary_code_path)

    def path_type(self, name: str, path: str) -> DataType | None:
        """The type at the end of a dotted path, seen through lists; ``None`` if the path leaves the model."""
        kind: DataType | None = self.type(name)
        for step in path.split("."):
            while isinstance(kind, ListType):
                kind = kind.element
            found = self.models.element(kind, step) if isinstance(kind, NamedType) else None
            if found is None:
                return None
            kind = found.type
        return kind

    def _kind(self, name: str) -> Kind | None:
        kind = self.type(name)
        if self.models.class_of(kind) is None:
            return None
        if self.value_type(name) is not None:
            return "primitive"
        if self.models.is_subtype(kind, self.type("Resource")):
            return "resource"
        return "backbone" if "." in name else "datatype"


@cache
def fhir_types(version: str = "4.0.1") -> FhirTypes:
    """The types of a shipped version of FHIR.  Raises ``ContentError`` for another version."""
    model = builtin("FHIR", version)
    if model is None:
        hint = f"versions that ship: {', '.join(builtin_versions('FHIR'))}"
        raise ContentError(f"the model FHIR {version} was not found", code="unknown-model", hint=hint)
    return FhirTypes(ModelSet([model]))
