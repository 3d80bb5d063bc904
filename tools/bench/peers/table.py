"""The figures of all measures and peers: as a table, and for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from tools.bench.peers.race import Outcome, Row


def table(rows: Sequence[Row], versions: Mapping[str, str]) -> Table:
    """A line for each measure, a column for each peer."""
    found = Table(title="milliseconds of CPU per patient, from JSON text", show_lines=True)
    found.add_column("measure")
    for column in ("patients", "cqlmeasure", *(f"{name} {version}" for name, version in versions.items())):
        found.add_column(column, justify="right")
    for row in rows:
        cells = (_cell(row, row.peers[name]) for name in versions)
        found.add_row(row.measure, str(row.patients), f"{row.ms:.4f}", *cells)
    return found


def figures(rows: Sequence[Row], versions: Mapping[str, str]) -> list[dict[str, Any]]:
    """For a JSON file: times, how many times as fast, and the patients that differ."""
    return [
        {
            "measure": row.measure,
            "patients": row.patients,
            "cqlmeasure_ms": round(row.ms, 4),
            "peers": {name: {"version": versions[name], **_figures(row, row.peers[name])} for name in versions},
        }
        for row in rows
    ]


def _cell(row: Row, outcome: Outcome) -> Text:
    if outcome.ms is None:
        return Text("fails")
    different = "" if outcome.different is None else f"\n{len(outcome.different)} differ"
    return Text(f"{outcome.ms:.2f}\n{outcome.ms / row.ms:.0f} times{different}")


def _figures(row: Row, outcome: Outcome) -> dict[str, Any]:
    if outcome.ms is None:
        return {"failed": outcome.failed}
    different = None if outcome.different is None else [asdict(one) for one in outcome.different]
    return {"ms": round(outcome.ms, 3), "times": round(outcome.ms / row.ms, 1), "different": different}
