"""What evaluation has to read, as plain facts that can be kept: kinds of resources, and what a subject must have.

Always holds: the facts depend on the CQL alone, not on a period or on the members of value sets; where they cannot be
told, there are none.  They ask for too much rather than for too little.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cqlmeasure.models import fixed_code
from cqlmeasure.requirements.filters import Periods, widened
from cqlmeasure.requirements.infer import Entry, Inferred
from cqlmeasure.requirements.paths import DATE_TYPES, Paths
from cqlmeasure.requirements.run import Site
from cqlmeasure.requirements.times import Span
from cqlmeasure.requirements.values import Codes, CodeTest, DateTest, PresenceTest, Terminology

#: Types that have codes in a ``Coding``, where everybody who reads JSON finds them.
_CODINGS = frozenset({"CodeableConcept", "Coding"})
_GENERAL = frozenset({"Resource", "DomainResource"})
#: External functions of FHIRHelpers that reach resources which no retrieve asks for.
_REACHING = frozenset({"resolve"})


class Terms(msgspec.Struct, frozen=True):
    """The codes of a value set (its canonical, maybe with ``|version``), or some codes.

    ``profile``: what declares this profile may have other codes.  ``elements``: the JSON names of the resource's own
    elements where the codes are; none if they are deeper, or cannot be told.
    """

    value_set: str | None = None
    codes: tuple[str, ...] = ()
    profile: str | None = None
    elements: tuple[str, ...] = ()


class Touch(msgspec.Struct, frozen=True):
    """A time that touches a span.

    ``dates``: the JSON names of the resource's own element that has the time, for the types that are dates or Periods;
    ``others``: for its other types.  None if the element is deeper, or has several values.
    """

    span: Span
    dates: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def days(self, periods: Periods) -> tuple[str | None, str | None]:
        """The first and last day of the span, each a day wide of the bound, as time zones shift dates."""
        low = widened(periods, self.span.low, high=False)
        high = widened(periods, self.span.high, high=True)
        return low.isoformat() if low is not None else None, high.isoformat() if high is not None else None


class Kinds(msgspec.Struct, frozen=True):
    """Resources of a type; of them those that have a code of each of ``terms`` and each of the ``times``.

    ``there``: JSON names of the resource's own elements, of each group of which it has one.
    """

    type: str
    terms: tuple[Terms, ...] = ()
    times: tuple[Touch, ...] = ()
    there: tuple[tuple[str, ...], ...] = ()

    def days(self, periods: Periods) -> tuple[str | None, str | None]:
        """A day on or after which the resource has a time, and one on or before which it has a time, if that is so."""
        days = [one.days(periods) for one in self.times]
        low = max((low for low, _ in days if low is not None), default=None)
        return low, min((high for _, high in days if high is not None), default=None)


class Needs(msgspec.Struct, frozen=True):
    """What a measure reads.

    ``retrieved``: what its retrieves give; ``used``: of that, what can change a result; ``clauses``: of the kinds of
    each, a subject in an initial population has a resource.
    """

    retrieved: tuple[Kinds, ...]
    used: tuple[Kinds, ...]
    clauses: tuple[tuple[Kinds, ...], ...] = ()


def follows_references(found: Inferred) -> bool:
    """Whether resources may matter that no retrieve asks for, as others refer to them."""
    return any(one.node.expression is None and one.node.name in _REACHING for one in found.reached.functions)


def needs_of(found: Inferred) -> Needs | None:
    """The facts; ``None`` if any resource may matter."""
    fhir = found.libraries.fhir
    if follows_references(found):
        return None
    sites = found.run.sites
    if any(site.resource in _GENERAL or not fhir.is_resource(site.resource) for site in sites):
        return None
    paths = found.run.paths
    retrieved = dict.fromkeys(_retrieved(site, paths) for site in sites)
    used = dict.fromkeys(_kind(entry, paths) for entry in found.entries)
    clauses = dict.fromkeys(tuple(dict.fromkeys(_kind(entry, paths) for entry in clause)) for clause in found.needs)
    return Needs(tuple(retrieved), tuple(used), tuple(clauses))


def _retrieved(site: Site, paths: Paths) -> Kinds:
    node = site.retrieve
    return Kinds(
        site.resource, _fixed(node.template_id) or _terms(site.resource, node.code_property, site.codes, paths)
    )


def _fixed(profile: str | None) -> tuple[Terms, ...]:
    """The code that a profile fixes."""
    code = fixed_code(profile) if profile is not None else None
    return (Terms(codes=(code,), profile=profile, elements=("code",)),) if code is not None else ()


def _kind(entry: Entry, paths: Paths) -> Kinds:
    terms = [*_terms(entry.resource, entry.code_path, entry.codes, paths), *_fixed(entry.profile)]
    times = []
    there = []
    for one in sorted(entry.filters, key=repr):
        path = paths.clean(entry.resource, one.path)
        match one.test:
            case CodeTest(value_set, codes):
                wanted = Terminology(value_set) if value_set is not None else Codes(codes)
                terms += _terms(entry.resource, ".".join(path), wanted, paths)
            # Of ``meta`` sources do not look at times.
            case DateTest(partial=False) as test if not _extended(path) and path[:1] != ("meta",):
                if (paths.types(entry.resource, path) or frozenset()) & DATE_TYPES:
                    times.append(Touch(Span(test.low, test.high), *_dated(entry.resource, path, paths)))
            case PresenceTest() if not _extended(path):
                there.append(paths.leading(entry.resource, path))
    groups = tuple(dict.fromkeys(group for group in there if group))
    return Kinds(entry.resource, tuple(dict.fromkeys(terms)), tuple(dict.fromkeys(times)), groups)


def _dated(resource: str, path: tuple[str, ...], paths: Paths) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The JSON names of the element at a path that are dates or Periods, and the others."""
    if len(path) == 2 and path[1] in ("start", "end"):
        path = path[:1]
    if len(path) != 1 or not paths.is_single(resource, path):
        return (), ()
    dates = paths.properties(resource, path[0], DATE_TYPES)
    return dates, tuple(name for name in paths.properties(resource, path[0]) if name not in dates)


def _terms(resource: str, path: str | None, wanted: object, paths: Paths) -> tuple[Terms, ...]:
    """The codes at a path, if they are where codings are."""
    steps = tuple((path or "").split("."))
    types = paths.types(resource, steps)
    if types is None or not types & _CODINGS or any(map(paths.fhir.is_primitive, types)) or _extended(steps):
        return ()
    elements = paths.properties(resource, steps[0], _CODINGS) if len(steps) == 1 else ()
    match wanted:
        case Terminology(url):
            return (Terms(value_set=url, elements=elements),)
        case Codes(codes):
            return (Terms(codes=tuple(dict.fromkeys(code for _, code, _ in codes)), elements=elements),)
    return ()


def _extended(path: Iterable[str]) -> bool:
    return any(step in ("extension", "modifierExtension") for step in path)
