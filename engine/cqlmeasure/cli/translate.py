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
@click.option(
    "--elm-format",
    type=click.Choice(["json", "xml"]),
    help="ELM as JSON or as XML.  [default: xml if the file of -o ends so, else json]",
)
@click.option("--library-resource", is_flag=True, help="Wrap CQL and ELM as a FHIR Library (JSON).")
@click.option("--canonical", metavar="URL", help="Base of the canonical url of that Library: http://example.org/fhir.")
@click.option(
    "--options",
    "names",
    metavar="NAMES",
    multiple=True,
    help="Translator options by their standard names, separated by commas; they replace those that are on without."
    "  [default: EnableAnnotations,EnableLocators,DisableListDemotion,DisableListPromotion]",
)
@click.option(
    "--signature-level",
    type=click.Choice(["None", "Differing", "Overloads", "All"]),
    default="Overloads",
    show_default=True,
    help="Which operators and calls are written with the types of their operands.",
)
@click.option(
    "--compatibility-level",
    metavar="VERSION",
    default="1.5",
    show_default=True,
    help="Written into the ELM as the version of CQL that it is for.",
)
@click.option(
    "--root",
    "roots",
    metavar="NAME",
    multiple=True,
    help="A definition that counts, such as the criteria of a population; repeatable. Definitions that none of them"
    " reaches are warned of.",
)
@format_option
def translate(
    file: Path,
    content: tuple[Path, ...],
    output: Path | None,
    any_version: bool,
    elm_format: str | None,
    library_resource: bool,
    canonical: str | None,
    names: tuple[str, ...],
    signature_level: str,
    compatibility_level: str,
    roots: tuple[str, ...],
    form: str,
) -> int:
    """Translate a CQL file to ELM, as JSON or XML, alone or in a FHIR Library.

    Without -o the ELM goes to standard output. All errors of the file are listed with their place, and suspicious
    CQL with a warning.
    """
    if library_resource and elm_format is not None:
        raise click.UsageError("--library-resource has the ELM in both forms: leave --elm-format away")
    if canonical is not None and not library_resource:
        raise click.UsageError("--canonical is for --library-resource")
    given = [name.strip() for part in names for name in part.split(",") if name.strip()]
    try:
        elm = cm.translate(
            file,
            *content,
            any_version=any_version,
            options=given if names else None,
            signature_level=signature_level,
            compatibility_level=compatibility_level,
            roots=roots,
        )
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
    if library_resource:
        show.write_json(elm.resource(canonical), output)
    elif elm_format == "xml" or (elm_format is None and output is not None and output.suffix.lower() == ".xml"):
        show.write_bytes(elm.xml, output)
    else:
        show.write_json(elm.json, output)
    return 0
