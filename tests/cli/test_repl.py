"""The REPL, fed from a pipe."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from cli_support import MEASURE, Command, Ran, Sample


@pytest.fixture
def typed(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``typed(text, *options)`` runs the REPL on a text."""

    def ran(text: object, *options: object) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(str(text)))
        return command("repl", *options)

    return ran


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("1 + 1", "2"),
        ("1 +\n1", "2"),
        ("(1 +\n\n", None),
        ('define "A": 1\n"A" + 1', "2"),
        ('define "A":\n  1\n    + 2\n\n"A" * 2', "6"),
        ('define "A":\n  1\n    + 2\ndefine B: A\nB * 2', "6"),
        ("define A: 1\ndefine B: A + 1\ndefine A: 5\nB", "6"),
        ("define function f(x Integer): x + 1\ndefine function f(x String): x + '!'\nf(1)\nf('a')", "2\n'a!'"),
        ("parameter P default 5\nP", "5"),
        ("Code { code: 'c' }", "Code { code: 'c' }"),
        (":type 1.0", "System.Decimal"),
        ("1\n:quit\n2", "1"),
        ("define A: 1\n:names", "A"),
        ("@2026-01-31 + 1 month\n// a comment alone\n2", "@2026-02-28\n2"),
    ],
)
def test_values(typed: Command, text: str, out: str | None) -> None:
    ran = typed(text)
    if out is None:
        assert ran.status == 1
    else:
        assert (ran.status, ran.out.strip(), ran.err) == (0, out, "")


def test_elm_and_python(typed: Command) -> None:
    assert json.loads(typed(":elm 1 + 2").out)["type"] == "Add"
    ran = typed("define A: 5\n:python A + 1")
    assert "def d_Expression__Expression(c):" in ran.out
    assert "d_Expression__A(c):" not in ran.out


def test_errors_do_not_stop_it(typed: Command) -> None:
    ran = typed("1 + nothing_like_this\ndefine Bad: 1 + 'a'\n:frobnicate\n:load nowhere.cql\n2")
    assert (ran.status, ran.out) == (1, "2\n")
    for message in (
        "1:5: error[unknown-identifier]",
        "1:13: error[",
        "no command :frobnicate",
        "nowhere.cql: error[missing-path]",
    ):
        assert message in ran.err
    assert "Traceback" not in ran.err


def test_data_and_libraries(typed: Command, sample: Sample) -> None:
    case = sample.cases / "exactly-9" / "exactly-9.json"
    options = ("--content", sample.path, "--using", "QICore 6.0.0", "--include", MEASURE, "--period", "2026")
    ran = typed(f':data {case}\n{MEASURE}."Age at End of Period"\nPatient.gender', *options)
    assert (ran.status, ran.out, ran.err) == (0, "75\n'male'\n", "")


def test_loads_a_file(typed: Command, sample: Sample, tmp_path: Path) -> None:
    case = sample.cases / "exactly-9" / "exactly-9.json"
    text = f':load {sample.cql}\n"Age at End of Period"\n:load {sample.cql}\nexists "Qualifying Visits"'
    ran = typed(
        text,
        "--content",
        sample.path,
        "--data",
        case,
        "--parameter",
        "Measurement Period=Interval[@2026-01-01, @2027-01-01)",
    )
    assert ran.err == ""
    assert (ran.status, ran.out) == (0, "75\ntrue\n")
    sample.replace('exists "Qualifying Visits"', 'exists "Qualified Visits"')
    failed = typed(f":load {sample.cql}", "--content", sample.path, "--data", case)
    assert f"{sample.cql}:36:16: error[unknown-identifier]" in failed.err
