"""Clinical quality measures: from CQL text and FHIR Measures to MeasureReports.

    import cqlmeasure as cm
    content = cm.Content("measures/diabetes-hba1c")
    measure = content.measure("DiabetesHbA1cPoorControl")
    result = measure.evaluate(cm.bundles("patients/"), period="2026")
    result.summary()

The names are those of ``cqlmeasure.api``; each is loaded when it is first used, so that ``import cqlmeasure`` costs
nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cqlmeasure.api import (
        AttestedScore,
        CaseOutcome,
        CaseResult,
        CaseRun,
        CaseStatus,
        Change,
        Comparison,
        CompiledMeasure,
        CompositeMeasure,
        Content,
        ContentError,
        Cql,
        CqlMeasureError,
        DataCheck,
        DataError,
        Diagnostic,
        Difference,
        Edition,
        EvaluationError,
        Explanation,
        FhirServer,
        Functions,
        MeasureResult,
        Reason,
        ReportOptions,
        RiskAdjusted,
        ServerLimits,
        Session,
        Severity,
        SubjectData,
        SubjectList,
        SubjectListForm,
        SupplementalForm,
        TerminologyError,
        TranslationError,
        TrendPoint,
        UsageError,
        attested_score,
        attributed,
        bundles,
        cache_folder,
        changes,
        compare,
        cql_text,
        evaluate_expression,
        fhir_parameters,
        fhir_server,
        from_resources,
        from_texts,
        is_complete,
        is_definition,
        load,
        ndjson,
        read_outcome,
        render,
        store,
        subject_bundles,
        subjects,
        to_cql,
        translate,
        trend_points,
    )

__version__ = "0.1.0"

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
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module("cqlmeasure.api"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
