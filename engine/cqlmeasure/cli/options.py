"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


def content_option(help_text: str, required: bool = False) -> Callable[[F], F]:
    """``--content PATH``, repeatable."""
    return click.option("--content", "-c", "content", type=PATH, multiple=True, required=required, help=help_text)


def leniency_options(function: F) -> F:
    """``--any-version``, ``--prefer-elm`` and ``--lenient-terminology``."""
    function = click.option(
        "--lenient-terminology",
        is_flag=True,
        help="Go on when a value set is missing or cut: it holds what is there, and a warning says so.",
    )(function)
    function = click.option(
        "--prefer-elm", is_flag=True, help="Take the published ELM of a library that has both CQL and ELM."
    )(function)
    return click.option(
        "--any-version",
        is_flag=True,
        help="Take another version of an included library when the one that is named is not there.",
    )(function)


output_option = click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file; - is standard output."
)

timezone_option = click.option(
    "--timezone",
    metavar="OFFSET",
    help="Offset of the evaluation from UTC, such as +02:00: what a day is, and what dates without an offset mean."
    "  [default: +00:00]",
)
