"""The public Python API.

Owns the names that other people's programs may use; ``cqlmeasure`` itself re-exports all of them.  Always holds: what
is in ``__all__`` stays, or is deprecated before it goes; what a caller can do wrong is a ``CqlMeasureError``.
"""

from cqlmeasure.api.cases import CaseOutcome, CaseResult, CaseRun, CaseStatus
from cqlmeasure.api.comparison import Difference, compare
from cqlmeasure.api.expressions import evaluate_expression, translate
from cqlmeasure.api.literals import Cql, cql_text, to_cql
from cqlmeasure.api.measures import CompiledMeasure, Content
from cqlmeasure.api.parameters_resource import parameters as fhir_parameters
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.session import Session
from cqlmeasure.api.sources import subjects
from cqlmeasure.data import SubjectData, bundles, from_resources, ndjson
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

__all__ = [
    "CaseOutcome",
    "CaseResult",
    "CaseRun",
    "CaseStatus",
    "CompiledMeasure",
    "Content",
    "ContentError",
    "Cql",
    "CqlMeasureError",
    "DataError",
    "Diagnostic",
    "Difference",
    "EvaluationError",
    "MeasureResult",
    "Session",
    "Severity",
    "SubjectData",
    "TerminologyError",
    "TranslationError",
    "UsageError",
    "bundles",
    "compare",
    "cql_text",
    "evaluate_expression",
    "fhir_parameters",
    "from_resources",
    "ndjson",
    "render",
    "subjects",
    "to_cql",
    "translate",
]
