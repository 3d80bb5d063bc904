"""Explanations of subjects as trees on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

import cqlmeasure as cm

if TYPE_CHECKING:
    from cqlmeasure.explain import PopulationReason

_WIDTH = 160  # in files and pipes
_STYLES = {"true": "green", "false": "red", "nothing": "red", "null": "yellow", "failed": "bold red"}


def show_explanations(result: cm.MeasureResult, subjects: Iterable[str]) -> None:
    """Print why each of these subjects is where it is."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)
    for number, subject in enumerate(dict.fromkeys(subjects)):
        if number:
            console.print()
        if subject.rpartition("/")[2] in result.failed_subjects:
            continue  # what failed is said where all failures are
        console.print(_tree(result.explain(subject)))


def reason_tree(population: PopulationReason) -> Tree:
    """One population with the conditions that decided."""
    tree = Tree(Text(population.headline, style="bold"), guide_style="dim")
    _add(tree, population.reason)
    return tree


def _tree(explanation: cm.Explanation) -> Tree:
    tree = Tree(Text(f"{explanation.measure}: {explanation.subject}", style="bold"), guide_style="dim")
    group = None
    for population in explanation.populations:
        if len({one.group for one in explanation.populations}) > 1 and population.group != group:
            group = population.group
            tree.add(Text(f"group {group}", style="bold"))
        tree.add(reason_tree(population))
    definitions = tree.add(Text("definitions", style="bold"))
    for definition in explanation.definitions:
        node = definitions.add(Text(definition.headline))
        if definition.resources:
            node.add(Text(f"used {', '.join(definition.resources)}", style="dim"))
    return tree


def _add(tree: Tree, reason: cm.Reason) -> None:
    headline = Text(f"{reason.text}: ")
    headline.append(reason.value, style=_STYLES.get(reason.value, ""))
    for detail in reason.details:
        headline.append(f"\n{detail}", style="dim")
    node = tree.add(headline)
    for one in reason.because:
        _add(node, one)
