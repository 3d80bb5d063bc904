"""One measure's evaluation timings, in a process of its own so that its peak memory is its own.

usage: python -m tools.bench.evaluate DECK MEASURE ROUNDS; prints JSON.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable

import orjson

import cqlmeasure as cm


def per_patient(run: Callable[[], None], patients: int) -> float:
    """Milliseconds of CPU that one run takes for each patient."""
    start = time.process_time()
    run()
    return 1000 * (time.process_time() - start) / patients


def main() -> None:
    """Measure, and print the figures."""
    deck, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    content = cm.Content(deck)
    measure = content.measure(name)
    cases = content.test_cases(name)
    period = cases[0].load().period
    texts = [file.read() for case in cases for file in case.files]
    parsed = [list(cm.from_resources(case.resources, source=case.name, bundle_is_patient=True)) for case in cases]
    subjects = [subject for found in parsed for subject in found]

    def evaluate() -> None:
        measure.evaluate(subjects, period=period, keep=False, evidence=False)

    def end_to_end() -> None:
        measure.evaluate(stream(), period=period, keep=False, evidence=False)

    def stream():  # type: ignore[no-untyped-def]
        for text in texts:
            resources = [entry["resource"] for entry in orjson.loads(text)["entry"]]
            patient = [found for found in resources if found["resourceType"] not in ("MeasureReport", "Parameters")]
            yield from cm.from_resources(patient, source="bundle", bundle_is_patient=True)

    def parse() -> None:
        for text in texts:
            orjson.loads(text)

    gc.disable()
    timings: dict[str, list[float]] = {"evaluate": [], "end_to_end": [], "parse": []}
    runs = {"evaluate": evaluate, "end_to_end": end_to_end, "parse": parse}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for key, run in runs.items():
            timings[key].append(per_patient(run, len(subjects)))
    figures = {f"{key}_ms": round(statistics.median(found), 4) for key, found in timings.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"patients": len(subjects), **figures, "memory_mib": round(peak, 1)}))


if __name__ == "__main__":
    main()
