"""All node classes by their ELM name."""

from __future__ import annotations

from types import ModuleType

from cqlmeasure.elm import (
    aggregates,
    arithmetic,
    clinical,
    datetimes,
    intervals,
    library,
    lists,
    literals,
    logical,
    queries,
    strings,
    types,
)
from cqlmeasure.elm.base import Element

CHAPTERS: tuple[ModuleType, ...] = (
    literals,
    clinical,
    library,
    queries,
    types,
    logical,
    arithmetic,
    strings,
    datetimes,
    intervals,
    lists,
    aggregates,
)

NODES: dict[str, type[Element]] = {
    name: value
    for chapter in CHAPTERS
    for name, value in vars(chapter).items()
    if isinstance(value, type) and issubclass(value, Element) and value.__module__ == chapter.__name__
}
