"""The plain-text form of diagnostics."""

from __future__ import annotations

from cqlmeasure.errors import Diagnostic, Severity, Span, render
from cqlmeasure.errors.diagnostic import MAX_SHOWN
from cqlmeasure.errors.formats import to_records, to_sarif


def made(span: Span | None, line: str | None, hint: str | None = None) -> Diagnostic:
    return Diagnostic(code="some-code", message="said", file="F.cql", span=span, source_line=line, hint=hint)


def test_one_line() -> None:
    assert render(made(Span(12, 3, 12, 5), "  abc def")) == (
        "F.cql:12:3: error[some-code]: said\n  12 |   abc def\n     |   ^^^"
    )


def test_several_lines_say_where_they_end() -> None:
    *_, carets = render(made(Span(1, 5, 3, 2), "abc defgh")).splitlines()
    assert carets == "    |     ^^^^^ to 3:2"


def test_tabs_keep_the_caret_in_its_place() -> None:
    _, source, carets = render(made(Span(1, 2, 1, 4), "\tabc")).splitlines()
    assert source == "  1 |  abc"
    assert carets == "    |  ^^^"


def test_long_lines_are_cut_around_the_place() -> None:
    line = "x" * 500 + "HERE" + "y" * 500
    _, source, carets = render(made(Span(1, 501, 1, 504), line)).splitlines()
    assert len(source) < MAX_SHOWN + 20
    assert source[carets.index("^") : carets.rindex("^") + 1] == "HERE"


def test_hints_of_several_lines_are_indented() -> None:
    *_, first, second = render(made(None, None, "one\ntwo")).splitlines()
    assert (first, second) == ("  hint: one", "        two")


def test_without_a_place() -> None:
    assert render(Diagnostic(code="a", message="m", severity=Severity.WARNING)) == "warning[a]: m"
    assert to_records([Diagnostic(code="a", message="m")]) == [{"code": "a", "severity": "error", "message": "m"}]


def test_sarif_without_a_place_has_no_location() -> None:
    (run,) = to_sarif([Diagnostic(code="a", message="m", hint="h")], version="1")["runs"]
    (result,) = run["results"]
    assert "locations" not in result
    assert result["message"]["text"] == "m\nh"
