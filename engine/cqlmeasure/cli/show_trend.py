"""A measure in several periods as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

import cqlmeasure as cm
from cqlmeasure.cli.show import group_label, score_text
from cqlmeasure.cli.show_adjusted import ratio_text
from cqlmeasure.measure import Group, Score
from cqlmeasure.measure.report_groups import shown_score


def show_trend(results: Sequence[cm.MeasureResult]) -> None:
    """Print a table for each group: a row for each period, with the change since the one before."""
    console = Console(highlight=False, soft_wrap=True)
    definition = results[0].definition
    console.print(Text(definition.title or definition.name, style="bold"))
    count = results[0].subject_count
    version = f" {definition.version}" if definition.version else ""
    console.print(
        Text(
            f"{definition.name}{version}, {count} {definition.subject_type.lower()}{'' if count == 1 else 's'}",
            style="dim",
        ),
    )
    for number, group in enumerate(definition.groups, 1):
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("period", no_wrap=True)
        for population in group.populations:
            kind = population.type.value.replace("-", " ")
            alone = len(group.positions(population.type)) == 1
            table.add_column(kind if alone else f"{kind} ({population.id})", justify="right")
        table.add_column("score", justify="right")
        table.add_column("change", justify="right")
        labels = group.labels(number)
        if any(name in results[0].report_options.adjusted for name in labels):
            table.add_column("O/E", justify="right")
        before: Score | None = None
        for result in results:
            found = result.groups[number - 1]
            score = shown_score(group, found, result.report_options)
            period = f"{result.period.start} to {result.period.end}"
            score_cell = Text(score_text(group, score), style="bold")
            adjusted = result.report_options.adjusted
            ratios = [ratio_text(adjusted[name]) for name in labels if name in adjusted]
            table.add_row(period, *map(str, found.counts), score_cell, _change(group, before, score), *ratios)
            before = score
        console.print()
        console.print(Text(group_label(group, number), style="bold"))
        console.print(table)


def _change(group: Group, before: Score | None, now: Score | None) -> str:
    """The difference between two scores; that of percentages is in percentage points."""
    if before is None or now is None or before.value is None or now.value is None:
        return ""
    change = now.value - before.value
    if score_text(group, now).endswith("%"):
        return f"{change * 100:+.1f}"
    return f"{change.normalize():+f}"
