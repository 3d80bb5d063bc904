"""Times: CPU per patient, medians of runs that take turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

MEASURES = (
    "CMS122FHIRDiabetesAssessGreaterThan9Percent",
    "CMS125FHIRBreastCancerScreening",
    "CMS165FHIRControllingHighBloodPressure",
)
"""The measures that benchmarks take if none are named."""


def medians(runs: Mapping[str, Callable[[], object]], rounds: int, patients: int) -> dict[str, float]:
    """Milliseconds of CPU per patient of each run; the runs take turns."""
    timings: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            run()
            timings[name].append(1000 * (time.process_time() - start) / patients)
    return {name: statistics.median(found) for name, found in timings.items()}
