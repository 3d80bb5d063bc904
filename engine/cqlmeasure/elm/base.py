"""What every ELM node is: an immutable element with an id, a place in the CQL, annotations and a result type.

Always holds: nodes are frozen; ``result_type`` names classes of the data model that the ELM runs on (for QICore and
US Core that is FHIR), as published ELM does; a node that has no ``result_type`` has not been through a type checker.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cqlmeasure.typesys import DataType


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all nodes.  ``locator`` is ``line:column-line:column`` in the CQL."""

    local_id: str | None = None
    locator: str | None = None
    annotation: tuple[Any, ...] = ()
    result_type: DataType | None = None


class Expression(Element, frozen=True, kw_only=True):
    """A node that has a value."""


class OperatorExpression(Expression, frozen=True, kw_only=True):
    """An expression with operands; ``signature`` holds the operand types of the overload that was chosen."""

    signature: tuple[DataType, ...] = ()


class UnaryExpression(OperatorExpression, frozen=True, kw_only=True):
    """One operand."""

    operand: Expression


class BinaryExpression(OperatorExpression, frozen=True, kw_only=True):
    """Two operands, left and right."""

    operand: tuple[Expression, ...]


class TernaryExpression(OperatorExpression, frozen=True, kw_only=True):
    """Three operands."""

    operand: tuple[Expression, ...]


class NaryExpression(OperatorExpression, frozen=True, kw_only=True):
    """Any number of operands."""

    operand: tuple[Expression, ...]


class TimingExpression(BinaryExpression, frozen=True, kw_only=True):
    """Two operands and the precision of the comparison: ``Year`` to ``Millisecond``, or none."""

    precision: str | None = None


class AggregateExpression(OperatorExpression, frozen=True, kw_only=True):
    """An operator on the items of a list; ``path`` selects an element of each."""

    source: Expression
    path: str | None = None
