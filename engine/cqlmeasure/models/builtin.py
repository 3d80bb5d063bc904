"""The models that ship with the package, read from their tables when first asked for and kept for the process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cqlmeasure.models.model import Model
from cqlmeasure.models.table import load_table

_DATA = Path(__file__).parent / "data"

#: Versions by model, oldest first; the last is the one that a ``using`` without a version gets.
SHIPPED: dict[str, tuple[str, ...]] = {
    "System": ("1.0.0",),
    "FHIR": ("4.0.1",),
    "QICore": ("4.1.1", "6.0.0"),
    "USCore": ("3.1.1", "6.1.0"),
}
_URLS = {"urn:hl7-org:elm-types:r1": "System", "http://hl7.org/fhir": "FHIR"}


def table_file(name: str, version: str) -> Path:
    """Where the table of a shipped model is."""
    return _DATA / f"{name.lower()}-{version}.json"


def builtin_versions(name: str) -> list[str]:
    """The shipped versions of a model, oldest first; empty for an unknown one."""
    return list(SHIPPED.get(name, ()))


def builtin(name: str, version: str | None = None) -> Model | None:
    """A shipped model, without a version the newest; ``None`` if there is no such model or version."""
    versions = SHIPPED.get(name)
    if not versions:
        return None
    wanted = versions[-1] if version is None else version
    return _load(name, wanted) if wanted in versions else None


def builtin_for_url(url: str, version: str | None = None) -> Model | None:
    """The shipped model whose types have a namespace in ELM: ``System``, or ``FHIR`` for all that FHIR data have."""
    name = _URLS.get(url)
    return None if name is None else builtin(name, version)


@cache
def _load(name: str, version: str) -> Model:
    path = table_file(name, version)
    return load_table(path.read_bytes(), str(path))
