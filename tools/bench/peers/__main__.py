"""The same patients evaluated here and by other engines, in one run.

usage: python -m tools.bench.peers DECK [--measure NAME ...] [--peer NAME ...] [--resources N] [--patients N]
           [--rounds N] [--json FILE]

The patients are those of the deck's test cases, or with --resources invented ones of that size, whose resources all
declare a profile.  All sides start from JSON text, with the measure prepared; rounds take turns, and a first one is
not counted.  Times are milliseconds of CPU per patient, medians of the rounds.  The populations that are found are
compared patient by patient, where a measure is a proportion of patients.

Peers are fqm-execution and cql-execution (from npm) and fhir4ds-v2 (from PyPI), in the versions of peers/engines.py.
They are installed into the cache folder ($CQLMEASURE_BENCH_CACHE, else ~/.cache/cqlmeasure-bench); one that cannot be
had is left out with a message.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from pathlib import Path

from rich.console import Console

from tools.bench.patients import deck_texts, invented_texts
from tools.bench.peers.engines import PEERS
from tools.bench.peers.peer import Command, Peer
from tools.bench.peers.race import Row, race
from tools.bench.peers.table import figures, table
from tools.bench.timing import MEASURES

YEAR = 2026


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck")
    parser.add_argument("--measure", nargs="*", default=MEASURES)
    parser.add_argument("--peer", nargs="*", choices=[peer.name for peer in PEERS], help="only these")
    parser.add_argument("--resources", type=int, help="invented patients of this size instead of the deck's")
    parser.add_argument("--patients", type=int, default=50, help="at most so many (default: 50)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    chosen = [peer for peer in PEERS if not arguments.peer or peer.name in arguments.peer]
    commands = available(chosen)
    if not commands:
        raise SystemExit("there are no peers to compare with")
    versions = {peer.name: peer.version for peer in chosen if peer.name in commands}
    gc.disable()
    rows = [run(arguments, name, commands) for name in arguments.measure]
    Console().print(table(rows, versions))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures(rows, versions), indent=2) + "\n")


def available(peers: list[Peer]) -> dict[str, Command]:
    """How to start each peer that is there."""
    folders = {peer.name: (peer, peer.install()) for peer in peers}
    return {name: peer.command(folder) for name, (peer, folder) in folders.items() if folder is not None}


def run(arguments: argparse.Namespace, name: str, commands: dict[str, Command]) -> Row:
    """The figures of one measure; why a peer fails is said at once."""
    if arguments.resources:
        texts = invented_texts(arguments.deck, [name], arguments.resources, arguments.patients, YEAR, declared=True)
    else:
        texts = deck_texts(arguments.deck, name)[: arguments.patients]
    row = race(arguments.deck, name, texts, (f"{YEAR}-01-01", f"{YEAR}-12-31"), commands, arguments.rounds)
    for peer, outcome in row.peers.items():
        if outcome.failed is not None:
            print(f"{peer} fails on {name}: {outcome.failed}", file=sys.stderr)
    return row


if __name__ == "__main__":
    main()
