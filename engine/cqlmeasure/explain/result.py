"""What an explanation says.

Always holds: values are run-time values; ``text()`` and ``to_json()`` say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cqlmeasure.runtime.text import to_cql

Json = dict[str, Any]
_LONGEST_VALUE = 100
_MOST_RESOURCES = 5


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One condition or expression: its CQL, its value, and what decided that.

    ``resources`` are those that it found; ``notes`` say what was looked for and what came nearest; ``because`` are the
    conditions below that decided.
    """

    text: str
    value: str
    library: str
    line: int | None = None
    definition: str | None = None
    resources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    because: tuple[Reason, ...] = ()

    @property
    def headline(self) -> str:
        """The condition with its value, in one line."""
        return f"{self.text}: {self.value}"

    @property
    def details(self) -> tuple[str, ...]:
        """The lines below the headline."""
        if not self.resources:
            return self.notes
        more = len(self.resources) - _MOST_RESOURCES
        listed = ", ".join(self.resources[:_MOST_RESOURCES]) + (f" and {more} more" if more > 0 else "")
        return (f"found {listed}", *self.notes)

    def lines(self, depth: int = 0) -> Iterator[str]:
        """The reason as indented lines."""
        indent = "  " * depth
        yield indent + self.headline
        for detail in self.details:
            yield f"{indent}  {detail}"
        for reason in self.because:
            yield from reason.lines(depth + 1)

    def to_json(self) -> Json:
        """The machine-readable form."""
        found: Json = {"text": self.text, "value": self.value, "library": self.library}
        for name in ("line", "definition"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        for name in ("resources", "notes"):
            if getattr(self, name):
                found[name] = list(getattr(self, name))
        if self.because:
            found["because"] = [reason.to_json() for reason in self.because]
        return found


class PopulationReason(msgspec.Struct, frozen=True, kw_only=True):
    """A population: how often the subject counts in it, and why its criterion has its value.

    ``outside`` names the population because of which the subject does not count although the criterion is met.
    """

    group: str
    population: str
    id: str
    count: int | None
    reason: Reason
    outside: str | None = None

    @property
    def headline(self) -> str:
        """The population and the count in one line."""
        if self.count is None:
            return self.population
        outside = f" ({self.outside})" if self.outside else ""
        return f"{self.population}: {self.count}{outside}"

    def to_json(self) -> Json:
        """The machine-readable form."""
        found: Json = {"group": self.group, "population": self.population, "count": self.count}
        if self.outside is not None:
            found["outside"] = self.outside
        return {**found, "reason": self.reason.to_json()}


class DefinitionValue(msgspec.Struct, frozen=True, kw_only=True):
    """A definition that the measure reaches: its value, and the resources that its retrieves returned."""

    library: str
    name: str
    value: Any = None
    error: str | None = None
    resources: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The definition with its value, in one line."""
        return f'{self.library}."{self.name}": {self.error or shown(self.value)}'

    def to_json(self) -> Json:
        """The machine-readable form."""
        found: Json = {"library": self.library, "name": self.name}
        found |= {"error": self.error} if self.error is not None else {"value": to_cql(self.value)}
        return {**found, "resources": list(self.resources)}


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why one subject is where it is: a reason for each population, and every definition that was reached."""

    subject: str
    measure: str
    populations: tuple[PopulationReason, ...]
    definitions: tuple[DefinitionValue, ...]

    def __repr__(self) -> str:
        counts = ", ".join(f"{one.population}: {one.count}" for one in self.populations)
        return f"Explanation({self.subject!r}, {self.measure!r}, {counts})"

    def text(self) -> str:
        """The explanation as plain text."""
        lines = [f"{self.measure}: {self.subject}"]
        for population in self.populations:
            lines += ["", population.headline, *population.reason.lines(1)]
        lines += ["", "definitions"]
        for definition in self.definitions:
            lines.append(f"  {definition.headline}")
            if definition.resources:
                lines.append(f"    used {', '.join(definition.resources)}")
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        return self.text()

    def to_json(self) -> Json:
        """The machine-readable form."""
        return {
            "subject": self.subject,
            "measure": self.measure,
            "populations": [population.to_json() for population in self.populations],
            "definitions": [definition.to_json() for definition in self.definitions],
        }


def shown(value: Any) -> str:
    """A value in a few words: resources by reference, lists by their length, others as CQL."""
    if isinstance(value, list):
        return "nothing" if not value else f"{len(value)} item{'' if len(value) == 1 else 's'}"
    reference = reference_of(value)
    if reference is not None:
        return reference
    text = to_cql(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 4]} ..."


def reference_of(value: Any) -> str | None:
    """``Type/id`` of a resource."""
    if isinstance(value, dict) and isinstance(value.get("resourceType"), str):
        return f"{value['resourceType']}/{value.get('id') or '(no id)'}"
    return None


def references(value: Any) -> tuple[str, ...]:
    """The resources in a value, each once."""
    items = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(found for item in items if (found := reference_of(item)) is not None))
