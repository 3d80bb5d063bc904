"""The stratifiers and supplemental data of a Measure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from cqlmeasure.measure.codes import measure_extension, value_set_extension
from cqlmeasure.measure.definition import Component, Stratifier, SupplementalData
from cqlmeasure.measure.fhir_json import Json, code_of, concept, extension_value, extension_values, objects, text
from cqlmeasure.measure.findings import Findings
from cqlmeasure.measure.read_criteria import criteria_of, link_id
from cqlmeasure.measure.read_populations import population_type


def stratifiers(group: Json, label: str, findings: Findings) -> Iterator[Stratifier]:
    """The stratifiers of a group."""
    for number, stratifier in enumerate(objects(group, "stratifier"), 1):
        link = link_id(stratifier, "Measure.group.stratifier")
        given = text(stratifier, "id")
        place = f'group "{label}", stratifier "{given or link or number}"'
        components = tuple(_components(stratifier, place, findings))
        root = stratifier.get("criteria")
        criteria = None
        if root is not None and objects(stratifier, "component"):
            findings.error("stratifier", place, "it has both criteria and components", "use one of them")
        elif not components or root is not None:
            criteria = criteria_of(root, place, findings, paths=True)
        if criteria is None and not components:
            continue
        applies = set()
        for value in extension_values(stratifier, measure_extension("appliesTo")):
            kind = population_type({"coding": [{"code": value}]} if isinstance(value, str) else value)
            if kind is None:
                findings.error("applies-to", place, f"it applies to {code_of(value)!r}, which is no population")
            else:
                applies.add(kind)
        yield Stratifier(
            position=number,
            criteria=criteria,
            components=components,
            id=given,
            link_id=link,
            code=concept(stratifier, "code"),
            description=text(stratifier, "description"),
            applies_to=frozenset(applies),
            value_set=_value_set(stratifier),
        )


def _components(stratifier: Json, place: str, findings: Findings) -> Iterator[Component]:
    for number, component in enumerate(objects(stratifier, "component"), 1):
        inner = f"{place}, component {number}"
        criteria = criteria_of(component.get("criteria"), inner, findings, paths=True)
        if criteria is not None:
            yield Component(
                criteria=criteria,
                id=text(component, "id"),
                link_id=link_id(component, "Measure.group.stratifier.component"),
                code=concept(component, "code"),
                value_set=_value_set(component),
            )


def _value_set(holder: Json) -> str | None:
    """The value set of expected values: R6's element, or an extension of that name."""
    value = extension_value(holder, value_set_extension())
    return text(holder, "valueSet") or (value if isinstance(value, str) else None)


def supplemental_data(resource: Json, findings: Findings) -> Iterator[SupplementalData]:
    """The supplemental data and risk factors of a measure."""
    used: set[str] = set()
    for number, item in enumerate(objects(resource, "supplementalData"), 1):
        key = text(item, "id") or link_id(item, "Measure.supplementalData") or f"supplemental-data-{number}"
        place = f'supplemental data "{key}"'
        if key in used:
            # Measures list one expression both as supplemental data and as a risk factor, under one id.
            key = next(f"{key}-{n}" for n in itertools.count(2) if f"{key}-{n}" not in used)
            findings.warning("supplemental-data-id", place, f"another one has the same id; it is called {key!r}")
        used.add(key)
        criteria = criteria_of(item.get("criteria"), place, findings, paths=True)
        if criteria is not None:
            yield SupplementalData(
                id=key,
                criteria=criteria,
                code=concept(item, "code"),
                description=text(item, "description"),
                usage=tuple(code for value in objects(item, "usage") if (code := code_of(value))),
                report_types=frozenset(
                    code
                    for value in extension_values(item, measure_extension("includeInReportType"))
                    if (code := code_of(value))
                ),
            )
