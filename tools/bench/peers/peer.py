"""What a peer is, and how it is installed: once, into a folder of the cache that is named after its version."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

SCRIPTS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Command:
    """A program that runs rounds (see ``rounds``), and what it needs in its environment."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Peer(Protocol):
    """Another engine."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def version(self) -> str:
        """The version that is installed."""
        ...

    def install(self) -> Path | None:
        """The folder that it is in; ``None``, and a message, if it cannot be had."""
        ...

    def command(self, folder: Path) -> Command:
        """What starts it."""
        ...


def cache() -> Path:
    """Where peers are installed: ``$CQLMEASURE_BENCH_CACHE``, else ``~/.cache/cqlmeasure-bench``."""
    return Path(os.environ.get("CQLMEASURE_BENCH_CACHE") or Path.home() / ".cache" / "cqlmeasure-bench")


def installed(peer: Peer, commands: Sequence[Sequence[str]]) -> Path | None:
    """The folder of a peer in the cache, filled by commands that run in it unless they have done so before."""
    folder = cache() / f"{peer.name}-{peer.version}"
    done = folder / "installed"
    if done.is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for command in commands:
        try:
            ended = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
        except FileNotFoundError:
            return missing(peer, f"{command[0]} is not installed")
        if ended.returncode != 0:
            return missing(peer, f"{' '.join(command)} failed: {ended.stderr.strip()[-500:]}")
    done.touch()
    return folder


def missing(peer: Peer, reason: str) -> None:
    """Says that a peer is left out."""
    print(f"{peer.name} {peer.version} is left out: {reason}", file=sys.stderr)
