"""Type specifiers: the written form of a type becomes a type."""

from __future__ import annotations

from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.advice import near
from cqlmeasure.translator.lower.core import Lowering
from cqlmeasure.typesys import SYSTEM, DataType, IntervalType, ListType, NamedType, TupleType, choice_of


def resolve_type(lowering: Lowering, specifier: syntax.TypeSpecifier) -> DataType:
    """The type that a specifier names.  An unknown name is an error."""
    match specifier:
        case syntax.NamedTypeSpecifier():
            return resolve_named(lowering, specifier)
        case syntax.ListTypeSpecifier(element=element):
            return ListType(resolve_type(lowering, element))
        case syntax.IntervalTypeSpecifier(point=point):
            return IntervalType(resolve_type(lowering, point))
        case syntax.ChoiceTypeSpecifier(alternatives=alternatives):
            return choice_of(*(resolve_type(lowering, alternative) for alternative in alternatives))
        case syntax.TupleTypeSpecifier(elements=elements):
            return TupleType(tuple((item.name.text, resolve_type(lowering, item.type)) for item in elements))
    raise AssertionError(f"not a type specifier: {specifier}")


def resolve_named(lowering: Lowering, specifier: syntax.NamedTypeSpecifier) -> NamedType:
    """The class that a name (perhaps qualified by a model) means."""
    name = specifier.name.text
    found = lowering.models.find_types(name)
    if found:
        # A model's own class hides System's type of the same name, and the first model in use hides the others:
        # either can still be named with its model in front.
        return next((kind for kind in found if kind.model != SYSTEM), found[0])
    names = [known for model in lowering.models.used for known in model.classes]
    found_near = near(specifier.name.name, names)
    models = ", ".join(model.name for model in lowering.models.used)
    hint = f"did you mean {' or '.join(found_near)}?" if found_near else f"the models in use are {models}"
    if not found_near and models == SYSTEM:
        hint = "no model is in use: add 'using FHIR version ...'"
    raise lowering.fail("unknown-type", f"there is no type '{name}' in the models in use", specifier.span, hint=hint)
