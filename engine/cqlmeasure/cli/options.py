"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


def local_path(text: str) -> Path:
    """A path of a command that reads files; the address of a server, which would lose a slash as a path, is refused."""
    if is_address(text):
        raise click.UsageError(f"{text} is no path: only cqlmeasure evaluate --data takes the address of a FHIR server")
    return Path(text)


def is_address(place: str | Path) -> bool:
    """Whether it is the address of a server."""
    return isinstance(place, str) and place.lower().startswith(("http://", "https://"))


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


def session_options(function: F) -> F:
    """What expressions are evaluated with: ``--data``, ``--using``, ``--include``, ``--period``."""
    for option in reversed(
        (
            click.option(
                "--data", "-d", type=PATH, help="A patient's Bundle: with it expressions can retrieve, as [Encounter]."
            ),
            click.option("--using", metavar="MODEL", help="A model and its version, such as 'QICore 6.0.0'."),
            click.option(
                "--include",
                "includes",
                metavar="NAME[|VERSION]",
                multiple=True,
                help="A library of the content; repeatable.",
            ),
            click.option("--period", "-p", metavar="PERIOD", help="The Measurement Period of the included libraries."),
        )
    ):
        function = option(function)
    return function


def parameter_option(function: F) -> F:
    """``--parameter NAME=CQL``, repeatable, and ``--now``."""
    function = click.option(
        "--now", metavar="DATETIME", help="What Now() and Today() give, such as 2026-07-01T08:30.  [default: the clock]"
    )(function)
    return click.option(
        "--parameter",
        "parameters",
        metavar="NAME=CQL",
        multiple=True,
        help="The value of a CQL parameter, as CQL writes it: limit=\"5 'mg'\"; repeatable.",
    )(function)


def parameters_of(given: Iterable[str]) -> dict[str, Any]:
    """The values by name of ``NAME=CQL`` texts."""
    import cqlmeasure as cm  # loaded here so that --help does without the engine

    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip().strip('"')
        if not equals or not name or not value.strip():
            raise click.UsageError(f"--parameter {text!r} is not NAME=CQL; write it as: --parameter \"limit=5 'mg'\"")
        if name in found:
            raise click.UsageError(f"the parameter {name!r} is given twice")
        found[name] = cm.Cql(value.strip())
    return found


output_option = click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file; - is standard output."
)

timezone_option = click.option(
    "--timezone",
    metavar="OFFSET",
    help="Offset of the evaluation from UTC, such as +02:00: what a day is, and what dates without an offset mean."
    "  [default: +00:00]",
)
