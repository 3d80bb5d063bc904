"""Models: the classes, elements, conversions and contexts that CQL can use, and where their values are in the data.

Owns reading of ModelInfo files, the tables of the models that ship, and all questions about named types beyond their
algebra.  Always holds: facts are immutable; a model is read once per process; nothing is fetched from anywhere.
"""

from cqlmeasure.models.builtin import builtin, builtin_for_url, builtin_versions
from cqlmeasure.models.facts import (
    ClassFacts,
    ContextFacts,
    Conversion,
    ElementFacts,
    ModelHeader,
    RelationshipFacts,
    SearchFacts,
)
from cqlmeasure.models.fhir import FhirTypes, fhir_types
from cqlmeasure.models.model import Model
from cqlmeasure.models.modelset import ModelProvider, ModelSet
from cqlmeasure.models.profiles import ProfileFacts, fixed_code, is_negation, profile_facts
from cqlmeasure.models.reader import load_modelinfo
from cqlmeasure.models.target import (
    TargetCall,
    TargetCase,
    TargetCases,
    TargetCriterion,
    TargetMap,
    TargetPath,
    TargetStep,
    parse_target,
)

__all__ = [
    "ClassFacts",
    "ContextFacts",
    "Conversion",
    "ElementFacts",
    "FhirTypes",
    "Model",
    "ModelHeader",
    "ModelProvider",
    "ModelSet",
    "ProfileFacts",
    "RelationshipFacts",
    "SearchFacts",
    "TargetCall",
    "TargetCase",
    "TargetCases",
    "TargetCriterion",
    "TargetMap",
    "TargetPath",
    "TargetStep",
    "builtin",
    "builtin_for_url",
    "builtin_versions",
    "fhir_types",
    "fixed_code",
    "is_negation",
    "load_modelinfo",
    "parse_target",
    "profile_facts",
]
