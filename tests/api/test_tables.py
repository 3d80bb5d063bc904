"""Results as tables and frames."""

from __future__ import annotations

import csv
import io
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import cqlmeasure as cm
from cqlmeasure.api.tables import LIBRARIES, Table

MEASURE = "DiabetesHbA1cPoorControl"


@pytest.fixture(scope="module")
def result(repository: Path) -> cm.MeasureResult:
    folder = repository / "measures" / "diabetes-hba1c"
    return cm.Content(folder).measure(MEASURE).evaluate(folder / "input" / "tests" / "measure" / MEASURE)


def test_rows_have_the_same_columns() -> None:
    table = Table([{"a": 1, "b": Decimal("1.5")}, {"a": None, "c": [Decimal(1), Decimal(2)]}])
    assert table.columns == ("a", "b", "c")
    assert table.rows == [{"a": 1, "b": 1.5, "c": None}, {"a": None, "b": None, "c": [1.0, 2.0]}]
    assert table.csv() == "a,b,c\n1,1.5,\n,,1.0; 2.0\n"


def test_csv(result: cm.MeasureResult) -> None:
    rows = list(csv.DictReader(io.StringIO(result.table().csv())))
    assert len(rows) == 10
    assert sum(int(row["numerator"]) for row in rows) == 3
    assert {row["failed"] for row in rows} == {"false"}
    assert {row["age-band"] for row in rows} > {"18-44", "45-64"}


def test_rows_by_population(result: cm.MeasureResult) -> None:
    rows = result.rows("population")
    assert len(rows) == 10 * 4
    assert sum(row["member"] for row in rows if row["type"] == "numerator") == 3
    assert result.table("population").csv().startswith("measure,subject,failed,group,")
    with pytest.raises(cm.UsageError, match="there are no rows by 'patient'"):
        result.rows("patient")  # type: ignore[arg-type]


@pytest.mark.parametrize("library", LIBRARIES)
def test_frames(result: cm.MeasureResult, library: str) -> None:
    pytest.importorskip({"arrow": "pyarrow"}.get(library, library))
    frame = result.frame(library=library)
    columns = frame.column_names if library == "arrow" else list(frame.columns)
    assert tuple(columns) == result.table().columns
    numerator = frame["numerator"].to_pylist() if library == "arrow" else list(frame["numerator"])
    assert sum(numerator) == 3


def test_parquet(result: cm.MeasureResult) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(result.table().parquet()))
    assert table.num_rows == 10
    assert sum(table["numerator"].to_pylist()) == 3


def test_what_is_not_installed_is_named(result: cm.MeasureResult, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pandas", "polars", "pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(cm.UsageError, match=r"needs pandas or polars.*\n.*cqlmeasure\[frames\]"):
        result.frame()
    with pytest.raises(cm.UsageError, match="needs polars"):
        result.frame(library="polars")
    with pytest.raises(cm.UsageError, match="Parquet needs pyarrow"):
        result.table().parquet()
    with pytest.raises(cm.UsageError, match="there are no frames of 'excel'"):
        result.frame(library="excel")


def test_the_first_library_that_is_installed_is_taken(
    result: cm.MeasureResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Polars:
        @staticmethod
        def DataFrame(data: dict[str, list[object]], strict: bool) -> tuple[str, ...]:
            return tuple(data)

    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", Polars)
    assert result.frame() == result.table().columns


def test_no_rows_are_kept(repository: Path) -> None:
    folder = repository / "measures" / "diabetes-hba1c"
    data = folder / "input" / "tests" / "measure" / MEASURE
    result = cm.Content(folder).measure(MEASURE).evaluate(data, keep=False)
    with pytest.raises(cm.UsageError, match="without keeping"):
        result.table()
