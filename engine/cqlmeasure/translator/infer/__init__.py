"""Result types for ELM that arrives without them, as published libraries do.

Owns one pass, :func:`infer_types`: the ELM in, the same ELM with a ``result_type`` at every expression out.  Always
holds: types are those of the real data (System and FHIR), never of profiles; a type that the ELM states is kept; odd
ELM never raises, what nothing is known of is ``System.Any``; depth of the tree does not matter.
"""

from cqlmeasure.translator.infer.library import infer_types

__all__ = ["infer_types"]
