"""The ``cqlmeasure`` command and what happens to its errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

import cqlmeasure as cm
from cqlmeasure.cli import diagnostics
from cqlmeasure.cli.evaluate import evaluate
from cqlmeasure.cli.explain import explain
from cqlmeasure.cli.expression import evaluate_expression
from cqlmeasure.cli.load import load
from cqlmeasure.cli.repl import repl
from cqlmeasure.cli.requirements import requirements
from cqlmeasure.cli.test import test
from cqlmeasure.cli.translate import translate
from cqlmeasure.errors import CqlMeasureError, render

INPUT_ERROR = 2
INTERNAL_ERROR = 3
INTERRUPTED = 130
TRACEBACK = "CQLMEASURE_TRACEBACK"
EXAMPLES = """\b
Run a measure's test cases:   cqlmeasure test FOLDER
Evaluate a measure:           cqlmeasure evaluate MEASURE --content FOLDER --data PATIENTS --period 2026
Try an expression:            cqlmeasure eval "AgeInYearsAt(@2026-01-01)" --data patient.json
"""


@click.group(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(cm.__version__, prog_name="cqlmeasure")
def cli() -> None:
    """Evaluate clinical quality measures: FHIR Measures with their logic in CQL.

    A content FOLDER is what measure authors have: an HL7 implementation guide (input/cql, input/resources ...), a
    folder of FHIR JSON, a measure Bundle, or a FHIR package (.tgz).

    Exit status: 0 all well, 1 mismatches or failed patients, 2 usage or input errors.
    """


for command in (evaluate, load, test, requirements, translate, evaluate_expression, repl, explain):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line as a function: the exit status."""
    try:
        status = cli.main(
            args=None if arguments is None else list(arguments), prog_name="cqlmeasure", standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return INPUT_ERROR
    except CqlMeasureError as error:
        for diagnostic in error.diagnostics:
            click.echo(render(diagnostic), err=True)
        if (line := diagnostics.more(error.diagnostics)) is not None:
            click.echo(line, err=True)
        return INPUT_ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        click.echo(f"cqlmeasure: internal error: {type(error).__name__}: {error}", err=True)
        click.echo(
            f"  hint: this is a fault of cqlmeasure; set {TRACEBACK}=1 to see where, and please report it", err=True
        )
        return INTERNAL_ERROR
    return status if isinstance(status, int) else 0
