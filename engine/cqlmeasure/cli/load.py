"""``cqlmeasure load``."""

from __future__ import annotations

from pathlib import Path

import click

import cqlmeasure as cm
from cqlmeasure.cli.grouped import Grouped
from cqlmeasure.cli.options import local_path

EXAMPLES = """\b
cqlmeasure load export/ -o store
cqlmeasure load newer-export/ -o store --jobs 4
cqlmeasure load -o store --delete Observation/17 --delete Patient/3
cqlmeasure evaluate MEASURE -c FOLDER -d store -p 2026
"""


@click.command(cls=Grouped, epilog=EXAMPLES)
@click.argument("data", metavar="DATA...", nargs=-1, type=local_path)
@click.option(
    "--output", "-o", "store", type=click.Path(path_type=Path, file_okay=False), required=True, help="The store."
)
@click.option(
    "--delete",
    metavar="TYPE/ID",
    multiple=True,
    help="Take a resource out, or with Patient/ID a patient and all that is the patient's, before DATA is added;"
    " repeatable.",
)
@click.option("--jobs", "-j", type=click.IntRange(min=1), default=1, show_default=True, help="Processes to work with.")
@click.option("--verify", is_flag=True, help="Compare the checksums of all files of the store when all is done.")
def load(data: tuple[Path, ...], store: Path, delete: tuple[str, ...], jobs: int, verify: bool) -> int:
    """Load patients into a store, from which measures are evaluated without parsing all of the data again.

    DATA are Bundles, folders of them, or NDJSON files, as for evaluate. A store that is there already gets what is new
    and what changed: of resources with one type and id of a patient, the newest stay. What a bulk export lists as
    deleted goes. A load that is interrupted leaves the store as it was.
    """
    if not data and not delete and not verify:
        raise click.UsageError("say which data to load")
    # Rich is loaded by those commands only that print with it.
    from cqlmeasure.cli import show

    if data or delete:
        with show.progress() as progress:
            progress.step(f"loading into {store}")
            done = cm.load(*data, store=store, delete=delete, on_subject=progress.advance, jobs=jobs)
        show.diagnostics(done.warnings)
        counts = {"new": done.new, "changed": done.changed, "removed": done.removed}
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        click.echo(f"{told or 'nothing is new'}")
    found = cm.store(store)
    if verify:
        found.verify()
    resources = sum(found.manifest.resources.values())
    size = sum(file.bytes for one in found.manifest.partitions for file in one.files.values())
    click.echo(f"{store}: {found.manifest.subjects:,} patients, {resources:,} resources, {size / 1e6:,.1f} MB")
    return 0
