"""``cqlmeasure translate``."""

from __future__ import annotations

from pathlib import Path

import click

import cqlmeasure as cm
from cqlmeasure.cli import diagnostics
from cqlmeasure.cli.diagnostics import format_option
from cqlmeasure.cli.options import content_option, output_option
from cqlmeasure.errors import CqlMeasureError

INPUT_ERROR = 2


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@content_option("Where included libraries and model infos are; repeatable.  [default: the folder of FILE]")
@output_option
@click.option(
    "--any-version",
    is_flag=True,
    help="Take another version of an included library when the one that is named is not there.",
)
@format_option
def translate(file: Path, content: tuple[Path, ...], output: Path | None, any_version: bool, form: str) -> int:
    """Translate a CQL file to ELM (JSON).

    Without -o the ELM goes to standard output. All errors of the file are listed with their place, and suspicious
    CQL with a warning.
    """
    try:
        elm = cm.translate(file, *content, any_version=any_version)
    except CqlMeasureError as error:
        if form == "text":
            raise
        diagnostics.write(error.diagnostics, form)
        return INPUT_ERROR
    if form != "text":
        diagnostics.write(elm.warnings, form)
        if output is None:
            return 0
    # Rich is loaded by those commands only that print with it.
    from cqlmeasure.cli import show

    if form == "text":
        show.diagnostics(elm.warnings)
    show.write_json(elm.json, output)
    return 0
