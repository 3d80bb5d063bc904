"""Options of ``evaluate`` for large populations: processes, going on after a stop, and reading by plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from cqlmeasure.cli.grouped import advanced, collected

F = TypeVar("F", bound=Callable[..., Any])


class RunArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The values of these options."""

    jobs: int
    resume: Path | None
    no_plan: bool
    no_supplemental: bool


_OPTIONS = (
    click.option(
        "--jobs",
        "-j",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Processes to work with; for patients at a path (--data), and a summary or reports of them.",
    ),
    advanced(
        "--resume",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Keep what is finished in this file, and go on from there if it is there; for a summary.",
    ),
    advanced(
        "--no-plan",
        is_flag=True,
        help="Read all data, and evaluate everybody. The result is the same, but for what is said of data that do not"
        " matter.",
    ),
    advanced("--no-supplemental", is_flag=True, help="Leave supplemental data and risk factors out."),
)


def run_options(function: F) -> Callable[..., Any]:
    """These options; the function gets their values as ``running``."""
    return collected(RunArguments, "running", *_OPTIONS)(function)
