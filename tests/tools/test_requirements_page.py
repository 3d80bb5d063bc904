"""The page of requirements is that of the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.requirements_page import PAGE, ROOT, files_of_tests, page, read_table


def test_the_page_is_what_the_table_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read_table(), files_of_tests()), "run tools/requirements_page.py"


def test_links_lead_to_files_that_are_there() -> None:
    links = set(re.findall(r"\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8")))
    assert len(links) > 5
    assert [link for link in links if not (PAGE.parent / link).is_file()] == []


def test_a_row_has_its_tests_or_says_why_not() -> None:
    files = {"test_a_b": ROOT / "tests" / "measure" / "test_x.py"}
    text = page({"1": {"says": "a | b", "tests": ["test_a_b"]}, "2": {"says": "c", "elsewhere": "a slip"}}, files)
    assert text.splitlines()[-2:] == [
        "| 1 | a \\| b | [a b](../tests/measure/test_x.py) |",
        "| 2 | c | no test: a slip |",
    ]
    with pytest.raises(KeyError):
        page({"1": {"says": "a", "tests": ["test_gone"]}}, dict[str, Path]())
