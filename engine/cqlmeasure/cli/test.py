"""``cqlmeasure test``."""

from __future__ import annotations

from pathlib import Path

import click

import cqlmeasure as cm
from cqlmeasure.cli.options import PATH, content_option, leniency_options, timezone_option

MISMATCHES = 1
INPUT_ERROR = 2
EXAMPLES = """\b
cqlmeasure test measures/diabetes-hba1c
cqlmeasure test . --measure DiabetesHbA1cPoorControl --reports out/ --json out.json
cqlmeasure test . --baseline out.json
cqlmeasure test . --explain
"""


@click.command(epilog=EXAMPLES)
@click.argument("path", type=PATH)
@content_option("More content that the measures need (libraries, value sets); repeatable.")
@click.option("--measure", "-m", "measures", metavar="NAME", multiple=True, help="Only this measure; repeatable.")
@click.option(
    "--reports", type=click.Path(path_type=Path, file_okay=False), help="Write each case's MeasureReport here."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the outcome as JSON.")
@click.option("--explain", is_flag=True, help="Tell why each population that is not as expected is as it is.")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Tell what changed since this earlier outcome of --json; the exit status is then 1 if anything got worse.",
)
@click.option("--jobs", "-j", type=click.IntRange(min=1), default=1, show_default=True, help="Processes to work with.")
@timezone_option
@leniency_options
def test(
    path: Path,
    content: tuple[Path, ...],
    measures: tuple[str, ...],
    reports: Path | None,
    json_file: Path | None,
    explain: bool,
    baseline: Path | None,
    jobs: int,
    timezone: str | None,
    any_version: bool,
    prefer_elm: bool,
    lenient_terminology: bool,
) -> int:
    """Run the test cases of a content folder.

    A test case is a patient's Bundle together with the MeasureReport that the author expects
    (input/tests/measure/MEASURE/CASE/ in an implementation guide). Prints a table of the measures, then for each case
    that fails what was expected, what came, and the file.
    """
    # Rich is loaded by those commands only that print with it.
    from cqlmeasure.cli import show

    # Read first: the new outcome may go to the same file.
    before = None if baseline is None else cm.read_outcome(baseline)
    with show.progress() as progress:
        progress.step("looking for test cases")
        source = cm.Content(
            path,
            *content,
            any_version=any_version,
            prefer_elm=prefer_elm,
            lenient_terminology=lenient_terminology,
            timezone=timezone,
        )
        run = source.tests(*measures, explain=explain)
        progress.expect(run.total)
        outcomes = []
        for outcome in run.outcomes(jobs):
            progress.advance(outcome.measure)
            if reports is not None:
                outcome.write(reports)
            outcomes.append(outcome.without_report())
    result = run.result(outcomes)
    show.diagnostics(source.warnings)
    show.test_result(result)
    if json_file is not None:
        show.write_json(result.to_json(), json_file)
    if before is not None:
        changed = cm.changes(before, result, partial=bool(measures))
        show.changes(changed)
        return MISMATCHES if any(change.worse for change in changed) else 0
    if result.errors:
        return INPUT_ERROR
    return 0 if result.ok else MISMATCHES
