"""Feed broken CQL to the translator and look for anything that is not a diagnostic.

    python tools/fuzz [--seconds 120] [--seed 0] [FOLDER_WITH_CQL ...]

Texts are made from real ones by random edits: of tokens (which keeps most of the grammar and reaches the lowering),
of characters and of bytes.  Prints a text for each kind of failure, cut down to the smallest that still fails.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "engine"))

from cqlmeasure.errors import Span, TranslationError  # noqa: E402
from cqlmeasure.translator import SourceText, parse_library, translate  # noqa: E402
from cqlmeasure.translator.lexer import tokenize  # noqa: E402

SLOW = 10.0  # seconds after which one text counts as a hang
MAX_SEED = 6_000  # characters of a seed: longer ones are cut, so that many texts are tried
SHOWN = 40  # lines of a failing text
HEAD = """using FHIR version '4.0.1'
codesystem "S": 'http://example.org/s'
valueset "V": 'http://example.org/v'
code "C": 'c' from "S"
parameter P Interval<DateTime>
context Patient
define E: [Encounter] X with [Condition] Y such that Y.code in "V" return X.period
define function F(x Integer, y List<String>): Tuple { a: x, b: y }"""


class Seeds:
    """Texts to begin with, and the libraries that they include."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.texts: list[str] = []
        self.libraries: dict[tuple[str, str | None], str] = {}
        for path in sorted(file for folder in folders for file in folder.rglob("*.cql")):
            text = path.read_text(encoding="utf-8", errors="replace")
            tree = parse_library(text).library
            if tree.name is not None:
                self.libraries[tree.name.name, tree.version] = text
            self.texts.append(text)
        self.small = small_texts()

    def find(self, name: str, version: str | None, /) -> SourceText | None:
        """The library of that name, if it is one of the seeds."""
        for (known, its_version), text in self.libraries.items():
            if known == name and version in (None, its_version):
                return SourceText(known, its_version, text)
        return None

    def versions(self, name: str, /) -> list[str]:
        """The versions that there are of a library."""
        return [version or "" for known, version in self.libraries if known == name]


def small_texts() -> list[str]:
    """The programs and expressions of the tests: small, so many are tried, and together they use all of CQL."""
    programs = (REPOSITORY / "tests" / "diagnostics" / "programs.txt").read_text(encoding="utf-8")
    found = [section.partition("\n")[2].partition("\n---\n")[0] for section in programs.split("=== ")[1:]]
    lines = (REPOSITORY / "tests" / "translator" / "data" / "lowering.txt").read_text(encoding="utf-8").splitlines()
    expressions = [line for line in lines if line and not line.startswith(("#", " "))]
    for start in range(0, len(expressions), 4):
        definitions = (f"define A{index}: {cql}" for index, cql in enumerate(expressions[start : start + 4]))
        found.append("\n".join((HEAD, *definitions)))
    return found


def pieces(text: str) -> list[str]:
    """The text cut into tokens, each with the space before it."""
    tokens = tokenize(text)
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    ends = [
        starts[line - 1] + column for line, column in zip(tokens.end_lines[:-1], tokens.end_columns[:-1], strict=True)
    ]
    return [text[before:end] for before, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def window(text: str, chance: random.Random) -> str:
    """A part of a long text: its head, and some of its definitions."""
    if len(text) <= MAX_SEED:
        return text
    head, *rest = text.split("\ndefine ")
    first = chance.randrange(len(rest)) if rest else 0
    return "\ndefine ".join([head[:MAX_SEED], *rest[first : first + 6]])


def mutate(text: str, words: Sequence[str], chance: random.Random) -> str:
    """The text with some random edits."""
    if chance.random() < 0.15:
        found = list(text)
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(found) + 1)
            code = chance.choice([chance.randrange(128), 0xD800, 0x1F600, 0])
            found[place : place + chance.randint(0, 3)] = chr(code)
        return "".join(found)
    parts = pieces(text)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        place = chance.randrange(len(parts))
        other = chance.randrange(len(parts))
        match chance.randrange(6):
            case 0:
                del parts[place : place + chance.choice([1, 1, 1, 4])]
            case 1:
                parts.insert(place, parts[other])
            case 2:
                parts[place] = parts[other]
            case 3:
                parts[place], parts[other] = parts[other], parts[place]
            case 4:
                parts[place] = " " + chance.choice(words)
            case 5:
                parts[place:place] = parts[other : other + chance.randint(1, 12)]
        if not parts:
            break
    return "".join(parts)


def failure(text: str, seeds: Seeds) -> str | None:
    """What is wrong with how the translator takes a text; ``None`` if all is well."""
    begun = time.perf_counter()
    try:
        translate(SourceText("Fuzz", None, text, file="Fuzz.cql"), seeds, warn=True)
    except TranslationError as error:
        for one in error.diagnostics:
            if one.span is not None and not _in_order(one.span):
                return f"span that runs backwards: {one.code} {one.span}"
            if not one.code or not one.message:
                return "diagnostic without code or message"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
    if time.perf_counter() - begun > SLOW:
        return "slow"
    return None


def _in_order(span: Span) -> bool:
    return (span.line, span.column) <= (span.end_line, span.end_column)


def shrink(text: str, kind: str, seeds: Seeds) -> str:
    """A smaller text that fails in the same way: lines are left out, then tokens."""
    for cut in (lambda whole: whole.splitlines(keepends=True), pieces):
        parts = cut(text)
        size = max(1, len(parts) // 2)
        while size:
            place = 0
            while place < len(parts):
                tried = parts[:place] + parts[place + size :]
                if failure("".join(tried), seeds) == kind:
                    parts = tried
                else:
                    place += size
            size //= 2
        text = "".join(parts)
    return text


def main() -> int:
    """Run for some time; the exit status is 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", help="folders with CQL to begin with")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    seeds = Seeds(options.folders or [REPOSITORY / "libraries", REPOSITORY / "measures", REPOSITORY / "tests"])
    chance = random.Random(options.seed)
    words = sorted({word.strip() for text in (*seeds.texts, *seeds.small) for word in pieces(text)} - {""})
    found: dict[str, str] = {}
    count = 0
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        small = count % 50 != 0 or not seeds.texts
        text = mutate(
            chance.choice(seeds.small) if small else window(chance.choice(seeds.texts), chance), words, chance
        )
        kind = failure(text, seeds)
        count += 1
        if kind is not None and kind not in found:
            found[kind] = shrink(text, kind, seeds)
            print(f"--- {kind}\n" + "\n".join(found[kind].splitlines()[:SHOWN]), flush=True)
    print(f"{count} texts, {len(found)} kinds of failure")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
