"""Retrieves: ``[Type: codePath comparator terminology]``, and what QICore's medications and negations mean by them.

The ELM asks for resources of the FHIR type that a class stands for, with the class's profile as ``templateId``.  Two
kinds of classes need more than one retrieve:

- the code of a *negation* profile may be a code or a whole value set: a retrieve by value set also takes resources
  whose code names that value set as not done (comparator ``~``);
- a *medication* may be coded in place or be a reference to a Medication, whose code then decides.
"""

from __future__ import annotations

from cqlmeasure.elm import clinical, lists, literals, logical, queries, strings, types
from cqlmeasure.elm.base import Expression
from cqlmeasure.errors import Span
from cqlmeasure.models import ClassFacts
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.advice import near, shown
from cqlmeasure.translator.lower.build import operate, union
from cqlmeasure.translator.lower.conversions import find_conversion
from cqlmeasure.translator.lower.core import FHIR, Lowering, Typed, lowers
from cqlmeasure.translator.lower.properties import access, element_type, unknown_element
from cqlmeasure.translator.lower.typespec import resolve_named
from cqlmeasure.typesys import (
    BOOLEAN,
    CODE,
    CONCEPT,
    STRING,
    VALUE_SET,
    ChoiceType,
    DataType,
    ListType,
    NamedType,
)


@lowers(syntax.Retrieve)
def lower_retrieve(lowering: Lowering, node: syntax.Retrieve) -> Typed:
    """A retrieve, perhaps a union of several."""
    kind = resolve_named(lowering, node.type)
    facts = lowering.models.class_of(kind)
    if facts is None or not facts.retrievable:
        names = [known.name for model in lowering.models.used for known in model.classes.values() if known.retrievable]
        found_near = near(kind.name, names)
        hint = f"did you mean {' or '.join(found_near)}?" if found_near else None
        raise lowering.fail("not-retrievable", f"{kind} is not a type that can be retrieved", node.type.span, hint=hint)
    context = lowering.lower(node.context).node if node.context is not None else None
    if node.terminology is None:
        return _retrieve(lowering, facts, node.span, context=context)
    path = node.code_path or facts.primary_code_path
    if path is None:
        raise lowering.fail(
            "no-code-path",
            f"{kind} has no primary code path to filter by",
            node.span,
            hint='name the element: [Type: element in "Value Set"]',
        )
    if node.code_path is not None and element_type(lowering, kind, path.partition(".")[0]) is None:
        raise unknown_element(lowering, kind, node.code_path, node.span)
    value = lowering.lower(node.terminology)
    comparator, codes = _codes(lowering, node, value)
    found = _retrieve(lowering, facts, node.span, path, comparator, codes, context)
    element = element_type(lowering, kind, path)
    if node.comparator is None and value.type == VALUE_SET and _names_value_sets(element):
        return union(lowering, found, _retrieve(lowering, facts, node.span, path, "~", value.node, context), node.span)
    if path == "medication" and facts.model != FHIR and _has_reference(element):
        referenced = _by_reference(lowering, facts, node, value, context)
        if referenced is not None:
            return union(lowering, referenced, found, node.span)
    return found


def _retrieve(
    lowering: Lowering,
    facts: ClassFacts,
    span: Span,
    path: str | None = None,
    comparator: str | None = None,
    codes: Expression | None = None,
    context: Expression | None = None,
) -> Typed:
    return lowering.typed(
        queries.Retrieve,
        span,
        ListType(facts.type),
        data_type=lowering.data_type(facts.type),
        template_id=facts.identifier,
        code_property=path,
        code_comparator=comparator,
        codes=codes,
        context=context,
    )


def _codes(lowering: Lowering, node: syntax.Retrieve, value: Typed) -> tuple[str, Expression]:
    """The comparator and the codes that ELM wants: a value set, or a list of codes."""
    if value.type == VALUE_SET:
        return node.comparator or "in", value.node
    default = "in" if isinstance(value.type, ListType) else "~"
    if value.type == CODE:
        return node.comparator or default, _to_list(lowering, value)
    if value.type == CONCEPT:
        codes = lowering.typed(literals.Property, None, ListType(CODE), path="codes", source=value.node)
        return node.comparator or default, codes.node
    conversion = find_conversion(lowering, value.type, ListType(CODE))
    if conversion is not None:
        return node.comparator or "in", conversion.apply(value).node
    single = find_conversion(lowering, value.type, CODE)
    if single is not None:
        return node.comparator or default, _to_list(lowering, single.apply(value))
    assert node.terminology is not None
    raise lowering.fail(
        "type-mismatch",
        f"a retrieve is filtered by a value set, a code, a concept or a list of codes, not by {shown(value.type)}",
        node.terminology.span,
        hint='declare the code: code "Name": \'...\' from "System"' if value.type == STRING else None,
    )


def _to_list(lowering: Lowering, value: Typed) -> Expression:
    return lowering.typed(types.ToList, None, ListType(value.type), operand=value.node).node


def _names_value_sets(element: DataType | None) -> bool:
    return isinstance(element, ChoiceType) and VALUE_SET in element.alternatives


def _has_reference(element: DataType | None) -> bool:
    return isinstance(element, ChoiceType) and any(
        isinstance(kind, NamedType) and kind.name == "Reference" for kind in element.alternatives
    )


def _by_reference(
    lowering: Lowering, facts: ClassFacts, node: syntax.Retrieve, value: Typed, context: Expression | None
) -> Typed | None:
    """Resources whose medication is a reference to a Medication with a fitting code."""
    medication = next(iter(lowering.models.find_types("Medication", facts.model)), None)
    target = lowering.models.class_of(medication) if medication is not None else None
    if medication is None or target is None:
        return None
    requests = _retrieve(lowering, facts, node.span, context=context)
    medications = _retrieve(lowering, target, node.span)
    code = access(lowering, lowering.typed(queries.AliasRef, None, medication, name="M"), "code", node.span)
    if value.type == VALUE_SET:
        fits = _in_value_set(lowering, code, value, node)
    else:
        fits = operate(lowering, "Equivalent", [code, value], None, node.span)
    identity = lowering.make(literals.Property, None, STRING, path="id.value", scope="M")
    same = lowering.make(logical.Equal, None, BOOLEAN, operand=(identity, _referenced_id(lowering)))
    relationship = lowering.make(
        queries.With,
        None,
        medications.type,
        alias="M",
        expression=medications.node,
        such_that=lowering.make(logical.And, None, BOOLEAN, operand=(same, fits.node)),
    )
    source = lowering.make(queries.AliasedQuerySource, None, requests.type, alias="MR", expression=requests.node)
    return lowering.typed(queries.Query, node.span, requests.type, source=(source,), relationship=(relationship,))


def _in_value_set(lowering: Lowering, code: Typed, value: Typed, node: syntax.Retrieve) -> Typed:
    found = operate(lowering, "InValueSet", [code, value], None, node.span)
    if isinstance(value.node, clinical.ValueSetRef) and isinstance(found.node, clinical.InValueSet):
        return lowering.typed(clinical.InValueSet, None, BOOLEAN, code=found.node.code, valueset=value.node)
    return found


def _referenced_id(lowering: Lowering) -> Expression:
    """The last part of the reference of the medication of ``MR``."""
    value = lowering.make(literals.Property, None, STRING, path="medication.reference.value", scope="MR")
    slash = lowering.make(literals.Literal, None, STRING, value_type=STRING, value="/")
    parts = lowering.make(strings.Split, None, ListType(STRING), string_to_split=value, separator=slash)
    return lowering.make(lists.Last, None, STRING, source=parts)
