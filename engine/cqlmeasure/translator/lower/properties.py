"""Elements of values: of classes (by their target maps), tuples, intervals, choices, and of the items of lists.

CQL specification, Author's Guide, "Path traversal"; Developer's Guide, "Choice types".
"""

from __future__ import annotations

from cqlmeasure.elm import lists, literals, logical, queries, types
from cqlmeasure.elm.base import Expression
from cqlmeasure.errors import Span
from cqlmeasure.translator.lower.advice import near, shown
from cqlmeasure.translator.lower.core import Lowering, Typed
from cqlmeasure.translator.lower.targets import THIS, Place, apply_target
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    CODE,
    CODE_SYSTEM,
    CONCEPT,
    DECIMAL,
    QUANTITY,
    RATIO,
    STRING,
    VALUE_SET,
    VOCABULARY,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    TupleType,
    choice_of,
)

MAX_LISTED = 12

_VOCABULARY: dict[str, DataType] = {"id": STRING, "version": STRING, "name": STRING}
_SYSTEM: dict[DataType, dict[str, DataType]] = {
    QUANTITY: {"value": DECIMAL, "unit": STRING},
    RATIO: {"numerator": QUANTITY, "denominator": QUANTITY},
    CODE: {"code": STRING, "system": STRING, "version": STRING, "display": STRING},
    CONCEPT: {"codes": ListType(CODE), "display": STRING},
    VOCABULARY: _VOCABULARY,
    CODE_SYSTEM: _VOCABULARY,
    VALUE_SET: {**_VOCABULARY, "codesystems": ListType(CODE_SYSTEM)},
}


def element_type(lowering: Lowering, owner: DataType, name: str) -> DataType | None:
    """The source type of ``owner.name``; ``None`` if there is no such element."""
    match owner:
        case TupleType():
            return owner.element(name)
        case IntervalType(point):
            return {"low": point, "high": point, "lowClosed": BOOLEAN, "highClosed": BOOLEAN}.get(name)
        case ListType(element):
            found = element_type(lowering, element, name)
            return None if found is None else found if isinstance(found, ListType) else ListType(found)
        case ChoiceType(alternatives):
            found_types = [kind for item in alternatives if (kind := element_type(lowering, item, name)) is not None]
            return choice_of(*found_types) if found_types else None
        case NamedType():
            system = _SYSTEM.get(owner)
            if system is not None:
                return system.get(name)
            facts = lowering.models.element(owner, name)
            return _plain(lowering, facts.type) if facts is not None else None
    return None


def _plain(lowering: Lowering, kind: DataType) -> DataType:
    """A class that only gives a choice a name is that choice."""
    if isinstance(kind, ListType):
        return ListType(_plain(lowering, kind.element))
    facts = lowering.models.class_of(kind)
    return facts.base if facts is not None and isinstance(facts.base, ChoiceType) else kind


def access(lowering: Lowering, source: Typed, name: str, span: Span) -> Typed:
    """``source.name``.  An unknown element is an error that names near ones."""
    kind = element_type(lowering, source.type, name)
    if kind is None:
        raise unknown_element(lowering, source.type, name, span)
    if isinstance(source.type, ListType):
        if not lowering.options.list_traversal:
            hint = f"the option DisableListTraversal is set; write (...) X return X.{name}"
            raise lowering.fail(
                "list-traversal", f"'{name}' is an element of the items, not of the list", span, hint=hint
            )
        return _traverse(lowering, source, name, span)
    if isinstance(source.type, ChoiceType):
        return _of_choice(lowering, source, source.type, name, kind, span)
    scope, expression = _scoped(source.node)
    return _element(lowering, source.type, name, kind, scope, expression, span)


def unknown_element(lowering: Lowering, owner: DataType, name: str, span: Span) -> Exception:
    """The error for an element that a type does not have."""
    names = _names(lowering, owner)
    hint = next((f"it is a choice: write {one}" for one in names if _is_choice_key(lowering, owner, one, name)), None)
    if hint is None:
        found = near(name, names)
        hint = f"did you mean {' or '.join(found)}?" if found else _elements_hint(owner, names)
    return lowering.fail("unknown-element", f"{shown(owner)} has no element '{name}'", span, hint=hint)


def _is_choice_key(lowering: Lowering, owner: DataType, element: str, name: str) -> bool:
    """Whether ``name`` is the key that JSON has for a choice: ``onsetDateTime`` for ``onset``."""
    item = owner.element if isinstance(owner, ListType) else owner
    rest = name.removeprefix(element)
    if rest == name or not rest[:1].isupper():
        return False
    return isinstance(element_type(lowering, item, element), ChoiceType)


