"""Dates, times and their text."""

from __future__ import annotations

import pytest
from cql_lines import evaluate

from cqlmeasure.runtime import DAY, HOUR, MILLISECOND, MINUTE, MONTH, SECOND, YEAR, CqlError, Date, DateTime, Time
from cqlmeasure.runtime.temporal import MAX_DATETIME, MIN_DATETIME, civil, day_number
from cqlmeasure.runtime.temporal_arithmetic import (
    date_from,
    date_time_component_from,
    date_to_datetime,
    time_from,
    timezone_offset_from,
)
from cqlmeasure.runtime.temporal_parse import (
    datetime_cache,
    datetime_of,
    parse_date,
    parse_datetime,
    parse_time,
    time_of,
)

DATETIMES = [
    # text, literal, precision, offset when the default is +01:00
    ("2014", "@2014T", YEAR, 60),
    ("2014-02", "@2014-02T", MONTH, 60),
    ("2014-02-28", "@2014-02-28T", DAY, 60),
    ("2014-02-28T", "@2014-02-28T", DAY, 60),
    ("2014-02-28T10", "@2014-02-28T10+01:00", HOUR, 60),
    ("2014-02-28T10:20", "@2014-02-28T10:20+01:00", MINUTE, 60),
    ("2014-02-28T10:20Z", "@2014-02-28T10:20+00:00", MINUTE, 0),
    ("2014-02-28T10:20:30", "@2014-02-28T10:20:30+01:00", SECOND, 60),
    ("2014-02-28T10:20:30Z", "@2014-02-28T10:20:30+00:00", SECOND, 0),
    ("2014-02-28T10:20:30-07:30", "@2014-02-28T10:20:30-07:30", SECOND, -450),
    ("2014-02-28T10:20:30.5", "@2014-02-28T10:20:30.500+01:00", MILLISECOND, 60),
    ("2014-02-28T10:20:30.123456+05:30", "@2014-02-28T10:20:30.123+05:30", MILLISECOND, 330),
    ("2014-02-28T10:20:30.1234567890123Z", "@2014-02-28T10:20:30.123+00:00", MILLISECOND, 0),
    ("0001-01-01T00:00:00+14:00", "@0001-01-01T00:00:00+14:00", SECOND, 840),
    ("9999-12-31T23:59:59.999-12:00", "@9999-12-31T23:59:59.999-12:00", MILLISECOND, -720),
    ("2014-02-28T10:20:60Z", "@2014-02-28T10:20:59.999+00:00", MILLISECOND, 0),
]

NO_DATETIMES = [
    "", "20", "2014-13", "2014-02-29", "2014-02-30T10:20:30Z", "2014-W01-1", "2014-02-28 10:20:30", "20140228",
    "2014-02-28T24:00:00", "2014-02-28T10:60", "2014-02-28T10:20:30,5Z", "2014-02-28T10:20:30+0500",
    "2014-02-28T10:20:30+05", "2014-02-28T10:20:30+05:30:15", "2014-02-28T10:20:30.", "2014-02-28T10:20:30.Z",
    "2014-02-28T10:20:30.5Zx", "2014-02T10", "2014-02-28TZ", "2014/02/28", "0000-01-01", "２０14-02-28",
    "2014-02-28T10:20:30Z ", "2014-02-28T10:20:30.12" + "3" * 80,
]  # fmt: skip


@pytest.mark.parametrize(("text", "literal", "precision", "offset"), DATETIMES)
def test_datetime_from_text(text: str, literal: str, precision: int, offset: int) -> None:
    value = parse_datetime(text, 60)
    assert value is not None
    assert (repr(value), value.precision, value.offset) == (literal, precision, offset)
    assert evaluate(repr(value)).local == value.local


@pytest.mark.parametrize("text", NO_DATETIMES)
def test_no_datetime(text: str) -> None:
    assert parse_datetime(text) is None


