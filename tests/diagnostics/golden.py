"""Reading the programs of the golden suite, and the libraries that they include."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cqlmeasure.errors import Diagnostic, TranslationError
from cqlmeasure.translator import SourceText, translate

FOLDER = Path(__file__).parent
LIBRARIES = {
    "Common": """library Common version '1.0'
define "Threshold": 5
define private "Secret": 1
define function Twice(x Integer): x * 2
define private function Hidden(x Integer): x
define fluent function doubled(x Integer): x * 2
""",
    "Other": "library Other version '1.0'\ndefine X: 1\n",
    "Broken": 'library Broken version \'1.0\'\ndefine "Bad": foo\ndefine "Good": 1\n',
    "Ring": "library Ring version '1.0'\ninclude Circle version '1.0' called Circle\ndefine X: 1\n",
    "Circle": "library Circle version '1.0'\ninclude Ring version '1.0' called Ring\ndefine A: Ring.X\n",
}


class Program(NamedTuple):
    """A program with mistakes, and a line for each diagnostic that it gives."""

    name: str
    text: str
    expected: list[str]


class Libraries:
    """The libraries that programs may include."""

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        found = LIBRARIES.get(name) if version in (None, "1.0") else None
        return SourceText(name, "1.0", found, file=f"{name}.cql") if found is not None else None

    def versions(self, name: str, /) -> list[str]:
        return ["1.0"] if name in LIBRARIES else []


def programs() -> list[Program]:
    """The programs of ``programs.txt``: a name, the text, then after ``---`` what is expected."""
    found = []
    for section in ("\n" + (FOLDER / "programs.txt").read_text(encoding="utf-8")).split("\n=== ")[1:]:
        name, _, rest = section.partition("\n")
        text, _, expected = rest.partition("\n---\n")
        found.append(Program(name, text + "\n", expected.splitlines()))
    return found


def diagnostics(program: Program) -> list[Diagnostic]:
    """What the translator says about a program."""
    name = "Circle" if "library Circle" in program.text else "Program"
    source = SourceText(name, "1.0" if name == "Circle" else None, program.text, file=f"{name}.cql")
    try:
        return list(translate(source, Libraries(), warn=True).diagnostics)
    except TranslationError as error:
        return list(error.diagnostics)


def shown(one: Diagnostic) -> str:
    """A diagnostic in one line: library if not the program, place, severity, code, message, hint."""
    place = one.span.locator if one.span is not None else "-"
    owner = "" if one.file in ("Program.cql", "Circle.cql") else f"{one.file} "
    hint = f" | {one.hint}" if one.hint else ""
    return f"{owner}{place} {one.severity}[{one.code}] {one.message}{hint}".replace("\n", " / ")
