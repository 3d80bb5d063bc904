"""Types of simple and structured values, of terminology, and of elements of values."""

from __future__ import annotations

from typing import Any

from cqlmeasure.elm import clinical, literals
from cqlmeasure.elm.base import Element
from cqlmeasure.elm.library import OperandDef, ParameterDef
from cqlmeasure.elm.logical import CaseItem
from cqlmeasure.elm.queries import Retrieve
from cqlmeasure.translator.infer.core import Inference, typed, types
from cqlmeasure.typesys import (
    ANY,
    CODE,
    CODE_SYSTEM,
    CONCEPT,
    QUANTITY,
    RATIO,
    VALUE_SET,
    DataType,
    IntervalType,
    ListType,
    TupleType,
)

_CONSTANT: dict[type[Element], DataType] = {
    literals.Null: ANY,
    literals.Quantity: QUANTITY,
    literals.Ratio: RATIO,
    clinical.Code: CODE,
    clinical.Concept: CONCEPT,
    clinical.CodeRef: CODE,
    clinical.ConceptRef: CONCEPT,
    clinical.CodeSystemRef: CODE_SYSTEM,
    clinical.ValueSetRef: VALUE_SET,
    clinical.CodeDef: CODE,
    clinical.ConceptDef: CONCEPT,
    clinical.CodeSystemDef: CODE_SYSTEM,
    clinical.ValueSetDef: VALUE_SET,
}


@types(*_CONSTANT)
def _constant(inference: Inference, node: Element) -> DataType:
    return _CONSTANT[type(node)]


@types(literals.Literal)
def _literal(inference: Inference, node: literals.Literal) -> DataType:
    return node.value_type


@types(literals.TupleElement, literals.InstanceElement)
def _element(inference: Inference, node: Any) -> DataType:
    return typed(node.value)


@types(literals.Tuple)
def _tuple(inference: Inference, node: literals.Tuple) -> DataType:
    return TupleType(tuple((element.name, typed(element.value)) for element in node.element))


@types(literals.Instance)
def _instance(inference: Inference, node: literals.Instance) -> DataType:
    return node.class_type


@types(literals.Interval)
def _interval(inference: Inference, node: literals.Interval) -> DataType:
    return IntervalType(inference.data.common((typed(node.low), typed(node.high))))


@types(literals.List)
def _list(inference: Inference, node: literals.List) -> DataType:
    if node.type_specifier is not None:
        return ListType(node.type_specifier)
    return ListType(inference.data.common(map(typed, node.element)))


@types(literals.Property)
def _property(inference: Inference, node: literals.Property) -> DataType:
    if node.source is not None:
        owner = typed(node.source)
    elif node.scope is not None:
        owner = inference.find(node.scope) or ANY
    else:
        owner = inference.item() or ANY
    return inference.data.path(owner, node.path)


@types(CaseItem)
def _case_item(inference: Inference, node: CaseItem) -> DataType:
    return typed(node.then)


@types(Retrieve)
def _retrieve(inference: Inference, node: Retrieve) -> DataType:
    return ListType(node.data_type)


@types(OperandDef)
def _operand(inference: Inference, node: OperandDef) -> DataType:
    return node.operand_type or ANY


@types(ParameterDef)
def _parameter(inference: Inference, node: ParameterDef) -> DataType:
    return node.parameter_type or typed(node.default)
