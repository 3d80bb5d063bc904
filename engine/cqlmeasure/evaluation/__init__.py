"""Evaluation: a library set, its parameters and terminology, one subject after another.

Owns the wiring between libraries, compiler, runtime and cache.  Always holds: what is prepared does not change; a
subject's failure is an ``EvaluationError`` with library, definition and place, and does not touch other subjects.
"""

from cqlmeasure.evaluation.evaluator import Evaluator, SubjectEvaluation, environment
from cqlmeasure.evaluation.prepare import Libraries, LibraryText, Prepared, prepare
from cqlmeasure.evaluation.store import Store

__all__ = [
    "Evaluator",
    "Libraries",
    "LibraryText",
    "Prepared",
    "Store",
    "SubjectEvaluation",
    "environment",
    "prepare",
]
