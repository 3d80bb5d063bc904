"""ELM as compact text, for tables of what CQL becomes: ``Add(1, 2)``, ``InValueSet(code=..., valueset="V")``."""

from __future__ import annotations

from decimal import Decimal

from cqlmeasure.elm.base import Element
from cqlmeasure.typesys import NamedType

_SKIPPED = {"local_id", "locator", "annotation", "result_type", "signature", "preserve", "template_id", "value_type"}
_DEFAULTS = {"low_closed": True, "high_closed": True, "distinct": True, "strict": False, "direction": "asc"}


def show(node: object) -> str:
    """The text of a node: its class, then its fields that are not at their defaults."""
    if isinstance(node, Element):
        return _element(node)
    if isinstance(node, tuple):
        return f"[{', '.join(show(item) for item in node)}]"
    if isinstance(node, NamedType) and node.model == "System":
        return node.name
    if isinstance(node, str):
        return f'"{node}"'
    if isinstance(node, Decimal):
        return str(node)
    return str(node)


def _element(node: Element) -> str:
    name = type(node).__name__
    if name == "Literal":
        kind, value = str(node.value_type), node.value  # type: ignore[attr-defined]
        return f"'{value}'" if kind == "System.String" else f"{value}L" if kind == "System.Long" else str(value)
    if name == "Quantity":
        return f"{node.value} '{node.unit}'"  # type: ignore[attr-defined]
    if name == "Null":
        return "null"
    parts: list[str] = []
    for field in node.__struct_fields__:
        value = getattr(node, field)
        if field in _SKIPPED or value is None or value == () or value == _DEFAULTS.get(field, object()):
            continue
        if field == "operand":
            parts += [show(item) for item in value] if isinstance(value, tuple) else [show(value)]
        else:
            parts.append(f"{field.rstrip('_')}={show(value)}")
    return f"{name}({', '.join(parts)})"
