"""ELM, the Expression Logical Model: node classes (one module per chapter), JSON and XML in and out, walking.

Always holds: nodes are frozen; what :func:`to_json` and :func:`to_xml` write, :func:`from_json` and :func:`from_xml`
read back as an equal library.
"""

from cqlmeasure.elm.depth import deep_recursion
from cqlmeasure.elm.json import ElmFormatError, from_json, to_json
from cqlmeasure.elm.library import ExpressionDef, FunctionDef, Library
from cqlmeasure.elm.walk import children, walk
from cqlmeasure.elm.xml import from_xml, to_xml

__all__ = [
    "ElmFormatError",
    "ExpressionDef",
    "FunctionDef",
    "Library",
    "children",
    "deep_recursion",
    "from_json",
    "from_xml",
    "to_json",
    "to_xml",
    "walk",
]
