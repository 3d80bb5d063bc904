"""The peers: which packages they are, and which script runs their rounds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tools.bench.peers.peer import SCRIPTS, Command, Peer, installed


@dataclass(frozen=True, slots=True)
class NodePeer:
    """An engine in JavaScript, from npm."""

    name: str
    version: str
    packages: tuple[str, ...]
    script: str

    def install(self) -> Path | None:
        """Into a folder of its own, which npm takes as a project."""
        options = ("--prefix", ".", "--no-audit", "--no-fund", "--loglevel=error")
        return installed(self, [("npm", "install", *options, *self.packages)])

    def command(self, folder: Path) -> Command:
        """Node.js finds the packages by its path."""
        return Command(("node", str(SCRIPTS / self.script)), {"NODE_PATH": str(folder / "node_modules")})


@dataclass(frozen=True, slots=True)
class PythonPeer:
    """An engine in Python, from PyPI, in an environment of its own."""

    name: str
    version: str
    packages: tuple[str, ...]
    script: str

    def install(self) -> Path | None:
        """With what this Python is; the environment does not see its packages."""
        python = str(Path("environment", "bin", "python"))
        commands = [
            (sys.executable, "-m", "venv", "environment"),
            (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *self.packages),
        ]
        return installed(self, commands)

    def command(self, folder: Path) -> Command:
        """The environment's own Python, which does not look for modules elsewhere."""
        python = folder / "environment" / "bin" / "python"
        return Command((str(python), "-I", str(SCRIPTS / self.script)))


PEERS: tuple[Peer, ...] = (
    NodePeer("fqm-execution", "1.8.6", ("fqm-execution@1.8.6",), "fqm_execution.js"),
    NodePeer("cql-execution", "3.3.2", ("cql-execution@3.3.2", "cql-exec-fhir@2.2.0"), "cql_execution.js"),
    PythonPeer("fhir4ds-v2", "0.0.17", ("fhir4ds-v2[measures]==0.0.17", "duckdb==1.5.5"), "fhir4ds_v2.py"),
)
