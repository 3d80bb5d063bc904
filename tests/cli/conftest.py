"""Running the command line inside the test's process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_support import Command, Ran, Sample

from cqlmeasure.cli.app import run


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """``command("test", path)`` runs ``cqlmeasure test path``."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("CQLMEASURE_TRACEBACK", raising=False)

    def ran(*arguments: object) -> Ran:
        status = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return ran


@pytest.fixture
def sample(repository: Path, tmp_path: Path) -> Sample:
    """A copy of the sample measure."""
    shutil.copytree(repository / "measures" / "diabetes-hba1c", tmp_path / "sample")
    return Sample(tmp_path / "sample")
