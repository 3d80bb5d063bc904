"""What was found of requirements in data, on a terminal."""

from __future__ import annotations

from typing import IO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

import cqlmeasure as cm
from cqlmeasure.requirements.check_rows import COLUMNS, headline, sections

_STYLES = {"never": "bold red", "partly": "yellow", "met": "green"}
_WIDTH = 160
_NUMBER = 9
# What numbers and remarks need beside the text, and what the text gets at least.
_REST = 3 + 2 * (_NUMBER + 1) + 16
_NARROWEST = 30


def show_check(found: cm.DataCheck, file: IO[str] | None = None) -> None:
    """Print the counts of every requirement; to a file as wide as lines need, without colours."""
    console = Console(file=file, highlight=False, width=None if file is None else _WIDTH)
    first, second = headline(found)
    console.print(Text(first, style="bold"), soft_wrap=True)
    console.print(Text(second), soft_wrap=True)
    parts = sections(found)
    longest = max((cell_len(row.text) for section in parts for row in section.rows), default=0)
    width = min(longest + 2, max(_NARROWEST, console.width - _REST))
    console.print(_table(width, header=True))
    for section in parts:
        title = Text.assemble((section.title, "bold"), ": ", (section.verdict, _STYLES[section.state]))
        console.print("", title, sep="\n", soft_wrap=True)
        table = _table(width)
        for row in section.rows:
            style = "red" if row.never else ""
            numbers = (f"{number:,}" for number in (row.count.resources, row.count.patients))
            table.add_row(Text(f"  {row.text}", style=style), *(Text(one, style=style) for one in numbers), row.remark)
        console.print(table)


def _table(width: int, *, header: bool = False) -> Table:
    """A table with the columns that all sections share."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=header)
    table.add_column(COLUMNS[0], overflow="fold", width=width)
    for name in COLUMNS[1:3]:
        table.add_column(name, justify="right", width=_NUMBER)
    table.add_column(COLUMNS[3], overflow="fold")
    return table
