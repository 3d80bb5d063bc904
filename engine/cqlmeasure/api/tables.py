"""Rows as tables: frames of whichever library is installed, CSV, Parquet.

Always holds: all rows have all columns, in one order; the libraries for frames are loaded only when one is asked for.
"""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from cqlmeasure.errors import UsageError

Row = dict[str, Any]
LIBRARIES = ("pandas", "polars", "arrow")
_MODULES = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow"}
_INSTALL = "install it: python -m pip install 'cqlmeasure[frames]'"


class Table:
    """Rows with the same columns."""

    def __init__(self, rows: Iterable[Row]) -> None:
        given = list(rows)
        self.columns: tuple[str, ...] = tuple(dict.fromkeys(name for row in given for name in row))
        self.rows: list[Row] = [{name: _plain(row.get(name)) for name in self.columns} for row in given]

    def __repr__(self) -> str:
        return f"Table({len(self.rows):,} rows: {', '.join(self.columns)})"

    def csv(self) -> str:
        """Comma-separated values with a header; nothing is an empty field, several values are joined by ``;``."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([_field(value) for value in row.values()] for row in self.rows)
        return out.getvalue()

    def parquet(self) -> bytes:
        """Parquet; needs pyarrow."""
        pyarrow = _loaded(("arrow",), "Parquet needs pyarrow")[1]
        sink = pyarrow.BufferOutputStream()
        importlib.import_module("pyarrow.parquet").write_table(self._arrow(pyarrow), sink)
        return bytes(sink.getvalue().to_pybytes())

    def frame(self, library: str | None = None) -> Any:
        """A pandas or polars DataFrame or an Arrow Table: of ``library``, else of the first that is installed."""
        if library is not None and library not in _MODULES:
            raise UsageError(
                f"there are no frames of {library!r}", code="frame-library", hint=f"take one of {', '.join(LIBRARIES)}"
            )
        name, module = _loaded((library,) if library else LIBRARIES, f"a frame needs {library or 'pandas or polars'}")
        if name == "arrow":
            return self._arrow(module)
        data = {column: [row[column] for row in self.rows] for column in self.columns}
        return module.DataFrame(data) if name == "pandas" else module.DataFrame(data, strict=False)

    def _arrow(self, pyarrow: Any) -> Any:
        return pyarrow.table({column: [row[column] for row in self.rows] for column in self.columns})


def _loaded(names: Sequence[str], what: str) -> tuple[str, Any]:
    for name in names:
        try:
            return name, importlib.import_module(_MODULES[name])
        except ImportError:
            continue
    raise UsageError(f"{what}, which is not installed", code="missing-extra", hint=_INSTALL)


def _plain(value: Any) -> Any:
    """A value that every kind of frame has."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _field(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return value
