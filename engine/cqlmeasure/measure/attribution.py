"""Whose subjects they are: the attribution of subjects to a practitioner or an organisation.

Owns attribution by what the data say (paths) and by what the CQL says (an expression).  Always holds: the rule is a
parameter: there is no attribution unless someone asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cqlmeasure.data.subjects import relative_reference
from cqlmeasure.errors import UsageError
from cqlmeasure.measure.members import reference as reference_of
from cqlmeasure.measure.paths import Path, find, parse_path
from cqlmeasure.measure.ports import Evaluator
from cqlmeasure.runtime import FhirValue
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.typesys import ANY, BOOLEAN, STRING, ChoiceType, DataType, ListType, NamedType
from cqlmeasure.typesys.types import SYSTEM

Rule = Callable[[Subject, str], bool]

# Where patients' records commonly say who is responsible.
DEFAULT_PATHS = ("Patient.generalPractitioner", "Patient.managingOrganization")


def by_paths(*paths: str) -> Rule:
    """Attributes a subject to the providers that its resources refer to at any of the paths (`Type.element`)."""
    parsed: list[Path] = []
    for text in paths or DEFAULT_PATHS:
        path = parse_path(text)
        if not isinstance(path, Path) or path.root is None or not path.parts:
            said = path if isinstance(path, str) else "it names no resource type and element"
            raise UsageError(
                f"{text!r} is no path for attribution: {said}",
                code="attribution",
                hint="such as Encounter.serviceProvider",
            )
        parsed.append(path)

    def rule(subject: Subject, provider: str) -> bool:
        return any(
            provider in _references(value)
            for path in parsed
            for resource in subject.of_type(path.root or "")
            for value in find(path, resource)
        )

    return rule


def is_attribution_path(text: str) -> bool:
    """Whether a text is such a path: a type and its elements."""
    path = parse_path(text)
    return isinstance(path, Path) and path.root is not None and bool(path.parts)


def by_expression(evaluator: Evaluator[Any], name: str, shown: str | None = None) -> Rule:
    """Attributes a subject by the value of a CQL expression: true, or references or resources of the providers.

    ``shown`` is what messages call it.  ``UsageError`` for an expression whose type says that it gives no such thing.
    """
    kind = evaluator.definition_type(name)
    if kind is not None and not (kind == BOOLEAN or _may_name(kind)):
        raise UsageError(
            f"{(shown or name)!r} gives {kind}, which names no provider",
            code="attribution",
            hint="give references to the providers, the providers themselves, or true",
        )

    def rule(subject: Subject, provider: str) -> bool:
        value = evaluator.subject(subject).value(name)
        if isinstance(value, bool):
            return value
        return any(provider in _references(item) for item in (value if isinstance(value, list) else [value]))

    return rule


def attributed(subjects: Iterable[Subject], provider: str, rule: Rule) -> Iterator[Subject]:
    """The subjects that are the provider's; ``provider`` is a reference such as ``Practitioner/1``."""
    wanted = relative_reference(provider)
    return (subject for subject in subjects if rule(subject, wanted))


def _may_name(kind: DataType) -> bool:
    """Whether values of a type may be, or have in a list, references, their text, or resources."""
    if isinstance(kind, ListType):
        return _may_name(kind.element)
    if isinstance(kind, ChoiceType):
        return any(map(_may_name, kind.alternatives))
    return isinstance(kind, NamedType) and (kind.model != SYSTEM or kind in (STRING, ANY))


def _references(value: Any) -> set[str]:
    """What a value may mean: a Reference, a reference as text, a resource."""
    if isinstance(value, FhirValue):
        value = value.json
    if isinstance(value, str):
        return {relative_reference(value)}
    if isinstance(value, Mapping):
        own = reference_of(value)
        if own is not None:
            return {own}
        target = value.get("reference")
        return {relative_reference(target)} if isinstance(target, str) else set()
    return set()
