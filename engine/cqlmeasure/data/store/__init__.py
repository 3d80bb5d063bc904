"""Stores: subjects' data in Parquet files, with keys by which what a measure needs is found without parsing the rest.

``Store`` reads, ``load`` (in ``loading``) writes.  Always holds: a store hands out the same subjects as the sources
that were loaded, or, asked for a selection, at least what matters of them; pyarrow is loaded when one is touched.
"""

from cqlmeasure.data.store.manifest import is_store
from cqlmeasure.data.store.source import Store

__all__ = ["Store", "is_store"]
