"""Running tests, and the list of exclusions."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cql_tests import engine
from cql_tests.compare import agree
from cql_tests.expected import read_expected
from cql_tests.results import ERROR, FAIL, PASS, SKIP, Verdict
from cql_tests.suite import SuiteError, Test
from cql_tests.values import Unreadable
from cqlmeasure.api.literals import cql_text
from cqlmeasure.runtime import DateTime

Exclusions = Mapping[tuple[str, str, str], str]


def read_exclusions(file: Path) -> dict[tuple[str, str, str], str]:
    """The reason of each excluded test, by suite, group and name."""
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8")).get("excluded", [])
        return {(entry["suite"], entry["group"], entry["name"]): str(entry["reason"]) for entry in entries}
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise SuiteError(f"{file}: {error}") from error


def run(
    tests: Iterable[Test], *, version: str, now: DateTime, exclusions: Exclusions, strict: bool = False
) -> Iterator[Verdict]:
    """The verdict on each test."""
    for test in tests:
        reason = test.out_of_scope(version)
        if reason is not None:
            yield Verdict(test, SKIP, message=reason)
        else:
            yield verdict(test, now, exclusions.get(test.key), strict)


def verdict(test: Test, now: DateTime, excluded: str | None, strict: bool) -> Verdict:
    """The verdict on a test that is in scope."""
    try:
        value = engine.evaluate(test.expression, now)
    except engine.Failed as error:
        wanted = _phases(test.invalid)
        status = PASS if error.phase in wanted else FAIL if wanted else ERROR
        return Verdict(test, status, message=str(error), phase=error.phase, excluded=excluded)
    shown = cql_text(value)
    if test.invalid:
        message = f"an error ({test.invalid}) was expected"
        return Verdict(test, FAIL, actual=shown, message=message, excluded=excluded)
    if test.output is None:
        return Verdict(test, SKIP, actual=shown, message="the test has no output")
    try:
        same = agree(engine.neutral(value), read_expected(test.output), strict=strict)
    except Unreadable as error:
        return Verdict(test, ERROR, actual=shown, message=str(error), excluded=excluded)
    return Verdict(test, PASS if same else FAIL, actual=shown, excluded=excluded)


def _phases(invalid: str) -> set[str]:
    """In which phases an error is what a test demands."""
    if invalid == "syntax":
        return {"syntax"}
    if invalid == "semantic":
        return {"syntax", "semantic"}
    return {"syntax", "semantic", "execution"} if invalid else set()
