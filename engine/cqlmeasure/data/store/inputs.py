"""What a load finds in files beside the subjects: what was deleted, and new versions of what no subject owns.

Always holds: a file whose first line is a Bundle of nothing but DELETE requests, or that lies in a folder ``deleted``,
lists what was deleted and is not read as data.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from cqlmeasure.data.compartment import compartment_references
from cqlmeasure.data.ndjson.buffers import UNPACKING, is_packed, opened, unreadable
from cqlmeasure.data.ndjson.source import Ndjson
from cqlmeasure.data.reading import NDJSON_SUFFIXES, Json, parse_resource, read_json_file
from cqlmeasure.data.store.keys import Row, row_of
from cqlmeasure.data.subjects import relative_reference
from cqlmeasure.errors import DataError, UsageError

Key = tuple[str, str]
"""Type and id of a resource."""

MAX_LINE_BYTES = 256 << 20


def deleted_key(reference: str) -> Key:
    """The type and id of what is to be deleted; ``UsageError`` for what is no ``Type/id``."""
    kind, slash, identity = relative_reference(reference).partition("/")
    if not slash or not kind or not identity:
        raise UsageError(
            f"{reference!r} names nothing that could be deleted", code="usage", hint="write it as Observation/123"
        )
    return kind, identity


def deleted_in(bundle: Json, place: str) -> list[Key]:
    """What a Bundle says was deleted: the entries whose request is a DELETE, as a bulk export lists them."""
    listed = bundle.get("entry")
    found = []
    for entry in listed if isinstance(listed, list) else ():
        request = entry.get("request") if isinstance(entry, dict) else None
        if isinstance(request, dict) and request.get("method") == "DELETE":
            url = request.get("url")
            if not isinstance(url, str):
                raise DataError("a DELETE without url", code="not-fhir", file=place)
            found.append(deleted_key(url))
    return found


def lists_deletes(bundle: Json) -> bool:
    """Whether a resource is a Bundle that deletes, and no data."""
    listed = bundle.get("entry")
    if bundle["resourceType"] != "Bundle" or not isinstance(listed, list) or not listed:
        return False
    requests = [entry.get("request") if isinstance(entry, dict) else None for entry in listed]
    return all(isinstance(request, dict) and request.get("method") == "DELETE" for request in requests)


def split_files(files: Iterable[str]) -> tuple[list[str], list[Key]]:
    """Files with data, and what the other files say was deleted."""
    data: list[str] = []
    deleted: list[Key] = []
    for file in files:
        if file.lower().endswith(NDJSON_SUFFIXES):
            lines = lines_of(file)
            number, first = next(lines, (0, b""))
            if b'"DELETE"' not in first or not lists_deletes(parse_resource(first, file, number)):
                data.append(file)
                continue
            deleted.extend(deleted_in(parse_resource(first, file, number), file))
            for number, line in lines:
                deleted.extend(deleted_in(parse_resource(line, file, number), f"{file}:{number}"))
        elif "deleted" in os.path.normpath(file).split(os.sep)[-2:-1]:
            deleted.extend(deleted_in(read_json_file(file), file))
        else:
            data.append(file)
    return data, deleted


def shared_resources(source: Ndjson) -> Iterator[Row]:
    """The resources of an export that belong to no patient: Medications, Locations and so on."""
    for file in source.files:
        for number, line in lines_of(file):
            resource = parse_resource(line, file, number)
            if resource["resourceType"] in ("Patient", "Bundle") or not isinstance(resource.get("id"), str):
                continue
            targets = map(relative_reference, compartment_references(resource))
            if not any(target.startswith("Patient/") for target in targets):
                yield row_of(resource, f"{file}:{number}")


def lines_of(file: str) -> Iterator[tuple[int, bytes]]:
    """The lines of an NDJSON file that are not blank, with their numbers."""
    try:
        with opened(file) if is_packed(file) else open(file, "rb") as stream:
            number = 0
            while line := stream.readline(MAX_LINE_BYTES):
                number += 1
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if line.strip():
                    yield number, line
    except UNPACKING as error:
        raise unreadable(file, error) from error
