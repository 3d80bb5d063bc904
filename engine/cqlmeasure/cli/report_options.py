"""Options of ``cqlmeasure evaluate`` that say what the MeasureReports are like."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from cqlmeasure.cli.grouped import advanced, collected
from cqlmeasure.errors import DataError, broken_json

if TYPE_CHECKING:
    import cqlmeasure as cm

_advanced = advanced("Reports")
_REPORTS = click.Choice(["summary", "individual", "subject-list", "data-collection"])
TABLES = (".csv", ".parquet")
# Suffixes that would make a false promise of what is in the file.
_OTHER_FORMATS = (".xlsx", ".xls", ".xml", ".html", ".tsv", ".pdf")
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--report",
        "kind",
        type=_REPORTS,
        default="summary",
        show_default=True,
        help="Which MeasureReports to write with -o: one of all patients, one of each, who is in which population, or"
        " what data of each patient the measure looked at.",
    ),
    _advanced(
        "--reporter",
        metavar="REFERENCE",
        help="Who reports: a reference such as Organization/1, or a JSON file with an Organization,"
        " Practitioner or PractitionerRole, which reports then contain.",
    ),
    _advanced(
        "--edition",
        type=click.Choice(["us-4", "us-5", "uv-1"]),
        help="Reports conform to this edition of the data exchange guide (DEQM; US or universal realm); it"
        " needs --reporter.",
    ),
    _advanced(
        "--profile", "profiles", metavar="URL", multiple=True, help="Reports claim to conform to it; repeatable."
    ),
    _advanced(
        "--date",
        metavar="DATETIME",
        help="When the reports were made, such as 2027-01-15.  [default: nothing; with --edition the clock, or --now]",
    ),
    _advanced(
        "--id-suffix",
        "suffix",
        metavar="TEXT",
        default="",
        help="Ids of reports end in it: for several reports of one measure and patient.",
    ),
    _advanced("--narrative", is_flag=True, help="Reports have a text for people too."),
    _advanced(
        "--strict",
        is_flag=True,
        help="Refuse to write a report that is not valid FHIR; needs the package fhir.resources.",
    ),
    _advanced(
        "--confidence",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        metavar="LEVEL",
        help="Add confidence intervals of rates, such as 0.95.",
    ),
    _advanced(
        "--invert-decrease",
        is_flag=True,
        help="Give 1 - score where a lower rate is better, as the Java engine does.",
    ),
    _advanced("--cohort-score", is_flag=True, help="Give the number of members as the score of a cohort."),
    _advanced(
        "--false-strata", is_flag=True, help="Report the stratum 'false' too, of stratifiers that are true or false."
    ),
    _advanced("--no-null-strata", is_flag=True, help="Leave out the stratum of those who have no value."),
    _advanced("--no-empty-strata", is_flag=True, help="Leave out expected strata of summaries that nobody is in."),
    _advanced(
        "--supplemental-form",
        type=click.Choice(["components", "values"]),
        default="components",
        show_default=True,
        help="How summaries count supplemental data: an Observation of each element, or of each value.",
    ),
    _advanced(
        "--bundles",
        is_flag=True,
        help="Of individual and data-collection reports: write a Bundle of each patient, with the reports of all"
        " measures and the resources that they refer to.",
    ),
    _advanced(
        "--list-form",
        type=click.Choice(["reports", "references", "subjects"]),
        help="What a subject list refers to: Lists of individual reports, these directly, or Lists of the subjects."
        "  [default: reports]",
    ),
    _advanced(
        "--list-limit",
        type=click.IntRange(min=0),
        metavar="COUNT",
        help="Refuse to write a subject list of more subjects.",
    ),
    _advanced("--partial-list", is_flag=True, help="Cut a subject list at --list-limit, and say so in the report."),
    _advanced(
        "--update-type",
        type=click.Choice(["snapshot", "incremental"]),
        help="What data-collection reports are: all data, or what came since the last.  [default: snapshot]",
    ),
    _advanced(
        "--attest",
        "attestation",
        type=click.Path(path_type=Path, dir_okay=False),
        help="A MeasureReport (JSON) with the scores that the reporter attests, for measures with such scores.",
    ),
)


class ReportArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The values of these options."""

    kind: str
    reporter: str | None
    edition: str | None
    profiles: tuple[str, ...]
    date: str | None
    suffix: str
    narrative: bool
    strict: bool
    confidence: float | None
    invert_decrease: bool
    cohort_score: bool
    false_strata: bool
    no_null_strata: bool
    no_empty_strata: bool
    supplemental_form: str
    bundles: bool
    list_form: str | None
    list_limit: int | None
    partial_list: bool
    update_type: str | None
    attestation: Path | None

    def check(self, output: Path | None, rows: str, provider: str | None) -> None:
        """``UsageError`` for options that do not go together, and for those that would have no effect."""
        self._check_kind()
        if self.edition is not None and self.reporter is None and provider is None and self.attestation is None:
            raise click.UsageError("--edition needs --reporter, such as --reporter Organization/1")
        if output is None:
            self._check_written()
        suffix = "" if output is None else output.suffix.lower()
        if suffix in _OTHER_FORMATS:
            raise click.UsageError(f"-o cannot write {suffix}: name a .json, .ndjson, .csv or .parquet file")
        if rows != "group" and suffix not in TABLES:
            raise click.UsageError("--rows is for tables: -o FILE.csv or -o FILE.parquet")

    def options(self, measures: Sequence[cm.CompiledMeasure]) -> cm.ReportOptions:
        """What all reports of these measures are like."""
        import cqlmeasure as cm  # loaded here so that --help does without the engine

        return cm.ReportOptions(
            reporter=read_reporter(self.reporter),
            edition=cm.Edition(self.edition) if self.edition is not None else None,
            profiles=self.profiles,
            date=self.date,
            suffix=self.suffix,
            narrative=self.narrative,
            strict=self.strict,
            confidence=self.confidence,
            invert_decrease=self.invert_decrease,
            cohort_score=self.cohort_score,
            false_strata=self.false_strata,
            null_strata=not self.no_null_strata,
            empty_strata=not self.no_empty_strata,
            supplemental_form=cm.SupplementalForm(self.supplemental_form),
            attested=self._attested(measures),
        )

    def _check_written(self) -> None:
        """An option about the text of reports is a mistake where none is written."""
        given = (
            ("--report", self.kind != "summary"),
            ("--edition", self.edition),
            ("--profile", self.profiles),
            ("--date", self.date),
            ("--id-suffix", self.suffix),
            ("--narrative", self.narrative),
            ("--strict", self.strict),
        )
        for option, value in given:
            if value:
                raise click.UsageError(f"{option} is for reports that are written: name a file with -o")

    def _check_kind(self) -> None:
        """An option that is for another kind of report is a mistake."""
        given = (
            ("--list-form", "subject-list", self.list_form),
            ("--list-limit", "subject-list", self.list_limit),
            ("--partial-list", "subject-list", self.partial_list or None),
            ("--update-type", "data-collection", self.update_type),
        )
        for option, kind, value in given:
            if value is not None and self.kind != kind:
                raise click.UsageError(f"{option} is for --report {kind}")
        if self.bundles and self.kind not in ("individual", "data-collection"):
            raise click.UsageError("--bundles is for --report individual and --report data-collection")
        if self.partial_list and self.list_limit is None:
            raise click.UsageError("--partial-list needs --list-limit, which says where to cut")

    def _attested(self, measures: Sequence[cm.CompiledMeasure]) -> dict[str, cm.AttestedScore]:
        if self.attestation is None:
            return {}
        if len(measures) > 1:
            raise click.UsageError("--attest is for one measure")
        return measures[0].attested(read_json(self.attestation, "--attest"))


# The function gets what they say as the argument ``reports``.
report_options = collected(ReportArguments, "reports", *_OPTIONS)


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
