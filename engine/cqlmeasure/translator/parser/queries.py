"""Queries and retrieves."""

from __future__ import annotations

from cqlmeasure.translator import syntax
from cqlmeasure.translator import tokens as t
from cqlmeasure.translator.parser.timing import TimingParser

_DIRECTIONS = frozenset(("asc", "ascending", "desc", "descending"))
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
SOURCE_HINT = "put the source of the query in parentheses"


class QueryParser(TimingParser):
    """Rules for queries."""

    def retrieve(self) -> syntax.Expression:
        """``[context -> Type: path comparator terminology]``."""
        start = self.pos
        self.pos += 1
        context: syntax.Expression | None = None
        if self.kinds[self.skip_name(self.pos)] == "->":
            context = self.name_chain()
            self.expect("->", "after the context of a retrieve")
        kind = self.named_type()
        path: str | None = None
        comparator: str | None = None
        terminology: syntax.Expression | None = None
        if self.accept(":"):
            path, comparator = self.code_path()
            terminology = self.expression()
        self.close("]", start)
        return syntax.Retrieve(
            span=self.span(start),
            type=kind,
            context=context,
            code_path=path,
            comparator=comparator,
            terminology=terminology,
        )

    def code_path(self) -> tuple[str | None, str | None]:
        """``path in``, ``path =`` or ``path ~``, if it is there."""
        kinds, texts, index = self.kinds, self.texts, self.pos
        if kinds[index] not in t.REFERENTIAL:
            return None, None
        path = texts[index]
        index += 1
        while True:
            if kinds[index] == "." and kinds[index + 1] in t.ANY_WORD:
                path += f".{texts[index + 1]}"
                index += 2
            elif kinds[index] == "[" and kinds[index + 1] in (t.NUMBER, t.STRING) and kinds[index + 2] == "]":
                literal = texts[index + 1]
                path += f"[{literal}]" if kinds[index + 1] == t.NUMBER else f"['{literal}']"
                index += 3
            else:
                break
        if kinds[index] not in ("in", "=", "~"):
            return None, None
        self.pos = index + 1
        return path, kinds[index]

    def skip_name(self, index: int) -> int:
        """The index after a qualified name at ``index``; ``index`` itself if there is none."""
        kinds = self.kinds
        if kinds[index] not in t.REFERENTIAL:
            return index
        index += 1
        while kinds[index] == "." and kinds[index + 1] in t.REFERENTIAL:
            index += 2
        return index

    def name_chain(self) -> syntax.Expression:
        """A qualified name as an expression."""
        start = self.pos
        first = self.referential("a name")
        quoted = self.kinds[start] == t.QUOTED
        result: syntax.Expression = syntax.IdentifierExpression(span=first.span, name=first.text, quoted=quoted)
        while self.accept("."):
            name = self.member()
            result = syntax.Invocation(span=self.span(start), source=result, name=name)
        return result

    def source_ahead(self, index: int) -> bool:
        """Whether a source with its alias begins at token ``index``."""
        kinds = self.kinds
        kind = kinds[index]
        if kind in ("(", "["):
            expected = [_CLOSERS[kind]]
            while expected:
                index += 1
                kind = kinds[index]
                if kind == t.EOF or (kind == "define" and self.declaration_ahead(index)):
                    return False
                if kind in _CLOSERS:
                    expected.append(_CLOSERS[kind])
                elif kind in (")", "]", "}"):
                    expected.pop()
            after = index + 1
        else:
            after = self.skip_name(index)
        return after != index and kinds[after] in t.NAMES

    def aliased_source(self) -> syntax.AliasedSource:
        """A source and its alias."""
        start = self.pos
        kind = self.kinds[start]
        source: syntax.Expression
        if kind == "[":
            source = self.retrieve()
        elif kind == "(":
            self.pos += 1
            inner = self.expression()
            self.close(")", start)
            source = syntax.Parenthesized(span=self.span(start), expression=inner)
        elif kind in t.REFERENTIAL:
            source = self.name_chain()
        else:
            self.fail("a source: a retrieve, a name or an expression in parentheses", SOURCE_HINT)
        if self.kinds[self.pos] not in t.NAMES and self.kinds[self.pos] in ("(", ".", "["):
            self.fail("an alias after the source", SOURCE_HINT)
        return self.alias(source)

    def alias(self, source: syntax.Expression) -> syntax.AliasedSource:
        """The alias of a source that has been read."""
        name = self.identifier("the alias of a source")
        return syntax.AliasedSource(span=self.since(source.span), source=source, alias=name)

    def query_from(self) -> syntax.Expression:
        """``from A a, B b ...``."""
        start = self.pos
        self.pos += 1
        sources = [self.aliased_source()]
        while self.accept(","):
            sources.append(self.aliased_source())
        return self.query_clauses(start, sources, multiple=True)

    def query(self, start: int, source: syntax.Expression) -> syntax.Expression:
        """A query whose first source has been read and whose alias is next."""
        sources = [self.alias(source)]
        while self.kinds[self.pos] == "," and self.source_ahead(self.pos + 1):
            self.pos += 1
            sources.append(self.aliased_source())
        return self.query_clauses(start, sources, multiple=False)

    def query_clauses(self, start: int, sources: list[syntax.AliasedSource], multiple: bool) -> syntax.Query:
        """What follows the sources."""
        kinds = self.kinds
        lets: list[syntax.LetItem] = []
        relationships: list[syntax.Relationship] = []
        where: syntax.Expression | None = None
        returns: syntax.Return | None = None
        aggregate: syntax.Aggregate | None = None
        sort: syntax.Sort | None = None
        if self.accept("let"):
            lets.append(self.let_item())
            while self.accept(","):
                lets.append(self.let_item())
        while kinds[self.pos] in ("with", "without"):
            relationships.append(self.relationship())
        if self.accept("where"):
            where = self.expression()
        if kinds[self.pos] == "return":
            returns = self.return_clause()
        elif kinds[self.pos] == "aggregate":
            aggregate = self.aggregate_clause()
        if kinds[self.pos] == "sort":
            sort = self.sort_clause()
        return syntax.Query(
            span=self.span(start),
            sources=tuple(sources),
            multiple=multiple,
            lets=tuple(lets),
            relationships=tuple(relationships),
            where=where,
            returns=returns,
            aggregate=aggregate,
            sort=sort,
        )

    def let_item(self) -> syntax.LetItem:
        """``name: value``."""
        start = self.pos
        name = self.identifier("a name of 'let'")
        self.expect(":", "after the name of 'let'")
        value = self.expression()
        return syntax.LetItem(span=self.span(start), name=name, value=value)

    def relationship(self) -> syntax.Relationship:
        """``with``/``without`` a source ``such that`` a condition."""
        start = self.pos
        kind = self.kinds[start]
        self.pos += 1
        source = self.aliased_source()
        self.expect("such that", f"after the source of '{kind}'")
        condition = self.expression()
        return syntax.Relationship(span=self.span(start), kind=kind, source=source, such_that=condition)

    def modifier(self) -> str | None:
        """``all`` or ``distinct``, if it is there."""
        word = self.kinds[self.pos]
        if word in ("all", "distinct"):
            self.pos += 1
            return word
        return None

    def return_clause(self) -> syntax.Return:
        """``return [all|distinct] x``."""
        start = self.pos
        self.pos += 1
        modifier = self.modifier()
        value = self.expression()
        return syntax.Return(span=self.span(start), modifier=modifier, value=value)

    def aggregate_clause(self) -> syntax.Aggregate:
        """``aggregate [all|distinct] Name [starting x]: y``."""
        start = self.pos
        self.pos += 1
        modifier = self.modifier()
        name = self.identifier("the result of 'aggregate'")
        starting = self.starting() if self.accept("starting") else None
        self.expect(":", "before the expression of 'aggregate'")
        value = self.expression()
        return syntax.Aggregate(span=self.span(start), modifier=modifier, name=name, starting=starting, value=value)

    def starting(self) -> syntax.Expression:
        """A simple literal, a quantity or an expression in parentheses.  No ratio: the colon belongs to the clause."""
        index = self.pos
        if self.kinds[index] != t.NUMBER:
            return self.postfix()
        quantity = self.quantity("the start of 'aggregate'")
        if quantity.unit is not None:
            return quantity
        text = self.texts[index]
        kind = syntax.LiteralKind.DECIMAL if "." in text else syntax.LiteralKind.INTEGER
        return syntax.Literal(span=quantity.span, kind=kind, text=text)

    def sort_clause(self) -> syntax.Sort:
        """``sort desc`` or ``sort by x asc, y``."""
        start = self.pos
        self.pos += 1
        direction = self.direction()
        if direction is not None:
            return syntax.Sort(span=self.span(start), direction=direction)
        self.expect("by", "or a direction (asc, desc) after 'sort'")
        items: list[syntax.SortItem] = []
        while True:
            first = self.pos
            value = self.term()
            direction = self.direction()
            items.append(syntax.SortItem(span=self.span(first), value=value, direction=direction))
            if not self.accept(","):
                return syntax.Sort(span=self.span(start), items=tuple(items))

    def direction(self) -> str | None:
        """A sort direction as written, if it is there."""
        word = self.kinds[self.pos]
        if word in _DIRECTIONS:
            self.pos += 1
            return word
        return None
