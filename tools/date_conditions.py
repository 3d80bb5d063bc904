"""Conditions that limit data by date, counted at the ELM, and how many of them the date filters of requirements say.

A condition is a comparison of time one side of which comes from retrieved resources while the other depends on nothing
but parameters and constants.  One that asks for overlap gives no date filter, as a date filter means "falls within".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from cqlmeasure.elm import FunctionDef, Library, datetimes, intervals, logical, walk
from cqlmeasure.elm import library as names
from cqlmeasure.elm.base import Element as Node
from cqlmeasure.elm.literals import Property
from cqlmeasure.elm.queries import AliasRef, QueryLetRef, Retrieve
from cqlmeasure.requirements import Inferred, Periods
from cqlmeasure.requirements.filters import date_filters
from cqlmeasure.requirements.paths import DATE_TYPES
from cqlmeasure.requirements.run import Run, Scope
from cqlmeasure.requirements.values import Constant, Moment, Nothing, Value
from cqlmeasure.typesys import DATE, DATETIME, IntervalType

OVERLAPS = (intervals.Overlaps, intervals.OverlapsBefore, intervals.OverlapsAfter)
TIMING = (
    intervals.In, intervals.ProperIn, intervals.IncludedIn, intervals.ProperIncludedIn, intervals.Contains,
    intervals.ProperContains, intervals.Includes, intervals.ProperIncludes, intervals.Starts, intervals.Ends,
    datetimes.Before, datetimes.After, datetimes.SameOrBefore, datetimes.SameOrAfter, datetimes.SameAs,
    logical.Less, logical.LessOrEqual, logical.Greater, logical.GreaterOrEqual, *OVERLAPS,
)  # fmt: skip


def count_conditions(found: Inferred) -> Counter[str]:
    """The conditions that limit by date and the retrieves under them, and what of both has date filters.

    A retrieve has one if all that is asked of it has; a condition, if some retrieve under it has.
    """
    run = _Noting(found)
    for root in found.roots:
        if not isinstance(root.node, FunctionDef):
            run.definition(root)
    entries = defaultdict(list)
    for entry in found.entries:
        for site in entry.sites:
            entries[id(found.run.sites[site].retrieve)].append(entry)
    dated = {
        retrieve
        for retrieve, listed in entries.items()
        if all(date_filters(entry, found.run.paths, Periods()) for entry in listed)
    }
    counts: Counter[str] = Counter()
    within: set[int] = set()
    limited: set[int] = set()
    for overlap, retrieves in run.conditions.values():
        asked = retrieves & entries.keys()
        if not asked:
            continue
        limited |= asked
        if overlap:
            counts["conditions that ask for overlap with dates"] += 1
            continue
        within |= asked
        counts["conditions that limit by date"] += 1
        counts["conditions that limit by date, with a date filter"] += bool(asked & dated)
    counts["retrieves under a condition on dates"] += len(limited)
    counts["retrieves under a condition that limits by date"] += len(within)
    counts["retrieves under a condition that limits by date, with a date filter"] += len(within & dated)
    counts["retrieves with a date filter"] += len(dated)
    return counts


class _Noting(Run):
    """The inference once more, with what the comparisons of time are about."""

    def __init__(self, found: Inferred) -> None:
        super().__init__(found.libraries)
        #: By node: whether it asks for overlap, and the retrieves that it is about.
        self.conditions: dict[int, tuple[bool, set[int]]] = {}
        self._depends: dict[int, tuple[bool, bool]] = {}

    def evaluate(self, node: Node | None, scope: Scope) -> Value:
        value = super().evaluate(node, scope)
        if isinstance(node, TIMING):
            left, right = node.operand
            for data, bounds in ((left, right), (right, left)):
                if _is_time(data) and _is_time(bounds) and self._is_limit(bounds, scope):
                    found = self.conditions.setdefault(id(node), (isinstance(node, OVERLAPS), set()))
                    found[1].update(self._retrieves(data, scope))
        return value

    def _retrieves(self, operand: Node, scope: Scope) -> Iterable[int]:
        for node in walk(operand):
            for item in super().evaluate(node, scope).items:
                site = self.sites[item.site]
                if (self.paths.types(site.resource, item.path) or frozenset()) & DATE_TYPES:
                    yield id(site.retrieve)

    def _is_limit(self, operand: Node, scope: Scope) -> bool:
        """Whether an operand depends on parameters and on no data."""
        value = super().evaluate(operand, scope)
        if isinstance(value.symbol, Moment):
            return True
        parameters, data = self._mentions(scope.library, operand)
        if data or any(value.all_items()):
            return False
        for node in walk(operand):
            if isinstance(node, AliasRef | QueryLetRef | names.OperandRef | Property):
                symbol = super().evaluate(node, scope).symbol
                if not isinstance(symbol, Moment | Constant | Nothing):
                    return False
                parameters = parameters or isinstance(symbol, Moment)
        return parameters

    def _mentions(self, library: Library, operand: Node) -> tuple[bool, bool]:
        """Whether parameters and whether data are mentioned, also in what is referred to."""
        parameters = data = False
        for node in walk(operand):
            data = data or isinstance(node, Retrieve)
            parameters = parameters or isinstance(node, names.ParameterRef)
            if not isinstance(node, names.ExpressionRef):
                continue
            if isinstance(node, names.FunctionRef):
                referred = self.libraries.functions(library, node)
            else:
                referred = [self.libraries.expression(library, node.name, node.library_name)]
            for one in referred:
                if id(one.node) not in self._depends:
                    self._depends[id(one.node)] = self._mentions(one.library, one.node)
                below = self._depends[id(one.node)]
                parameters, data = parameters or below[0], data or below[1]
        return parameters, data


def _is_time(node: Node) -> bool:
    kind = getattr(node, "result_type", None)
    point = kind.point if isinstance(kind, IntervalType) else kind
    return point in (DATE, DATETIME)
