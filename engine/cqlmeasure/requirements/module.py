"""Data requirements as FHIR: a ``module-definition`` Library, by itself or contained in a Measure.

Always holds: the same input gives the same JSON; nothing is in it that the standard does not name.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cqlmeasure.elm import FunctionDef
from cqlmeasure.requirements.infer import Inferred
from cqlmeasure.requirements.libraries import Definition
from cqlmeasure.requirements.options import DEFAULT, Options
from cqlmeasure.requirements.statements import statement
from cqlmeasure.requirements.written import data_requirements
from cqlmeasure.typesys import SYSTEM, DataType, IntervalType, ListType, NamedType

_FHIR = "http://hl7.org/fhir/StructureDefinition/"
_CQFM = "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/"
_CRMI = "http://hl7.org/fhir/uv/crmi/StructureDefinition/"
_ID = "effective-data-requirements"
_MODELS = {"FHIR": "http://hl7.org/fhir/Library/FHIR-ModelInfo"}
_TYPES = {
    "Boolean": "boolean", "Integer": "integer", "Long": "integer", "Decimal": "decimal", "String": "string",
    "Date": "date", "DateTime": "dateTime", "Time": "time", "Quantity": "Quantity", "Ratio": "Ratio",
    "Code": "Coding", "Concept": "CodeableConcept", "Any": "Any",
}  # fmt: skip


def module_definition(
    found: Inferred | Sequence[Inferred], options: Options = DEFAULT, **header: Any
) -> dict[str, Any]:
    """The requirements of one or several artifacts as a Library; ``header`` are its url, version and the like."""
    parts = [found] if isinstance(found, Inferred) else list(found)
    extension = _unique(extension for part in parts for extension in _codes(part))
    logic = _unique(logic for part in parts for logic in _logic(part, options))
    for number, item in enumerate(logic):
        item["extension"].append({"url": "displaySequence", "valueInteger": number})
    artifacts = _unique((one for part in parts for one in _artifacts(part, options)), "resource")
    library: dict[str, Any] = {
        "resourceType": "Library",
        "id": _ID,
        "extension": extension + logic,
        "name": "EffectiveDataRequirements",
        "status": "active",
        "type": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "module-definition"}]
        },
        "relatedArtifact": sorted(artifacts, key=_block),
        "parameter": _unique((one for part in parts for one in _parameters(part, options)), "use", "name"),
        "dataRequirement": data_requirements(parts, options),
    }
    # In the order of the standard: what identifies comes before what is said.
    library = {"resourceType": "Library", **header, **{k: v for k, v in library.items() if k not in header}}
    if options.cqfm:
        for part in (library, *library["dataRequirement"]):
            part["extension"] = [_renamed(one) for one in part.get("extension", [])]
            if not part["extension"]:
                del part["extension"]
    return {name: value for name, value in library.items() if value not in ([], None)}


def into_measure(measure: Mapping[str, Any], library: Mapping[str, Any], options: Options = DEFAULT) -> dict[str, Any]:
    """The Measure with its effective data requirements contained; those that it had are replaced."""
    made = copy.deepcopy(dict(measure))
    kept = [one for one in made.get("contained", []) if one.get("id") != _ID]
    contained = {name: value for name, value in library.items() if name not in ("url", "subject")}
    made["contained"] = [{**contained, "id": _ID}, *kept]
    url = f"{_CQFM}cqfm-effectiveDataRequirements" if options.cqfm else f"{_CRMI}crmi-effectiveDataRequirements"
    others = [one for one in made.get("extension", []) if not str(one.get("url")).endswith("effectiveDataRequirements")]
    made["extension"] = [{"url": url, "valueReference": {"reference": f"#{_ID}"}}, *others]
    return made


# extensions


def _codes(found: Inferred) -> Iterable[dict[str, Any]]:
    for code, system in found.reached.codes:
        coding = {"system": system.id if system is not None else None, "code": code.id, "display": code.display}
        shown = {name: value for name, value in coding.items() if value is not None}
        yield {"url": f"{_FHIR}cqf-directReferenceCode", "valueCoding": shown}


def _logic(found: Inferred, options: Options) -> Iterable[dict[str, Any]]:
    for definition in (*found.reached.expressions, *found.reached.functions):
        if not isinstance(definition.node, FunctionDef) and _implicit(definition):
            continue
        library, name = definition.key
        parts = [{"url": "libraryName", "valueString": library}, {"url": "name", "valueString": name}]
        text = statement(definition, options.texts)
        if text:
            parts.append({"url": "statement", "valueString": text})
        yield {"url": f"{_FHIR}cqf-logicDefinition", "extension": parts}


def _implicit(definition: Definition) -> bool:
    """Whether it is the definition that a context brings, not one of the text."""
    return definition.node.locator is None or definition.node.name in {
        found.name for found in definition.library.contexts
    }


def _renamed(extension: dict[str, Any]) -> dict[str, Any]:
    name = extension["url"].rpartition("/")[2]
    return {**extension, "url": f"{_CQFM}{name.replace('cqf-', 'cqfm-', 1)}"}


# related artifacts and parameters


def _artifacts(found: Inferred, options: Options) -> Iterable[dict[str, Any]]:
    reached = found.reached
    for model in reached.models:
        url = _MODELS.get(model.local_identifier, f"{model.uri}/Library/{model.local_identifier}-ModelInfo")
        yield _artifact(f"{model.local_identifier} model information", url, model.version)
    for item, library in reached.includes:
        path = item.path if ":" in item.path else f"{options.library_base or found.base or ''}Library/{item.path}"
        yield _artifact(f"Library {item.local_identifier}", path, item.version or library.identifier.version)
    for system in reached.code_systems:
        yield _artifact(f"Code system {system.name}", system.id, system.version)
    for value_set in reached.value_sets:
        yield _artifact(f"Value set {value_set.name}", value_set.id, value_set.version)


def _artifact(display: str, url: str, version: str | None) -> dict[str, Any]:
    return {"type": "depends-on", "display": display, "resource": f"{url}|{version}" if version else url}


_BLOCKS = {"Library": 1, "Code": 2, "Value": 3}


def _block(artifact: Mapping[str, Any]) -> int:
    return 0 if artifact["display"].endswith(" model information") else _BLOCKS[artifact["display"].split(" ")[0]]


def _parameters(found: Inferred, options: Options) -> Iterable[dict[str, Any]]:
    # The reference tooling has no name for classes of other models than FHIR.
    plain = options.reference and any(model.local_identifier != "FHIR" for model in found.reached.models)
    for parameter in found.reached.parameters:
        kind, _ = _fhir_type(parameter.parameter_type or parameter.result_type)
        yield {"name": parameter.name, "use": "in", "min": 0, "max": "1", "type": kind}
    for root in found.roots:
        if isinstance(root.node, FunctionDef):
            continue
        kind, many = _fhir_type(root.node.result_type)
        if plain and kind not in _TYPES.values() and kind not in ("Period", "Range"):
            kind = "Resource"
        yield {"name": root.node.name, "use": "out", "min": 0, "max": "*" if many else "1", "type": kind}


def _fhir_type(kind: DataType | None) -> tuple[str, bool]:
    match kind:
        case ListType(element):
            return _fhir_type(element)[0], True
        case IntervalType(NamedType(_, name)) if name in ("Date", "DateTime"):
            return "Period", False
        case IntervalType(NamedType(_, "Quantity")):
            return "Range", False
        case NamedType(model, name) if model == SYSTEM:
            return _TYPES.get(name, "Any"), False
        case NamedType(_, name):
            return name, False
    return "Resource", False


def _unique(found: Iterable[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Without repeats: of the whole, or of the parts of these names."""
    seen: dict[str, dict[str, Any]] = {}
    for one in found:
        seen.setdefault(repr([one.get(name) for name in names] if names else one), one)
    return list(seen.values())
