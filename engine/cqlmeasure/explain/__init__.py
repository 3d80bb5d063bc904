"""Why a subject is in a population, or is not.

Owns the derived libraries in which the conditions of criteria are definitions of their own, and the way from their
values to reasons.  Always holds: a reason's value is what the compiled code gives for the very ELM of the measure;
explaining never changes a result, and what cannot be explained is left out, not guessed.
"""

from cqlmeasure.explain.explainer import Explainer, Plan, criteria
from cqlmeasure.explain.result import DefinitionValue, Explanation, PopulationReason, Reason

__all__ = ["DefinitionValue", "Explainer", "Explanation", "Plan", "PopulationReason", "Reason", "criteria"]
