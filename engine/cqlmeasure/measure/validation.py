"""Whether an emitted resource is valid FHIR R4, by the models of the package `fhir.resources` (an extra).

Always holds: what is wrong is named with its path in the resource; without the package the answer is an error, not
silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from cqlmeasure.errors import DataError, Diagnostic, UsageError


def validate(resource: Mapping[str, Any]) -> list[Diagnostic]:
    """What is wrong with a resource and those that it contains; an empty list if it is valid."""
    # Loaded on request only: the models are large, and evaluation does not need them.
    try:
        from fhir.resources.R4B import get_fhir_model_class
        from pydantic import ValidationError
    except ImportError:
        raise UsageError(
            "validation needs the package fhir.resources", code="validation", hint="pip install 'fhir.resources>=8'"
        ) from None
    kind = resource.get("resourceType")
    found: list[Diagnostic] = []
    try:
        model = get_fhir_model_class(str(kind))
    except (LookupError, ValueError):
        return [Diagnostic(code="invalid-resource", message=f"there is no resource type {kind!r}")]
    try:
        model.model_validate_json(orjson.dumps(resource))
    except ValidationError as error:
        for fault in error.errors():
            path = ".".join(str(step) for step in fault["loc"])
            found.append(Diagnostic(code="invalid-resource", message=f"{kind}.{path}: {fault['msg']}"))
    found.extend(_references(resource))
    return found


def require_valid(resource: Mapping[str, Any]) -> None:
    """``DataError`` with every fault unless the resource is valid."""
    faults = validate(resource)
    if faults:
        raise DataError(diagnostics=faults)


def _references(resource: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Contained resources that nothing refers to, and references to what is not contained."""
    if resource.get("resourceType") == "Bundle":
        # What a resource contains is referred to from within that resource only.
        for entry in resource.get("entry", ()):
            yield from _references(entry.get("resource") or {})
        return
    contained = [item.get("id") for item in resource.get("contained", ()) if isinstance(item, Mapping)]
    used = {value[1:] for value in _local(resource)} - {""}
    for identity in used - set(contained):
        yield Diagnostic(code="invalid-resource", message=f"nothing with the id {identity!r} is contained")
    for identity in sorted({str(item) for item in contained} - used):
        yield Diagnostic(code="invalid-resource", message=f"nothing refers to the contained resource {identity!r}")
    if len(contained) != len(set(contained)):
        yield Diagnostic(code="invalid-resource", message="two contained resources have the same id")


def _local(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == "reference" and isinstance(item, str) and item.startswith("#"):
                yield item
            else:
                yield from _local(item)
    elif isinstance(value, list):
        for item in value:
            yield from _local(item)
