"""Requirements for people: as rows for a table, and as the narrative of the Library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

COLUMNS = ("type", "profile", "filters", "must support", "selective")


def rows(library: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """One row per data requirement, as :data:`COLUMNS` names them."""
    return [_row(one) for one in library.get("dataRequirement", [])]


def narrative(library: Mapping[str, Any]) -> dict[str, str]:
    """The ``text`` of the Library: its requirements as a table."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in COLUMNS)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows(library))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{table}</div>'}


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    filters = [_codes(made) for made in one.get("codeFilter", [])] + [
        _dates(made) for made in one.get("dateFilter", [])
    ]
    filters += [_value(made) for made in one.get("extension", []) if made["url"].endswith("-valueFilter")]
    profile = next(iter(one.get("profile", [])), "").rpartition("/")[2]
    selective = any(extension["url"].endswith("isSelective") for extension in one.get("extension", []))
    return (
        one["type"],
        profile,
        "; ".join(filters),
        ", ".join(one.get("mustSupport", [])),
        "yes" if selective else "",
    )


def _codes(made: Mapping[str, Any]) -> str:
    if "valueSet" in made:
        return f"{made['path']} in {made['valueSet']}"
    codes: Sequence[Mapping[str, str]] = made["code"]
    return f"{made['path']} = {' or '.join(code.get('display') or code['code'] for code in codes)}"


_COMPARATORS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _value(made: Mapping[str, Any]) -> str:
    parts = {part["url"]: part for part in made["extension"]}
    quantity = parts["value"].get("valueQuantity")
    others = (value for name, value in parts["value"].items() if name != "url")
    shown = f"{quantity['value']} {quantity['unit']}" if quantity is not None else str(next(others)).lower()
    return f"{parts['path']['valueString']} {_COMPARATORS[parts['comparator']['valueCode']]} {shown}"


def _dates(made: Mapping[str, Any]) -> str:
    period = made["valuePeriod"]
    for extension in period.get("extension", []):
        return f"{made['path']} during {extension['valueExpression']['expression']}"
    return f"{made['path']} {period.get('start', '')} to {period.get('end', '')}"
