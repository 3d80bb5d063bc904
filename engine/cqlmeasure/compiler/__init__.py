"""The compiler: ELM libraries to Python source, loaded as a module.

Owns everything between ELM and running code.  Always holds: overloads are chosen from static types; names and literals
of the CQL enter the source escaped only; each generated line knows the library, definition and locator it comes from.
"""

from cqlmeasure.compiler.compile import compile_library, library_key
from cqlmeasure.compiler.program import ExpressionEntry, FunctionEntry, Line, Program

__all__ = ["ExpressionEntry", "FunctionEntry", "Line", "Program", "compile_library", "library_key"]
