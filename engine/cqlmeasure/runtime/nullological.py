"""Nullological operators: CQL reference, appendix B, "Nullological Operators".

Owns the tests for null and for definite truth.  Always holds: the tests answer true or false, never null.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def coalesce(*operands: Any) -> Any:
    """The first operand that is not null, or null."""
    for operand in operands:
        if operand is not None:
            return operand
    return None


def coalesce_list(items: Iterable[Any] | None) -> Any:
    """The first element that is not null: ``Coalesce`` of one list.  A null list gives null."""
    if items is None:
        return None
    for item in items:
        if item is not None:
            return item
    return None


def is_null(operand: Any) -> bool:
    """``operand is null``."""
    return operand is None


def is_true(operand: bool | None) -> bool:
    """``operand is true``: false for null."""
    return operand is True


def is_false(operand: bool | None) -> bool:
    """``operand is false``: false for null."""
    return operand is False
