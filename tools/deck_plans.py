"""Every test case of a content folder evaluated from its text with the plan and without: nothing may differ.

    python tools/deck_plans.py DECK [--pad 300] [--measure NAME]...

With evidence the individual reports are compared, without it too, and the summaries of totals alone, for which patients
are ruled out.  ``--pad`` adds resources of other patients.  Any difference is the exit status.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import orjson

import cqlmeasure as cm
from cqlmeasure.content import Content
from cqlmeasure.data import source
from tools.deck_requirements import adopted, pool

MODES = ((True, True), (False, True), (False, False))


def texts(
    content: cm.Content, name: str, chance: random.Random, others: list[bytes], pad: int
) -> Iterator[tuple[tuple[str, str], bytes]]:
    """The cases of a measure: their period, and the text of a Bundle."""
    for case in content.test_cases(name):
        data = case.load()
        if not data.expected:
            continue
        period = data.expected[0]["period"]
        own = next(str(one.get("id")) for one in data.resources if one["resourceType"] == "Patient")
        added = [adopted(text, own) for text in chance.choices(others, k=pad)] if pad else []
        entries = [{"resource": one} for one in (*data.resources, *added)]
        yield (period["start"], period["end"]), orjson.dumps({"resourceType": "Bundle", "entry": entries})


def main() -> int:
    """Compare, and say what was compared."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck", type=Path)
    parser.add_argument("--pad", type=int, default=0)
    parser.add_argument("--measure", action="append", default=[])
    options = parser.parse_args()
    # Short texts are read whole otherwise.
    source.SKIMMED_FROM = 0
    content = cm.Content(options.deck, lenient_terminology=True)
    chance = random.Random(7)
    others = list(pool(Content(options.deck), chance)) if options.pad else []
    totals: Counter[str] = Counter({"differences": 0})
    for name in content.test_measures():
        if options.measure and name not in options.measure:
            continue
        measure = content.measure(name)
        by_period: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)
        for period, text in texts(content, name, chance, others, options.pad):
            by_period[period].append(text)
        for period, some in by_period.items():
            for evidence, keep in MODES:
                whole, planned = (
                    measure.evaluate(
                        cm.from_texts(some, bundle_is_patient=True),
                        period=period,
                        evidence=evidence,
                        keep=keep,
                        plan=plan,
                    )
                    for plan in (False, True)
                )
                totals["cases"] += len(some) if evidence else 0
                totals["reports"] += len(whole.subjects)
                pairs = [(one, whole.individual(one), planned.individual(one)) for one in whole.subjects]
                for subject, one, other in (*pairs, ("summary", whole.summary(), planned.summary())):
                    if one != other:
                        totals["differences"] += 1
                        print(f"DIFFERENT: {name} {subject} (evidence: {evidence}, keep: {keep})")
    for name, number in totals.items():
        print(f"{number:8} {name}")
    return min(totals["differences"], 1)


if __name__ == "__main__":
    sys.exit(main())
