"""Options about FHIR servers: an address in place of a path, and what the server is told of who asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

import cqlmeasure as cm
from cqlmeasure.cli.grouped import advanced
from cqlmeasure.cli.options import is_address

F = TypeVar("F", bound=Callable[..., Any])
_advanced = advanced("Data and periods")
TOKEN = "CQLMEASURE_FHIR_TOKEN"


def data_place(text: str) -> str | Path:
    """A path, or the address of a FHIR server; as a path, an address would lose one of its slashes."""
    return text if is_address(text) else Path(text)


def server_options(function: F) -> F:
    """``--token-file`` and ``--header``."""
    function = _advanced(
        "--header",
        "headers",
        metavar="NAME:VALUE",
        multiple=True,
        help="A header for the FHIR server of --data; repeatable.",
    )(function)
    return _advanced(
        "--token-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"The file with the bearer token for the FHIR server of --data.  [default: the variable {TOKEN}]",
    )(function)


def server_of(places: Sequence[str | Path], token_file: Path | None, headers: Sequence[str]) -> cm.FhirServer | None:
    """The server that the data come from; ``None`` if they come from files."""
    addresses = [place for place in places if is_address(place)]
    if not addresses:
        if token_file is not None or headers:
            raise click.UsageError("--token-file and --header are for a FHIR server: --data https://...")
        return None
    if len(places) > 1:
        raise click.UsageError("a FHIR server is the only place of data: one --data")
    given: dict[str, str] = {}
    for text in headers:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise click.UsageError("--header is NAME:VALUE, such as --header 'X-Tenant: 1'")
        given[name] = value
    return cm.fhir_server(str(addresses[0]), token=_token(token_file), headers=given)


def _token(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(TOKEN, "").strip() or None
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"cannot read the token in {file}") from error
    if not found:
        raise click.UsageError(f"{file} holds no token")
    return found
