"""Data requirements: from ELM to what a measure needs, as a module-definition Library and as searches.

Owns the abstract evaluation of ELM and what is written of it.  Always holds: nothing is run, nothing is fetched; the
requirements may ask for too much, never for too little.
"""

from cqlmeasure.requirements.artifact import MeasureLogic, library_requirements, measure_requirements
from cqlmeasure.requirements.check import check
from cqlmeasure.requirements.checked import DataCheck
from cqlmeasure.requirements.filters import Periods
from cqlmeasure.requirements.infer import Entry, Inferred, infer
from cqlmeasure.requirements.measures import Criteria, criteria_of
from cqlmeasure.requirements.module import into_measure, module_definition
from cqlmeasure.requirements.narrative import COLUMNS, rows
from cqlmeasure.requirements.options import Options
from cqlmeasure.requirements.patterns import query_patterns
from cqlmeasure.requirements.reading import Plan, plan

__all__ = [
    "COLUMNS",
    "Criteria",
    "DataCheck",
    "Entry",
    "Inferred",
    "MeasureLogic",
    "Options",
    "Periods",
    "Plan",
    "check",
    "criteria_of",
    "infer",
    "into_measure",
    "library_requirements",
    "measure_requirements",
    "module_definition",
    "plan",
    "query_patterns",
    "rows",
]
