"""Data requirements of all measures of a content folder: to compare, to count, and to hold against evaluation.

    python tools/deck_requirements.py infer DECK OUT [--reference-compatible] [--period 2026] [--measure NAME]...
    python tools/deck_requirements.py soundness DECK [--pad 300] [--written] [--measure NAME]...

``infer`` writes each Measure with its effective data requirements contained and prints what is in them.
``soundness`` evaluates every test case with all of its resources and with those that the plan keeps, with ``--pad``
resources of other patients added; any difference is a fault of the inference, and the exit status.  With ``--written``
those are kept that the DataRequirements as written ask for, read to the letter ("falls within"), instead of the plan's.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import orjson

import cqlmeasure
from cqlmeasure.api.libraries import Libraries
from cqlmeasure.content import Content
from cqlmeasure.data import SubjectData, subject_from_resources
from cqlmeasure.elm import from_json, walk
from cqlmeasure.elm.clinical import CalculateAgeAt
from cqlmeasure.models import fhir_types
from cqlmeasure.requirements import Inferred, Options, Periods, criteria_of, infer, into_measure, module_definition
from cqlmeasure.requirements.check import selector
from cqlmeasure.requirements.reading import plan
from cqlmeasure.requirements.values import DateTest
from cqlmeasure.terminology import Terminology
from cqlmeasure.translator import SourceText, Translation, translate
from tools.date_conditions import count_conditions

MEASUREMENT_PERIOD = "Measurement Period"
Members = Callable[[str], Mapping[str, Any] | None]


class Provider:
    """The libraries of a content for the translator."""

    def __init__(self, content: Content) -> None:
        self.libraries = Libraries(content)

    def text(self, source: Any) -> SourceText:
        """A library: its CQL or, without it, its ELM."""
        elm = from_json(source.elm) if source.cql is None and source.elm is not None else None
        return SourceText(source.name, source.version, source.cql, elm, source.file)

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        """The library of that name and version."""
        found = self.libraries.find(name, version)
        return self.text(found) if found is not None else None

    def versions(self, name: str, /) -> list[str]:
        """The versions that there are."""
        return self.libraries.versions(name)


def inferred(content: Content, measure: Mapping[str, Any]) -> tuple[Inferred, Translation]:
    """The requirements of a measure."""
    provider = Provider(content)
    source = provider.text(provider.libraries.primary(measure["library"][0]))
    translation = translate(source, provider)
    criteria = criteria_of(measure)
    libraries = [found.library for found in translation.libraries.values()]
    names, members = criteria.expressions, criteria.membership
    found = infer(translation.main.library, libraries, names, membership=members, perhaps=criteria.perhaps)
    return found, translation


def write(options: argparse.Namespace) -> int:
    """``infer``."""
    content = Content(options.deck)
    options.out.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    bounds = {MEASUREMENT_PERIOD: (options.period, options.period)} if options.period else {}
    for entry in content.measures():
        if options.measure and entry.name not in options.measure:
            continue
        measure = entry.resource()
        found, translation = inferred(content, measure)
        keys = [f"{name}|{version}" for name, version in translation.libraries]
        sources = [content.library_source(*key) for key in translation.libraries]
        written = Options(
            reference=options.reference_compatible,
            periods=Periods(bounds),
            library_base=measure["url"].partition("Measure/")[0],
            texts={key: source.cql for key, source in zip(keys, sources, strict=True) if source.cql is not None},
        )
        library = module_definition(found, written)
        made = into_measure(measure, library, written)
        (options.out / f"{entry.name}.json").write_bytes(orjson.dumps(made, option=orjson.OPT_INDENT_2))
        counts.update(count(found, library, options.reference_compatible))
    for name, number in counts.items():
        print(f"{number:6} {name}")
    return 0


def count(found: Inferred, library: Mapping[str, Any], reference: bool) -> Counter[str]:
    """What the requirements of a measure hold, weaknesses among it."""
    counts: Counter[str] = Counter({"measures": 1})
    requirements = library["dataRequirement"]
    paths = found.run.paths
    for made in requirements:
        kind, must_support = made["type"], made.get("mustSupport", [])
        counts["entries"] += 1
        counts["entries with a date filter"] += bool(made.get("dateFilter"))
        patterns = [one["valueString"] for one in made.get("extension", []) if one["url"].endswith("QueryPattern")]
        counts["entries with dates in their searches"] += any("=ge" in one or "=le" in one for one in patterns)
        counts["entries with further code filters"] += len(made.get("codeFilter", [])) > 1
        counts["entries that are selective"] += any(
            one["url"].endswith("Selective") for one in made.get("extension", [])
        )
        counts["must-support paths"] += len(must_support)
        counts["invalid must-support paths"] += sum(
            paths.types(kind, tuple(path.split("."))) is None for path in must_support
        )
        if kind == "Condition":
            counts["Condition entries"] += 1
            counts["Condition entries with code only"] += must_support == ["code"]
        if kind == "Medication":
            counts["Medication entries"] += 1
            counts["Medication entries without a code filter"] += not made.get("codeFilter")
    real = {(site.resource, site.retrieve.template_id) for site in found.run.sites if site.retrieve.codes is None}
    bare = [made for made in requirements if not made.get("codeFilter")]
    counts["unfiltered entries without a retrieve"] += sum(
        (made["type"], next(iter(made.get("profile", [])), None)) not in real for made in bare
    )
    counts["exact duplicates"] += len(requirements) - len({orjson.dumps(made) for made in requirements})
    counts["entries for which a date limit is known"] += sum(
        any(isinstance(one.test, DateTest) for one in entry.filters) for entry in found.entries
    )
    for name in ("valueFilter", "relatedRequirement"):
        counts[f"entries with a cqf-{name}"] += sum(
            any(one["url"].endswith(name) for one in made.get("extension", [])) for made in requirements
        )
    if not reference:
        counts.update(count_conditions(found))
    ages = any(isinstance(node, CalculateAgeAt) for one in found.reached.expressions for node in walk(one.node))
    birth_date = any("birthDate" in made.get("mustSupport", []) for made in requirements if made["type"] == "Patient")
    counts["measures with an age and no birthDate"] += ages and not birth_date
    return counts


def soundness(options: argparse.Namespace) -> int:
    """``soundness``."""
    content = Content(options.deck)
    public = cqlmeasure.Content(options.deck, lenient_terminology=True)
    terminology = Terminology(content, lenient=True)

    def members(url: str) -> Mapping[str, Any] | None:
        found = terminology.value_set(url)
        return found.codes if found is not None else None

    chance = random.Random(5)
    names = [name for name in content.test_measures() if not options.measure or name in options.measure]
    others = list(pool(content, chance)) if options.pad else []
    totals: Counter[str] = Counter()
    seconds = Counter[str]()
    for name in names:
        measure = content.measure_json(name)
        found, _ = inferred(content, measure)
        compiled = public.measure(name)
        for case in content.test_cases(name):
            data = case.load()
            period = data.expected[0]["period"] if data.expected else None
            if period is None:
                continue
            periods = Periods({MEASUREMENT_PERIOD: (period["start"], period["end"])})
            reading = plan([found], periods, members)
            subject = subject_from_resources(data.resources, case.name)
            added = chance.choices(others, k=options.pad) if others else []
            resources = [*subject.resources, *(adopted(text, subject.id) for text in added)]
            started = time.perf_counter()
            wanted = _as_written(found, periods, members) if options.written else reading.keeps
            kept = [resource for resource in resources if wanted(resource)]
            reports = []
            for label, some in (("all", resources), ("kept", kept)):
                seconds["plan" if label == "all" else "all"] += time.perf_counter() - started
                started = time.perf_counter()
                result = compiled.evaluate(
                    [SubjectData(subject.id, some, case.name)], period=(period["start"], period["end"]), evidence=False
                )
                reports.append([result.individual(one) for one in result.subjects])
            seconds["kept"] += time.perf_counter() - started
            totals["cases"] += 1
            totals["resources"] += len(resources)
            totals["resources kept"] += len(kept)
            totals["subjects skipped"] += not reading.may_count(kept)
            wrong = orjson.dumps(reports[0]) != orjson.dumps(reports[1])
            wrong = wrong or (not reading.may_count(kept) and _counts(reports[0]))
            if wrong:
                totals["differences"] += 1
                print(f"DIFFERENT: {name} {case.name}")
    for name, number in totals.items():
        print(f"{number:8} {name}")
    print(", ".join(f"{name} {1000 * value / max(totals['cases'], 1):.2f} ms" for name, value in seconds.items()))
    return min(totals["differences"], 1)


def _as_written(found: Inferred, periods: Periods, members: Members) -> Callable[[Mapping[str, Any]], bool]:
    """Whether the DataRequirements of a measure ask for a resource."""
    library = module_definition(found, Options(periods=periods, patterns=False))
    return selector(library, fhir=fhir_types(), members=lambda url: members(url) or {}, zone=UTC)


def pool(content: Content, chance: random.Random) -> Iterable[bytes]:
    """Resources of some test patients of every measure."""
    for name in content.test_measures():
        cases = list(content.test_cases(name))
        for case in chance.sample(cases, min(25, len(cases))):
            for resource in case.load().resources:
                if resource["resourceType"] not in ("Patient", "MeasureReport"):
                    yield orjson.dumps(resource)


def adopted(text: bytes, patient: str) -> dict[str, Any]:
    """A resource of somebody else as one of this patient."""
    pieces = text.split(b'"Patient/')
    moved = pieces[0] + b"".join(
        b'"Patient/' + patient.encode() + b'"' + piece.partition(b'"')[2] for piece in pieces[1:]
    )
    return dict(orjson.loads(moved))


def _counts(reports: Iterable[Mapping[str, Any]]) -> bool:
    return any(
        population.get("count")
        for report in reports
        for group in report.get("group", [])
        for population in group.get("population", [])
    )


def main() -> int:
    """Runs the command that was named."""
    parser = argparse.ArgumentParser(description="Data requirements of all measures of a content folder.")
    commands = parser.add_subparsers(required=True)
    writing = commands.add_parser("infer", help="write the measures with their requirements")
    writing.add_argument("deck", type=Path)
    writing.add_argument("out", type=Path)
    writing.add_argument("--reference-compatible", action="store_true")
    writing.add_argument("--period", help="bounds of dates, such as 2026; without it they are CQL")
    writing.add_argument("--measure", action="append", default=[])
    writing.set_defaults(run=write)
    checking = commands.add_parser("soundness", help="evaluate with all resources and with those that the plan keeps")
    checking.add_argument("deck", type=Path)
    checking.add_argument("--pad", type=int, default=0)
    checking.add_argument("--written", action="store_true", help="keep what the requirements ask for as written")
    checking.add_argument("--measure", action="append", default=[])
    checking.set_defaults(run=soundness)
    options = parser.parse_args()
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
