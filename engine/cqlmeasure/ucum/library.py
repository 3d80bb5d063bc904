"""The adapter to the UCUM library: its grammar and its table of units, and nothing else of it.

``ucumvert`` brings the official table (``ucum-essence.xml``) and a parser of unit expressions.  Its conversion through
pint is not used: it takes arbitrary units for one another, gives strings for annotations, and differs from UCUM's own
values.  Instead a parsed unit is reduced to a decimal factor and base units by the table's definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from functools import lru_cache
from typing import Any

CONTEXT = Context(prec=40)
_LONGEST = 200
_LARGEST_EXPONENT = 200


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit in base units: a factor, and base unit -> exponent as sorted pairs."""

    factor: Decimal
    dimension: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Atom:
    value: Decimal
    unit: str | None
    """What the value counts; None for a unit that is defined by itself."""


@dataclass(frozen=True, slots=True)
class _Library:
    parse: Callable[[str], Any]
    atoms: Mapping[str, _Atom]
    prefixes: Mapping[str, Decimal]


@lru_cache(maxsize=1)
def _library() -> _Library:
    # Loaded here because it takes a fifth of a second, and most measures never convert a unit.
    from ucumvert.parser import get_ucum_parser  # type: ignore[import-untyped]
    from ucumvert.xml_util import root  # type: ignore[import-untyped]

    atoms = {element.attrib["Code"]: _Atom(Decimal(1), None) for element in root.findall("{*}base-unit")}
    for element in root.findall("{*}unit"):
        code = element.attrib["Code"]
        value = element.find("{*}value")
        opaque = element.get("isSpecial") == "yes" or element.get("isArbitrary") == "yes" or value is None
        if opaque or value is None:
            atoms[code] = _Atom(Decimal(1), None)
        else:
            atoms[code] = _Atom(Decimal(value.attrib["value"]), value.attrib["Unit"])
    prefixes: dict[str, Decimal] = {}
    for element in root.findall("{*}prefix"):
        value = element.find("{*}value")
        if value is not None:
            prefixes[element.attrib["Code"]] = Decimal(value.attrib["value"])
    return _Library(get_ucum_parser().parse, atoms, prefixes)


@lru_cache(maxsize=4096)
def measure(unit: str) -> Measure | None:
    """The unit in base units; None if it is no valid UCUM."""
    if len(unit) > _LONGEST or not unit.isascii():
        return None
    library = _library()
    from lark.exceptions import LarkError  # loaded with the library

    try:
        factor, powers = _tree(library.parse(unit), library)
    except (LarkError, DecimalException, KeyError, RecursionError):
        return None
    if not factor or abs(factor.adjusted()) > _LARGEST_EXPONENT:
        return None
    return Measure(factor, tuple(sorted((base, power) for base, power in powers.items() if power)))


_Reduced = tuple[Decimal, dict[str, int]]
_UNITY: _Reduced = (Decimal(1), {})


def _tree(node: Any, library: _Library) -> _Reduced:
    """Reduce a node of the parse tree; a bare token is an annotation, which is unity."""
    if not hasattr(node, "data"):
        return _UNITY
    parts = node.children
    if node.data == "main_term":
        if len(parts) == 2:  # a leading solidus
            return _combine(_UNITY, _tree(parts[1], library), -1)
        return _tree(parts[0], library)
    if node.data == "term" and len(parts) == 3:
        sign = 1 if str(parts[1]) == "." else -1
        return _combine(_tree(parts[0], library), _tree(parts[2], library), sign)
    if node.data == "simple_unit":
        return _simple(parts, library)
    if node.data == "annotatable" and len(parts) == 2:
        factor, powers = _tree(parts[0], library)
        exponent = int(parts[1])
        return CONTEXT.power(factor, exponent), {base: power * exponent for base, power in powers.items()}
    return _tree(parts[0], library)  # a component with its annotation, or parentheses


def _simple(parts: list[Any], library: _Library) -> _Reduced:
    if len(parts) == 2:
        factor, powers = _atom(str(parts[1]), library)
        return CONTEXT.multiply(factor, library.prefixes[str(parts[0])]), powers
    if parts[0].type == "FACTOR":
        return Decimal(str(parts[0])), {}
    return _atom(str(parts[0]), library)


def _atom(code: str, library: _Library) -> _Reduced:
    atom = library.atoms[code]
    if atom.unit is None:
        return atom.value, {code: 1}
    if atom.unit == "1":
        return atom.value, {}
    found = measure(atom.unit)
    if found is None:
        raise KeyError(code)
    return CONTEXT.multiply(atom.value, found.factor), dict(found.dimension)


def _combine(left: _Reduced, right: _Reduced, sign: int) -> _Reduced:
    powers = dict(left[1])
    for base, power in right[1].items():
        powers[base] = powers.get(base, 0) + sign * power
    operate = CONTEXT.multiply if sign > 0 else CONTEXT.divide
    return operate(left[0], right[0]), powers
