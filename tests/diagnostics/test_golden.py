"""Broken programs: place, code, message and hint of everything that the translator says about them, exactly."""

from __future__ import annotations

import pytest
from golden import Program, diagnostics, programs, shown

from cqlmeasure.errors import render

PROGRAMS = programs()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_program(program: Program) -> None:
    assert [shown(one) for one in diagnostics(program)] == program.expected


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_carets_are_under_what_is_meant(program: Program) -> None:
    for one in diagnostics(program):
        if one.span is None or one.file != "Program.cql":
            continue
        line = program.text.splitlines()[one.span.line - 1]
        assert one.source_line == line
        _, source, carets, *_ = render(one).splitlines()
        start = source.index("|") + 2 + one.span.column - 1
        assert carets.index("^") == start
        if one.span.end_line == one.span.line:
            assert carets.count("^") == max(1, min(one.span.end_column, len(line)) - one.span.column + 1)


def test_there_are_many() -> None:
    assert len(PROGRAMS) >= 80
    assert all(program.expected for program in PROGRAMS)
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)
