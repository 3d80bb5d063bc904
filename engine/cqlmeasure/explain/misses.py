"""What came nearest: resources that a retrieve did not find, items that the conditions of a query dropped.

Always holds: a miss is a resource of the subject; that there are none is said too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cqlmeasure.explain.result import reference_of, references, shown
from cqlmeasure.explain.steps import Candidates, Sought
from cqlmeasure.explain.trees import Texts
from cqlmeasure.runtime import Tuple, ValueSet
from cqlmeasure.runtime.retrieve import code_table
from cqlmeasure.runtime.subject import Subject

ValueOf = Callable[[str], Any]
_MOST_MISSES = 3
_MOST_CODES = 2


def retrieve_notes(sought: Sought, subject: Subject, value: ValueOf) -> list[str]:
    """What a retrieve that found nothing looked for, and which resources came nearest."""
    there = subject.of_type(sought.type)
    codes = value(sought.codes) if sought.codes is not None else None
    notes = [f"looked for {_looked_for(sought, codes)}"]
    if not there:
        return [*notes, f"there is no {sought.type} at all"]
    coded = value(sought.coded) if sought.coded is not None else []
    if coded:
        return [*notes, *(f"nearest: {reference_of(one)} has the code, but {_profiles(one)}" for one in _few(coded))]
    if sought.codes is None:
        return [*notes, *(f"nearest: {reference_of(one)}, but {_profiles(one)}" for one in _few(there))]
    table = code_table(codes)
    path = (sought.path or "code").split(".")[0]
    same = [
        f"nearest: {reference_of(one)} has the code {coding.get('code')}, but of the system {coding.get('system')}"
        for one in there
        for coding in _codings(one, path)
        if coding.get("code") in table
    ]
    if same:
        return [*notes, *same[:_MOST_MISSES]]
    listed = ", ".join(f"{reference_of(one)} ({_code_text(one, path)})" for one in _few(there))
    if len(there) == 1:
        return [*notes, f"there is one {sought.type}, with another code: {listed}"]
    more = " ..." if len(there) > _MOST_MISSES else ""
    return [*notes, f"there are {len(there)} {sought.type} resources, with other codes: {listed}{more}"]


def _looked_for(sought: Sought, codes: Any) -> str:
    if sought.codes is None:
        return f"{sought.type} of the profile {sought.template}" if sought.template else sought.type
    if isinstance(codes, ValueSet):
        return f"{sought.type} whose {sought.path} is one of {len(codes.members)} codes of {codes.url}"
    return f"{sought.type} whose {sought.path} is {shown(codes[0]) if _single(codes) else shown(codes)}"


def _single(codes: Any) -> bool:
    return isinstance(codes, list) and len(codes) == 1


def _profiles(resource: Any) -> str:
    declared = (resource.get("meta") or {}).get("profile") or ()
    return f"it declares {', '.join(map(str, declared))}" if declared else "it is not of the profile"


def _codings(resource: Any, path: str) -> list[Any]:
    found = []
    for name, value in resource.items():
        if name == path or (path.endswith("[x]") and name.startswith(path[:-3])):
            for concept in value if isinstance(value, list) else [value]:
                if isinstance(concept, dict):
                    codings = concept.get("coding", [concept])
                    found += [one for one in codings if isinstance(one, dict)] if isinstance(codings, list) else []
    return found


def _code_text(resource: Any, path: str) -> str:
    codings = _codings(resource, path)
    listed = [str(one.get("display") or one.get("code")) for one in codings[:_MOST_CODES]]
    return ", ".join(listed) or "no code"


def _few(items: Sequence[Any]) -> Sequence[Any]:
    return items[:_MOST_MISSES]


def query_notes(candidates: Candidates, library: str, rows: Any, texts: Texts) -> list[str]:
    """Of a query that returned nothing: how many items there were, and why the nearest was dropped."""
    if not isinstance(rows, list):
        rows = [rows] if isinstance(rows, Tuple) else []
    rows = [row for row in rows if any(row.get(name) is not None for name in candidates.items)]
    if not rows:
        return []
    failing = [[one for one in candidates.conditions if row.get(one.name) is not True] for row in rows]
    fewest = min(map(len, failing))
    nearest = [(row, failed) for row, failed in zip(rows, failing, strict=True) if len(failed) == fewest]
    count = len(rows)
    met = len(candidates.conditions) - fewest
    notes = [f"none of {count} candidates meets all conditions" if count > 1 else "the one candidate is dropped"]
    for row, failed in nearest[:_MOST_MISSES]:
        items = ", ".join(item for name in candidates.items for item in _item(row.get(name)))
        of = f" meets {met} of {len(candidates.conditions)} conditions" if len(candidates.conditions) > 1 else ""
        notes.append(f"nearest: {items}{of}")
        for condition in failed:
            text = texts.of(library, condition.node)
            notes.append(f"  not met: {text}")
            notes += [f"    {texts.of(library, node)} is {shown(row.get(name))}" for node, name in condition.operands]
    more = len(nearest) - _MOST_MISSES
    return [*notes, f"{more} more are as near"] if more > 0 else notes


def _item(value: Any) -> tuple[str, ...]:
    return references(value) or (shown(value),)
