"""The public Python API.

Owns the names that other people's programs may use; ``cqlmeasure`` itself re-exports all of them.  Always holds: what
is in ``__all__`` stays, or is deprecated before it goes; what a caller can do wrong is a ``CqlMeasureError``.
"""

import importlib
from typing import TYPE_CHECKING, Any

from cqlmeasure.api.baseline import Change, changes, read_outcome
from cqlmeasure.api.by_subject import subject_bundles
from cqlmeasure.api.cases import CaseOutcome, CaseResult, CaseRun, CaseStatus
from cqlmeasure.api.comparison import Difference, compare
from cqlmeasure.api.composites import CompositeMeasure
from cqlmeasure.api.content import Content
from cqlmeasure.api.expressions import evaluate_expression, translate
from cqlmeasure.api.literals import Cql, cql_text, to_cql
from cqlmeasure.api.measures import CompiledMeasure
from cqlmeasure.api.parameters_resource import parameters as fhir_parameters
from cqlmeasure.api.pieces import is_complete, is_definition
from cqlmeasure.api.results import MeasureResult, trend_points
from cqlmeasure.api.server import FhirServer, fhir_server
from cqlmeasure.api.session import Session
from cqlmeasure.api.sources import attributed, subjects
from cqlmeasure.api.stores import load, store
from cqlmeasure.data import SubjectData, bundles, from_resources, from_texts, ndjson
from cqlmeasure.data.server.client import ServerLimits
from cqlmeasure.errors import (
    ContentError,
    CqlMeasureError,
    DataError,
    Diagnostic,
    EvaluationError,
    Severity,
    TerminologyError,
    TranslationError,
    UsageError,
    render,
)
from cqlmeasure.evaluation.store import default_directory as cache_folder
from cqlmeasure.measure import (
    AttestedScore,
    Comparison,
    Edition,
    ReportOptions,
    RiskAdjusted,
    SubjectList,
    SubjectListForm,
    SupplementalForm,
    TrendPoint,
    attested_score,
)
from cqlmeasure.runtime.external import Functions

if TYPE_CHECKING:
    from cqlmeasure.explain import Explanation, Reason
    from cqlmeasure.requirements import DataCheck

# What only those need who ask for requirements or reasons: it loads the inferencer, or the compiler.
_LAZY = {
    "DataCheck": "cqlmeasure.requirements",
    "Explanation": "cqlmeasure.explain",
    "Reason": "cqlmeasure.explain",
}

__all__ = [
    "AttestedScore",
    "CaseOutcome",
    "CaseResult",
    "CaseRun",
    "CaseStatus",
    "Change",
    "Comparison",
    "CompiledMeasure",
    "CompositeMeasure",
    "Content",
    "ContentError",
    "Cql",
    "CqlMeasureError",
    "DataCheck",
    "DataError",
    "Diagnostic",
    "Difference",
    "Edition",
    "EvaluationError",
    "Explanation",
    "FhirServer",
    "Functions",
    "MeasureResult",
    "Reason",
    "ReportOptions",
    "RiskAdjusted",
    "ServerLimits",
    "Session",
    "Severity",
    "SubjectData",
    "SubjectList",
    "SubjectListForm",
    "SupplementalForm",
    "TerminologyError",
    "TranslationError",
    "TrendPoint",
    "UsageError",
    "attested_score",
    "attributed",
    "bundles",
    "cache_folder",
    "changes",
    "compare",
    "cql_text",
    "evaluate_expression",
    "fhir_parameters",
    "fhir_server",
    "from_resources",
    "from_texts",
    "is_complete",
    "is_definition",
    "load",
    "ndjson",
    "read_outcome",
    "render",
    "store",
    "subject_bundles",
    "subjects",
    "to_cql",
    "translate",
    "trend_points",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
