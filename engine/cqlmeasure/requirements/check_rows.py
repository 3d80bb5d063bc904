"""What was found of requirements in data, for people: as sections of rows, and as a page.

Always holds: table and page say the same; what comes from data is never markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import msgspec

from cqlmeasure.requirements.checked import REASONS, CodeFinding, Count, DataCheck, DateFinding, Finding, NearCode
from cqlmeasure.requirements.html import html_page

COLUMNS = ("in the data", "resources", "patients", "remarks")
_NUMBERS = (' class="number"',) * 2
_STATES = {"never": "never met", "partly": "with elements that never occur", "met": "met"}
_PLAIN = "http://hl7.org/fhir/StructureDefinition/"


class Row(msgspec.Struct, frozen=True):
    """One count.  ``never``: it is zero where it could have been more."""

    text: str
    count: Count
    remark: str = ""
    never: bool = False


class Section(msgspec.Struct, frozen=True):
    """A requirement: its name, what became of it, and its counts."""

    title: str
    state: str
    rows: tuple[Row, ...]

    @property
    def verdict(self) -> str:
        """The state in words."""
        return _STATES[self.state]


def sections(found: DataCheck) -> list[Section]:
    """One section per requirement, those that nothing meets first."""
    return [Section(_title(one), one.state, tuple(_rows(one))) for one in found.findings]


def headline(found: DataCheck) -> tuple[str, str]:
    """Two lines: what was held against what, and what came of it."""
    first = f"{found.title}: {_extent(found)}"
    states = [f"{found.count(state):,} {_STATES[state]}" for state in _STATES if found.count(state)]
    return first, f"{len(found.findings):,} requirements: {', '.join(states)}"


def page(found: DataCheck) -> str:
    """A page of HTML, whole and by itself."""
    columns = zip(COLUMNS, ("", *_NUMBERS, ""), strict=True)
    head = "".join(f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in columns)
    parts = [f"<p>{escape(_extent(found))}<br>{escape(headline(found)[1])}</p>"]
    for number, section in enumerate(sections(found), 1):
        verdict = f'<span class="{section.state}">{escape(section.verdict)}</span>'
        parts.append(f'<h2 id="requirement-{number}">{escape(section.title)}: {verdict}</h2>')
        parts.append(f'<table aria-labelledby="requirement-{number}"><thead><tr>{head}</tr></thead><tbody>')
        parts += [_html(row) for row in section.rows]
        parts.append("</tbody></table>")
    return html_page(found.title, "\n".join(parts))


def _extent(found: DataCheck) -> str:
    return f"{found.start} to {found.end}, {found.subjects:,} patients, {found.resources:,} resources"


def _html(row: Row) -> str:
    numbers = "".join(f'<td class="number">{number:,}</td>' for number in (row.count.resources, row.count.patients))
    mark = ' class="never"' if row.never else ""
    return f'<tr{mark}><th scope="row">{escape(row.text)}</th>{numbers}<td>{escape(row.remark)}</td></tr>'


def _title(one: Finding) -> str:
    if one.profile is None or one.profile.startswith(_PLAIN):
        return one.type
    return f"{one.type} ({one.profile.rpartition('/')[2]})"


def _rows(one: Finding) -> Iterable[Row]:
    never = set(one.never)
    yield Row("of the type", one.of_type, never="type" in never)
    if one.profile is not None and not one.profile.startswith(_PLAIN):
        yield Row("of the profile", one.of_profile, f"declared by {one.declared.resources:,}", "profile" in never)
    for code in one.codes:
        yield Row(f"{code.path} {_wanted(code)}", code.found, _remark(code), f"code {code.path}" in never)
    for date in one.dates:
        yield Row(f"{date.path} {_span(date)}", date.found, never=f"date {date.path}" in never)
    if len(one.dates) > 1:
        yield Row("all of that", one.met, never="all dates" in never)
    groups: dict[tuple[Count, bool], list[str]] = {}
    for element in one.elements:
        groups.setdefault((element.found, element.path in never), []).append(element.path)
    for (count, missing), paths in sorted(groups.items(), key=lambda group: group[0][0].resources):
        yield Row(f"has {', '.join(paths)}", count, never=missing)


def _wanted(code: CodeFinding) -> str:
    last = (code.value_set or "").partition("|")[0].rpartition("/")[2]
    return f"{code.codes} ({last})" if last and last not in code.codes else code.codes


def _span(date: DateFinding) -> str:
    if date.expression is not None:
        return f"during {date.expression} (not computed)"
    if date.start is not None and date.end is not None:
        return f"{date.start} to {date.end}"
    return f"from {date.start}" if date.start is not None else f"until {date.end}"


def _remark(code: CodeFinding) -> str:
    parts = [f"{number:,} {REASONS[reason]}" for reason, number in code.near.items()]
    if code.no_code:
        parts.append(f"{code.no_code:,} without a code")
    named = "; ".join(_named(one) for one in code.nearest)
    return f"{', '.join(parts)}: {named}" if named else ", ".join(parts)


def _named(one: NearCode) -> str:
    shown = f"{one.code} {one.display}" if one.display else one.code
    where = f" of {one.system}" if one.system else ""
    return f"{shown}{where} ({one.resources:,})"
