"""Entries as FHIR DataRequirements.

Always holds: entries that cannot be told apart once written are one; those that another refers to by its id have one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from cqlmeasure.requirements.filters import code_filters, date_filters, value_filters
from cqlmeasure.requirements.infer import Entry, Inferred, together
from cqlmeasure.requirements.options import Options
from cqlmeasure.requirements.paths import Paths
from cqlmeasure.requirements.patterns import query_patterns
from cqlmeasure.requirements.reference import reference_entries

_FHIR = "http://hl7.org/fhir/StructureDefinition/"
Json = dict[str, Any]


def data_requirements(found: Sequence[Inferred], options: Options) -> list[Json]:
    """The data requirements of one or several artifacts, each once."""
    made = list(_reference(found)) if options.reference else _json(_written(found, options))
    return list({repr(one): one for one in made}.values())


def _reference(found: Sequence[Inferred]) -> Iterator[Json]:
    for one in found:
        for entry, must_support in reference_entries(one):
            codes = code_filters(entry, one.run.paths)
            yield _Written(entry, must_support, codes, necessary=entry.necessary).json()


def _written(found: Sequence[Inferred], options: Options) -> list[_Written]:
    paths = found[0].run.paths
    entries = together(found)
    related = {entry.resource for entry in entries}
    made: list[_Written] = []
    for entry in entries:
        one = _Written(entry, _must_support(paths, entry), code_filters(entry, paths))
        one.dates = date_filters(entry, paths, options.periods)
        one.values = value_filters(entry, paths)
        one.patterns = query_patterns(paths, entry, options.periods, related) if options.patterns else []
        one.necessary = entry.necessary
        _add(made, one)
    return made


def _json(made: Sequence[_Written]) -> list[Json]:
    """As JSON, what refers to each other tied by ids."""
    names: dict[int, str] = {}
    for one in made:
        for key, path in one.entry.joins:
            for number, other in enumerate(made, 1):
                if other.entry.key == key:
                    names.setdefault(id(other), f"{other.entry.resource}-{number}")
                    one.related.append(_related(names[id(other)], path))
    return [one.json(names.get(id(one))) for one in made]


def _related(target: str, path: str) -> Json:
    parts = [{"url": "targetId", "valueString": target}, {"url": "targetPath", "valueString": path}]
    return {"url": f"{_FHIR}cqf-relatedRequirement", "extension": parts}


class _Written(msgspec.Struct):
    """An entry on its way to JSON."""

    entry: Entry
    must_support: list[str]
    codes: list[Json]
    dates: list[Json] = []
    values: list[Json] = []
    patterns: list[str] = []
    related: list[Json] = []
    necessary: bool = False

    def covers(self, other: _Written) -> bool:
        """Whether, as written, it asks for all that another one asks for, values aside."""
        return (
            self.entry.key == other.entry.key
            and all(one in other.codes for one in self.codes)
            and all(one in other.dates for one in self.dates)
        )

    def absorb(self, other: _Written) -> None:
        """Ask for what another one asks for too."""
        self.values = [one for one in self.values if one in other.values]
        self.patterns = list(dict.fromkeys((*self.patterns, *other.patterns)))
        self.must_support = list(dict.fromkeys((*self.must_support, *other.must_support)))
        self.necessary = self.necessary or other.necessary

    def json(self, identity: str | None = None) -> Json:
        """As a DataRequirement."""
        extension: list[Json] = []
        if self.necessary and (self.codes or self.dates or self.entry.resource != "Patient"):
            extension.append({"url": f"{_FHIR}cqf-isSelective", "valueBoolean": True})
        extension += [{"url": f"{_FHIR}cqf-fhirQueryPattern", "valueString": pattern} for pattern in self.patterns]
        made = {
            "id": identity,
            "extension": extension + self.values + self.related,
            "type": self.entry.resource,
            "profile": [self.entry.profile] if self.entry.profile else [],
            "mustSupport": self.must_support,
            "codeFilter": self.codes,
            "dateFilter": self.dates,
        }
        return {name: value for name, value in made.items() if value not in ([], None)}


def _add(made: list[_Written], one: _Written) -> None:
    """Add an entry; of those that cannot be told apart once written, or that another covers, one is left."""
    for known in made:
        if known.covers(one) or one.covers(known):
            wider, other = (known, one) if known.covers(one) else (one, known)
            wider.absorb(other)
            made.remove(known)
            _add(made, wider)
            return
    made.append(one)


def _must_support(paths: Paths, entry: Entry) -> list[str]:
    cleaned = (paths.clean(entry.resource, path) for path in entry.paths)
    return list(dict.fromkeys(".".join(path) for path in cleaned))
