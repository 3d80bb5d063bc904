"""Evaluate random CQL by compiled code and by the reference evaluator, and look for values that differ.

    python tools/fuzz_evaluation [--seconds 120] [--seed 0] [--depth 3]

Prints each kind of disagreement once, cut down to the smallest library that still disagrees in the same way.  The exit
status is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / folder) for folder in ("engine", "tests", "tests/property")]

from both_ways import Failure, agree, by_code, by_reference, compiled, elm_of, library  # noqa: E402
from cql_text import Generator  # noqa: E402

from cqlmeasure.errors import CqlMeasureError  # noqa: E402
from reference import Unsupported  # noqa: E402

NAME = "D1"
TRIES = 1500  # of making an expression smaller


class Choices:
    """Choices that can be played again: those given, then those of a source, or the first option."""

    def __init__(self, given: list[int], chance: random.Random | None = None) -> None:
        self.given = given
        self.chance = chance
        self.made: list[int] = []

    def __call__(self, number: int) -> int:
        place = len(self.made)
        if place < len(self.given):
            choice = self.given[place] % number
        else:
            choice = self.chance.randrange(number) if self.chance is not None else 0
        self.made.append(choice)
        return choice


def text_of(choices: Choices, depth: int) -> str:
    """The library that some choices make: two definitions, and perhaps functions."""
    generator = Generator(choices, partial=choices(2) == 1)
    return library(*generator.library(2, 1 + choices(depth)))


def disagreement(text: str) -> tuple[str, Any, Any] | None:
    """A kind of disagreement and both values; ``None`` if both ways agree."""
    try:
        elm = elm_of(text)
    except CqlMeasureError as error:
        return f"not translated: {error.diagnostics[0].code}", str(error), None
    try:
        expected = by_reference(elm, NAME)
    except Unsupported:
        return None
    except Exception as error:
        return f"reference: {_place(error)}", error, None
    try:
        value = by_code(compiled(elm), NAME)
    except Exception as error:
        return f"compiled: {_place(error)}", error, expected
    if agree(elm, value, expected):
        return None
    return f"{_kind(value)} instead of {_kind(expected)}", value, expected


def _place(error: Exception) -> str:
    last = traceback.extract_tb((error.__cause__ or error).__traceback__)[-1]
    return f"{type(error.__cause__ or error).__name__} at {Path(last.filename).name}:{last.lineno}"


def _kind(value: Any) -> str:
    return "an error" if isinstance(value, Failure) else "null" if value is None else type(value).__name__


def shrink(choices: list[int], kind: str, depth: int) -> str:
    """The smallest library found that disagrees in the same way: choices are left out or become the first option."""
    best = choices
    shortest = text_of(Choices(best), depth)
    tries = 0
    size = max(1, len(best) // 2)
    while size and tries < TRIES:
        place = 0
        while place < len(best) and tries < TRIES:
            for tried in (best[:place] + best[place + size :], best[:place] + [0] * size + best[place + size :]):
                tries += 1
                made = Choices(tried)
                text = text_of(made, depth)
                found = disagreement(text) if (len(text), text) < (len(shortest), shortest) else None
                if found is not None and found[0] == kind:
                    best, shortest = made.made, text
                    break
            else:
                place += size
        size //= 2
    return shortest


def main() -> int:
    """Run for some time; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--depth", type=int, default=3, help="most operators in one another")
    options = parser.parse_args()
    ends = time.monotonic() + options.seconds
    found: set[str] = set()
    count = 0
    while time.monotonic() < ends:
        choices = Choices([], random.Random(f"{options.seed} {count}"))
        text = text_of(choices, options.depth)
        count += 1
        wrong = disagreement(text)
        if wrong is None or wrong[0] in found:
            continue
        found.add(wrong[0])
        smallest = shrink(choices.made, wrong[0], options.depth)
        _, value, expected = disagreement(smallest) or wrong
        print(f"{wrong[0]}\n{smallest}\n  compiled:  {value!r}\n  reference: {expected!r}\n", flush=True)
    print(f"{count} libraries, {len(found)} kinds of disagreement")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
