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

Rule = Callable[[Subject, str], bool]

# Where patients' records commonly say who is responsible.
DEFAULT_PATHS = ("Patient.generalPractitioner", "Patient.managingOrganization")


def by_paths(*paths: str) -> Rule:
    """Attributes a subject to the providers that its resources refer to at any of the paths (`Type.element`)."""
    parsed: list[Path] = []
    for text in paths or DEFAULT_PATHS:
        path = parse_path(text)
        if not isinstance(path, Path) or path.root is None:
            said = path if isinstance(path, str) else "it names no resource type"
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


def by_expression(evaluator: Evaluator[Any], name: str) -> Rule:
    """Attributes a subject by the value of a CQL expression: true, or references, ids or resources of the providers."""

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


def _references(value: Any) -> set[str]:
    """What a value may mean: a Reference, a reference or id as text, a resource."""
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
