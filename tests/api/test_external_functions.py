"""External functions of CQL as Python functions, and the code systems of a content."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

import cqlmeasure as cm

CQL = """library Ext version '1'
define function Twice(n Integer) returns Integer: external
define function Twice(s String) returns String: external
define function Lost(n Integer) returns Integer: external
"""
SYSTEM = {
    "resourceType": "CodeSystem",
    "url": "http://example.org/colours",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "red"}],
}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    (tmp_path / "Ext.cql").write_text(CQL)
    (tmp_path / "colours.json").write_bytes(orjson.dumps(SYSTEM))
    return tmp_path


@pytest.fixture
def functions() -> cm.Functions:
    found = cm.Functions()
    found.register("Twice", lambda value: value * 2, ["Integer"])
    found.register("Twice", lambda text: f"{text}-{text}", ["System.String"], library="Ext")
    return found


def test_the_signature_chooses(content: Path, functions: cm.Functions) -> None:
    session = cm.Session(content, includes=["Ext|1"], functions=functions)
    assert session.evaluate("Ext.Twice(21)").value == 42
    assert session.evaluate("Ext.Twice('a')").value == "a-a"


def test_what_is_not_registered_says_so(content: Path, functions: cm.Functions) -> None:
    session = cm.Session(content, includes=["Ext|1"], functions=functions)
    with pytest.raises(cm.CqlMeasureError, match=r"Lost\(System.Integer\) is not known"):
        session.evaluate("Ext.Lost(1)")


def test_what_python_raises_names_the_function(content: Path, functions: cm.Functions) -> None:
    functions.register("Lost", lambda value: value / 0)
    session = cm.Session(content, includes=["Ext|1"], functions=functions)
    with pytest.raises(cm.CqlMeasureError, match="external function Lost failed: ZeroDivisionError"):
        session.evaluate("Ext.Lost(1)")


def test_membership_in_a_code_system_of_the_content(content: Path) -> None:
    session = cm.Session(content)
    session.define("codesystem \"Colours\": 'http://example.org/colours'")
    session.define("codesystem \"Other\": 'http://example.org/other'")
    assert session.evaluate("Code { code: 'red', system: 'http://example.org/colours' } in \"Colours\"").value is True
    assert session.evaluate("Code { code: 'blue', system: 'http://example.org/colours' } in \"Colours\"").value is False
    assert session.evaluate("Code { code: 'x', system: 'http://example.org/other' } in \"Other\"").value is True
