"""Each operator on many constants: the compiled code and the reference evaluator give the same value."""

from __future__ import annotations

import random

import pytest
from both_ways import agree, by_code, by_reference, compiled, elm_of, library
from cql_constants import DURATIONS, INTERVALS, LISTS, NUMBERS, POINTS, PRECISIONS, RELATIONS, TEMPORAL, TUPLE, TYPES
from cql_text import Generator, item_of, with_precision

from reference import Unsupported

Template = tuple[str, tuple[str, ...]]
"""An expression with places for operands, and the types of these."""
TIMES = 6


def templates() -> list[Template]:
    """Every operator with every type of operand that it takes."""
    found: list[Template] = []
    for kind in INTERVALS:
        point = item_of(kind)
        pair, after, before = (kind, kind), (point, kind), (kind, point)
        for phrase in RELATIONS:
            if phrase.startswith("same") and point not in TEMPORAL:
                continue
            precisions = (None, *PRECISIONS[point]) if point in TEMPORAL else (None,)
            for precision in precisions:
                text = f"{{}} {with_precision(phrase, precision) if precision else phrase} {{}}"
                found.append((text, pair))
                if phrase in ("before", "after", "during", "included in", "properly included in"):
                    found.append((text, after))
                if phrase in ("before", "after", "includes", "properly includes"):
                    found.append((text, before))
                if point in TEMPORAL and phrase in ("before", "after", "same as", "same or before", "same or after"):
                    found.append((text, (point, point)))
        found += [(f"{{}} {word} {{}}", pair) for word in ("union", "intersect", "except", "=", "~", "!=")]
        found += [(f"{word} {{}}", (kind,)) for word in ("start of", "end of", "point from")]
        found += [("width of {}", (kind,))] if point not in TEMPORAL else []
        found += [("collapse {{ {}, {}, {} }}", (kind,) * 3)]
    for point in ("String", *POINTS):
        found += [(f"{{}} {sign} {{}}", (point, point)) for sign in ("<", "<=", ">", ">=", "=", "~")]
        found += [("{} between {} and {}", (point,) * 3)]
        found += [(f"{name}({{{{ {{}}, {{}}, {{}} }}}})", (point,) * 3) for name in ("Min", "Max", "Mode")]
    for point in (*NUMBERS, "Quantity"):
        signs = ("+", "-", "*", "div", "mod", "/") if point != "Quantity" else ("+", "-")
        found += [(f"{{}} {sign} {{}}", (point, point)) for sign in signs]
        found += [(f"{name}({{}})", (point,)) for name in ("Abs", "-")]
        found += [(f"{name} of {{}}", (point,)) for name in ("successor", "predecessor")]
        names = ("Sum",) if point == "Quantity" else ("Sum", "Product")
        found += [(f"{name}({{{{ {{}}, {{}}, {{}} }}}})", (point,) * 3) for name in names]
    for name in ("Avg", "Median", "Variance", "PopulationVariance"):
        found += [(f"{name}({{{{ {{}}, {{}}, {{}} }}}})", ("Decimal",) * 3)]
    found += [(f"{name}({{}})", ("Decimal",)) for name in ("Round", "Ceiling", "Floor", "Truncate")]
    for kind in TEMPORAL:
        found += [(f"{{}} {sign} {amount}", (kind,)) for amount in DURATIONS[kind] for sign in ("+", "-")]
        found += [(f"{name} of {{}}", (kind,)) for name in ("successor", "predecessor")]
        units = (*PRECISIONS[kind], "week") if kind != "Time" else PRECISIONS[kind]
        found += [(f"{head}{unit}s between {{}} and {{}}", (kind, kind)) for unit in units for head in _HEADS]
        found += [(f"{unit} from {{}}", (kind,)) for unit in PRECISIONS[kind]]
    for word in ("and", "or", "xor", "implies"):
        found += [(f"{{}} {word} {{}}", ("Boolean", "Boolean"))]
    for kind in LISTS:
        item = item_of(kind)
        words = ("union", "intersect", "except", "=", "~", "includes", "included in", "properly includes")
        found += [(f"{{}} {word} {{}}", (kind, kind)) for word in words]
        found += [("{} in {}", (item, kind)), ("{} contains {}", (kind, item)), ("IndexOf({}, {})", (kind, item))]
        names = ("exists", "distinct", "First", "Last", "Tail", "Count", "Length", "singleton from")
        found += [(f"{name}({{}})", (kind,)) for name in names]
    found += [("{} = {}", (kind, kind)) for kind in TYPES] + [("{} ~ {}", (kind, kind)) for kind in TYPES]
    for name in ("PositionOf", "LastPositionOf", "StartsWith", "EndsWith", "Split"):
        found += [(f"{name}({{}}, {{}})", ("String", "String"))]
    found += [("{} + {}", ("String", "String")), ("{} & {}", ("String", "String")), ("{}[{}]", ("String", "Integer"))]
    found += [("Substring({}, {})", ("String", "Integer")), ("Substring({}, {}, 1)", ("String", "Integer"))]
    for name in ("Integer", "Long", "Decimal", "Boolean"):
        found += [(f"To{name}({{}})", ("String",)), (f"ConvertsTo{name}({{}})", ("String",))]
    for order in ("a", "b", "a desc", "b desc, a", "a, b desc"):
        found += [(f"({{}}) X sort by {order}", ("List<Tuple>",))]
    for kind in ("List<Integer>", "List<String>", "List<Decimal>", "List<Quantity>"):
        found += [(f"({{}}) X sort {order}", (kind,)) for order in ("asc", "desc")]
    found += [("{}.a", (TUPLE,)), ("flatten {}", ("List<List<Integer>>",))]
    return found


_HEADS = ("", "difference in ")
TEMPLATES = templates()
GROUPS = 24


@pytest.mark.parametrize("group", range(GROUPS))
def test_operators_of_a_group(group: int) -> None:
    compared = 0
    for template, kinds in TEMPLATES[group::GROUPS]:
        generator = Generator(random.Random(f"{template} {kinds}").randrange)
        definitions = {
            f"D{index}": template.format(*(generator.expression(kind, 0) for kind in kinds)) for index in range(TIMES)
        }
        elm = elm_of(library(definitions))
        evaluation = compiled(elm)
        for name, text in definitions.items():
            try:
                expected = by_reference(elm, name)
            except Unsupported:
                continue
            compared += 1
            value = by_code(evaluation, name)
            assert agree(elm, value, expected), f"{text}\ncompiled:  {value}\nreference: {expected}"
    assert compared > 0.9 * TIMES * len(TEMPLATES[group::GROUPS])
