"""The XML files of the suite, and which of their tests are in scope."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NAMESPACE = "{http://hl7.org/fhirpath/tests}"


class SuiteError(Exception):
    """A file that is no suite of tests."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test; ``invalid`` is ``""`` where a value is expected."""

    file: str
    suite: str
    group: str
    name: str
    expression: str
    output: str | None
    invalid: str
    version: str | None
    version_to: str | None
    capabilities: tuple[tuple[str, str | None], ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the test over all files."""
        return self.suite, self.group, self.name

    def out_of_scope(self, version: str) -> str | None:
        """Why the test does not concern a version of CQL; ``None`` if it does."""
        if self.version is not None and _segments(version) < _segments(self.version):
            return f"needs CQL {self.version}"
        if self.version_to is not None and _segments(version) > _segments(self.version_to):
            return f"only up to CQL {self.version_to}"
        return None


def read_folder(folder: Path) -> list[Test]:
    """All tests of the XML files of a folder, files in order of their names."""
    files = sorted(folder.glob("*.xml"))
    if not files:
        raise SuiteError(f"there are no .xml files in {folder}")
    return [test for file in files for test in read_file(file)]


def read_file(file: Path) -> Iterator[Test]:
    """The tests of one file."""
    try:
        root = ElementTree.parse(file).getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise SuiteError(f"{file}: {error}") from error
    if root.tag != f"{_NAMESPACE}tests":
        raise SuiteError(f"{file}: the root is {root.tag}, not tests of {_NAMESPACE}")
    suite = root.attrib["name"]
    for group in root.iterfind(f"{_NAMESPACE}group"):
        for test in group.iterfind(f"{_NAMESPACE}test"):
            expression = test.find(f"{_NAMESPACE}expression")
            if expression is None:
                raise SuiteError(f"{file}: the test {test.attrib['name']} has no expression")
            output = test.find(f"{_NAMESPACE}output")
            invalid = expression.attrib.get("invalid", "")
            yield Test(
                file=file.stem,
                suite=suite,
                group=group.attrib["name"],
                name=test.attrib["name"],
                expression=(expression.text or "").strip(),
                output=None if output is None else (output.text or "").strip(),
                invalid="" if invalid == "false" else invalid,
                version=test.attrib.get("version"),
                version_to=test.attrib.get("versionTo"),
                capabilities=_capabilities(test) or _capabilities(group) or _capabilities(root),
            )


def _capabilities(element: ElementTree.Element) -> tuple[tuple[str, str | None], ...]:
    return tuple(
        (found.attrib["code"], found.attrib.get("value")) for found in element.iterfind(f"{_NAMESPACE}capability")
    )


def _segments(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
