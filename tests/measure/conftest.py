"""Checks of emitted reports against the R4 models of fhir.resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest


@pytest.fixture(scope="session")
def valid() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Validates a MeasureReport, contained resources too, and gives it back."""
    from fhir.resources.R4B.measurereport import MeasureReport

    def check(report: dict[str, Any]) -> dict[str, Any]:
        text = orjson.dumps(report)
        MeasureReport.model_validate_json(text)
        contained = [item["id"] for item in report.get("contained", [])]
        assert len(contained) == len(set(contained))
        used = text.decode()
        assert all(f'"#{identity}"' in used for identity in contained), "a contained resource that nothing refers to"
        found = orjson.loads(text)
        assert isinstance(found, dict)
        return found

    return check
