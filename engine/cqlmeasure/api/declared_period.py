"""The measurement period that a library declares: the default of its parameter "Measurement Period"."""

from __future__ import annotations

from cqlmeasure.api.engine import Engine
from cqlmeasure.api.periods import MEASUREMENT_PERIOD
from cqlmeasure.api.text import Text
from cqlmeasure.errors import CqlMeasureError
from cqlmeasure.evaluation import LibraryText
from cqlmeasure.measure import Period, parse_period
from cqlmeasure.runtime import Interval
from cqlmeasure.runtime.interval import end_interval, start_interval
from cqlmeasure.runtime.subject import Subject


def declared_period(engine: Engine, source: LibraryText, timezone: str) -> Period | None:
    """The default of the parameter, ``None`` if the library has no such parameter or gives it no default."""
    version = f" version '{_escaped(source.version)}'" if source.version else ""
    name = ".".join(f'"{_escaped(part)}"' for part in source.name.split("."))
    cql = f'include {name}{version} called Measured\ndefine "Period": Measured."{MEASUREMENT_PERIOD}"'
    try:
        evaluator = engine.text(Text("DeclaredPeriod", None, cql)).evaluator({}, timezone)
        found = evaluator.subject(Subject("", [])).value("Period")
    except CqlMeasureError:
        return None
    if not isinstance(found, Interval):
        return None
    start, end = start_interval(found), end_interval(found)
    return None if start is None or end is None else parse_period(start=str(start), end=str(end))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'")
