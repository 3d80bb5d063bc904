"""One measure here and by all peers: rounds that take turns, and what each finds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cqlmeasure as cm
from tools.bench.patients import subjects
from tools.bench.peers.found import Different, differences, is_comparable, ours, theirs
from tools.bench.peers.material import measure_bundle, write_material
from tools.bench.peers.peer import Command
from tools.bench.peers.rounds import PeerError, Rounds

OWN_IN_A_TURN = 3
"""Rounds of this engine for one of the others: its rounds are so short that one alone would say little."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A peer on one measure: milliseconds of CPU per patient, and which patients differ.

    ``different`` is ``None`` where populations are not compared, ``failed`` what a peer said that has no times.
    """

    ms: float | None = None
    different: list[Different] | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One measure: milliseconds of CPU per patient here, and the outcomes of peers by name."""

    measure: str
    patients: int
    ms: float
    peers: dict[str, Outcome]


def race(
    deck: str, name: str, texts: Sequence[bytes], period: tuple[str, str], peers: Mapping[str, Command], rounds: int
) -> Row:
    """The times and differences of a measure; a peer that fails is out of the rounds that are left."""
    measure = cm.Content(deck).measure(name)
    listed = list(texts)
    own: list[float] = []
    spent: dict[str, list[float]] = {peer: [] for peer in peers}
    answers: dict[str, dict[str, list[list[str]]]] = {}
    failed: dict[str, str] = {}
    with TemporaryDirectory() as temporary, ExitStack() as stack:
        material = write_material(Path(temporary), measure_bundle(deck, name), listed, period)
        running = {peer: stack.enter_context(Rounds(command, material)) for peer, command in peers.items()}
        for turn in range(rounds + 1):
            for _ in range(OWN_IN_A_TURN if turn else 1):
                start = time.process_time()
                measure.evaluate(subjects(listed), period=period, keep=False, evidence=False, supplemental=False)
                own.append(1000 * (time.process_time() - start))
            for peer in [one for one in running if one not in failed]:
                try:
                    done = running[peer].round()
                except PeerError as error:
                    failed[peer] = str(error)
                else:
                    spent[peer].append(done.ms)
                    answers[peer] = done.found
    found = ours(measure.evaluate(subjects(listed), period=period, evidence=False, supplemental=False))
    comparable = is_comparable(measure.definition)
    outcomes = {
        peer: Outcome(failed=failed[peer])
        if peer in failed
        else Outcome(_median(spent[peer], listed), differences(found, theirs(answers[peer])) if comparable else None)
        for peer in peers
    }
    return Row(name, len(listed), _median(own, listed), outcomes)


def _median(spent: Sequence[float], texts: Sequence[bytes]) -> float:
    """Per patient; the first round is not counted."""
    return statistics.median(spent[1:]) / len(texts)
