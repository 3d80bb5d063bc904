"""Options of ``evaluate`` for large populations: processes, going on after a stop, and reading by plan."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from cqlmeasure.cli.grouped import advanced, collected

F = TypeVar("F", bound=Callable[..., Any])

_advanced = advanced("Large populations")


class RunArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The values of these options."""

    jobs: int
    resume: Path | None
    no_plan: bool
    no_supplemental: bool

    def check(self, *, files: bool, named: bool, single: bool) -> None:
        """``UsageError`` for what cannot be divided or gone on with.

        ``files``: the patients are at a path; ``named``: only some of them are asked for; ``single``: the results of
        single patients are.
        """
        for option, given in (("--jobs", self.jobs > 1), ("--resume", self.resume is not None)):
            if given and not files:
                raise click.UsageError(f"{option} is for patients in files or a store: --data PATH")
            if given and named:
                raise click.UsageError(f"{option} goes neither with --subject nor with --explain")
        if self.resume is None:
            return
        if single:
            raise click.UsageError("--resume is for summaries: not for tables, other reports or expected results")
        folder = self.resume.resolve().parent
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise click.UsageError(f"--resume: files cannot be written to {folder}")


_OPTIONS = (
    click.option(
        "--jobs",
        "-j",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Processes to work with, for patients in files or a store (--data).",
    ),
    _advanced(
        "--resume",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Keep what is finished in this file, and go on from there if the file is there; for summaries of"
        " patients in files or a store (--data).",
    ),
    _advanced(
        "--no-plan",
        is_flag=True,
        help="Read all data and evaluate everybody, also what cannot change the result. It takes longer, and tells"
        " faults in those data too.",
    ),
    _advanced("--no-supplemental", is_flag=True, help="Leave supplemental data and risk factors out."),
)


def run_options(function: F) -> Callable[..., Any]:
    """These options; the function gets their values as ``running``."""
    return collected(RunArguments, "running", *_OPTIONS)(function)
