"""What is written of a translated library: locators, annotations, result types and signatures, by the options.

Always holds: this is the last step; nothing but what other tools read of the ELM changes, and the library's first
annotation says which translator and options it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from cqlmeasure.elm import FunctionDef, Library, clinical, deep_recursion, library, literals, types
from cqlmeasure.elm.base import Element, Expression, OperatorExpression
from cqlmeasure.translator.annotate import annotate
from cqlmeasure.translator.options import DEFAULT, TranslatorOptions
from cqlmeasure.typesys import ANY, DataType, signatures

_NAMES = (clinical.ValueSetRef, clinical.CodeSystemRef)
# One signature in our table, which is generic; the standard has them for lists, intervals, tuples and others apart.
_BY_KIND = frozenset(
    ("Equal", "NotEqual", "Equivalent", "InValueSet", "AnyInValueSet", "InCodeSystem", "AnyInCodeSystem")
)
_CONVERSIONS = (types.As, types.Convert, types.ToList, library.FunctionRef)


def write_elm(found: Library, text: str | None, options: TranslatorOptions = DEFAULT, *, version: str) -> Library:
    """The library as it is written; ``text`` is its CQL, ``version`` that of the translator."""
    if options.annotations and text is not None:
        found = annotate(found, text)
    with deep_recursion():
        written: Library = _written(found, options)
    info = {
        "type": "CqlToElmInfo",
        "translatorVersion": version,
        "translatorOptions": ",".join(options.names),
        "signatureLevel": options.signature_level,
    }
    if options.compatibility_level != DEFAULT.compatibility_level:
        info["compatibilityLevel"] = options.compatibility_level
    others = [note for note in written.annotation if note.get("type") != "CqlToElmInfo"]
    return msgspec.structs.replace(written, annotation=(info, *others))


def _written(node: Any, options: TranslatorOptions) -> Any:
    changes: dict[str, Any] = {}
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, Element):
            changes[name] = _written(value, options)
        elif isinstance(value, tuple) and value and isinstance(value[0], Element):
            changes[name] = tuple(_written(item, options) for item in value)
    if not options.annotations:
        changes["annotation"] = ()
        changes["local_id"] = None
    if not options.locators:
        changes["locator"] = None
    # Nothing else says what an external function gives.
    if not options.result_types and not (isinstance(node, FunctionDef) and node.external):
        changes["result_type"] = None
    if isinstance(node, OperatorExpression):
        changes["signature"] = _signature(node, options.signature_level)
    return msgspec.structs.replace(node, **changes)


def _signature(node: OperatorExpression, level: str) -> tuple[DataType, ...]:
    """The operand types of the overload that was chosen, where the level wants them."""
    if level == "None":
        return ()
    operands = _operands(node)
    if isinstance(node, library.FunctionRef):
        if level == "Overloads" or (level == "All" and node.signature):
            return node.signature
    elif level == "Overloads" and not _is_overloaded(type(node).__name__, len(operands)):
        return ()
    if level == "Differing" and not any(map(_is_converted, operands)):
        return ()
    return node.signature or tuple(operand.result_type or ANY for operand in operands)


def _operands(node: OperatorExpression) -> Sequence[Expression]:
    """The operands in order, of operators that name them too; terminology by name is none."""
    values = (getattr(node, name) for name in node.__struct_fields__)
    parts = (value if isinstance(value, tuple) else (value,) for value in values)
    return [item for part in parts for item in part if isinstance(item, Expression) and type(item) not in _NAMES]


@cache
def _is_overloaded(operator: str, count: int) -> bool:
    return operator in _BY_KIND or sum(len(one.operands) == count for one in signatures(operator)) > 1


def _is_converted(operand: Expression) -> bool:
    """Whether an operand was converted without the author's asking."""
    if operand.locator is not None or isinstance(operand, literals.Literal):
        return False
    return isinstance(operand, _CONVERSIONS) or type(operand).__name__.startswith("To")
