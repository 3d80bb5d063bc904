"""ELM, the Expression Logical Model: node classes (one module per chapter), JSON in and out, walking.

Always holds: nodes are frozen; what :func:`to_json` writes :func:`from_json` reads back as an equal library.
"""

from cqlmeasure.elm.depth import deep_recursion
from cqlmeasure.elm.json import ElmFormatError, from_json, to_json
from cqlmeasure.elm.library import ExpressionDef, FunctionDef, Library
from cqlmeasure.elm.walk import children, walk

__all__ = [
    "ElmFormatError",
    "ExpressionDef",
    "FunctionDef",
    "Library",
    "children",
    "deep_recursion",
    "from_json",
    "to_json",
    "walk",
]
