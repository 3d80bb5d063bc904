"""From the value of a criteria expression to the set of cases that meet it.

Owns what "a case" is: the subject itself for a boolean basis, an item for any other.  Always holds: a set of cases is a
dict from an identity to the item, in the order of the expression; an item is in it once however many retrieves return
it; null is the empty set; a value of the wrong shape is an error that names the expression.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from cqlmeasure.errors import EvaluationError
from cqlmeasure.measure.definition import BOOLEAN_BASIS
from cqlmeasure.runtime import FhirValue

Cases = dict[Hashable, Any]

NONE: Cases = {}
SUBJECT_KEY = "subject"
_SUBJECT: Cases = {SUBJECT_KEY: None}
_ABSTRACT = frozenset({"Any", "Resource", "DomainResource"})


def cases(
    value: Any, basis: str, expression: str, library: str | None, check: Callable[[Any], bool] | None = None
) -> Cases:
    """The cases that a criteria expression's value stands for; an item that fails the ``check`` is an error."""
    if value is None or value is False:
        if value is False and basis != BOOLEAN_BASIS:
            raise _mismatch(value, basis, expression, library)
        return NONE
    if basis == BOOLEAN_BASIS:
        if value is True:
            return _SUBJECT
        raise _mismatch(value, basis, expression, library)
    if not isinstance(value, list):
        raise _mismatch(value, basis, expression, library)
    found: Cases = {}
    for item in value:
        if item is None:
            continue
        if isinstance(item, dict):
            kind = item.get("resourceType")
            if kind is not None and kind != basis and basis not in _ABSTRACT:
                raise _mismatch(value, basis, expression, library, item)
        if check is not None and not check(item):
            raise EvaluationError(
                f"gives {reference(item) or 'an item'}, which satisfies none of the basis requirements of the group",
                code="basis-requirement",
                library=library,
                definition=expression,
                hint="compare type, profiles and code filters of the basis requirements with what the expression gives",
            )
        found.setdefault(identity(item), item)
    return found


def identity(item: Any) -> Hashable:
    """What makes two items the same: resource type and id, else their content."""
    if isinstance(item, dict) and "resourceType" in item and item.get("id"):
        return f"{item['resourceType']}/{item['id']}"
    return _frozen(item)


def reference(item: Any) -> str | None:
    """The relative reference of a resource with an id."""
    if isinstance(item, dict) and "resourceType" in item and item.get("id"):
        return f"{item['resourceType']}/{item['id']}"
    return None


def _frozen(value: Any) -> Hashable:
    if isinstance(value, dict):
        return "object", tuple(sorted((name, _frozen(item)) for name, item in value.items() if item is not None))
    if isinstance(value, list):
        return "list", tuple(_frozen(item) for item in value)
    if isinstance(value, FhirValue):
        return value.type, _frozen(value.json)
    return type(value).__name__, value if isinstance(value, int | float | bool) else str(value)


def _mismatch(
    value: Any, basis: str, expression: str, library: str | None, item: dict[str, Any] | None = None
) -> EvaluationError:
    if item is not None:
        said = f"a list with a {item['resourceType']}"
    elif isinstance(value, list):
        said = "a list"
    elif isinstance(value, dict) and "resourceType" in value:
        said = f"one {value['resourceType']}"
    else:
        said = f"a {type(value).__name__}" if not isinstance(value, bool) else "true or false"
    wanted = "true or false" if basis == BOOLEAN_BASIS else f"a list of {basis}"
    hint = (
        "use exists, or set the population basis of the group to the type of the items"
        if basis == BOOLEAN_BASIS and isinstance(value, list)
        else "compare the population basis of the group with the result type of the expression"
    )
    return EvaluationError(
        f"gives {said}; with the population basis {basis!r} it must give {wanted}",
        code="population-basis",
        library=library,
        definition=expression,
        hint=hint,
    )
