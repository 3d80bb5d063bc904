"""Reading JSON of subjects: bounded, and every fault a ``DataError`` that names the file and what was expected."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from cqlmeasure.errors import DataError, broken_json

Json = dict[str, Any]

MAX_FILE_BYTES = 1 << 30
MAX_FILES = 5_000_000
MAX_DEPTH = 24
NDJSON_SUFFIXES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz", ".ndjson.zst", ".jsonl.zst")


def read_json_file(path: str) -> Json:
    """The FHIR resource in a file."""
    return parse_resource(read_text(path), path)


def read_text(path: str) -> bytes:
    """What is in a file, without a byte order mark."""
    try:
        size = os.path.getsize(path)
        if size > MAX_FILE_BYTES:
            raise DataError(f"{path} is larger than {MAX_FILE_BYTES >> 20} MiB", code="file-too-large", file=path)
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}", code="unreadable-file", file=path) from error
    return data.removeprefix(b"\xef\xbb\xbf")


def parse_resource(data: bytes | memoryview, file: str, line: int | None = None) -> Json:
    """The FHIR resource that ``data`` is; of NDJSON, the resource on that line of the file."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise DataError(diagnostics=[broken_json(error, file, line or 1)]) from error
    return check_resource(value, file if line is None else f"{file}:{line}")


def check_resource(value: Any, place: str) -> Json:
    """``value`` if it is a JSON object with a resourceType."""
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise DataError(
            "this is no FHIR: expected a JSON object with a resourceType",
            code="not-fhir",
            file=place,
            hint="expected a Bundle, a resource, or NDJSON with one resource a line",
        )
    return value


def entries(bundle: Json, place: str) -> Iterator[tuple[Json, str | None]]:
    """The resources of a Bundle with their fullUrl; a Bundle inside a Bundle is opened."""
    listed = bundle.get("entry")
    if listed is not None and not isinstance(listed, list):
        raise DataError("this is no FHIR: Bundle.entry is no list", code="not-fhir", file=place)
    for number, entry in enumerate(listed or ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if resource is None:
            continue
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            check_resource(resource, f"{place}: entry {number}")
        if resource["resourceType"] == "Bundle":
            yield from entries(resource, f"{place}: entry {number}")
        else:
            full_url = entry.get("fullUrl")
            yield resource, full_url if isinstance(full_url, str) else None


def data_files(folder: str) -> list[str]:
    """JSON and NDJSON files below a folder in order of their paths, but hidden ones and those behind links."""
    found: list[str] = []
    _collect(folder, found, 0)
    return found


def _collect(folder: str, found: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        return
    try:
        with os.scandir(folder) as listed:
            items = sorted(listed, key=lambda item: item.name)
    except OSError as error:
        raise DataError(f"cannot read {folder}: {error.strerror}", code="unreadable-file", file=folder) from error
    for item in items:
        if item.name.startswith("."):
            continue
        if item.is_dir(follow_symlinks=False):
            _collect(item.path, found, depth + 1)
        elif item.name.lower().endswith((".json", *NDJSON_SUFFIXES)) and item.is_file():
            found.append(item.path)
            if len(found) > MAX_FILES:
                raise DataError(f"{folder} holds more than {MAX_FILES} files", code="too-many-files", file=folder)


def identity_of(files: Iterable[str]) -> str:
    """A text that changes when the content of files does."""
    found = hashlib.sha256()
    for file in files:
        try:
            state = os.stat(file)
        except OSError:
            continue
        found.update(f"{file}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return found.hexdigest()
