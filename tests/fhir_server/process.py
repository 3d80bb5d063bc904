"""Starting the server, setting it up, and reading its log."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cqlmeasure as cm

Json = dict[str, Any]
#: No test waits for long: what would be seconds are milliseconds.
QUICK = cm.ServerLimits(timeout=5, deadline=10, retries=2, backoff=0.001, longest_wait=1, page=50)


class Running:
    """The running server, and the address of its FHIR base."""

    def __init__(self) -> None:
        tests = Path(__file__).resolve().parents[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fhir_server.server"], cwd=tests, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self._port}/fhir"

    def hold(self, resources: Iterable[Json], *faults: Json, **options: Any) -> Running:
        """Sets it up with data, faults and options; nothing of before is left."""
        setup = {"resources": list(resources), "faults": faults, "options": options}
        request = urllib.request.Request(self._control, json.dumps(setup).encode(), method="PUT")
        with urllib.request.urlopen(request) as answer:
            answer.read()
        return self

    @property
    def log(self) -> list[Json]:
        """The requests so far."""
        with urllib.request.urlopen(self._control) as answer:
            found: list[Json] = json.load(answer)
        return found

    def asked(self, *kinds: str) -> list[str]:
        """The searches for types (of all) as text, sorted: ``GET Type name=value ...``."""
        lines = []
        for one in self.log:
            kind = one["path"].partition("/")[0]
            if not kinds or kind in kinds:
                shown = " ".join(f"{name}={value}" for name, value in one["parameters"] if name != "_count")
                lines.append(f"{one['method']} {one['path']} {shown}".rstrip())
        return sorted(lines)

    def source(self, limits: cm.ServerLimits = QUICK, **options: Any) -> cm.FhirServer:
        """The server as data."""
        return cm.fhir_server(self.url, limits=limits, **options)

    @property
    def _control(self) -> str:
        return f"http://127.0.0.1:{self._port}/control"

    def stop(self) -> None:
        """Ends the process."""
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
