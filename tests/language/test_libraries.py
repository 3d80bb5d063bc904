"""What takes more than one expression: contexts, value sets of a content, private names, messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from cqlmeasure.api.engine import Engine
from cqlmeasure.api.text import Text
from cqlmeasure.content import Content
from cqlmeasure.errors import EvaluationError, TranslationError
from cqlmeasure.evaluation import SubjectEvaluation
from cqlmeasure.runtime.messages import Message
from cqlmeasure.runtime.subject import Subject

HEAD = """library T version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
include Other version '1' called Other
codesystem "Colours": 'http://example.org/colours'
valueset "Warm": 'http://example.org/warm'
code "Red": 'red' from "Colours"
"""
OTHER = """library Other version '1'
using FHIR version '4.0.1'
private codesystem "Hidden System": 'http://example.org/hidden'
private parameter "Hidden Limit" Integer default 5
context Patient
define private "Hidden": 1
define "Shown": "Hidden" + "Hidden Limit"
define private function "Secret"(n Integer): n
define function "Open"(n Integer): "Secret"(n) + 1
"""
WARM = {
    "resourceType": "ValueSet",
    "url": "http://example.org/warm",
    "status": "active",
    "compose": {"include": [{"system": "http://example.org/colours", "concept": [{"code": "red"}, {"code": "pink"}]}]},
}
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1980-02-03"}
PERSON = {"resourceType": "RelatedPerson", "id": "m", "patient": {"reference": "Patient/p"}}
CODE = {"coding": [{"system": "http://example.org/colours", "code": "red"}]}
OWN = {"resourceType": "Observation", "id": "1", "status": "final", "code": CODE, "subject": {"reference": "Patient/p"}}
SEEN = {**OWN, "id": "2", "performer": [{"reference": "RelatedPerson/m"}]}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    (tmp_path / "Other.cql").write_text(OTHER)
    (tmp_path / "warm.json").write_bytes(orjson.dumps(WARM))
    return Engine(Content(tmp_path))


def evaluation(engine: Engine, text: str) -> SubjectEvaluation:
    library = engine.text(Text("T", "1", HEAD + text))
    return library.evaluator({}, "+00:00").subject(Subject("p", [PATIENT, PERSON, OWN, SEEN]))


def value(engine: Engine, expression: str, context: str = "Patient", before: str = "") -> Any:
    return evaluation(engine, f"{before}\ncontext {context}\ndefine X: {expression}\n").value("X")


@pytest.mark.parametrize("context", ["Unfiltered", "Population"])
def test_definitions_of_subjects_are_lists_where_there_is_no_subject(engine: Engine, context: str) -> None:
    before = "context Patient\ndefine Age: AgeInYearsAt(@2020-02-03)\ndefine Ids: ([Observation]) O return O.id.value"
    assert value(engine, "Age", context, before) == [40]
    assert value(engine, "Count(Age A where A > 18)", context, before) == 1
    assert value(engine, "flatten Ids", context, before) == ["1", "2"]
    assert value(engine, "Other.Shown", context, before) == [6]
    assert value(engine, "(Patient P return P.id.value)", context, before) == ["p"]


def test_definitions_without_subject_are_values_everywhere(engine: Engine) -> None:
    before = "context Unfiltered\ndefine All: Count([Observation])"
    assert value(engine, "All + 1", before=before) == 3


def test_other_contexts(engine: Engine) -> None:
    assert value(engine, "RelatedPerson.id.value", "RelatedPerson") == "m"
    with pytest.raises(TranslationError, match="no context 'Nobody'"):
        value(engine, "1", "Nobody")


def test_retrieves_in_the_context_of_another_resource(engine: Engine) -> None:
    before = (
        "context Patient\ndefine Mother: singleton from ([RelatedPerson])\ndefine Nobody: null as FHIR.RelatedPerson"
    )
    assert value(engine, '(["Mother" -> Observation]) O return O.id.value', before=before) == ["2"]
    assert value(engine, '(["Mother" -> Observation: "Warm"]) O return O.id.value', before=before) == ["2"]
    assert value(engine, '["Nobody" -> Observation]', before=before) == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('exists "Warm"', True),
        ('Count("Warm")', 2),
        ('"Warm" W return W.code', ["red", "pink"]),
        ("from \"Warm\" W where W.code = 'pink' return W.code", ["pink"]),
        ('First("Warm").code', "red"),
        ("Count(\"Warm\" union { Code { code: 'x' } })", 3),
        ('Count(ExpandValueSet("Warm"))', 2),
        ('"Red" in "Warm"', True),
        ('Code \'blue\' from "Colours" in "Warm"', False),
        ("'pink' in \"Warm\"", True),
        ('{ "Red" } in "Warm"', True),
        ('"Warm".id', "http://example.org/warm"),
        ("({ 1 }) N with \"Warm\" W such that W.code = 'red' return N", [1]),
        ('"Red" in "Colours"', True),
        ('"Red" in "Warm" and "Red" in "Colours"', True),
    ],
)
def test_terminology(engine: Engine, expression: str, expected: Any) -> None:
    assert value(engine, expression) == expected


def test_private_names_are_for_their_library_only(engine: Engine) -> None:
    assert value(engine, "Other.Shown + Other.Open(1)") == 8
    for expression in ("Other.Hidden", 'Other."Hidden Limit"', 'Other."Hidden System"', "Other.Secret(1)"):
        with pytest.raises(TranslationError, match="private"):
            value(engine, expression)


def test_messages_are_collected_in_order(engine: Engine) -> None:
    text = """context Patient
define A: Message(1, true, 'a', 'Warning', 'first')
define B: Message(A, true, 'b', 'Trace', 'second')
define C: Message(B, false, 'c', 'Warning', 'never')
define D: Message(C, true, 'd', 'Error', 'stop')
"""
    found = evaluation(engine, text)
    assert found.value("C") == 1
    assert found.messages() == [Message("Warning", "a", "first", None), Message("Trace", "b", "second", 1)]
    with pytest.raises(EvaluationError, match="stop"):
        found.value("D")
    assert found.value("C") == 1
