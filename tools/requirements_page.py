"""Writes the page of the quality reporting requirements from their table.

    python tools/requirements_page.py            writes measures/requirements.md from tests/measure/requirements.toml

With ``--check`` nothing is written; the exit status says whether the page is what the table gives.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests" / "measure" / "requirements.toml"
PAGE = ROOT / "measures" / "requirements.md"
# Where the tests are that a row may name.
FOLDERS = (ROOT / "tests" / "measure", ROOT / "tests" / "requirements")

_HEAD = """\
# Requirements of FHIR's quality reporting topic

The topic's statements about evaluating measures, each in our words and under the number that the project keeps it by,
and the tests that show that it holds. This page is written by `tools/requirements_page.py`, from
[tests/measure/requirements.toml](../tests/measure/requirements.toml).

| | requirement | shown by |
|---|---|---|
"""


def read_table(file: Path = TABLE) -> dict[str, dict[str, Any]]:
    """The rows by number: what each ``says``, and its ``tests``, or why it has none (``elsewhere``)."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


def files_of_tests() -> dict[str, Path]:
    """The file of each test function that a row may name."""
    return {name: file for folder in FOLDERS for file in sorted(folder.glob("test_*.py")) for name in _tests(file)}


def page(table: Mapping[str, Mapping[str, Any]], files: Mapping[str, Path]) -> str:
    """The page as Markdown; ``KeyError`` for a test that is not there."""
    return _HEAD + "".join(_row(number, row, files) for number, row in table.items())


def _tests(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name


def _row(number: str, row: Mapping[str, Any], files: Mapping[str, Path]) -> str:
    tests = [f"[{_words(name)}](../{files[name].relative_to(ROOT).as_posix()})" for name in row.get("tests", ())]
    shown = "; ".join(tests) or f"no test: {row['elsewhere']}"
    return f"| {number} | {_cell(row['says'])} | {_cell(shown)} |\n"


def _words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Writes the page, or says with the exit status whether it is up to date."""
    parser = argparse.ArgumentParser(description="Write the page of the quality reporting requirements.")
    parser.add_argument("--check", action="store_true", help="only compare, write nothing")
    wanted = page(read_table(), files_of_tests())
    if parser.parse_args().check:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(wanted.splitlines())} lines", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
