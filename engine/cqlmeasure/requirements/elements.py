"""Elements of resources in FHIR JSON, found by the paths that requirements name.

Always holds: a choice is looked for under each of its names; what has no value (an extension alone) is not there unless
it is asked for; data of the wrong shape have no elements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from cqlmeasure.models import FhirTypes
from cqlmeasure.requirements.paths import names_of
from cqlmeasure.typesys import ChoiceType

Resource = Mapping[str, Any]
#: A value with its FHIR type.
Found = tuple[str, Any]
Reader = Callable[[Resource], list[Found]]


def reader(fhir: FhirTypes, resource: str, names: Sequence[str], *, valueless: bool = False) -> Reader:
    """A function that gives the values at a path of resources of a type, each with its FHIR type, choices included.

    ``valueless``: a primitive that has an extension alone is an empty element.
    """

    def read(data: Resource) -> list[Found]:
        values: list[Found] = [(resource, data)]
        for name in names:
            values = [
                (kind, item)
                for owner, value in values
                if isinstance(value, Mapping)
                for key, kind in _keys(fhir, owner, name)
                for item in _items(value, key, valueless)
            ]
        return values

    return read


def _keys(fhir: FhirTypes, owner: str, name: str) -> list[tuple[str, str]]:
    element = fhir.element(owner, name)
    if element is None:
        return []
    if isinstance(element.type, ChoiceType):
        return list(fhir.choice_keys(name, element.type).items())
    return [(name, kind) for kind in sorted(names_of(element.type))]


def _items(owner: Mapping[str, Any], key: str, valueless: bool) -> list[Any]:
    value = owner.get(key)
    if value is None:
        return [{}] if valueless and f"_{key}" in owner else []
    return [item for item in value if item is not None] if isinstance(value, list) else [value]


class Coding(NamedTuple):
    """A code; ``system`` is ``None`` where the data name none."""

    system: str | None
    code: str
    display: str | None


def codings(found: Found) -> list[Coding]:
    """The codes of a value."""
    kind, value = found
    if isinstance(value, str):
        return [Coding(None, value, None)]
    if not isinstance(value, Mapping) or kind == "Quantity":
        return []
    if kind == "CodeableConcept":
        return [one for coding in _items(value, "coding", False) for one in codings(("Coding", coding))]
    code = value.get("code")
    if not isinstance(code, str) or not code:
        return []
    return [Coding(_text(value.get("system")), code, _text(value.get("display")))]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
