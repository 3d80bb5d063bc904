"""Diagnostics as a document for machines, on standard output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import orjson

import cqlmeasure as cm
from cqlmeasure.errors import Diagnostic, catalogue
from cqlmeasure.errors.formats import to_records, to_sarif

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="How errors and warnings are given: as text on standard error, or as JSON or SARIF on standard output (the"
    " ELM then goes to the file of -o, or nowhere).",
)


def write(found: Sequence[Diagnostic], form: str) -> None:
    """Write all findings, which may be none, as one document."""
    document: Any
    if form == "sarif":
        summaries = {code: page.summary for code, page in catalogue.pages().items()}
        document = to_sarif(found, version=cm.__version__, summaries=summaries)
    else:
        document = {"diagnostics": to_records(found)}
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def more(found: Sequence[Diagnostic]) -> str | None:
    """The line that says where there is more about errors in CQL; what has no place in a text speaks for itself."""
    codes = list(dict.fromkeys(one.code for one in found if one.span is not None))
    if not codes:
        return None
    return f"more: cqlmeasure explain {codes[0] if len(codes) == 1 else 'CODE'}"
