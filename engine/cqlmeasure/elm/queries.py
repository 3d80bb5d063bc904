"""ELM chapters on queries and retrieves."""

from __future__ import annotations

from cqlmeasure.elm.base import Element, Expression
from cqlmeasure.typesys import DataType


class CodeFilterElement(Element, frozen=True, kw_only=True):
    property: str | None = None
    value_set_property: str | None = None
    search: str | None = None
    comparator: str
    value: Expression


class DateFilterElement(Element, frozen=True, kw_only=True):
    property: str | None = None
    low_property: str | None = None
    high_property: str | None = None
    search: str | None = None
    value: Expression


class OtherFilterElement(Element, frozen=True, kw_only=True):
    property: str | None = None
    search: str | None = None
    comparator: str
    value: Expression


class IncludeElement(Element, frozen=True, kw_only=True):
    include_from: str | None = None
    related_data_type: DataType | None = None
    related_property: str | None = None
    related_search: str | None = None
    is_reverse: bool = False


class Retrieve(Expression, frozen=True, kw_only=True):
    """Resources of ``data_type`` (and profile ``template_id``), filtered by code and date."""

    data_type: DataType
    template_id: str | None = None
    id_property: str | None = None
    id_search: str | None = None
    context_property: str | None = None
    context_search: str | None = None
    code_property: str | None = None
    code_search: str | None = None
    code_comparator: str | None = None
    value_set_property: str | None = None
    date_property: str | None = None
    date_low_property: str | None = None
    date_high_property: str | None = None
    date_search: str | None = None
    included_in: str | None = None
    id: Expression | None = None
    codes: Expression | None = None
    date_range: Expression | None = None
    context: Expression | None = None
    include: tuple[IncludeElement, ...] = ()
    code_filter: tuple[CodeFilterElement, ...] = ()
    date_filter: tuple[DateFilterElement, ...] = ()
    other_filter: tuple[OtherFilterElement, ...] = ()


class AliasedQuerySource(Element, frozen=True, kw_only=True):
    alias: str
    expression: Expression


class LetClause(Element, frozen=True, kw_only=True):
    identifier: str
    expression: Expression


class RelationshipClause(AliasedQuerySource, frozen=True, kw_only=True):
    such_that: Expression


class With(RelationshipClause, frozen=True, kw_only=True):
    """Keeps an item for which some item of ``expression`` meets ``such_that``."""


class Without(RelationshipClause, frozen=True, kw_only=True):
    """Keeps an item for which no item of ``expression`` meets ``such_that``."""


class ReturnClause(Element, frozen=True, kw_only=True):
    expression: Expression
    distinct: bool = True


class AggregateClause(Element, frozen=True, kw_only=True):
    identifier: str
    expression: Expression
    starting: Expression | None = None
    distinct: bool = False


class SortByItem(Element, frozen=True, kw_only=True):
    """``direction`` is ``asc``/``ascending`` or ``desc``/``descending``."""

    direction: str = "asc"


class ByDirection(SortByItem, frozen=True, kw_only=True): ...


class ByColumn(SortByItem, frozen=True, kw_only=True):
    path: str


class ByExpression(SortByItem, frozen=True, kw_only=True):
    expression: Expression


class SortClause(Element, frozen=True, kw_only=True):
    by: tuple[SortByItem, ...]


class Query(Expression, frozen=True, kw_only=True):
    """A query.  With one source that is no list, the result is no list."""

    source: tuple[AliasedQuerySource, ...]
    let: tuple[LetClause, ...] = ()
    relationship: tuple[RelationshipClause, ...] = ()
    where: Expression | None = None
    return_: ReturnClause | None = None
    aggregate: AggregateClause | None = None
    sort: SortClause | None = None


class AliasRef(Expression, frozen=True, kw_only=True):
    name: str


class QueryLetRef(Expression, frozen=True, kw_only=True):
    name: str
