"""Room for recursion over deep trees.

Trees of CQL and ELM are walked by recursive functions; a long chain of operators nests thousands of levels deep.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Enough for the deepest tree that readers accept, at several frames a level; well below what overflows the C stack.
FRAMES = 20_000


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Run the block with a recursion limit for deep trees, then restore the limit."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
