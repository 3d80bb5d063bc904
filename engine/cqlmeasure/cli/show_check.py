"""What was found of requirements in data, on a terminal."""

from __future__ import annotations

from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

import cqlmeasure as cm
from cqlmeasure.requirements.check_rows import COLUMNS, headline, sections

_STYLES = {"never": "bold red", "partly": "yellow", "met": "green"}
_WIDTH = 160


def show_check(found: cm.DataCheck, file: IO[str] | None = None) -> None:
    """Print the counts of every requirement; to a file as wide as lines need, without colours."""
    console = Console(file=file, highlight=False, width=None if file is None else _WIDTH)
    first, second = headline(found)
    console.print(Text(first, style="bold"), soft_wrap=True)
    console.print(Text(second), soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(COLUMNS[0], overflow="fold")
    for name in COLUMNS[1:3]:
        table.add_column(name, justify="right")
    table.add_column(COLUMNS[3], overflow="fold")
    for section in sections(found):
        table.add_row()
        table.add_row(Text(section.title, style="bold"), "", "", Text(section.verdict, style=_STYLES[section.state]))
        for row in section.rows:
            style = "red" if row.never else ""
            numbers = (f"{number:,}" for number in (row.count.resources, row.count.patients))
            table.add_row(Text(f"  {row.text}", style=style), *(Text(one, style=style) for one in numbers), row.remark)
    console.print(table)
