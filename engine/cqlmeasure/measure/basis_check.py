"""Whether an item is what the group's basis requirements allow.

Always holds: an item passes if it satisfies any requirement: it is of the type, has all the profiles and passes all the
filters.  A resource that declares no profile cannot be told apart by its profile, so it is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from cqlmeasure.errors import TerminologyError
from cqlmeasure.measure.definition import BasisRequirement, CodeFilter
from cqlmeasure.measure.findings import Findings
from cqlmeasure.measure.paths import Path, codings, find, parse_path
from cqlmeasure.measure.read_basis import ABSTRACT_TYPES
from cqlmeasure.runtime import ValueSet

Check = Callable[[Any], bool]


class ResolveValueSet(Protocol):
    """Gives the value set of a canonical url."""

    def __call__(self, url: str, version: str | None = None, /) -> ValueSet:
        """The value set; raises ``TerminologyError`` or ``LookupError`` if there is none."""
        ...


def basis_check(
    requirements: Sequence[BasisRequirement], place: str, findings: Findings, value_set: ResolveValueSet | None
) -> Check | None:
    """The check of a group's items; ``None`` if anything of the basis will do."""
    if not requirements:
        return None
    checks = [_requirement(requirement, place, findings, value_set) for requirement in requirements]
    return lambda item: any(check(item) for check in checks)


def resolve(canonical: str, place: str, findings: Findings, value_set: ResolveValueSet | None) -> ValueSet | None:
    """The value set that a measure refers to; noted if it cannot be had."""
    url, _, version = canonical.partition("|")
    if value_set is not None:
        try:
            return value_set(url, version or None)
        except TerminologyError as error:
            findings.errors.extend(error.diagnostics)
            return None
        except LookupError:
            pass
    findings.error(
        "missing-value-set",
        place,
        f"value set {canonical} was not found",
        "add the value set to the content" if value_set is not None else "evaluate it with terminology",
    )
    return None


def _requirement(
    requirement: BasisRequirement, place: str, findings: Findings, value_set: ResolveValueSet | None
) -> Check:
    filters = [_filter(one, place, findings, value_set) for one in requirement.filters]
    profiles = {profile.partition("|")[0] for profile in requirement.profiles}

    def check(item: Any) -> bool:
        if not isinstance(item, dict):
            return False
        if requirement.type not in ABSTRACT_TYPES and item.get("resourceType") != requirement.type:
            return False
        return _conforms(item, profiles) and all(one(item) for one in filters)

    return check


def _conforms(item: dict[str, Any], profiles: set[str]) -> bool:
    meta = item.get("meta")
    declared = meta.get("profile") if isinstance(meta, dict) else None
    if not profiles or not isinstance(declared, list) or not declared:
        return True
    return profiles <= {str(profile).partition("|")[0] for profile in declared}


def _filter(one: CodeFilter, place: str, findings: Findings, value_set: ResolveValueSet | None) -> Check:
    path = parse_path(one.path)
    if not isinstance(path, Path):
        findings.error("basis-requirement", place, f"code filter {one.path!r}: {path}")
        return lambda _: False
    found = resolve(one.value_set, place, findings, value_set) if one.value_set is not None else None

    def check(item: Any) -> bool:
        pairs = [pair for value in find(path, item) for pair in codings(value)]
        if one.value_set is not None and not (found and any(found.contains(*pair) for pair in pairs)):
            return False
        return not one.codes or any(_listed(one, *pair) for pair in pairs)

    return check


def _listed(one: CodeFilter, system: str | None, code: str) -> bool:
    return any(wanted == code and (known is None or system in (None, known)) for known, wanted in one.codes)
