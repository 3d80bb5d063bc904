"""Data requirements: from ELM to what a measure needs, as a module-definition Library and as searches.

Owns the abstract evaluation of ELM and what is written of it.  Always holds: nothing is run, nothing is fetched; the
requirements may ask for too much, never for too little.
"""

from cqlmeasure.requirements.artifact import MeasureLogic, library_requirements, measure_requirements
from cqlmeasure.requirements.check import check
from cqlmeasure.requirements.checked import DataCheck
from cqlmeasure.requirements.deciding import decisions_of
from cqlmeasure.requirements.filters import Periods
from cqlmeasure.requirements.infer import Entry, Inferred, infer
from cqlmeasure.requirements.measures import Criteria, criteria_of
from cqlmeasure.requirements.module import into_measure, module_definition
from cqlmeasure.requirements.narrative import COLUMNS, rows
from cqlmeasure.requirements.needs import Kinds, Needs, Terms, follows_references, needs_of
from cqlmeasure.requirements.options import Options
from cqlmeasure.requirements.patterns import query_patterns, token
from cqlmeasure.requirements.reading import Plan, plan
from cqlmeasure.requirements.searches import CodeSearch, DateSearch, EntrySearch, entry_search

__all__ = [
    "COLUMNS",
    "CodeSearch",
    "Criteria",
    "DataCheck",
    "DateSearch",
    "Entry",
    "EntrySearch",
    "Inferred",
    "Kinds",
    "MeasureLogic",
    "Needs",
    "Options",
    "Periods",
    "Plan",
    "Terms",
    "check",
    "criteria_of",
    "decisions_of",
    "entry_search",
    "follows_references",
    "infer",
    "into_measure",
    "library_requirements",
    "measure_requirements",
    "module_definition",
    "needs_of",
    "plan",
    "query_patterns",
    "rows",
    "token",
]
