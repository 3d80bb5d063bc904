"""Bundles of reports and data, organised by subject.

Always holds: one Bundle per subject; a version of a resource occurs once in a Bundle, however many reports refer to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cqlmeasure.measure.report_parts import fhir_id

Json = Mapping[str, Any]


def subject_bundle(
    subject: str, reports: Iterable[Json], resources: Iterable[Json] = (), *, base: str | None = None
) -> dict[str, Any]:
    """A collection of all reports about a subject and the data that they refer to, and no other data.

    ``base``: the url of the server that the resources are on, for the full urls of the entries.
    """
    listed = list(reports)
    wanted = {reference for report in listed for reference in _referred(report)}
    data = (item for item in resources if f"{item.get('resourceType')}/{item.get('id')}" in wanted)
    entries: dict[tuple[str, str, str], dict[str, Any]] = {}
    for resource in (*listed, *data):
        kind, identity = str(resource.get("resourceType")), str(resource.get("id") or "")
        meta = resource.get("meta")
        version = str(meta.get("versionId") or "") if isinstance(meta, Mapping) else ""
        entry: dict[str, Any] = {"fullUrl": f"{base.rstrip('/')}/{kind}/{identity}"} if base else {}
        entries.setdefault((kind, identity, version), {**entry, "resource": resource})
    return {
        "resourceType": "Bundle",
        "id": fhir_id("subject", subject.replace("/", "-")),
        "type": "collection",
        "entry": list(entries.values()),
    }


def _referred(report: Json) -> Iterable[str]:
    subject = report.get("subject")
    if isinstance(subject, Mapping):
        yield str(subject.get("reference"))
    for item in report.get("evaluatedResource", ()):
        yield str(item.get("reference"))
    for extension in report.get("extension", ()):
        value = extension.get("valueReference")
        if isinstance(value, Mapping):
            yield str(value.get("reference"))
