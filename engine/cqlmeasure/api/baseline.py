"""What changed in a run of test cases since an earlier one.

Always holds: the earlier run is the JSON that ``cqlmeasure test --json`` wrote; a case that is in one run only is named
as new or gone, never as a success or a failure.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import orjson

from cqlmeasure.api.cases import CaseOutcome, CaseResult, CaseStatus
from cqlmeasure.api.comparison import shown
from cqlmeasure.errors import UsageError, broken_json

Json = dict[str, Any]
_PLACE = re.compile(r"^.*?:\d+:\d+: ")
_GOOD = (CaseStatus.MATCH.value, CaseStatus.UNCHECKED.value)


class ChangeKind(StrEnum):
    """How a case changed."""

    FAILING = "newly failing"
    PASSING = "newly passing"
    CHANGED = "changed"  # it failed before and fails now, in another way
    NEW_FAILING = "new and failing"
    NEW = "new"
    GONE = "gone"


class Change(msgspec.Struct, frozen=True):
    """One case that is not as it was; ``before`` and ``now`` are what was wrong with it."""

    kind: ChangeKind
    measure: str
    case: str
    before: tuple[str, ...] = ()
    now: tuple[str, ...] = ()

    @property
    def worse(self) -> bool:
        """Whether something fails that did not fail before."""
        return self.kind in (ChangeKind.FAILING, ChangeKind.NEW_FAILING) or (
            self.kind is ChangeKind.CHANGED and bool(set(self.now) - set(self.before))
        )

    def to_json(self) -> Json:
        """The machine-readable form."""
        return {**msgspec.to_builtins(self), "worse": self.worse}


def read_outcome(file: str | os.PathLike[str]) -> Json:
    """An outcome that ``CaseResult.to_json`` gave, from a file."""
    path = Path(file)
    hint = "a baseline is written by: cqlmeasure test PATH --json FILE"
    try:
        found = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", code="baseline", hint=hint) from error
    except orjson.JSONDecodeError as error:
        raise UsageError(diagnostics=[broken_json(error, str(path), hint=hint)]) from error
    if not isinstance(found, dict) or not isinstance(found.get("measures"), list):
        raise UsageError(f"{path} is no outcome of test cases", code="baseline", hint=hint)
    return found


def changes(baseline: Json, result: CaseResult, *, partial: bool = False) -> list[Change]:
    """The cases that are not as they were in the baseline, in the order of the run; cases that are gone come last.

    ``partial``: the run has only some of the measures, so those that are not in it are not gone.
    """
    before = {(measure, case["case"]): case for measure, case in _cases(baseline)}
    found = []
    seen = set()
    for measure, outcomes in result.measures.items():
        for outcome in outcomes:
            key = (measure, outcome.case)
            seen.add(key)
            change = _change(before.get(key), outcome, measure)
            if change is not None:
                found.append(change)
    for measure, case in before:
        if (measure, case) not in seen and (not partial or measure in result.measures):
            found.append(Change(ChangeKind.GONE, measure, case))
    return found


def _cases(baseline: Json) -> Iterator[tuple[str, Json]]:
    for measure in baseline["measures"]:
        if isinstance(measure, dict):
            for case in measure.get("cases") or ():
                if isinstance(case, dict) and isinstance(case.get("case"), str):
                    yield str(measure.get("measure")), case


def _change(before: Json | None, outcome: CaseOutcome, measure: str) -> Change | None:
    now = outcome.to_json()
    good, wrong = now["status"] in _GOOD, _wrong(now)
    if before is None:
        kind = ChangeKind.NEW if good else ChangeKind.NEW_FAILING
        return Change(kind, measure, outcome.case, (), wrong)
    was_good, was_wrong = before.get("status") in _GOOD, _wrong(before)
    if good and was_good:
        return None
    if good != was_good:
        kind = ChangeKind.PASSING if good else ChangeKind.FAILING
    elif wrong != was_wrong:
        kind = ChangeKind.CHANGED
    else:
        return None
    return Change(kind, measure, outcome.case, was_wrong, wrong)


def _wrong(case: Json) -> tuple[str, ...]:
    """What is wrong with a case, one line for each: differences, or the first lines of messages."""
    found = [
        f"{one.get('place')}: expected {shown(one.get('expected'))}, computed {shown(one.get('computed'))}"
        for one in case.get("differences") or ()
        if isinstance(one, dict)
    ]
    # Without the place: it moves with every line that is added above it.
    found += [_PLACE.sub("", str(message).partition("\n")[0]) for message in case.get("messages") or ()]
    return tuple(found) if case.get("status") not in _GOOD else ()
