"""Products and quotients of units, as text: ``cm`` times ``cm2`` is ``cm3``.

Works on the terms of a unit without looking at what they mean, so it needs no UCUM library.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TERM = re.compile(r"(10[*^]|[^\d+-].*?|1)([+-]?\d+)?", re.ASCII)


@lru_cache(maxsize=1024)
def _terms(unit: str) -> dict[str, int] | None:
    """Atom -> exponent; None for units with parentheses, factors or annotations that cannot be told apart."""
    if unit in ("1", ""):
        return {}
    if "(" in unit:
        return None
    found: dict[str, int] = {}
    sign = 1
    for part in re.split(r"([./])", unit):
        if part == ".":
            sign = 1
        elif part == "/":
            sign = -1
        elif part:
            match = _TERM.fullmatch(part)
            if match is None:
                return None
            atom, exponent = match.groups()
            if atom != "1":
                found[atom] = found.get(atom, 0) + sign * int(exponent or 1)
    return found


def _text(terms: dict[str, int]) -> str:
    above = [atom if power == 1 else f"{atom}{power}" for atom, power in terms.items() if power > 0]
    below = [atom if power == -1 else f"{atom}{-power}" for atom, power in terms.items() if power < 0]
    if not above and not below:
        return "1"
    return ".".join(above) + "".join(f"/{part}" for part in below)


@lru_cache(maxsize=1024)
def multiply_units(left: str, right: str) -> str:
    """The unit of a product."""
    if right in ("1", ""):
        return left or "1"
    if left in ("1", ""):
        return right
    a, b = _terms(left), _terms(right)
    if a is None or b is None:
        return f"({left}).({right})"
    return _text({atom: a.get(atom, 0) + b.get(atom, 0) for atom in {**a, **b}})


@lru_cache(maxsize=1024)
def divide_units(left: str, right: str) -> str:
    """The unit of a quotient."""
    if right in ("1", ""):
        return left or "1"
    if left == right:
        return "1"
    a, b = _terms(left or "1"), _terms(right)
    if a is None or b is None:
        return f"({left})/({right})"
    return _text({atom: a.get(atom, 0) - b.get(atom, 0) for atom in {**a, **b}})
