"""Lowering: from the syntax tree of a library to typed ELM.

Owns name resolution, types, overloads, implicit conversions and everything that a model's classes mean in the real
data.  Always holds: what it returns without an error in ``diagnostics`` is complete and typed throughout.
"""

from cqlmeasure.translator.lower.library import LibraryLowering

__all__ = ["LibraryLowering"]
