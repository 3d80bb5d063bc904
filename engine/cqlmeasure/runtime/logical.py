"""Logical operators: CQL reference, appendix B, "Logical Operators".

Owns three-valued truth: an operand is ``True``, ``False`` or ``None``.  Always holds: no function here lets Python's
own truthiness decide about a null.
"""

from __future__ import annotations


def and_(left: bool | None, right: bool | None) -> bool | None:
    """``left and right``: false wins over null, null over true."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def or_(left: bool | None, right: bool | None) -> bool | None:
    """``left or right``: true wins over null, null over false."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def not_(operand: bool | None) -> bool | None:
    """``not operand``: null stays null."""
    return None if operand is None else not operand


def xor_(left: bool | None, right: bool | None) -> bool | None:
    """``left xor right``: null as soon as one side is null."""
    return None if left is None or right is None else left is not right


def implies_(left: bool | None, right: bool | None) -> bool | None:
    """``left implies right``: true when the left is false or the right is true, whatever the other side."""
    if left is False or right is True:
        return True
    return None if left is None or right is None else False
