"""What the conversions of FHIRHelpers give, by their CQL text and by the engine's own shortcut for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm

UCUM = "http://unitsofmeasure.org"
CALENDAR = "http://hl7.org/fhirpath/CodeSystem/calendar-units"
NOT_A_UNIT = "A Quantity needs a UCUM or calendar unit"
COMPARATOR = "FHIRHelpers.ToQuantity.ComparatorQuantityNotSupported"

Json = dict[str, Any]


def quantity(**more: Any) -> Json:
    """5 mg, altered; an element that is ``None`` is left out."""
    whole = {"value": 5, "unit": "mg", "system": UCUM, "code": "mg", **more}
    return {name: value for name, value in whole.items() if value is not None}


# Observation element, conversion, value as CQL text.
VALUES: list[tuple[str, Any, str, str]] = [
    ("valueQuantity", quantity(), "ToQuantity", "5.0 'mg'"),
    ("valueQuantity", quantity(system=None), "ToQuantity", "5.0 'mg'"),
    ("valueQuantity", quantity(system=None, code=None, unit="tablet"), "ToQuantity", "5.0 'tablet'"),
    ("valueQuantity", quantity(system=None, code=None, unit=None), "ToQuantity", "5.0 '1'"),
    ("valueQuantity", quantity(value=None), "ToQuantity", "null"),
    ("valueQuantity", quantity(value=None, comparator="<"), "ToQuantity", "null"),
    ("valueQuantity", quantity(system=CALENDAR, code="days"), "ToQuantity", "5.0 days"),
    *(
        ("valueQuantity", quantity(code=code), "ToQuantity", f"5.0 {word}")
        for code, word in {
            "a": "year",
            "mo": "month",
            "wk": "week",
            "d": "day",
            "h": "hour",
            "min": "minute",
            "s": "second",
            "ms": "millisecond",
        }.items()
    ),
    ("valueQuantity", quantity(comparator="<"), "ToQuantityIgnoringComparator", "5.0 'mg'"),
    ("valueQuantity", quantity(), "ToInterval", "Interval[5.0 'mg', 5.0 'mg']"),
    ("valueQuantity", quantity(comparator="<"), "ToInterval", "Interval[null, 5.0 'mg')"),
    ("valueQuantity", quantity(comparator="<="), "ToInterval", "Interval[null, 5.0 'mg']"),
    ("valueQuantity", quantity(comparator=">"), "ToInterval", "Interval(5.0 'mg', null]"),
    ("valueQuantity", quantity(comparator=">="), "ToInterval", "Interval[5.0 'mg', null]"),
    ("valuePeriod", {"start": "2026-01", "end": "2026-02"}, "ToInterval", "Interval[@2026-01T, @2026-02T]"),
    ("valuePeriod", {"start": "2026-01"}, "ToInterval", "Interval[@2026-01T, null]"),
    ("valuePeriod", {"end": "2026-02"}, "ToInterval", "Interval(null, @2026-02T]"),
    (
        "valueRange",
        {"low": quantity(value=1), "high": quantity()},
        "ToInterval",
        "Interval[1.0 'mg', 5.0 'mg']",
    ),
    ("valueRange", {"high": quantity()}, "ToInterval", "Interval[null, 5.0 'mg']"),
    ("valueRatio", {"numerator": quantity(), "denominator": quantity(code="mL")}, "ToRatio", "5.0 'mg' : 5.0 'mL'"),
    (
        "valueCodeableConcept",
        {"coding": [{"system": "s", "code": "c", "version": "1", "display": "d"}], "text": "t"},
        "ToConcept",
        "Concept { codes: { Code { code: 'c', system: 's', version: '1', display: 'd' } }, display: 't' }",
    ),
    ("valueString", "text", "ToString", "'text'"),
    ("valueBoolean", False, "ToBoolean", "false"),
    ("valueInteger", 7, "ToInteger", "7"),
    ("valueTime", "08:30:00", "ToTime", "@T08:30:00.000"),
    ("valueDateTime", "2026-03-01T08:30:00Z", "ToDateTime", "@2026-03-01T08:30:00.000+00:00"),
    ("valueQuantity", quantity(), "ToValue", "5.0 'mg'"),
    ("valuePeriod", {"start": "2026-01"}, "ToValue", "Interval[@2026-01T, null]"),
    ("valueString", "text", "ToValue", "'text'"),
    ("valueBoolean", True, "ToValue", "true"),
    ("valueInteger", 7, "ToValue", "7"),
    ("valueDateTime", "2026-03", "ToValue", "@2026-03T"),
    ("valueCodeableConcept", {"coding": [{"code": "c"}]}, "ToValue", "Concept { codes: { Code { code: 'c' } } }"),
]
ERRORS: list[tuple[str, Any, str, str]] = [
    ("valueQuantity", quantity(comparator="<"), "ToQuantity", "comparator"),
    ("valueQuantity", quantity(system="https://ucum.org"), "ToQuantity", "https://ucum.org"),
    ("valueQuantity", quantity(system="http://snomed.info/sct"), "ToQuantityIgnoringComparator", "snomed"),
    ("valueQuantity", quantity(comparator="ad"), "ToInterval", "comparator"),
    ("valueQuantity", quantity(comparator=">", system="x"), "ToInterval", "x"),
    ("valueQuantity", quantity(comparator="<"), "ToValue", "comparator"),
]


@pytest.fixture(scope="module", params=["4.0.1", "4.4.000"])
def copy(
    request: pytest.FixtureRequest, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A folder with FHIRHelpers under another name, so that its text is what runs; and its version."""
    version: str = request.param
    text = (repository / "libraries" / "FHIRHelpers" / f"FHIRHelpers-{version}.cql").read_text()
    folder = tmp_path_factory.mktemp("libraries")
    (folder / "Helpers.cql").write_text(text.replace("library FHIRHelpers", "library Helpers"))
    return folder, version


def convert(library: str, element: str, value: Any, conversion: str, copy: tuple[Path, str]) -> Any:
    """The converted value of an Observation."""
    folder, version = copy
    name = element.removeprefix("value")
    # The names of primitive types begin with a small letter; some of them are keywords of CQL.
    primitive = f'"{name[0].lower()}{name[1:]}"'
    target = primitive if name in ("String", "Boolean", "Integer", "Time", "DateTime") else name
    kind = "" if conversion == "ToValue" else f" as FHIR.{target}"
    observation = {"resourceType": "Observation", "id": "o", element: value}
    data = cm.SubjectData("p", [{"resourceType": "Patient", "id": "p"}, observation], "test")
    expression = f"First([Observation] O return {library}.{conversion}(O.value{kind}))"
    return cm.evaluate_expression(expression, folder, data=data, includes=[f"Helpers {version}"])


@pytest.mark.parametrize(("element", "value", "conversion", "text"), VALUES)
@pytest.mark.parametrize("library", ["Helpers", "FHIRHelpers"])
def test_value(library: str, element: str, value: Any, conversion: str, text: str, copy: tuple[Path, str]) -> None:
    assert cm.cql_text(convert(library, element, value, conversion, copy)) == text


@pytest.mark.parametrize(("element", "value", "conversion", "message"), ERRORS)
@pytest.mark.parametrize("library", ["Helpers", "FHIRHelpers"])
def test_error(library: str, element: str, value: Any, conversion: str, message: str, copy: tuple[Path, str]) -> None:
    with pytest.raises(cm.EvaluationError, match=message):
        convert(library, element, value, conversion, copy)