def test_dates_and_times_from_text() -> None:
    assert [repr(parse_date(text)) for text in ("2014", "2014-02", "2016-02-29")] == [
        "@2014",
        "@2014-02",
        "@2016-02-29",
    ]
    assert [parse_date(text) for text in ("2015-02-29", "2014-02-28T10:00:00Z", "x", "")] == [None] * 4
    assert [repr(parse_time(text)) for text in ("T10", "10:20", "10:20:30", "10:20:30.25")] == [
        "@T10", "@T10:20", "@T10:20:30", "@T10:20:30.250",
    ]  # fmt: skip
    assert [parse_time(text) for text in ("24:00", "10:60", "1020", "10:20:30Z")] == [None] * 4
    assert parse_date(None) is parse_datetime(None) is parse_time(None) is None


def test_range_of_a_partial_value() -> None:
    month = parse_datetime("2016-02", 0)
    assert month is not None
    assert month.high - month.low + 1 == 29 * 86_400_000
    assert civil(day_number(2016, 2, 29)) == (2016, 2, 29)
    december = Date.of(9999, 12)
    assert civil(december.high) == (9999, 12, 31)
    assert parse_datetime("1970-01-01T01:00:00.000+01:00") == DateTime(0, 0, MILLISECOND, 60)


def test_texts_are_parsed_once() -> None:
    assert parse_datetime("2020-01-01T00:00:00Z") is parse_datetime("2020-01-01T00:00:00Z")
    assert datetime_cache(0)["2020-01-01T00:00:00Z"] is parse_datetime("2020-01-01T00:00:00Z")
    assert parse_datetime("2020-01-01", 0) != parse_datetime("2020-01-01", 60)


def test_components_build_values() -> None:
    assert datetime_of(2014, 2, 28, 10, 20, 30, 5, -60) == parse_datetime("2014-02-28T10:20:30.005-01:00")
    assert datetime_of(None) is None
    assert time_of(10, 20) == parse_time("10:20")
    for bad in ((2014, None, 1), (2014, 13), (2014, 2, 30), (2014, 1, 1, 24), (10000,), (0,)):
        with pytest.raises(CqlError, match=r"does not exist|below one that is null"):
            datetime_of(*bad)


def test_identity_is_exact() -> None:
    noon = DateTime.of(2014, 1, 1, 12, 0, 0, 0)
    assert noon != DateTime.of(2014, 1, 1, 12, 0, 0)
    assert noon != DateTime.of(2014, 1, 1, 13, 0, 0, 0, 60)
    assert noon.low == DateTime.of(2014, 1, 1, 13, 0, 0, 0, 60).low
    assert len({noon, DateTime.of(2014, 1, 1, 12, 0, 0, 0), Date.of(2014, 1, 1), Date.of(2014, 1, 1)}) == 2
    assert Time.of(10) != Time.of(10, 0)


def test_parts() -> None:
    value = DateTime.of(2014, 2, 28, 23, 20, 30, 5, 90)
    found = [date_time_component_from(value, precision) for precision in range(YEAR, MILLISECOND + 1)]
    assert found == [2014, 2, 28, 23, 20, 30, 5] == list(value.components)
    assert date_time_component_from(DateTime.of(2014, 2), DAY) is None
    assert date_time_component_from(Date.of(2014, 2, 3), HOUR) is None
    assert date_time_component_from(Date.of(2014, 2, 3), MONTH) == 2
    assert date_time_component_from(Time.of(10, 20), MINUTE) == 20
    assert date_time_component_from(Time.of(10, 20), SECOND) is None
    assert date_from(value) == Date.of(2014, 2, 28)
    assert date_from(DateTime.of(2014)) == Date.of(2014)
    assert time_from(value) == Time.of(23, 20, 30, 5)
    assert time_from(value, 0) == Time.of(21, 50, 30, 5)
    assert time_from(DateTime.of(2014, 1, 1)) is None
    assert str(timezone_offset_from(value)) == "1.5"
    assert date_to_datetime(Date.of(2014, 2), 60) == DateTime.of(2014, 2, offset=60)


def test_extremes() -> None:
    assert repr(MIN_DATETIME) == "@0001-01-01T00:00:00.000+00:00"
    assert repr(MAX_DATETIME) == "@9999-12-31T23:59:59.999+00:00"
