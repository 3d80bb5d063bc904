"""One measure's evaluation timings, in a process of its own so that its peak memory is its own.

usage: python -m tools.bench.evaluate DECK MEASURE ROUNDS; prints JSON.
"""

from __future__ import annotations

import gc
import json
import resource
import sys

import orjson

import cqlmeasure as cm
from tools.bench.patients import deck_texts, subjects
from tools.bench.timing import medians


def main() -> None:
    """Measure, and print the figures."""
    deck, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    content = cm.Content(deck)
    measure = content.measure(name)
    cases = content.test_cases(name)
    period = cases[0].load().period
    texts = deck_texts(deck, name)
    parsed = list(subjects(texts))

    def evaluate() -> None:
        measure.evaluate(parsed, period=period, keep=False, evidence=False)

    def end_to_end() -> None:
        measure.evaluate(subjects(texts), period=period, keep=False, evidence=False)

    def parse() -> None:
        for text in texts:
            orjson.loads(text)

    gc.disable()
    runs = {"evaluate": evaluate, "end_to_end": end_to_end, "parse": parse}
    timings = medians(runs, rounds, len(parsed))
    figures = {f"{key}_ms": round(found, 4) for key, found in timings.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"patients": len(parsed), **figures, "memory_mib": round(peak, 1)}))


if __name__ == "__main__":
    main()
