"""Going through a tree of nodes."""

from __future__ import annotations

from collections.abc import Iterator

from cqlmeasure.elm.base import Element


def children(node: Element) -> Iterator[Element]:
    """The nodes directly below ``node``, in the order of its fields."""
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, Element):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, Element):
                    yield item


def walk(node: Element) -> Iterator[Element]:
    """``node`` and all nodes below it, parents first; without recursion, so that depth does not matter."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(list(children(current))))
