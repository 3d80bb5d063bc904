"""Who reports: a Reference, or a resource that is carried in the report.

Always holds: contained resources hold none themselves: what a reporter contains is lifted beside it, and references
among them still lead where they led; ids that the report uses already are changed, and the references with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cqlmeasure.errors import UsageError
from cqlmeasure.measure.fhir_json import objects

REPORTER_TYPES = ("Organization", "Practitioner", "PractitionerRole", "Location")


def reporter_parts(value: Mapping[str, Any], taken: Iterable[str] = ()) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The Reference for ``MeasureReport.reporter`` and the contained resources that go with it.

    ``taken``: ids of the report's other contained resources.
    """
    if "resourceType" not in value:
        if not isinstance(value.get("reference"), str) and not value.get("identifier") and not value.get("display"):
            raise UsageError(
                "the reporter is neither a Reference nor a resource",
                code="reporter",
                hint="give a reference such as Organization/1, or an Organization",
            )
        return dict(value), []
    if value["resourceType"] not in REPORTER_TYPES:
        raise UsageError(
            f"a {value['resourceType']} cannot be a reporter",
            code="reporter",
            hint=f"one of {', '.join(REPORTER_TYPES)}",
        )
    contained = value.get("contained")
    inner = [item for item in contained if isinstance(item, dict)] if isinstance(contained, list) else []
    outer = {name: item for name, item in value.items() if name != "contained"}
    used = set(taken)
    renamed: dict[str, str] = {}
    own = _fresh(str(value.get("id") or "reporter"), used)
    renamed["#"] = f"#{own}"
    if value.get("id"):
        renamed[f"#{value['id']}"] = f"#{own}"
    lifted = []
    for number, item in enumerate(inner, 1):
        identity = _fresh(str(item.get("id") or f"{own}-{number}"), used)
        if item.get("id"):
            renamed[f"#{item['id']}"] = f"#{identity}"
        lifted.append((identity, item))
    found = [{**_renamed(outer, renamed), "id": own}]
    for identity, item in lifted:
        plain = {name: part for name, part in item.items() if name != "contained"}
        found.append({**_renamed(plain, renamed), "id": identity})
    return {"reference": f"#{own}"}, found


def reporter_of(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """Who made a report, for another report: the Reference, or the contained resource with those that it refers to.

    ``None`` if the report names nobody, or somebody whom it does not contain.
    """
    value = report.get("reporter")
    if not isinstance(value, dict):
        return None
    reference = value.get("reference")
    if not isinstance(reference, str) or not reference.startswith("#"):
        return value
    contained = {f"#{item['id']}": item for item in objects(report, "contained") if item.get("id")}
    if reference not in contained:
        return None
    wanted, waiting = {reference: None}, [contained[reference]]
    while waiting:
        for name in _local(waiting.pop()):
            if name in contained and name not in wanted:
                wanted[name] = None
                waiting.append(contained[name])
    own, *others = (contained[name] for name in wanted)
    return {**own, "contained": others} if others else own


def _local(value: Any) -> Iterator[str]:
    """The references to contained resources anywhere below a value."""
    for name, item in value.items() if isinstance(value, dict) else ((None, one) for one in value):
        if isinstance(item, dict | list):
            yield from _local(item)
        elif name == "reference" and isinstance(item, str) and item.startswith("#"):
            yield item


def _fresh(identity: str, used: set[str]) -> str:
    found, number = identity, 2
    while found in used:
        found, number = f"{identity}-{number}", number + 1
    used.add(found)
    return found


def _renamed(value: Any, renamed: Mapping[str, str]) -> Any:
    """The JSON with references to contained resources changed."""
    if isinstance(value, list):
        return [_renamed(item, renamed) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: renamed.get(item, item) if name == "reference" and isinstance(item, str) else _renamed(item, renamed)
        for name, item in value.items()
    }
