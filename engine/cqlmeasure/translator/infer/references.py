"""Types of references and calls, and of the definitions that they name, on demand and with a guard against cycles."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from cqlmeasure.elm.base import Element
from cqlmeasure.elm.library import (
    ExpressionDef,
    ExpressionRef,
    FunctionDef,
    FunctionRef,
    IdentifierRef,
    OperandRef,
    ParameterRef,
)
from cqlmeasure.elm.queries import AliasRef, QueryLetRef
from cqlmeasure.translator.infer.core import Index, Inference, Step, scopes, typed, types
from cqlmeasure.translator.infer.operators import score, select
from cqlmeasure.typesys import ANY, DataType

#: A type that is found out by first typing other definitions.
Found = Generator[Element, Any, DataType]


@types(AliasRef, QueryLetRef)
def _alias(inference: Inference, node: Any) -> DataType:
    return inference.find(node.name) or ANY


@types(OperandRef)
def _operand(inference: Inference, node: OperandRef) -> DataType:
    return inference.operands.get(node.name, ANY)


@types(ParameterRef)
def _parameter(inference: Inference, node: ParameterRef) -> DataType:
    if node.library_name is not None:
        index = inference.included(node.library_name)
        return typed(index.parameters.get(node.name)) if index is not None else ANY
    return typed(inference.index.parameters.get(node.name))


@scopes(ExpressionRef)
def _expression(inference: Inference, node: ExpressionRef) -> Step:
    kind = yield from expression_type(inference, node.name, node.library_name)
    return inference.finish(node, {}, kind)


@scopes(IdentifierRef)
def _identifier(inference: Inference, node: IdentifierRef) -> Step:
    """An element of the item at hand; else, as in ELM that was not resolved, whatever has that name."""
    item = inference.item()
    kind: DataType | None = None
    if item is not None and node.library_name is None:
        kind = item if node.name == "$this" else inference.data.element(item, node.name)
    if kind is None and node.library_name is None:
        kind = inference.find(node.name) or inference.operands.get(node.name)
    if kind is None and node.library_name is None:
        parameter = inference.index.parameters.get(node.name)
        kind = typed(parameter) if parameter is not None else None
    if kind is None:
        kind = yield from expression_type(inference, node.name, node.library_name)
    return inference.finish(node, {}, kind)


@scopes(FunctionRef)
def _call(inference: Inference, node: FunctionRef) -> Step:
    operands = []
    for operand in node.operand:
        found = yield operand
        operands.append(found)
    actual = tuple(map(typed, operands))
    signature = tuple(inference.data.of(kind) for kind in node.signature)
    kind = yield from _function_type(inference, node, actual, signature)
    return inference.finish(node, {"operand": tuple(operands)} if operands else {}, kind)


def expression_type(inference: Inference, name: str, alias: str | None) -> Found:
    """The type of a definition of this library or of an included one."""
    if alias is None:
        position = inference.index.expressions.get(name)
        if position is None:
            return ANY
        return (yield from define(inference, position))
    index = inference.included(alias)
    position = index.expressions.get(name) if index is not None else None
    return ANY if index is None or position is None else typed(index.library.statements[position])


def define(inference: Inference, position: int) -> Found:
    """The type of a definition of this library, which is typed now if it was not before.

    A definition that is needed for its own type has the type that it states, or else ``System.Any``.
    """
    done = inference.done.get(position)
    if done is None and position not in inference.pending:
        saved = inference.scopes, inference.operands
        inference.pending.add(position)
        done = yield inference.library.statements[position]
        inference.pending.discard(position)
        inference.scopes, inference.operands = saved
        inference.done[position] = done
    if done is not None:
        return typed(done)
    stated = inference.library.statements[position].result_type
    return ANY if stated is None else inference.data.of(stated)


@scopes(ExpressionDef)
def _expression_def(inference: Inference, node: ExpressionDef) -> Step:
    inference.scopes, inference.operands = [], {}
    if node.expression is None:
        return inference.finish(node, {}, ANY)
    expression = yield node.expression
    return inference.finish(node, {"expression": expression}, typed(expression))


@scopes(FunctionDef)
def _function_def(inference: Inference, node: FunctionDef) -> Step:
    inference.scopes, inference.operands = [], {}
    changes: dict[str, Any] = {}
    operands = []
    for operand in node.operand:
        found = yield operand
        operands.append(found)
        inference.operands[operand.name] = typed(found)
    if operands:
        changes["operand"] = tuple(operands)
    kind: DataType = ANY
    if node.expression is not None:
        expression = changes["expression"] = yield node.expression
        kind = typed(expression)
    return inference.finish(node, changes, kind)


def _function_type(
    inference: Inference, node: FunctionRef, actual: tuple[DataType, ...], signature: tuple[DataType, ...]
) -> Found:
    if node.library_name is None:
        position = _overload(inference, inference.index, node.name, actual, signature)
        if position is None:
            return select(node.name, actual, inference.data)
        return (yield from define(inference, position))
    index = inference.included(node.library_name)
    position = None if index is None else _overload(inference, index, node.name, actual, signature)
    return ANY if index is None or position is None else typed(index.library.statements[position])


def _overload(
    inference: Inference, index: Index, name: str, actual: tuple[DataType, ...], signature: tuple[DataType, ...]
) -> int | None:
    """The position of the function that is called: of that signature, else the one that suits the operands best.

    If none suits, the first with as many operands: a call in ELM did resolve to something.
    """
    positions = index.functions.get(name)
    if positions is None:
        return None
    if len(positions) == 1:
        return positions[0]
    formals = index.formals.get(name)
    if formals is None:
        formals = index.formals[name] = {}
        for position in positions:
            formals.setdefault(_formal(inference, index.library.statements[position]), position)
    exact = formals.get(signature) if signature else None
    exact = formals.get(actual) if exact is None else exact
    if exact is not None:
        return exact
    points = {kinds: score(kinds, actual, inference.data) for kinds in formals}
    best = max(formals, key=points.__getitem__)
    if points[best]:
        return formals[best]
    return next((position for kinds, position in formals.items() if len(kinds) == len(actual)), None)


def _formal(inference: Inference, definition: Element) -> tuple[DataType, ...]:
    assert isinstance(definition, FunctionDef)
    return tuple(inference.data.of(operand.operand_type or ANY) for operand in definition.operand)
