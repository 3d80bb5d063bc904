"""Quality measures: what a Measure defines, what a subject's expressions make of it, and the MeasureReport of that.

``read_measure`` -> :class:`MeasureDefinition`; ``prepare`` binds it to an evaluator; ``evaluate`` runs it over
subjects; ``individual_report`` and ``summary_report`` write the outcome.  Always holds: labels and scores follow the
steps of the FHIR quality reporting topic; an undefined score is a reason, not a number; the same input gives the same
report.
"""

from cqlmeasure.measure.attestation import AttestedScore, attested_score, attester, check_attested, read_attestation
from cqlmeasure.measure.attribution import attributed, by_expression, by_paths, is_attribution_path
from cqlmeasure.measure.bundles import subject_bundle
from cqlmeasure.measure.codes import AggregateMethod, CompositeScoring, PopulationType, Scoring
from cqlmeasure.measure.composite import component_measures, compose
from cqlmeasure.measure.composite_bind import COMPOSITE_LEVELS, bind_composite
from cqlmeasure.measure.definition import (
    BOOLEAN_BASIS,
    BasisRequirement,
    Component,
    CompositePart,
    Criteria,
    Group,
    MeasureDefinition,
    Population,
    Stratifier,
    SupplementalData,
)
from cqlmeasure.measure.editions import Edition
from cqlmeasure.measure.evaluate import evaluate, evaluate_each, evaluate_subject, nobody, of_values
from cqlmeasure.measure.intervals import ConfidenceInterval, byar, rate_interval, wilson
from cqlmeasure.measure.observations import ObservationValue
from cqlmeasure.measure.period import Period, default_period, parse_period, period_of
from cqlmeasure.measure.plan import MeasurePlan, prepare
from cqlmeasure.measure.ports import Evaluator, Subject, SubjectEvaluation
from cqlmeasure.measure.rates import aggregate_rate
from cqlmeasure.measure.read import read_measure
from cqlmeasure.measure.reference import Reference, group_position, read_reference, stratifier_position
from cqlmeasure.measure.report_collection import data_collection_report, pending_report
from cqlmeasure.measure.report_individual import individual_report
from cqlmeasure.measure.report_options import ReportOptions, SupplementalForm
from cqlmeasure.measure.report_subjects import SubjectList, SubjectListForm, subject_list
from cqlmeasure.measure.report_summary import summary_report
from cqlmeasure.measure.results import (
    GroupResult,
    MeasureResult,
    PartResult,
    StratumResult,
    SubjectFailure,
    SubjectResult,
    SupplementalValue,
    Totals,
)
from cqlmeasure.measure.risk import (
    Comparison,
    RiskAdjusted,
    adjustable_group,
    compare,
    risk_adjusted,
    standardised,
)
from cqlmeasure.measure.risk_model import RiskModel, computed_risk, read_risk_model
from cqlmeasure.measure.rows import columns, rows
from cqlmeasure.measure.score import Score
from cqlmeasure.measure.subjects import evaluate_unfiltered, group_members, subject_reference, subjects_of
from cqlmeasure.measure.together import Settled, Task, evaluate_together
from cqlmeasure.measure.trend import TrendPoint, anchored_period, split_period, trend, trend_points
from cqlmeasure.measure.validation import require_valid, validate

__all__ = [
    "BOOLEAN_BASIS",
    "COMPOSITE_LEVELS",
    "AggregateMethod",
    "AttestedScore",
    "BasisRequirement",
    "Comparison",
    "Component",
    "CompositePart",
    "CompositeScoring",
    "ConfidenceInterval",
    "Criteria",
    "Edition",
    "Evaluator",
    "Group",
    "GroupResult",
    "MeasureDefinition",
    "MeasurePlan",
    "MeasureResult",
    "ObservationValue",
    "PartResult",
    "Period",
    "Population",
    "PopulationType",
    "Reference",
    "ReportOptions",
    "RiskAdjusted",
    "RiskModel",
    "Score",
    "Scoring",
    "Settled",
    "Stratifier",
    "StratumResult",
    "Subject",
    "SubjectEvaluation",
    "SubjectFailure",
    "SubjectList",
    "SubjectListForm",
    "SubjectResult",
    "SupplementalData",
    "SupplementalForm",
    "SupplementalValue",
    "Task",
    "Totals",
    "TrendPoint",
    "adjustable_group",
    "aggregate_rate",
    "anchored_period",
    "attested_score",
    "attester",
    "attributed",
    "bind_composite",
    "by_expression",
    "by_paths",
    "byar",
    "check_attested",
    "columns",
    "compare",
    "component_measures",
    "compose",
    "computed_risk",
    "data_collection_report",
    "default_period",
    "evaluate",
    "evaluate_each",
    "evaluate_subject",
    "evaluate_together",
    "evaluate_unfiltered",
    "group_members",
    "group_position",
    "individual_report",
    "is_attribution_path",
    "nobody",
    "of_values",
    "parse_period",
    "pending_report",
    "period_of",
    "prepare",
    "rate_interval",
    "read_attestation",
    "read_measure",
    "read_reference",
    "read_risk_model",
    "require_valid",
    "risk_adjusted",
    "rows",
    "split_period",
    "standardised",
    "stratifier_position",
    "subject_bundle",
    "subject_list",
    "subject_reference",
    "subjects_of",
    "summary_report",
    "trend",
    "trend_points",
    "validate",
    "wilson",
]
