"""Cold translation of all libraries of a deck in one process, from process start to the last library's ELM.

usage: python -m tools.bench.translate DECK [--rounds N] [--node-modules FOLDER --modelinfo FOLDER]

Each round starts a new Python process that imports the translator, reads the libraries' CQL and translates each once.
With --node-modules (a folder that has @cqframework/cql installed) and --modelinfo (a folder of ModelInfo files, which
that package does not bring) the JavaScript build of the reference translator does the same in a new Node.js process;
rounds alternate.  Prints the median of wall and CPU seconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from cqlmeasure.content import Content
from cqlmeasure.translator import translate_all
from tools.libraries_of_content import Libraries

ROOT = Path(__file__).resolve().parents[2]


def once(deck: str) -> None:
    """What the measured process does."""
    content = Content(deck)
    libraries = Libraries(content)
    found = [libraries.find(entry.name, entry.version) for entry in content.libraries()]
    print(len(translate_all([source for source in found if source is not None and source.cql], libraries)))


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Wall seconds, CPU seconds and output of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def main() -> None:
    """Run the rounds and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--node-modules", type=Path)
    parser.add_argument("--modelinfo", type=Path)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        once(arguments.deck)
        return
    deck = str(Path(arguments.deck).resolve())
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "engine"), str(ROOT)])}
    commands = {"cqlmeasure": [sys.executable, "-m", "tools.bench.translate", deck, "--once"]}
    if arguments.node_modules is not None and arguments.modelinfo is not None:
        script = str(ROOT / "tools" / "bench" / "translate.mjs")
        folders = [str(arguments.node_modules.resolve()), deck, str(arguments.modelinfo.resolve())]
        commands["@cqframework/cql"] = ["node", script, *folders]
    results: dict[str, list[tuple[float, float, str]]] = {name: [] for name in commands}
    for _ in range(arguments.rounds):
        for name, command in commands.items():
            results[name].append(timed(command, environment))
    for name, found in results.items():
        wall = statistics.median(item[0] for item in found)
        cpu = statistics.median(item[1] for item in found)
        print(f"{name:20} {found[0][2]:>4} libraries  wall {wall:6.2f} s  cpu {cpu:6.2f} s")
    if len(results) == 2:
        ours, theirs = (statistics.median(item[0] for item in found) for found in results.values())
        print(f"ratio {theirs / ours:.1f}")


if __name__ == "__main__":
    main()
