"""Count the definitions and functions whose ELM equals the published one in normal form.

usage: python -m tools.compare_elm DECK [--library NAME ...] [-v]

DECK is a folder of FHIR JSON whose Library resources carry both text/cql and application/elm+json.  Prints a line for
each library and a total; with -v also where each differing definition first differs.  Exit status 0 if all are equal.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from cqlmeasure.content import Content
from cqlmeasure.elm import ExpressionDef, FunctionDef, Library, from_json
from cqlmeasure.errors import CqlMeasureError
from cqlmeasure.translator import translate
from cqlmeasure.typesys import ANY
from tools.compare_elm.normal_form import normal_form, type_name
from tools.libraries_of_content import Libraries

Key = tuple[str, ...]


def definitions(library: Library) -> dict[Key, ExpressionDef]:
    """The definitions by name and, for functions, operand types; overloads that look alike are numbered."""
    found: dict[Key, ExpressionDef] = {}
    for statement in library.statements:
        key: Key = (statement.name,)
        if isinstance(statement, FunctionDef):
            key += tuple(type_name(operand.operand_type or ANY) for operand in statement.operand)
        number = 1
        while (*key, str(number)) in found:
            number += 1
        found[(*key, str(number))] = statement
    return found


def first_difference(ours: Any, published: Any, path: str = "") -> tuple[str, Any, Any]:
    """Where two forms first differ."""
    if (
        isinstance(ours, tuple)
        and isinstance(published, tuple)
        and len(ours) == len(published)
        and ours[:1] == published[:1]
    ):
        for index, (left, right) in enumerate(zip(ours, published, strict=True)):
            if left != right:
                return first_difference(
                    left, right, f"{path}/{ours[0] if ours and isinstance(ours[0], str) else index}"
                )
    return path, ours, published


def compare(content: Content, name: str, version: str | None) -> Iterator[tuple[Key, Any, Any]]:
    """Each definition of a library with both forms; a missing one is ``None``."""
    libraries = Libraries(content)
    source = libraries.find(name, version)
    published = content.library_source(name, version).elm
    assert source is not None and published is not None
    ours = definitions(translate(source, libraries).main.library)
    for key, statement in definitions(from_json(published)).items():
        own = ours.get(key)
        yield key, normal_form(own) if own is not None else None, normal_form(statement)


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck")
    parser.add_argument("--library", nargs="*")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    content = Content(arguments.deck)
    equal = total = 0
    for entry in content.libraries():
        if (arguments.library and entry.name not in arguments.library) or entry.cql is None or entry.elm is None:
            continue
        same = count = 0
        try:
            for key, own, published in compare(content, entry.name, entry.version):
                count += 1
                same += own == published
                if own != published and arguments.verbose:
                    path, left, right = first_difference(own, published)
                    print(f"  {'(' + ', '.join(key[:-1]) + ')'}\n    at {path}\n    ours      {str(left)[:300]}")
                    print(f"    published {str(right)[:300]}")
        except CqlMeasureError as error:
            print(error, file=sys.stderr)
        print(f"{entry.name:65} {entry.version or '':12} {same:4} of {count:4}")
        equal += same
        total += count
    print(f"{equal} of {total} definitions and functions equal ({100 * equal / max(total, 1):.2f} %)")
    return 0 if equal == total else 1


if __name__ == "__main__":
    sys.exit(main())
