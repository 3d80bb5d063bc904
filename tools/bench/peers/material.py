"""What all peers get: a measure with its libraries and value sets, and the patients, as files."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

Json = dict[str, Any]
Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Material:
    """A Bundle of the measure, one Bundle per line for the patients, and the days of the period."""

    measure: Path
    patients: Path
    start: str
    end: str

    @property
    def arguments(self) -> tuple[str, str, str, str]:
        """For the command line of a peer's script."""
        return str(self.measure), str(self.patients), self.start, self.end


def write_material(folder: Path, bundle: Json, texts: Sequence[bytes], period: tuple[str, str]) -> Material:
    """The files, in a folder."""
    material = Material(folder / "measure.json", folder / "patients.ndjson", *period)
    material.measure.write_bytes(orjson.dumps(bundle))
    material.patients.write_bytes(b"\n".join(texts))
    return material


def measure_bundle(deck: str, name: str) -> Json:
    """Measure, libraries and value sets as a Bundle.

    Libraries are those that the ELM of the measure's library includes, value sets those that they name.  The Measure
    has its populations and nothing else that has to be evaluated.
    """
    found = list(_resources(deck))
    measure = next(one for one in found if one["resourceType"] == "Measure" and one.get("name") == name)
    libraries, text = _included([one for one in found if one["resourceType"] == "Library"], measure["library"][0])
    value_sets = [one for one in found if one["resourceType"] == "ValueSet" and f'"{one["url"]}"'.encode() in text]
    resources = [{**measure, "supplementalData": []}, *libraries, *value_sets]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def _resources(deck: str) -> Iterable[Json]:
    for file in sorted(Path(deck).glob("*/*.json")):
        if file.parent.name != "cases":
            yield orjson.loads(file.read_bytes())


def _included(libraries: list[Json], canonical: str) -> tuple[list[Json], bytes]:
    """A library and all that it includes, and their ELM one after the other."""
    by_name: dict[Key, Json] = {(one["name"], one.get("version")): one for one in libraries}
    first = next(one for one in libraries if one["url"] == canonical.partition("|")[0])
    found: dict[Key, Json] = {}
    waiting: list[Key] = [(first["name"], first.get("version"))]
    text = b""
    while waiting:
        key = waiting.pop()
        if key not in found:
            if key not in by_name:
                raise SystemExit(f"the deck has no library {key[0]} {key[1] or ''}".rstrip())
            found[key] = by_name[key]
            elm = _elm(found[key])
            text += elm
            includes = orjson.loads(elm)["library"].get("includes", {}).get("def", ())
            waiting += [(one["path"].rpartition("/")[2], one.get("version")) for one in includes]
    return list(found.values()), text


def _elm(library: Json) -> bytes:
    data = [one["data"] for one in library["content"] if one["contentType"] == "application/elm+json"]
    if not data:
        raise SystemExit(f"the library {library['name']} has no ELM, which peers evaluate")
    return base64.b64decode(data[0])
