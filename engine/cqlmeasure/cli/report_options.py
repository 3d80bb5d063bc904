"""Options of ``cqlmeasure evaluate`` that say what the MeasureReports are like."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cqlmeasure.cli.grouped import advanced
from cqlmeasure.errors import DataError, broken_json

F = TypeVar("F", bound=Callable[..., Any])


def report_options(function: F) -> F:
    """``--reporter``, ``--edition``, ``--narrative``, ``--strict``, ``--confidence`` ...; read by ``read_options``."""
    for option in reversed(
        (
            advanced(
                "--reporter",
                metavar="REFERENCE",
                help="Who reports: a reference such as Organization/1, or a JSON file with an Organization,"
                " Practitioner or PractitionerRole, which reports then contain.",
            ),
            advanced(
                "--edition",
                type=click.Choice(["us-4", "us-5", "uv-1"]),
                help="Reports conform to this edition of the data exchange guide (DEQM; US or universal realm); it"
                " needs --reporter.",
            ),
            advanced("--narrative", is_flag=True, help="Reports have a text for people too."),
            advanced(
                "--strict",
                is_flag=True,
                help="Refuse to write a report that is not valid FHIR; needs the package fhir.resources.",
            ),
            advanced(
                "--confidence",
                type=click.FloatRange(0, 1, min_open=True, max_open=True),
                metavar="LEVEL",
                help="Add confidence intervals of rates, such as 0.95.",
            ),
            advanced(
                "--invert-decrease",
                is_flag=True,
                help="Give 1 - score where a lower rate is better, as the Java engine does.",
            ),
            advanced(
                "--attest",
                "attestation",
                type=click.Path(path_type=Path, dir_okay=False),
                help="A MeasureReport (JSON) with the scores that the reporter attests, for measures with such scores.",
            ),
        )
    ):
        function = option(function)
    return function


def read_reporter(text: str | None) -> dict[str, Any] | None:
    """The Reference or resource that ``--reporter`` names."""
    if text is None:
        return None
    if text.lower().endswith(".json") or Path(text).is_file():
        return read_json(Path(text), "--reporter")
    if "/" not in text and not text.startswith("urn:"):
        raise click.UsageError(f"--reporter {text!r} is neither a file nor a reference, such as Organization/1")
    return {"reference": text}


def read_json(path: Path, option: str) -> dict[str, Any]:
    """The JSON object in a file that an option names."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise click.UsageError(f"{option}: cannot read {path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise DataError(diagnostics=[broken_json(error, str(path), hint=f"{option} takes a JSON file")]) from error
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{option}: {path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise click.UsageError(f"{option}: {path} is not a JSON object")
    return found
