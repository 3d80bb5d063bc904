"""From a library set to its data requirements: one entry per kind of data, merged, with what was found on the way.

Always holds: the entries together ask for every resource that can influence one of the expressions; entries differ in
type, profile, codes or filters; none is there without a retrieve.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from cqlmeasure.elm import FunctionDef, Library, deep_recursion
from cqlmeasure.models import FhirTypes, fhir_types
from cqlmeasure.requirements import (
    rules_ages,
    rules_constants,
    rules_logic,
    rules_numbers,
    rules_points,
    rules_queries,
    rules_times,
    rules_values,
)
from cqlmeasure.requirements.libraries import Definition, LibrarySet
from cqlmeasure.requirements.reach import Reached, reach
from cqlmeasure.requirements.run import HANDLERS, Run, Site
from cqlmeasure.requirements.values import (
    Clause,
    Codes,
    Filter,
    Item,
    Path,
    Terminology,
    Value,
    ValueTest,
    either,
    join,
)

#: The modules whose import registers the rules.
RULES = (
    rules_constants, rules_values, rules_numbers, rules_points, rules_queries, rules_ages, rules_times, rules_logic,
)  # fmt: skip
_ALTERNATIVES = 6


Key = tuple[str, str | None, str | None, Codes | Terminology | None]


class Entry(msgspec.Struct, frozen=True):
    """Data of one kind: resources of a type and profile with certain codes, for which all ``filters`` hold.

    ``code_path`` and ``codes`` are what the retrieve says of codes; ``paths`` what is read, as ELM has it;
    ``necessary``: a subject without such data is in no initial population; ``everybody``: data of all subjects.
    ``joins``: the kinds of data (their ``key``) that refer to these resources, each with the path of the reference.
    """

    resource: str
    profile: str | None
    code_path: str | None
    codes: Codes | Terminology | None
    filters: frozenset[Filter] = frozenset()
    paths: tuple[Path, ...] = ()
    necessary: bool = False
    everybody: bool = False
    sites: tuple[int, ...] = ()
    joins: tuple[tuple[Key, str], ...] = ()

    @property
    def key(self) -> Key:
        """What tells it from others, filters aside."""
        return self.resource, self.profile, self.code_path, self.codes


class Inferred(msgspec.Struct, frozen=True):
    """What was found: entries, everything reached, and the roots with their values.

    ``needs``: of each clause, a subject in an initial population has data of some entry's kind.  ``base``: the
    canonical base of included libraries that are named without one.
    """

    libraries: LibrarySet
    roots: tuple[Definition, ...]
    reached: Reached
    entries: tuple[Entry, ...]
    needs: tuple[tuple[Entry, ...], ...]
    run: Run
    base: str | None = None


def infer(
    primary: Library,
    libraries: Iterable[Library] = (),
    expressions: Sequence[str] | None = None,
    *,
    membership: Sequence[str] = (),
    perhaps: Collection[str] = (),
    fhir: FhirTypes | None = None,
) -> Inferred:
    """The data requirements of named expressions of a library; without names, of all of them.

    An expression that a measure names may be a function of its populations' items.  ``libraries`` are those that the
    library includes, directly or not.  ``membership``: expressions of initial populations,
    one of which must be true or not empty for a subject to count.  ``perhaps``: names that may be paths.
    Raises ``ContentError`` for what is not there.
    """
    found = LibrarySet(primary, libraries, fhir or fhir_types())
    names = list(dict.fromkeys((*(expressions or ()), *membership)))
    if expressions is None:
        roots = found.expressions(primary)
    else:
        names = [name for name in names if name not in perhaps or not found.is_path(name)]
        # One definition may be named in several ways.
        roots = list(dict.fromkeys(root for name in names for root in found.root(name)))
    with deep_recursion():
        reached = reach(found, roots)
        run = Run(found)
        _evaluate(run, roots)
        joining = list(dict.fromkeys(root for name in membership for root in found.root(name)))
        named = all(not isinstance(root.node, FunctionDef) for root in joining)
        members = [run.definition(root) for root in joining] if named else []
    entries = merged(run)
    needs = _needs(members)
    clauses = tuple(tuple(_entry(run, item) for item in sorted(clause, key=_item_order)) for clause in needs)
    entries = [msgspec.structs.replace(entry, necessary=_necessary(entry, clauses)) for entry in entries]
    return Inferred(found, tuple(roots), reached, tuple(entries), clauses, run)


def _evaluate(run: Run, roots: Sequence[Definition]) -> None:
    """Evaluate the roots; a function (a measure observation) gets what the expressions among them give."""
    values = [run.definition(root) for root in roots if not isinstance(root.node, FunctionDef)]
    for value in values:
        run.demand(value)
    given = join(values)
    argument = Value(given.items, given.fields)
    for root in roots:
        if isinstance(root.node, FunctionDef):
            run.demand(run.call(root, tuple(argument for _ in root.node.operand)))


def _necessary(entry: Entry, clauses: Iterable[Sequence[Entry]]) -> bool:
    """Whether some clause asks for data of the entry and of no other."""
    return not entry.everybody and any(_has(entry, clause) for clause in clauses)


def _has(entry: Entry, clause: Sequence[Entry]) -> bool:
    """Whether the data that a clause asks for are all among those of the entry."""
    return all(one.key == entry.key and entry.filters <= one.filters for one in clause)


def together(found: Sequence[Inferred]) -> list[Entry]:
    """The entries of one or several artifacts; of several, those of the same kind are merged, and none is necessary."""
    if len(found) == 1:
        return list(found[0].entries)
    groups: dict[tuple[object, ...], list[Entry]] = {}
    for one in found:
        for entry in one.entries:
            groups.setdefault(entry.key, []).append(entry)
    merged: list[Entry] = []
    for group in groups.values():
        paths = tuple(dict.fromkeys(path for entry in group for path in entry.paths))
        everybody = any(entry.everybody for entry in group)
        joins = tuple(dict.fromkeys(join for entry in group for join in entry.joins))
        plain = msgspec.structs.replace(
            group[0], paths=paths, necessary=False, everybody=everybody, sites=(), joins=joins
        )
        wanted = weakest(entry.filters for entry in group)
        merged += [msgspec.structs.replace(plain, filters=filters) for filters in wanted]
    return merged


def merged(run: Run) -> list[Entry]:
    """The entries: retrieves of the same kind together, what is covered by another one dropped."""
    groups: dict[tuple[object, ...], list[tuple[int, Entry]]] = {}
    for number, site in enumerate(run.sites):
        if number in run.demands:
            entry = _bare(run, number, site)
            groups.setdefault(entry.key, []).append((number, entry))
    found: list[Entry] = []
    for group in groups.values():
        sites = tuple(number for number, _ in group)
        paths = tuple(dict.fromkeys(path for _, entry in group for path in entry.paths))
        wanted = weakest(filters for number in sites for filters in sorted(run.demands[number], key=_filters_order))
        everybody = any(entry.everybody for _, entry in group)
        joins = tuple(_joins(run, sites))
        first = msgspec.structs.replace(group[0][1], everybody=everybody, joins=joins)
        found += [msgspec.structs.replace(first, filters=filters, paths=paths, sites=sites) for filters in wanted]
    return found


def _joins(run: Run, sites: Sequence[int]) -> Iterator[tuple[Key, str]]:
    """What refers to the resources of some retrieves."""
    for site, path, target in run.joins:
        if target in sites and site in run.demands:
            yield _bare(run, site, run.sites[site]).key, ".".join(path)


def weakest(alternatives: Iterable[frozenset[Filter]]) -> list[frozenset[Filter]]:
    """Alternatives without those that another one covers; if they are many, what all have in common.

    Values do not tell alternatives apart: one that covers another keeps of its values what both have.
    """
    kept: dict[frozenset[Filter], frozenset[Filter]] = {}
    for filters in dict.fromkeys(alternatives):
        values = frozenset(one for one in filters if isinstance(one.test, ValueTest))
        plain = filters - values
        covering = next((other for other in kept if other <= plain), None)
        if covering is not None:
            kept[covering] &= values
            continue
        for other in [other for other in kept if plain <= other]:
            values &= kept.pop(other)
        kept[plain] = values
    found = [plain | values for plain, values in kept.items()]
    return found if len(found) <= _ALTERNATIVES else [frozenset.intersection(*found)]


def _bare(run: Run, number: int, site: Site) -> Entry:
    node = site.retrieve
    codes = site.codes if isinstance(site.codes, Codes | Terminology) else None
    return Entry(
        site.resource,
        node.template_id,
        node.code_property if codes is not None else None,
        codes,
        paths=tuple(run.reads.get(number, ())),
        everybody=site.everybody,
        sites=(number,),
    )


def _entry(run: Run, item: Item) -> Entry:
    return msgspec.structs.replace(_bare(run, item.site, run.sites[item.site]), filters=item.filters)


def _needs(members: Sequence[Value]) -> frozenset[Clause]:
    """What every way into a population needs."""
    if not members:
        return frozenset()
    needs = members[0].needs
    for value in members[1:]:
        needs = either(needs, value.needs)
    return needs


def _filters_order(filters: frozenset[Filter]) -> list[str]:
    # Sets have another order in every process.
    return sorted(map(repr, filters))


def _item_order(item: Item) -> tuple[int, Path, int]:
    return item.site, item.path, len(item.filters)


__all__ = ["HANDLERS", "RULES", "Entry", "Inferred", "infer", "merged", "together", "weakest"]
