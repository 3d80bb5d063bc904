"""The text of a report for people: a small XHTML table of what the report says.

Always holds: everything from the Measure or the data is escaped; the text is derived from the report alone.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from cqlmeasure.errors import UsageError
from cqlmeasure.measure.definition import MeasureDefinition
from cqlmeasure.measure.fhir_json import objects

if TYPE_CHECKING:
    from jinja2 import Template

Json = dict[str, Any]


def narrative(report: Json, definition: MeasureDefinition) -> Json:
    """``MeasureReport.text``, generated."""
    period = report.get("period", {})
    subject = report.get("subject", {})
    outcomes = (item for item in report.get("contained", ()) if item.get("resourceType") == "OperationOutcome")
    div = _template().render(
        title=definition.title or definition.name,
        version=definition.version,
        kind=report.get("type"),
        status=report.get("status"),
        start=period.get("start"),
        end=period.get("end"),
        subject=subject.get("reference") or subject.get("display"),
        groups=[_group(item, number) for number, item in enumerate(report.get("group", ()), 1)],
        figures=_figures(report),
        messages=[issue["details"]["text"] for outcome in outcomes for issue in outcome["issue"]],
    )
    return {"status": "generated", "div": div}


def _group(group: Json, number: int) -> Json:
    return {
        "title": _concept(group.get("code")) or group.get("id") or f"Group {number}",
        "score": _score(group),
        "populations": _populations(group),
        "stratifiers": [
            {"name": _stratifier(stratifier), "strata": [_named_stratum(one) for one in stratifier.get("stratum", ())]}
            for stratifier in group.get("stratifier", ())
        ],
    }


def _stratifier(stratifier: Json) -> str:
    names = [_concept(code) for code in stratifier.get("code", ())]
    return " / ".join(filter(None, names)) or str(stratifier.get("id", ""))


def _named_stratum(stratum: Json) -> Json:
    return {"name": _stratum(stratum), "score": _score(stratum), "populations": _populations(stratum)}


def _figures(report: Json) -> list[str]:
    """What contained Observations say in numbers: confidence intervals, and results beside what was expected."""
    found = []
    several = len(report.get("group", ())) > 1
    about = dict(map(_criteria, report.get("extension", ()))) if several else {}
    for item in report.get("contained", ()):
        name = " of ".join(filter(None, (_concept(item.get("code")), about.get(f"#{item.get('id')}"))))
        if "valueRange" in item:
            ends = (_rounded(item["valueRange"].get(end, {}).get("value")) for end in ("low", "high"))
            found.append(f"{name}: {' to '.join(ends)}")
        parts = [
            f"{_concept(part.get('code'))} {_rounded(part['valueQuantity'].get('value'))}"
            for part in item.get("component", ())
            if "valueQuantity" in part
        ]
        if parts:
            found.append(f"{name}: {', '.join(parts)}")
    return found


def _criteria(extension: Json) -> tuple[Any, Any]:
    """The contained Observation that an extension refers to, and the group or definition that this is about."""
    reference = extension.get("valueReference", {})
    return reference.get("reference"), next((one.get("valueString") for one in reference.get("extension", ())), None)


def _rounded(value: Any) -> str:
    """To four places, which is what people read; the report has all of them."""
    return f"{round(value, 4):.10g}" if isinstance(value, int | float | Decimal) else "?"


def _populations(holder: Json) -> list[tuple[str, int]]:
    return [
        (_population(item.get("code") or {}) or item.get("id", ""), item["count"])
        for item in holder.get("population", ())
    ]


def _population(concept: Json) -> str:
    """Its name; of a code alone (``initial-population``) the words."""
    name, coding = _concept(concept), next(iter(objects(concept, "coding")), {})
    return name.replace("-", " ") if name == coding.get("code") else name


def _stratum(stratum: Json) -> str:
    return " / ".join(_concept(part.get("value")) for part in stratum.get("component") or [stratum])


def _concept(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    coding = next(iter(objects(value, "coding")), {})
    return str(value.get("text") or coding.get("display") or coding.get("code") or "")


def _score(holder: Json) -> str | None:
    score = holder.get("measureScore")
    if score is None:
        return None
    if "value" in score:
        unit = score.get("unit") or score.get("code")
        shown = _rounded(score["value"])
        return f"{shown} {unit}" if unit and unit != "1" else shown
    reasons = [item.get("valueCode") for item in score.get("_value", {}).get("extension", ())]
    return f"no score ({', '.join(map(str, reasons)) or 'unknown'})"


@cache
def _template() -> Template:
    # Loaded only where a narrative is wanted: most evaluations want none.
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise UsageError(
            "the narrative of a report needs the package jinja2", code="narrative", hint="pip install jinja2"
        ) from None
    environment = Environment(
        loader=PackageLoader("cqlmeasure.measure", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("narrative.html.jinja")
