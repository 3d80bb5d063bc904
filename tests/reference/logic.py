"""Three-valued logic, spelled out: CQL 1.5.3, appendix B, "Logical Operators"."""

from __future__ import annotations

Truth = bool | None


def and_(left: Truth, right: Truth) -> Truth:
    """False if one is false, true if both are true, else null."""
    if left is False or right is False:
        return False
    if left is True and right is True:
        return True
    return None


def or_(left: Truth, right: Truth) -> Truth:
    """True if one is true, false if both are false, else null."""
    if left is True or right is True:
        return True
    if left is False and right is False:
        return False
    return None


def xor_(left: Truth, right: Truth) -> Truth:
    """Null if one is null, else whether they differ."""
    if left is None or right is None:
        return None
    return left is not right


def not_(operand: Truth) -> Truth:
    """Null of null, else the other one."""
    if operand is None:
        return None
    return operand is False


def implies(left: Truth, right: Truth) -> Truth:
    """What ``not left or right`` is."""
    if left is False or right is True:
        return True
    if left is True and right is False:
        return False
    return None


def all_of(*truths: Truth) -> Truth:
    """``and`` of any number."""
    found: Truth = True
    for truth in truths:
        found = and_(found, truth)
    return found
