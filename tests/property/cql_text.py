"""Random well-typed CQL: expressions as text, directed by the type that they must have.

All randomness comes from one function that chooses a number below another, so that hypothesis can shrink what it finds
and a fuzzer can run without it.  Types are CQL's own spelling; ``Tuple`` stands for ``Tuple { a Integer, b String }``.
Expressions are in parentheses, so that precedence plays no part; it has tests of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cql_constants import (
    CONSTANTS,
    DURATIONS,
    LISTS,
    NUMBERS,
    POINTS,
    PRECISIONS,
    RELATIONS,
    SIMPLE,
    TEMPORAL,
    TUPLE,
    TYPES,
    WANTED,
    WITHOUT_PRECISION,
)

Choose = Callable[[int], int]
Names = tuple[tuple[str, str], ...]
"""Aliases and lets that can be referred to, with their types."""


def item_of(kind: str) -> str:
    """The item or point type of a list or interval type."""
    return kind[kind.index("<") + 1 : -1]


def spelled(kind: str) -> str:
    """A type as CQL writes it."""
    return kind.replace("Tuple", "Tuple { a Integer, b String }")


class Generator:
    """Expressions of at most ``depth`` nested operators."""

    def __init__(self, choose: Choose, partial: bool = False) -> None:
        self.choose = choose
        self.partial = partial
        """Whether to use operators that may fail."""
        self.aliases = 0
        self.functions: list[tuple[str, tuple[str, ...], str]] = []
        """Functions that can be called: name, operand types, result type."""

    def one(self, options: Sequence[str]) -> str:
        """One of some texts."""
        return options[self.choose(len(options))]

    def maybe(self, percent: int) -> bool:
        """True with a probability; false is simpler."""
        return self.choose(100) >= 100 - percent

    def near(self, count: int) -> int:
        """A place in a list, more often than not one of five in its middle: operands that have much in common."""
        return count // 2 - 3 + self.choose(5) if count > 6 and self.maybe(60) else self.choose(count)

    def fresh(self) -> str:
        """A new alias."""
        self.aliases += 1
        return f"V{self.aliases}"

    # -- libraries ----------------------------------------------------------------------------------------------------

    def function(self, depth: int) -> str:
        """A function that may be called from now on; it may call those before it."""
        name = f"F{len(self.functions) + 1}"
        operands = tuple((f"P{place}", self.one(TYPES)) for place in range(1 + self.choose(3)))
        result = self.one(TYPES)
        body = self.expression(result, depth, operands)
        self.functions.append((name, tuple(kind for _, kind in operands), result))
        return f"define function {name}({', '.join(f'{one} {spelled(kind)}' for one, kind in operands)}):\n  {body}"

    def library(self, count: int, depth: int) -> tuple[dict[str, str], str]:
        """Definitions, each of which may refer to those before it, and the functions that they may call."""
        functions = [self.function(depth) for _ in range(self.choose(4))]
        names: Names = ()
        found: dict[str, str] = {}
        for place in range(count):
            kind = self.one(WANTED)
            found[f"D{place}"] = self.expression(kind, depth, names)
            names = (*names, (f"D{place}", kind))
        return found, "\n".join(functions)

    # -- expressions --------------------------------------------------------------------------------------------------

    def expression(self, kind: str, depth: int, names: Names = ()) -> str:
        """An expression of a type."""
        fitting = [name for name, its in names if its == kind]
        if fitting and self.maybe(60 if depth == 0 else 25):
            return self.one(fitting)
        if depth == 0 or self.maybe(12):
            return self.constant(kind, names)
        if any(result == kind for _, _, result in self.functions) and self.maybe(25):
            return self.call(kind, depth - 1, names)
        makers = self.makers(kind)
        text = makers[self.choose(len(makers))](kind, depth - 1, names)
        return f"({text})"

    def constant(self, kind: str, names: Names = ()) -> str:
        """A literal, a selector of literals, or null."""
        if self.maybe(12):
            return f"(null as {spelled(kind)})"
        if kind == TUPLE:
            return f"Tuple {{ a: {self.constant('Integer')}, b: {self.constant('String')} }}"
        if kind.startswith("List<"):
            items = [self.expression(item_of(kind), 0, names) for _ in range(self.choose(5))]
            return f"({{{', '.join(items)}}} as {spelled(kind)})" if not items else f"{{ {', '.join(items)} }}"
        if kind.startswith("Interval<"):
            return self.interval(item_of(kind))
        text = CONSTANTS[kind][self.near(len(CONSTANTS[kind]))]
        return f"({text})" if text.startswith("-") else text

    def interval(self, point: str) -> str:
        """An interval of constants, or of null ends; nearly always in order."""
        pool = CONSTANTS[point]
        first, second = sorted((self.near(len(pool)), self.near(len(pool))))
        if self.maybe(90 if first == second else 0) or not self.partial:
            second = min(second + (first == second), len(pool) - 1)
            first = second - 1 if first == second else first
        ends = [pool[first], pool[second]]
        for index in (0, 1):
            if self.maybe(12):
                ends[index] = f"null as {point}"
        left, right = self.one(("[", "(")), self.one(("]", ")"))
        if point in TEMPORAL:
            left, right = self.one(("[", "[", "(")), self.one(("]", "]", ")"))
        return f"Interval{left}{ends[0]}, {ends[1]}{right}"

    # -- makers by type -----------------------------------------------------------------------------------------------

    def makers(self, kind: str) -> list[Callable[[str, int, Names], str]]:
        """What can make an expression of a type."""
        found: list[Callable[[str, int, Names], str]] = [self.conditional, self.case, self.coalesce, self.element]
        if kind == "Boolean":
            found += [self.logical] * 4 + [self.comparison] * 4 + [self.relation] * 4 + [self.membership] * 3
            found += [self.test] * 2 + [self.quantified] * 2 + [self.text_test, self.duration_test, self.duration_test]
        elif kind in (*NUMBERS, "Quantity"):
            found += [self.arithmetic] * 4 + [self.aggregate_function] * 2 + [self.end_of]
            found += [self.integer] * 4 if kind == "Integer" else []
            found += [self.decimal] * 2 if kind == "Decimal" else []
            found += [self.folded] if kind in ("Integer", "Long") else []
        elif kind == "String":
            found += [self.text] * 6 + [self.aggregate_function]
        elif kind in TEMPORAL:
            found += [self.shifted] * 4 + [self.end_of] * 2 + [self.aggregate_function, self.temporal]
        elif kind.startswith("Interval<"):
            found += [self.interval_set] * 4
            found += [self.selector] * (2 if self.partial or item_of(kind) not in ("Date", "DateTime") else 0)
        elif kind.startswith("List<"):
            found += [self.query] * 5 + [self.list_set] * 3 + [self.part_of_list] * 2 + [self.selector_of_list]
            found += [self.many_sources] * 2
            found += [self.flattened] if kind == "List<Integer>" else []
            found += [self.collapsed] * 3 if kind.startswith("List<Interval<") else []
            found += [self.split] * 2 if kind == "List<String>" else []
        elif kind == TUPLE:
            found += [self.selector_of_tuple] * 3
        return found

    def call(self, kind: str, depth: int, names: Names) -> str:
        """A call of a function of that type."""
        fitting = [one for one in self.functions if one[2] == kind]
        name, operands, _ = fitting[self.choose(len(fitting))]
        return f"{name}({', '.join(self.expression(operand, depth, names) for operand in operands)})"

    def conditional(self, kind: str, depth: int, names: Names) -> str:
        condition = self.expression("Boolean", depth, names)
        return f"if {condition} then {self.expression(kind, depth, names)} else {self.expression(kind, depth, names)}"

    def case(self, kind: str, depth: int, names: Names) -> str:
        comparand = self.one(("Boolean", "Integer", "String", "Date")) if self.maybe(50) else None
        when = comparand or "Boolean"
        items = "".join(
            f" when {self.expression(when, depth, names)} then {self.expression(kind, depth, names)}"
            for _ in range(1 + self.choose(2))
        )
        head = f"case {self.expression(comparand, depth, names)}" if comparand else "case"
        return f"{head}{items} else {self.expression(kind, depth, names)} end"

    def coalesce(self, kind: str, depth: int, names: Names) -> str:
        parts = [self.expression(kind, depth, names) for _ in range(2 + self.choose(2))]
        return f"Coalesce({', '.join(parts)})"

    def element(self, kind: str, depth: int, names: Names) -> str:
        """An item of a list, an element of a tuple; for other types a condition."""
        if kind in ("Integer", "String") and self.maybe(40):
            return f"{self.expression(TUPLE, depth, names)}.{'a' if kind == 'Integer' else 'b'}"
        if f"List<{kind}>" not in LISTS:
            return self.conditional(kind, depth, names)
        items = self.expression(f"List<{kind}>", depth, names)
        form = self.one(("First", "Last", "[]", *(("singleton from",) if self.partial else ())))
        if form == "[]":
            return f"{items}[{self.one(('0', '1', '3', '-1', 'null as Integer'))}]"
        return f"{form} ({items})"

    # Boolean

    def logical(self, kind: str, depth: int, names: Names) -> str:
        operator = self.one(("and", "or", "xor", "implies", "not"))
        right = self.expression("Boolean", depth, names)
        return f"not {right}" if operator == "not" else f"{self.expression('Boolean', depth, names)} {operator} {right}"

    def comparison(self, kind: str, depth: int, names: Names) -> str:
        if self.maybe(50):
            operand = self.one((*NUMBERS, *TEMPORAL, "String", "Quantity"))
            left, right = (self.expression(operand, depth, names) for _ in "ab")
            if self.maybe(20):
                return f"{left} between {right} and {self.expression(operand, depth, names)}"
            if operand in NUMBERS and self.maybe(25):
                right = self.expression(self.one(NUMBERS), depth, names)
            return f"{left} {self.one(('<', '<=', '>', '>='))} {right}"
        operand = self.one(TYPES)
        left, right = (self.expression(operand, depth, names) for _ in "ab")
        return f"{left} {self.one(WITHOUT_PRECISION)} {right}"

    def relation(self, kind: str, depth: int, names: Names) -> str:
        point = self.one((*POINTS, *TEMPORAL, *TEMPORAL))
        phrase = self.one(RELATIONS)
        kinds = [f"Interval<{point}>", f"Interval<{point}>"]
        if phrase in ("before", "after") and self.maybe(30):
            kinds[self.choose(2)] = point
        elif phrase in ("same as", "same or before", "same or after", "before", "after") and point in TEMPORAL:
            kinds = [point, point] if self.maybe(70) else kinds
        elif phrase in ("during", "included in", "properly included in") and self.maybe(50):
            kinds[0] = point
        elif phrase in ("includes", "properly includes") and self.maybe(50):
            kinds[1] = point
        if phrase.startswith("same") and point not in TEMPORAL:
            phrase = "includes"
        if point in TEMPORAL and self.maybe(50):
            phrase = with_precision(phrase, self.one(PRECISIONS[point]))
        return f"{self.expression(kinds[0], depth, names)} {phrase} {self.expression(kinds[1], depth, names)}"

    def membership(self, kind: str, depth: int, names: Names) -> str:
        item = self.one((*SIMPLE, TUPLE))
        phrase = self.one(("in", "contains", "includes", "included in", "properly includes", "properly included in"))
        items = self.expression(f"List<{item}>", depth, names)
        if phrase in ("in", "contains"):
            element = self.expression(item, depth, names)
            return f"{element} in {items}" if phrase == "in" else f"{items} contains {element}"
        return f"{items} {phrase} {self.expression(f'List<{item}>', depth, names)}"

    def test(self, kind: str, depth: int, names: Names) -> str:
        match self.choose(4):
            case 0:
                return f"{self.expression(self.one(TYPES), depth, names)} is {self.one(('null', 'not null'))}"
            case 1:
                return f"{self.expression('Boolean', depth, names)} is {self.one(('true', 'not true', 'false'))}"
            case 2:
                kinds = (self.one(SIMPLE), self.one(SIMPLE))
                left, right = (self.expression(one, depth, names) for one in kinds)
                condition = self.expression("Boolean", depth, names)
                return f"(if {condition} then {left} else {right}) is {self.one(SIMPLE)}"
            case _:
                target = self.one(("Integer", "Decimal", "Boolean", "Long"))
                return f"ConvertsTo{target}({self.expression('String', depth, names)})"

    def quantified(self, kind: str, depth: int, names: Names) -> str:
        match self.choose(4):
            case 0:
                return f"exists {self.expression(self.one(LISTS), depth, names)}"
            case 1:
                return f"exists ({self.query(self.one(LISTS), depth, names)})"
            case 2:
                return f"not exists ({self.query(self.one(LISTS), depth, names)})"
            case _:
                return f"{self.one(('AllTrue', 'AnyTrue'))}({self.expression('List<Boolean>', depth, names)})"

    def text_test(self, kind: str, depth: int, names: Names) -> str:
        left, right = (self.expression("String", depth, names) for _ in "ab")
        return f"{self.one(('StartsWith', 'EndsWith'))}({left}, {right})"

    def duration_test(self, kind: str, depth: int, names: Names) -> str:
        number = self.one(("0", "1", "-1", "2", "12", "30", "366", "null as Integer"))
        return f"{self.duration(depth, names)} {self.one(('<', '<=', '>', '>=', '=', '!='))} {number}"

    def duration(self, depth: int, names: Names) -> str:
        """A duration or difference: an Integer that may be uncertain."""
        point = self.one(TEMPORAL)
        units = (*PRECISIONS[point], "week") if point != "Time" else PRECISIONS[point]
        left, right = (self.expression(point, depth, names) for _ in "ab")
        head = self.one(("", "difference in "))
        return f"({head}{self.one(units)}s between {left} and {right})"

    # numbers

    def arithmetic(self, kind: str, depth: int, names: Names) -> str:
        operators = ["+", "-", "-", "Abs", "negate", "*", "div", "mod"]
        if kind == "Quantity":
            operators = operators[:5]
        elif self.partial:
            operators += ["successor of", "predecessor of"]
        if kind == "Decimal":
            operators += ["/", "/"]
        operator = self.one(operators)
        operand = self.expression(kind, depth, names)
        if operator in ("Abs", "successor of", "predecessor of"):
            return f"{operator} ({operand})"
        if operator == "negate":
            return f"-{operand}"
        other = kind
        if kind == "Decimal" and self.maybe(25):
            other = self.one(NUMBERS)
        return f"{operand} {operator} {self.expression(other, depth, names)}"

    def integer(self, kind: str, depth: int, names: Names) -> str:
        match self.choose(9):
            case 0:
                return f"Count({self.expression(self.one(LISTS), depth, names)})"
            case 1:
                return f"Length({self.expression(self.one(('String', 'List<Date>', 'List<String>')), depth, names)})"
            case 2:
                left, right = (self.expression("String", depth, names) for _ in "ab")
                return f"{self.one(('PositionOf', 'LastPositionOf'))}({left}, {right})"
            case 3:
                item = self.one((*SIMPLE, TUPLE))
                items, element = (self.expression(one, depth, names) for one in (f"List<{item}>", item))
                return f"IndexOf({items}, {element})"
            case 4:
                point = self.one(TEMPORAL)
                return f"{self.one(PRECISIONS[point])} from {self.expression(point, depth, names)}"
            case 5:
                return f"{self.one(('Ceiling', 'Floor', 'Truncate'))}({self.expression('Decimal', depth, names)})"
            case 6:
                return f"ToInteger({self.expression(self.one(('String', 'Boolean', 'Long')), depth, names)})"
            case 7:
                return f"width of {self.expression('Interval<Integer>', depth, names)}"
            case _:
                return self.one(("minimum Integer", "maximum Integer"))

    def decimal(self, kind: str, depth: int, names: Names) -> str:
        match self.choose(4):
            case 0:
                places = self.one(("", ", 0", ", 1", ", 3", ", 8"))
                return f"Round({self.expression('Decimal', depth, names)}{places})"
            case 1:
                function = self.one(("Avg", "Median", "PopulationVariance", "Variance"))
                return f"{function}({self.expression('List<Decimal>', depth, names)})"
            case 2:
                return f"ToDecimal({self.expression(self.one(('String', 'Integer', 'Long')), depth, names)})"
            case _:
                return f"{self.one(('-2', '2', '10', '0'))}.0 ^ {self.one(('0', '1', '2', '3', '-1'))}"

    def aggregate_function(self, kind: str, depth: int, names: Names) -> str:
        functions = ["Min", "Max", "Mode"]
        if kind in (*NUMBERS, "Quantity"):
            functions += ["Sum", "Sum"]
        if kind in TEMPORAL:
            functions = ["Mode"]
        if kind in NUMBERS:
            functions += ["Product"]
        return f"{self.one(functions)}({self.expression(f'List<{kind}>', depth, names)})"

    def end_of(self, kind: str, depth: int, names: Names) -> str:
        phrases = ["start of", "end of"] + (["point from"] if self.partial else [])
        return f"{self.one(phrases)} {self.expression(f'Interval<{kind}>', depth, names)}"

    def folded(self, kind: str, depth: int, names: Names) -> str:
        """An aggregate clause."""
        alias, total = self.fresh(), self.fresh()
        source = self.expression(f"List<{kind}>", depth, names)
        inner = (*names, (alias, kind), (total, kind))
        start = self.constant(kind)
        distinct = self.one(("", "all ", "distinct "))
        return f"({source}) {alias} aggregate {distinct}{total} starting {start}: {self.expression(kind, depth, inner)}"

    # strings

    def text(self, kind: str, depth: int, names: Names) -> str:
        operand = self.expression("String", depth, names)
        match self.choose(7):
            case 0:
                return f"{operand} + {self.expression('String', depth, names)}"
            case 1:
                return f"{operand} & {self.expression('String', depth, names)}"
            case 2:
                return f"{self.one(('Upper', 'Lower'))}({operand})"
            case 3:
                start = self.one(("0", "1", "2", "5", "-1", "null as Integer"))
                length = self.one(("", "", ", 0", ", 1", ", 2", ", null as Integer"))
                return f"Substring({operand}, {start}{length})"
            case 4:
                return f"{operand}[{self.expression('Integer', 0, names)}]"
            case 5:
                separator = self.one(("", ", ''", ", '-'", ", 'ä'"))
                return f"Combine({self.expression('List<String>', depth, names)}{separator})"
            case _:
                return f"ToString({self.expression(self.one(('Integer', 'Long', 'Boolean', 'Date')), depth, names)})"

    def split(self, kind: str, depth: int, names: Names) -> str:
        separator = self.one(("'b'", "'ab'", "' '"))
        return f"Split({self.expression('String', depth, names)}, {separator})"

    # points in time

    def shifted(self, kind: str, depth: int, names: Names) -> str:
        operand = self.expression(kind, depth, names)
        if not self.partial and kind != "Time":
            # what leaves the years 1 to 9999 is an error
            operand = f"({operand} as {kind})"
        return f"{operand} {self.one(('+', '-'))} {self.one(DURATIONS[kind])}"

    def temporal(self, kind: str, depth: int, names: Names) -> str:
        match kind:
            case "Date":
                return f"date from {self.expression('DateTime', depth, names)}"
            case "DateTime":
                return f"ToDateTime({self.expression('Date', depth, names)})"
        return f"if {self.expression('Boolean', depth, names)} then @T10:30 else {self.expression('Time', 0, names)}"

    # intervals, tuples, lists

    def interval_set(self, kind: str, depth: int, names: Names) -> str:
        operator = self.one(("union", "intersect", "except"))
        return f"{self.expression(kind, depth, names)} {operator} {self.expression(kind, depth, names)}"

    def selector(self, kind: str, depth: int, names: Names) -> str:
        """Ends in order: where they are not, an error or null depends on whether they are constants."""
        point = item_of(kind)
        left = self.expression(point, depth, names)
        if point == "Time":
            return f"Interval[{left}, {left}]"
        if point in TEMPORAL:
            return f"Interval[{left}, {left} + {self.one([text for text in DURATIONS[point] if text[0] != '-'])}]"
        right = self.expression(point, depth, names)
        return f"Interval[Min({{{left}, {right}}}), Max({{{left}, {right}}})]"

    def selector_of_tuple(self, kind: str, depth: int, names: Names) -> str:
        return (
            f"Tuple {{ a: {self.expression('Integer', depth, names)}, b: {self.expression('String', depth, names)} }}"
        )

    def selector_of_list(self, kind: str, depth: int, names: Names) -> str:
        items = [self.expression(item_of(kind), depth, names) for _ in range(1 + self.choose(3))]
        return f"{{ {', '.join(items)} }}"

    def list_set(self, kind: str, depth: int, names: Names) -> str:
        left = self.expression(kind, depth, names)
        operator = self.one(("union", "intersect", "except", "distinct"))
        return (
            f"distinct {left}" if operator == "distinct" else f"{left} {operator} {self.expression(kind, depth, names)}"
        )

    def part_of_list(self, kind: str, depth: int, names: Names) -> str:
        operand = self.expression(kind, depth, names)
        match self.choose(3):
            case 0:
                return f"Tail({operand})"
            case 1:
                return f"{self.one(('Skip', 'Take'))}({operand}, {self.one(('0', '1', '2', '9', '-1'))})"
        return f"({operand}) {self.fresh()}"

    def flattened(self, kind: str, depth: int, names: Names) -> str:
        if self.maybe(70):
            return f"flatten {self.expression('List<List<Integer>>', depth, names)}"
        first, second = sorted((self.choose(6), self.choose(6)))
        return f"expand Interval{self.one(('[', '('))}{first}, {second + 1}{self.one((']', ')'))}"

    def collapsed(self, kind: str, depth: int, names: Names) -> str:
        return f"collapse {self.expression(kind, depth, names)}"

    def query(self, kind: str, depth: int, names: Names) -> str:
        """A query of one source, of any clauses."""
        item = item_of(kind)
        same = self.maybe(50)
        source = kind if same else self.one(LISTS)
        alias = self.fresh()
        text = f"({self.expression(source, depth, names)}) {alias}"
        inner: Names = (*names, (alias, item_of(source)))
        if self.maybe(25):
            let, its = self.fresh(), self.one(SIMPLE)
            text += f" let {let}: {self.expression(its, depth, inner)}"
            inner = (*inner, (let, its))
        if self.maybe(25):
            other, its = self.fresh(), self.one(LISTS)
            condition = self.expression("Boolean", depth, (*inner, (other, item_of(its))))
            text += (
                f" {self.one(('with', 'without'))} ({self.expression(its, depth, inner)}) {other} such that {condition}"
            )
        if self.maybe(60):
            text += f" where {self.expression('Boolean', depth, inner)}"
        if not same or self.maybe(50):
            text += f" return {self.one(('', 'all ', 'distinct '))}{self.expression(item, depth, inner)}"
        return text + self.sort(item)

    def sort(self, item: str) -> str:
        """A sort clause, for items that can always be compared."""
        if self.maybe(70):
            return ""
        if item in (*NUMBERS, "String", "Quantity"):
            return f" sort {self.one(('asc', 'desc'))}"
        if item == TUPLE:
            return f" sort by {self.one(('a', 'b', 'a desc', 'b desc, a', 'a, b desc', 'Length(b)'))}"
        return ""

    def many_sources(self, kind: str, depth: int, names: Names) -> str:
        """A query of two sources."""
        kinds = (self.one(LISTS), self.one(LISTS))
        first, second = self.fresh(), self.fresh()
        one = self.expression(kinds[0], depth, names)
        inner: Names = (*names, (first, item_of(kinds[0])))
        other = self.expression(kinds[1], depth, names)
        inner = (*inner, (second, item_of(kinds[1])))
        where = f" where {self.expression('Boolean', depth, inner)}" if self.maybe(60) else ""
        form = self.one(("all ", "", "distinct "))
        item = self.expression(item_of(kind), depth, inner)
        return f"from ({one}) {first}, ({other}) {second}{where} return {form}{item}"


def with_precision(phrase: str, precision: str) -> str:
    """A timing phrase at a precision."""
    if phrase.startswith("same"):
        return f"same {precision}{phrase.removeprefix('same')}"
    joined = {
        "before": f"before {precision} of",
        "after": f"after {precision} of",
        "during": f"during {precision} of",
        "includes": f"includes {precision} of",
        "included in": f"included in {precision} of",
        "properly includes": f"properly includes {precision} of",
        "properly included in": f"properly included in {precision} of",
        "starts": f"starts {precision} of",
        "ends": f"ends {precision} of",
    }
    return joined.get(phrase, f"{phrase} {precision} of")
