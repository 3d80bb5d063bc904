"""A slow, obvious evaluator of typed ELM: what the compiled code must agree with.

Owns its own semantics, written from the CQL 1.5.3 specification, operator by operator, with no regard for speed.
Always holds: it calls no operator of ``cqlmeasure.runtime``; values of the runtime are only read, to be compared.

Where the specification leaves a choice, or the conformance suite demands something else, the choice is stated beside
the code; it is the project's choice, so that the comparison finds mistakes and not opinions.
"""

from reference.evaluate import Unsupported, evaluate
from reference.values import CqlFailure, of_runtime, same

__all__ = ["CqlFailure", "Unsupported", "evaluate", "of_runtime", "same"]
