"""Value sets and code systems: from their FHIR JSON to membership by system and code.

Owns resolving: complete expansion first, else the compose.  Always holds: a value set that is missing, cut or not to be
resolved here is a ``TerminologyError`` that names it, or with ``lenient`` a warning; it is never silently empty.
"""

from cqlmeasure.terminology.lookup import Lookup, MemoryLookup
from cqlmeasure.terminology.terminology import Terminology

__all__ = ["Lookup", "MemoryLookup", "Terminology"]
