"""Run the CQL conformance suite and say what passes.

usage: python tools/cql_tests FOLDER [--json FILE] [--official FILE]

FOLDER holds the XML files of https://github.com/cqframework/cql-tests (tests/cql).  The exit status is 1 if a test
fails that ``exclusions.toml`` does not name, or passes although it is named there.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent), str(_HERE.parents[1] / "engine")]

from cql_tests.results import SKIP, Verdict, official, summary, totals  # noqa: E402
from cql_tests.run import read_exclusions, run  # noqa: E402
from cql_tests.suite import SuiteError, read_folder  # noqa: E402
from cqlmeasure import __version__  # noqa: E402
from cqlmeasure.runtime import DateTime  # noqa: E402
from cqlmeasure.runtime.temporal_parse import parse_datetime  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Run, report; the exit status."""
    parser = argparse.ArgumentParser(prog="cql_tests", description="Run the CQL conformance suite.")
    parser.add_argument("folder", type=Path, help="folder with the XML files of the suite")
    parser.add_argument("--file", action="append", help="only the tests of this file (without .xml)")
    parser.add_argument("--test", action="append", help="only tests of this name")
    parser.add_argument("--json", type=Path, help="write all results to this file")
    parser.add_argument("--official", type=Path, help="write them in the form of the common runner")
    parser.add_argument("--exclusions", type=Path, default=_HERE / "exclusions.toml", help="another list of exclusions")
    parser.add_argument("--cql-version", default="1.5", help="version of CQL to test (1.5)")
    parser.add_argument("--now", default="2026-06-15T12:00:00.000+00:00", help="evaluation time, with offset")
    parser.add_argument("--strict", action="store_true", help="numbers must agree exactly and in type")
    options = parser.parse_args(arguments)
    now = parse_datetime(options.now)
    if not isinstance(now, DateTime):
        parser.error(f"{options.now} is no date and time")
    try:
        exclusions = read_exclusions(options.exclusions)
        tests = read_folder(options.folder)
        unknown = exclusions.keys() - {test.key for test in tests}
        chosen = [
            test
            for test in tests
            if (not options.file or test.file in options.file) and (not options.test or test.name in options.test)
        ]
        found = list(run(chosen, version=options.cql_version, now=now, exclusions=exclusions, strict=options.strict))
    except SuiteError as error:
        print(error, file=sys.stderr)
        return 2
    show(found)
    for key in sorted(unknown):
        print(f"excluded, but there is no such test: {' / '.join(key)}")
    if options.json:
        _write(options.json, summary(found))
    if options.official:
        time = str(now)
        _write(options.official, official(found, version=options.cql_version, engine_version=__version__, time=time))
    return 1 if unknown or any(verdict.bad for verdict in found) else 0


def show(found: list[Verdict]) -> None:
    """Print what is wrong, then the totals of each file."""
    for verdict in found:
        if not verdict.bad:
            continue
        test = verdict.test
        state = "passes although it is excluded" if verdict.excluded is not None else verdict.status
        print(f"{test.file} / {test.group} / {test.name}: {state}")
        print(f"  expression  {' '.join(test.expression.split())}")
        print(f"  expected    {test.output if not test.invalid else f'an error ({test.invalid})'}")
        if verdict.actual is not None:
            print(f"  actual      {verdict.actual}")
        if verdict.message is not None:
            print(f"  message     {' '.join(verdict.message.split())[:300]}")
    files, everything = totals(found)
    print(f"{'file':38}{'tests':>7}{'passed':>8}{'failed':>8}{'errors':>8}{'skipped':>9}")
    for name, total in [*files.items(), ("all", everything)]:
        counts = total.row()
        print(
            f"{name:38}{counts['tests']:7}{counts['passed']:8}{counts['failed']:8}{counts['errors']:8}{counts['skipped']:9}"
        )
    excluded = sum(verdict.excluded is not None for verdict in found)
    in_scope = sum(verdict.status != SKIP for verdict in found)
    print(f"{everything.passed} of {in_scope} tests in scope pass; {excluded} excluded")


def _write(file: Path, data: object) -> None:
    file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
