"""How diagnostics are printed, and what exceptions carry."""

from __future__ import annotations

import pytest

from cqlmeasure.errors import CqlMeasureError, Diagnostic, EvaluationError, Severity, Span, UsageError, render


def test_place_source_line_caret_and_hint() -> None:
    found = Diagnostic(
        code="unknown-identifier",
        message="'Numbr' is not defined",
        file="a.cql",
        span=Span(2, 11, 2, 15),
        source_line="define X: Numbr",
        hint="did you mean 'Number'?",
    )
    assert render(found).splitlines() == [
        "a.cql:2:11: error[unknown-identifier]: 'Numbr' is not defined",
        "  2 | define X: Numbr",
        "    |           ^^^^^",
        "  hint: did you mean 'Number'?",
    ]


def test_tabs_and_spans_of_several_lines() -> None:
    found = Diagnostic(code="c", message="m", span=Span(10, 2, 12, 4), source_line="\tabc", severity=Severity.WARNING)
    assert render(found).splitlines() == ["10:2: warning[c]: m", "  10 |  abc", "     |  ^^^ to 12:4"]


@pytest.mark.parametrize("locator", ["1:2", "1:2-3:4", "12:30-12:31"])
def test_locators_round_trip(locator: str) -> None:
    assert Span.from_locator(locator).locator == locator


@pytest.mark.parametrize("text", ["", "x", "1", "1:2-", "a:b"])
def test_what_is_no_locator(text: str) -> None:
    if text == "1:2-":
        assert Span.from_locator(text) == Span(1, 2, 1, 2)
    else:
        with pytest.raises(ValueError, match=r"."):
            Span.from_locator(text)


def test_exceptions_always_have_diagnostics() -> None:
    error = UsageError("no such measure", code="unknown-measure", hint="look")
    assert [(item.code, item.hint) for item in error.diagnostics] == [("unknown-measure", "look")]
    assert "no such measure" in str(error)
    assert CqlMeasureError().diagnostics[0].message == "failed"
    nested = UsageError(diagnostics=error.diagnostics)
    assert nested.diagnostics == error.diagnostics


def test_evaluation_errors_name_library_definition_and_place() -> None:
    error = EvaluationError("division", library="Lib", definition="X", span=Span(3, 1, 3, 9))
    assert str(error) == 'Lib:3:1: error[evaluation]: Lib."X": division'
    assert (error.library, error.definition) == ("Lib", "X")
