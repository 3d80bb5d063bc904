"""Searches made fewer, and searches as requests."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from cqlmeasure.data.server.client import ServerLimits
from cqlmeasure.data.server.plan import Codes, Dates, Search, simplified
from cqlmeasure.data.server.requests import Asked, requests_of


def search(codes: str | None = None, *dates: Dates, links: str = "patient", includes: str = "") -> Search:
    """A search for Observations by codes, as ``a,b``."""
    return Search(
        "Observation",
        tuple(links.split(",")),
        (Codes("code", tuple(codes.split(","))),) if codes is not None else (),
        dates,
        tuple(includes.split()),
    )


def day(low: str | None, high: str | None, missing: bool = False) -> Dates:
    return Dates("date", low, high, missing)


YEAR, NEXT, LATER = day("2026-01-01", "2026-12-31"), day("2026-12-31", "2027-12-31"), day("2029-01-01", None)
IN = Search("Observation", ("patient",), (Codes("code", ("a",), ("http://example.org/v", None)),))
UNKNOWN = Search("Observation", ("patient",), (Codes("code", (), ("http://example.org/v", None)),))

SIMPLER = [
    ([search("a"), search("a")], [search("a")]),
    ([search("a"), search()], [search()]),
    ([search("a"), search("b")], [search("a,b")]),
    ([search("a"), search("a,b")], [search("a,b")]),
    ([search("a"), search("b", YEAR)], [search("a"), search("b", YEAR)]),
    ([search("a"), search("a", YEAR)], [search("a")]),
    ([search("a", YEAR), search("a", NEXT)], [search("a", day("2026-01-01", "2027-12-31"))]),
    ([search("a", YEAR), search("a", LATER)], [search("a", YEAR), search("a", LATER)]),
    ([search("a", day("2026-02-01", None)), search("a", YEAR)], [search("a", day("2026-01-01", None))]),
    ([search("a", day(None, "2026-02-01")), search("a", YEAR)], [search("a", day(None, "2026-12-31"))]),
    (
        [search("a", YEAR), search("a", day("2026-01-01", "2026-12-31", True))],
        [search("a", day("2026-01-01", "2026-12-31", True))],
    ),
    ([search("a"), search("a", links="patient,performer")], [search("a", links="patient,performer")]),
    ([search("a"), search("a", includes="x")], [search("a", includes="x")]),
    ([search("a", YEAR), search("b", YEAR), search("c", YEAR)], [search("a,b,c", YEAR)]),
    ([IN, search("b")], [IN, search("b")]),
    ([UNKNOWN, search("b")], [UNKNOWN, search("b")]),
]


@pytest.mark.parametrize(("given", "expected"), SIMPLER)
def test_simplified(given: list[Search], expected: list[Search]) -> None:
    assert set(simplified(given)) == set(expected)
    assert simplified(given) == simplified(given[::-1])


def requests(one: Search, post: bool = True, by_value_set: bool = True, **limits: int) -> list[str]:
    """The requests for two patients, short: path and parameters, decoded."""
    how = Asked("", one.links[0], ("1", "2"), post, by_value_set)
    return [
        unquote(f"{made.url} {made.form}" if made.form is not None else made.url)
        for made in requests_of(one, how, ServerLimits(page=9, **limits))
    ]


LONG = search(",".join(f"code-{number:03}" for number in range(100)))
REQUESTS = [
    (search("s|a,b"), ["/Observation?patient=1,2&_count=9&code=s|a,b"]),
    (search("a", links="performer"), ["/Observation?performer=Patient/1,Patient/2&_count=9&code=a"]),
    (search("a", YEAR), ["/Observation?patient=1,2&date=ge2026-01-01&date=le2026-12-31&_count=9&code=a"]),
    (search(None, LATER), ["/Observation?patient=1,2&date=ge2029-01-01&_count=9"]),
    (
        search(None, day("2026-01-01", None, True)),
        [
            "/Observation?patient=1,2&date=ge2026-01-01&_count=9",
            "/Observation?patient=1,2&date:missing=true&_count=9",
        ],
    ),
    (search(None, includes="O:x O:y"), ["/Observation?patient=1,2&_include=O:x&_include=O:y&_count=9"]),
    (IN, ["/Observation?patient=1,2&_count=9&code:in=http://example.org/v"]),
]


@pytest.mark.parametrize(("one", "expected"), REQUESTS)
def test_requests(one: Search, expected: list[str]) -> None:
    assert requests(one) == expected


def test_a_long_search_is_posted() -> None:
    (made,) = requests(LONG, url=200)
    assert made.startswith("/Observation/_search patient=1,2&")
    assert made.count("code-") == 100


def test_a_body_that_is_too_long_is_split() -> None:
    made = requests(LONG, url=200, form=300)
    assert len(made) > 2
    assert sum(one.count("code-") for one in made) == 100
    assert all(len(one) < 340 for one in made)


def test_without_posts_addresses_are_split() -> None:
    made = requests(LONG, post=False, url=200)
    assert all(len(one) <= 200 and one.startswith("/Observation?") for one in made)
    assert sum(one.count("code-") for one in made) == 100


def test_of_two_long_lists_one_is_left_out() -> None:
    two = Search(
        "Observation",
        ("patient",),
        (Codes("category", tuple(f"category-{n:03}" for n in range(60))), *LONG.codes),
    )
    made = requests(two, post=False, url=200)
    assert sum(one.count("code-") for one in made) == 100
    assert not any("category" in one for one in made)


def test_a_value_set_may_be_asked_for_by_its_codes() -> None:
    assert requests(IN, by_value_set=False) == ["/Observation?patient=1,2&_count=9&code=a"]
