"""Risk-adjusted results in words, for tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import cqlmeasure as cm
from cqlmeasure.measure import Group, Scoring


def adjusted_rows(group: Group, found: cm.RiskAdjusted) -> Iterator[tuple[str, str]]:
    """The label and value of each thing that there is to say."""
    yield "observed", f"{found.observed:g}"
    yield "expected", f"{found.expected:.2f}"
    yield "observed / expected", ratio_text(found)
    if found.interval is not None:
        low, high = found.interval.low, found.interval.high
        yield f"{found.interval.confidence * 100:g} % interval of the ratio", f"{low:.2f} to {high:.2f}"
    if found.rate is not None:
        percent = group.formula is Scoring.PROPORTION
        yield "standardised rate", f"{found.rate * 100:.1f} %" if percent else f"{found.rate:.2f}"
    if found.without:
        yield "without an expectation", str(found.without)


def ratio_text(found: cm.RiskAdjusted | None) -> str:
    """The ratio of observed to expected; a dash where there is none."""
    return "-" if found is None or found.ratio is None else f"{found.ratio:.2f}"
