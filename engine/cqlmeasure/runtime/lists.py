"""List operators: CQL reference, appendix B, "List Operators".

Owns operators on lists.  Always holds: arguments are never changed; order is kept (a set operator gives the elements in
the order of their first appearance); nulls are one and the same element; two resources of one type and id are the same
element; set operators are linear unless values can only be told apart by comparison (see ``keys``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from cqlmeasure.runtime.equality import equal
from cqlmeasure.runtime.keys import SELF_KEYED, keys_of
from cqlmeasure.runtime.values import CqlError, Tuple

Items = list[Any]


def exists(items: Sequence[Any] | None) -> bool:
    """``exists items``: whether there is an element that is not null."""
    if not items:
        return False
    if items[0] is not None:
        return True
    return any(item is not None for item in items)


def first(items: Sequence[Any] | None) -> Any:
    """``First``: null for an empty list."""
    return items[0] if items else None


def last(items: Sequence[Any] | None) -> Any:
    """``Last``: null for an empty list."""
    return items[-1] if items else None


def indexer_list(items: Sequence[Any] | None, index: int | None) -> Any:
    """``items[index]``: 0-based, null outside of the list."""
    if items is None or index is None or not 0 <= index < len(items):
        return None
    return items[index]


def index_of(items: Sequence[Any] | None, element: Any) -> int | None:
    """``IndexOf``: the position of the first equal element, -1 when there is none; null for a null argument."""
    if items is None or element is None:
        return None
    for position, item in enumerate(items):
        if equal(item, element) is True:
            return position
    return -1


def length_list(items: Sequence[Any] | None) -> int:
    """``Length`` of a list: 0 for null."""
    return 0 if items is None else len(items)


def singleton_from(items: Sequence[Any] | None) -> Any:
    """``singleton from``: the only element; null for an empty list, an error for several elements."""
    if not items:
        return None
    if len(items) > 1:
        raise CqlError(f"'singleton from' needs a list of at most one element, this one has {len(items)}")
    return items[0]


def flatten(items: Iterable[Any] | None) -> Items | None:
    """``flatten``: the elements of the inner lists; null inner lists give nothing, other elements stay."""
    if items is None:
        return None
    flat: Items = []
    for item in items:
        if type(item) is list:
            flat += item
        elif item is not None:
            flat.append(item)
    return flat


def skip(items: Items | None, number: int | None) -> Items | None:
    """``Skip``: without the first elements; a null number skips none, a negative one gives an empty list."""
    if items is None or not number:
        return items
    return items[number:] if number > 0 else []


def take(items: Items | None, number: int | None) -> Items | None:
    """``Take``: the first elements; a null number gives an empty list."""
    if items is None:
        return None
    return items[:number] if number is not None and number > 0 else []


def tail(items: Items | None) -> Items | None:
    """``Tail``: all but the first element."""
    return None if items is None else items[1:]


def slice_(items: Items | None, start: int | None = None, end: int | None = None) -> Items | None:
    """``Slice``: from one position up to (not including) another; null stands for the end of the list on that side.

    A negative position gives an empty list: translators express ``Skip``, ``Take`` and ``Tail`` by this node.
    """
    if items is None:
        return None
    if (start is not None and start < 0) or (end is not None and end < 0):
        return []
    return items[start:end]


def times(left: Sequence[Any] | None, right: Sequence[Any] | None) -> Items | None:
    """``Times``: every element of the left with every element of the right, as one tuple with the elements of both."""
    if left is None or right is None:
        return None
    return [Tuple({**one, **other}) for one in left for other in right if one is not None and other is not None]


MAXIMUM_REPEATED = 2_000


def waiting(items: Items | None) -> Items | None:
    """The items that ``Repeat`` still has to go through: a list of its own, which grows."""
    return None if items is None else list(items)


def note_new(found: Items, pending: Items, given: Any) -> None:
    """Notes what is new of that which ``Repeat`` found for an item, and has it gone through too."""
    for item in given if type(given) is list else (given,):
        if any((one is None and item is None) or equal(one, item) is True for one in found):
            continue
        found.append(item)
        if item is not None:
            pending.append(item)
        if len(found) > MAXIMUM_REPEATED:
            raise CqlError(f"a Repeat gave more than {MAXIMUM_REPEATED} items; does it end?")


# -- sets -------------------------------------------------------------------------------------------------------------


def distinct(items: Items | None) -> Items | None:
    """``distinct``: every element once."""
    if items is None or len(items) < 2:
        return items
    kinds = set(map(type, items))
    if len(kinds) == 1:
        kind = kinds.pop()
        if kind is dict:
            found: dict[tuple[str, str], Any] = {}
            try:
                for item in items:
                    found.setdefault((item["resourceType"], item["id"]), item)
                return list(found.values())
            except KeyError:
                pass
        elif kind in SELF_KEYED:
            return list(dict.fromkeys(items))
    return _distinct(items)


def _distinct(items: Items) -> Items:
    result: Items = []
    seen = set()
    loose: Items = []
    (keys,) = keys_of(items)
    for item, key in zip(items, keys, strict=True):
        if key is None:
            if _among(item, result):
                continue
            loose.append(item)
        elif key in seen or (loose and _among(item, loose)):
            continue
        else:
            seen.add(key)
        result.append(item)
    return result


def _among(item: Any, others: Iterable[Any]) -> bool:
    """Whether the item is certainly the same element as one of the others."""
    if item is None:
        return any(other is None for other in others)
    return any(equal(item, other) is True for other in others)


def union_list(left: Items | None, right: Items | None) -> Items:
    """``left union right`` of lists: every element of either once; null counts as an empty list."""
    return distinct([*(left or ()), *(right or ())]) or []


def union_lists(*lists: Items | None) -> Items:
    """The union of many lists in one pass: what nested ``union_list`` gives."""
    found = [items for items in lists if items]
    if not found:
        return []
    if len(found) == 1:
        return distinct(found[0]) or []
    return distinct(list(chain.from_iterable(found))) or []


def intersect_list(left: Items | None, right: Items | None) -> Items | None:
    """``left intersect right`` of lists: the elements of the left that are in the right; null if either is null."""
    if left is None or right is None:
        return None
    return distinct(_selected(left, right, True))


def except_list(left: Items | None, right: Items | None) -> Items | None:
    """``left except right`` of lists: the elements of the left that are not in the right; a null right is empty."""
    if left is None:
        return None
    return distinct(_selected(left, right, False) if right else left)


def _selected(left: Items, right: Items, wanted: bool) -> Items:
    """The elements of the left that are (or are not) certainly in the right."""
    left_keys, right_keys = keys_of(left, right)
    known = set(right_keys)
    loose = [item for item, key in zip(right, right_keys, strict=True) if key is None] if None in known else []
    selected = []
    for item, key in zip(left, left_keys, strict=True):
        if key is None:
            present = _among(item, right)
        else:
            present = key in known or (bool(loose) and _among(item, loose))
        if present is wanted:
            selected.append(item)
    return selected


# -- membership -------------------------------------------------------------------------------------------------------


def in_list(element: Any, items: Sequence[Any] | None) -> bool | None:
    """``element in items``: false for a null list; null only if some comparison stays open and none succeeds."""
    if not items:
        return False
    if element is None:
        return any(item is None for item in items)
    if type(element) is str and element in items:
        return True
    open_ = False
    for item in items:
        if item is not None:
            same = equal(item, element)
            if same is True:
                return True
            if same is None:
                open_ = True
    return None if open_ else False


def contains_list(items: Sequence[Any] | None, element: Any) -> bool | None:
    """``items contains element``: ``in`` the other way round."""
    return in_list(element, items)


def includes_list(left: Items | None, right: Items | None) -> bool | None:
    """``left includes right`` of lists: whether every element of the right is in the left."""
    if left is None or right is None:
        return None
    left_keys, right_keys = keys_of(left, right)
    known = set(left_keys)
    known.discard(None)
    result: bool | None = True
    for item, key in zip(right, right_keys, strict=True):
        if key is not None and key in known:
            continue
        present = in_list(item, left)
        if present is False:
            return False
        if present is None:
            result = None
    return result


def included_in_list(left: Items | None, right: Items | None) -> bool | None:
    """``left included in right`` of lists."""
    return includes_list(right, left)


def proper_includes_list(left: Items | None, right: Items | None) -> bool | None:
    """``left properly includes right`` of lists: includes it and has more elements."""
    if left is None or right is None:
        return None
    return includes_list(left, right) if len(left) > len(right) else False


def proper_included_in_list(left: Items | None, right: Items | None) -> bool | None:
    """``left properly included in right`` of lists."""
    return proper_includes_list(right, left)


def proper_contains_list(items: Sequence[Any] | None, element: Any) -> bool | None:
    """``items properly includes element``: it is in the list, and the list has an element that is another."""
    present = in_list(element, items)
    if present is False or items is None:
        return False
    other: bool | None = False
    for item in items:
        if element is None:
            differs: bool | None = item is not None
        else:
            same = equal(item, element)
            differs = None if same is None else not same
        if differs is True:
            return present
        if differs is None:
            other = None
    return other


def proper_in_list(element: Any, items: Sequence[Any] | None) -> bool | None:
    """``element properly included in items``."""
    return proper_contains_list(items, element)
