"""Joins over references: resources that are looked for because others refer to them.

Always holds: a join is only told of; no requirement becomes narrower by it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cqlmeasure.elm import walk
from cqlmeasure.elm.base import BinaryExpression, Expression
from cqlmeasure.elm.literals import Property
from cqlmeasure.requirements.run import Run, Scope
from cqlmeasure.requirements.values import Path


def note_joins(run: Run, node: BinaryExpression, scope: Scope) -> None:
    """Note the joins of an equation: the id of a resource on one side, part of a reference on the other."""
    left, right = (list(_elements(run, operand, scope)) for operand in node.operand)
    for ids, references in ((left, right), (right, left)):
        for target, identity in ids:
            if identity != ("id",):
                continue
            for site, path in references:
                if len(path) > 1 and path[-1] == "reference":
                    run.joins.setdefault((site, path[:-1], target))


def _elements(run: Run, operand: Expression, scope: Scope) -> Iterator[tuple[int, Path]]:
    """The elements that an operand mentions, in whatever is made of them (the tail of a split text)."""
    for node in walk(operand):
        if isinstance(node, Property):
            items = run.evaluate(node, scope).items
            for item in sorted(items, key=lambda item: (item.site, item.path)):
                yield item.site, run.paths.clean(run.sites[item.site].resource, item.path)
