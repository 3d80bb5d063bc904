"""Published measures: what the reference tooling finds, and that evaluation on what is kept is the same."""

from __future__ import annotations

import importlib.util
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType

import pytest

SAMPLE = ("CMS122FHIRDiabetesAssessGT9Pct", "CMS1028FHIRPCSevereOBComps", "CMS986FHIRMalnutritionScore")
RECALL = {
    "parameter": 1.0,
    "relatedArtifact": 0.99,
    "directReferenceCode": 0.99,
    "dr.key~": 0.95,
    "dr.mustSupport": 0.85,
}


def load(file: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool(repository: Path) -> ModuleType:
    """The project's own tool."""
    return load(repository / "tools" / "deck_requirements.py")


@pytest.fixture(scope="module")
def comparison(shared: Path) -> ModuleType:
    """The comparison with published requirements."""
    return load(shared / "tools" / "compare_requirements.py")


@pytest.mark.parametrize("name", SAMPLE)
def test_what_the_reference_finds(
    name: str, shared: Path, tmp_path: Path, tool: ModuleType, comparison: ModuleType
) -> None:
    deck = shared / "decks" / "dqm2025"
    wanted = Namespace(deck=deck, out=tmp_path, period=None, reference_compatible=True, measure=[name])
    assert tool.write(wanted) == 0
    ours = comparison.load(str(tmp_path))
    published = comparison.load(str(deck / "measures" / f"{name}.json"))
    scores, _, _ = comparison.compare(ours[name][1], published[name][1])
    recall = {section: comparison.rates(scores[section])[1] for section in RECALL}
    assert {section: value for section, value in recall.items() if value < RECALL[section]} == {}


def test_own_requirements_have_none_of_the_counted_weaknesses(shared: Path, tool: ModuleType) -> None:
    content = tool.Content(shared / "decks" / "dqm2025")
    counts = tool.Counter()
    for name in SAMPLE:
        found, _ = tool.inferred(content, content.measure_json(name))
        counts.update(tool.count(found, tool.module_definition(found), False))
    weak = ("invalid", "only", "without a retrieve", "duplicates", "no birthDate")
    assert {name: number for name, number in counts.items() if number and any(word in name for word in weak)} == {}
    assert counts["entries with a date filter"] > 0


def test_evaluation_on_what_is_kept_is_the_same(shared: Path, tool: ModuleType, capsys: pytest.CaptureFixture) -> None:
    measures = ["CMS124FHIRCervicalCancerScreening", "CMS1056CTClinicalFHIR", "CMS816FHIRHHHypo"]
    for written in (False, True):
        wanted = Namespace(deck=shared / "decks" / "qicore2025", pad=10, written=written, measure=measures)
        assert tool.soundness(wanted) == 0
        assert "70 cases" in capsys.readouterr().out