def _elements_hint(owner: DataType, names: list[str]) -> str:
    if not names:
        return f"a value of {shown(owner)} has no elements"
    few = list(dict.fromkeys(names))
    return f"it has {', '.join(few[:MAX_LISTED])}" + (" ..." if len(few) > MAX_LISTED else "")


def implicit(lowering: Lowering, owner: DataType, name: str, span: Span) -> Typed | None:
    """An element of the item at hand in ``sort by``; ``None`` if the item has none of that name."""
    kind = element_type(lowering, owner, name)
    return None if kind is None else _element(lowering, owner, name, kind, "", None, span)


def _element(
    lowering: Lowering,
    owner: DataType,
    name: str,
    kind: DataType,
    scope: str | None,
    source: Expression | None,
    span: Span,
) -> Typed:
    place = Place(lowering, owner, name, scope, source)
    element = lowering.models.element(owner, name) if isinstance(owner, NamedType) else None
    if element is not None and element.target is not None:
        return apply_target(lowering, element.target, place, kind, span)
    value = place.property(name, span)
    return lowering.typed(
        type(value.node),
        span,
        kind,
        **{
            field: getattr(value.node, field)
            for field in value.node.__struct_fields__
            if field not in ("local_id", "locator", "annotation", "result_type")
        },
    )


def _scoped(node: Expression) -> tuple[str | None, Expression | None]:
    """An alias is named by ``scope``, anything else is the source."""
    return (node.name, None) if isinstance(node, queries.AliasRef) and node.name != THIS else (None, node)


def _of_choice(lowering: Lowering, source: Typed, choice: ChoiceType, name: str, kind: DataType, span: Span) -> Typed:
    """An element of a choice: one access if all alternatives that have it reach it alike, else a case by type."""
    owners = [item for item in choice.alternatives if element_type(lowering, item, name) is not None]
    scope, expression = _scoped(source.node)
    targets = {_target(lowering, owner, name) for owner in owners}
    if len(targets) == 1:
        value = _element(lowering, owners[0], name, kind, scope, expression, span)
        return Typed(value.node, kind)
    items: list[logical.CaseItem] = []
    for owner in owners:
        data = lowering.data_type(owner)
        test = lowering.make(types.Is, None, BOOLEAN, operand=source.node, is_type=data)
        narrowed = lowering.typed(types.As, None, owner, operand=source.node, as_type=data)
        value = access(lowering, narrowed, name, span)
        items.append(lowering.make(logical.CaseItem, None, value.type, when=test, then=value.node))
    null = lowering.make(literals.Null, None, ANY)
    return lowering.typed(logical.Case, span, kind, case_item=tuple(items), else_=null)


def _target(lowering: Lowering, owner: DataType, name: str) -> str | None:
    element = lowering.models.element(owner, name) if isinstance(owner, NamedType) else None
    return element.target if element is not None else None


def _traverse(lowering: Lowering, source: Typed, name: str, span: Span) -> Typed:
    """``list.name``: the element of every item that has it; lists of lists are flattened."""
    assert isinstance(source.type, ListType)
    element = source.type.element
    alias = lowering.typed(queries.AliasRef, None, element, name=THIS)

    def item() -> Typed:
        kind = element_type(lowering, element, name)
        assert kind is not None
        if isinstance(element, ChoiceType | ListType):
            return access(lowering, alias, name, span)
        return _element(lowering, element, name, kind, THIS, None, span)

    tested, returned = item(), item()
    present = lowering.make(
        logical.Not, None, BOOLEAN, operand=lowering.make(logical.IsNull, None, BOOLEAN, operand=tested.node)
    )
    query = lowering.typed(
        queries.Query,
        span,
        ListType(returned.type),
        source=(lowering.make(queries.AliasedQuerySource, None, source.type, alias=THIS, expression=source.node),),
        where=present,
        return_=lowering.make(queries.ReturnClause, None, returned.type, expression=returned.node, distinct=False),
    )
    if isinstance(returned.type, ListType):
        return lowering.typed(lists.Flatten, span, returned.type, operand=query.node)
    return query


def _names(lowering: Lowering, owner: DataType) -> list[str]:
    match owner:
        case TupleType(elements):
            return [name for name, _ in elements]
        case ListType(element):
            return _names(lowering, element)
        case ChoiceType(alternatives):
            return [name for item in alternatives for name in _names(lowering, item)]
        case IntervalType():
            return ["low", "high", "lowClosed", "highClosed"]
    return list(_SYSTEM.get(owner) or lowering.models.elements(owner))
