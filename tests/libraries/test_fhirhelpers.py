"""The FHIRHelpers that ship: the customary functions with their signatures, as the tool builds them."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

VERSIONS = ("4.0.1", "4.4.000")
_FUNCTION = re.compile(r'^define function "?(\w+)"?\s*\((.*?)\)\s*(?:returns\s+(\S+)\s*)?:', re.MULTILINE | re.DOTALL)
_COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_SYSTEM = {"Any", "Boolean", "String"}

Signature = tuple[str, tuple[tuple[str, str], ...], str | None]


def qualified(name: str) -> str:
    """A type's name with its model: what is not a System type here is FHIR's."""
    name = name.replace('"', "")
    if name.startswith("List<"):
        return f"List<{qualified(name[5:-1])}>"
    if name.startswith("Choice<"):
        return f"Choice<{', '.join(sorted(qualified(one.strip()) for one in name[7:-1].split(',')))}>"
    return name if "." in name else f"{'System' if name in _SYSTEM else 'FHIR'}.{name}"


def signatures(cql: str) -> set[Signature]:
    """Name, operands and declared result of every function."""
    found = set()
    for name, operands, result in _FUNCTION.findall(_COMMENTS.sub("", cql)):
        text = " ".join(operands.split())
        parts = [text] if "Choice<" in text else text.split(", ")
        pairs = (part.partition(" ") for part in parts)
        named = tuple((operand.replace('"', ""), qualified(kind)) for operand, _, kind in pairs)
        found.add((name, named, qualified(result) if result else None))
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_declares_its_version_and_model(repository: Path, version: str) -> None:
    text = (repository / "libraries" / "FHIRHelpers" / f"FHIRHelpers-{version}.cql").read_text()
    assert f"library FHIRHelpers version '{version}'\n\nusing FHIR version '4.0.1'\n" in text
    assert len(signatures(text)) == 297


@pytest.mark.parametrize("version", VERSIONS)
def test_has_the_published_signatures(repository: Path, shared: Path, version: str) -> None:
    resource = json.loads((shared / "decks/qicore2025/libraries/FHIRHelpers-4.4.000.json").read_text())
    data = next(one["data"] for one in resource["content"] if one["contentType"] == "text/cql")
    published = signatures(base64.b64decode(data).decode())
    own = signatures((repository / "libraries" / "FHIRHelpers" / f"FHIRHelpers-{version}.cql").read_text())
    assert own == published


def test_is_what_the_tool_builds(repository: Path, shared: Path, tmp_path: Path) -> None:
    model = shared / "modelinfo" / "fhir-modelinfo-4.0.1.xml"
    tool = repository / "tools" / "fhirhelpers"
    subprocess.run([sys.executable, tool, model, tmp_path], check=True, timeout=60)
    for version in VERSIONS:
        name = f"FHIRHelpers-{version}.cql"
        assert (tmp_path / name).read_text() == (repository / "libraries" / "FHIRHelpers" / name).read_text()
