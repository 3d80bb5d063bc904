"""From a few lines of CQL on FHIR to their data requirements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from cqlmeasure.requirements import Inferred, Options, Periods, infer, module_definition
from cqlmeasure.translator import SourceText, translate

LIBRARIES = Path(__file__).resolve().parents[2] / "libraries"
HEAD = """library Test version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
codesystem "LOINC": 'http://loinc.org'
codesystem "SCT": 'http://snomed.info/sct'
valueset "Visits": 'http://example.org/ValueSet/visits'
valueset "Drugs": 'http://example.org/ValueSet/drugs'
code "A1c": '4548-4' from "LOINC" display 'HbA1c'
code "Yes": '373066001' from "SCT"
code "No": '373067005' from "SCT"
parameter "Measurement Period" Interval<DateTime>
context Patient
"""
YEAR = Periods({"Measurement Period": ("2026-01-01", "2026-12-31")})


@cache
def shipped(name: str, version: str | None) -> SourceText | None:
    """A library that ships, as ELM: translating it for every test would take most of the time."""
    file = LIBRARIES / name / f"{name}-{version}.cql"
    if not file.is_file():
        return None
    return SourceText(name, version, elm=translate(SourceText(name, version, file.read_text())).main.library)


class Shipped:
    """The libraries that ship, and those given as text."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        """The library of that name."""
        text = self.texts.get(name)
        return SourceText(name, version, text) if text is not None else shipped(name, version)

    def versions(self, name: str, /) -> Sequence[str]:
        """None that are not asked for."""
        return ()


def found(body: str, *expressions: str, membership: Sequence[str] = (), **texts: str) -> Inferred:
    """What the definitions in ``body`` need; without names, all of them."""
    translation = translate(SourceText("Test", "1", HEAD + body), Shipped(**texts))
    libraries = [one.library for one in translation.libraries.values()]
    return infer(translation.main.library, libraries, expressions or None, membership=membership)


def module(body: str, *expressions: str, options: Options | None = None, **texts: str) -> dict[str, Any]:
    """The Library for definitions in ``body``, for the year 2026."""
    return module_definition(found(body, *expressions, **texts), options or Options(periods=YEAR))


def entries(body: str, *expressions: str, **texts: str) -> list[dict[str, Any]]:
    """The data requirements of ``body``."""
    return list(module(body, *expressions, **texts).get("dataRequirement", []))


def short(requirement: dict[str, Any]) -> str:
    """A requirement on one line: its type, ``path=code,code`` and ``path[start..end]``, in their order."""
    parts = [requirement["type"]]
    for one in requirement.get("codeFilter", []):
        codes = one.get("valueSet", "").rpartition("/")[2] or ",".join(code["code"] for code in one["code"])
        parts.append(f"{one['path']}={codes}")
    for one in requirement.get("dateFilter", []):
        period = one["valuePeriod"]
        parts.append(f"{one['path']}[{period.get('start', '')}..{period.get('end', '')}]")
    return " ".join(parts)


def shown(body: str, *expressions: str) -> list[str]:
    """The data requirements of ``body``, one line each, sorted."""
    return sorted(short(one) for one in entries(body, *expressions))
