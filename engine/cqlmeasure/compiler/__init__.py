"""The compiler: ELM libraries to Python source, loaded as a module.

Owns everything between ELM and running code.  Always holds: overloads are chosen from static types; names and literals
of the CQL enter the source escaped only; each generated line knows the library, definition and locator it comes from;
a program that comes from the cache is loaded without the compiler.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cqlmeasure.compiler.program import ExpressionEntry, FunctionEntry, Line, Program

if TYPE_CHECKING:
    from cqlmeasure.compiler.compile import compile_library, library_key

__all__ = ["ExpressionEntry", "FunctionEntry", "Line", "Program", "compile_library", "library_key"]


def __getattr__(name: str) -> Any:
    """The compiler itself is loaded when it is first used: with a warm cache only programs are."""
    if name in ("compile_library", "library_key"):
        return getattr(importlib.import_module("cqlmeasure.compiler.compile"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
