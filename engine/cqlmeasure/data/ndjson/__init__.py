"""NDJSON: a bulk export (a file for each type), or files of Bundles.

Owns finding out whose each line is and reading the lines of a subject, by one process or several.  Always holds: lines
are positions until they are read, so that memory grows with the number of resources, not with their size.
"""

from cqlmeasure.data.ndjson.source import Ndjson, ndjson

__all__ = ["Ndjson", "ndjson"]
