"""Verdicts, their totals, and the official form of results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cql_tests.suite import Test

PASS, FAIL, ERROR, SKIP = "pass", "fail", "error", "skip"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a test.  ``excluded`` is the reason that the list of exclusions gives."""

    test: Test
    status: str
    actual: str | None = None
    message: str | None = None
    phase: str | None = None
    excluded: str | None = None

    @property
    def bad(self) -> bool:
        """Whether the run fails because of it: a test neither passed nor excluded, or passed although excluded."""
        return (self.status == PASS) == (self.excluded is not None) and self.status != SKIP


@dataclass(slots=True)
class Totals:
    """Counts of verdicts."""

    tests: int = 0
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0

    def add(self, verdict: Verdict) -> None:
        """Count one."""
        self.tests += 1
        self.passed += verdict.status == PASS
        self.failed += verdict.status == FAIL
        self.errors += verdict.status == ERROR
        self.skipped += verdict.status == SKIP

    def row(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in ("tests", "passed", "failed", "errors", "skipped")}


def totals(verdicts: Iterable[Verdict]) -> tuple[dict[str, Totals], Totals]:
    """Totals of each file, and of all."""
    files: dict[str, Totals] = {}
    everything = Totals()
    for verdict in verdicts:
        files.setdefault(verdict.test.file, Totals()).add(verdict)
        everything.add(verdict)
    return files, everything


def summary(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """All results as plain data, for ``--json``."""
    listed = list(verdicts)
    files, everything = totals(listed)
    return {
        "files": {name: found.row() for name, found in files.items()},
        "all": everything.row(),
        "excluded": [_named(one) | {"reason": one.excluded} for one in listed if one.excluded is not None],
        "results": [
            _named(one) | {"status": one.status, "actual": one.actual, "phase": one.phase, "message": one.message}
            for one in listed
        ],
    }


def official(verdicts: Iterable[Verdict], *, version: str, engine_version: str, time: str) -> dict[str, Any]:
    """The results in the form of the common runner, so that engines can be compared."""
    listed = list(verdicts)
    _, everything = totals(listed)
    return {
        "cqlengine": {
            "apiUrl": "",
            "cqlVersion": version,
            "cqlTranslator": "cqlmeasure",
            "cqlTranslatorVersion": engine_version,
            "cqlEngine": "cqlmeasure",
            "cqlEngineVersion": engine_version,
        },
        "testsRunDateTime": time,
        "testResultsSummary": {
            "passCount": everything.passed,
            "skipCount": everything.skipped,
            "failCount": everything.failed,
            "errorCount": everything.errors,
        },
        "results": [_official(one) for one in listed],
    }


def _official(verdict: Verdict) -> dict[str, Any]:
    test = verdict.test
    found: dict[str, Any] = {
        "testsName": test.suite,
        "groupName": test.group,
        "testName": test.name,
        "expression": test.expression,
        "testStatus": verdict.status,
        # The schema of results knows no other words.
        "invalid": test.invalid if test.invalid in ("true", "semantic") else "true" if test.invalid else "false",
        "capabilities": [
            {"code": code} if value is None else {"code": code, "value": value} for code, value in test.capabilities
        ],
    }
    if test.output is not None:
        found["expected"] = test.output
    if verdict.actual is not None:
        found["actual"] = verdict.actual
    if verdict.status == SKIP:
        found["skipMessage"] = verdict.message
    elif verdict.message is not None:
        found["error"] = {"message": verdict.message}
    return found


def _named(verdict: Verdict) -> dict[str, str]:
    test = verdict.test
    return {"file": test.file, "group": test.group, "name": test.name}
