"""A store hands out what was loaded; with a selection at least what matters, and who cannot count is told apart."""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import NOT_DONE, SMALL, Given, counts, day, may_match, observation, plain, population, subject

from cqlmeasure.data import Selecting, Selection, Store, SubjectData, Wanted, bundles, open_data
from cqlmeasure.data.store.loading import load
from cqlmeasure.data.subjects import Screened, one_by_one

pytest.importorskip("pyarrow")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[SubjectData], Store]:
    """Subjects, and the store that has them in several partitions and blocks."""
    subjects = population(40)
    path = tmp_path_factory.mktemp("many") / "store"
    load({"given": Given(subjects)}, path, sizes=SMALL)
    return subjects, Store(path)


def test_the_same_subjects_in_the_same_order(many: tuple[list[SubjectData], Store]) -> None:
    subjects, store = many
    assert plain(store) == plain(subjects)
    assert plain(store) == plain(subjects)
    assert store.count == 40
    assert store.manifest.resources == {"Encounter": 40, "Observation": 240, "Patient": 40}
    assert len(store.manifest.partitions) > 3
    assert max(len(one.blocks) for one in store.manifest.partitions) > 2


def test_a_store_of_files(repository: Path, tmp_path: Path) -> None:
    """Of Bundles, and opened as any data."""
    path = repository / "measures/diabetes-hba1c/input/tests"
    load({"cases": bundles(path)}, tmp_path / "store")
    store = open_data(tmp_path / "store")
    assert isinstance(store, Store)
    assert isinstance(store, Selecting)
    assert plain(store) == plain(bundles(path))


def test_odd_resources(tmp_path: Path) -> None:
    """Without id, several versions of one, none but the Patient, odd values."""
    odd = [
        subject("a", {"resourceType": "Observation"}, {"resourceType": "Observation"}),
        subject("b", observation("o", "x"), observation("o", "y"), {"resourceType": "Observation", "id": 7}),
        SubjectData("c", [{"resourceType": "Patient", "id": "c"}], ""),
        subject("é\u2028", {"resourceType": "Odd", "id": "", "deep": [[{"code": "x", "f": 1.5e300, "n": None}]]}),
    ]
    load({"odd": Given(odd)}, tmp_path / "store")
    assert plain(Store(tmp_path / "store")) == plain(odd)


@pytest.mark.parametrize("of", [1, 2, 3, 7, 100])
def test_parts_are_all_of_it(many: tuple[list[SubjectData], Store], of: int) -> None:
    subjects, store = many
    parts = [pickle.loads(pickle.dumps(store.part(number, of))) for number in range(of)]
    assert [one for part in parts for one in plain(part)] == plain(subjects)
    assert [part.count for part in parts] == [len(list(part)) for part in parts]
    if of == 3:
        assert max(part.count for part in parts) < 20
    with pytest.raises(ValueError, match="there is no part"):
        store.part(of, of)


@pytest.mark.parametrize("about", [1, 2, 5, 16, 200])
def test_shares_are_whole_partitions_if_there_are_enough(many: tuple[list[SubjectData], Store], about: int) -> None:
    subjects, store = many
    whole = len(store.manifest.partitions)
    with store.divided(about, one_by_one) as shares:
        parts = [pickle.loads(pickle.dumps(share)) for share in shares]
    assert len(parts) == (whole if about <= 2 * whole else about)
    assert [one for part in parts for one in plain(part)] == plain(subjects)


def test_candidates_alone(many: tuple[list[SubjectData], Store]) -> None:
    """Who cannot count is a number."""
    subjects, store = many
    clause = (Wanted("Observation", frozenset({"c6"})),)
    selection = Selection(clause, ((clause,),))
    selected = store.selecting(selection)
    assert isinstance(selected, Screened)
    found = list(selected.candidates())
    expected = [one for one in subjects if counts(selection, 0, one)]
    assert 0 < len(expected) < 40
    assert [one.id for one in found] == [one.id for one in expected]
    assert selected.left_out == 40 - len(expected)
    assert (selected.candidate_count(), store.candidate_count()) == (len(expected), 40)
    assert all(one.ruled_out == frozenset() for one in found)
    assert [one.resources for one in found] == [one.resources for one in selected if not one.ruled_out]
    halves = [selected.part(number, 2) for number in range(2)]
    assert [one.id for half in halves for one in half.candidates()] == [one.id for one in expected]
    assert sum(half.left_out for half in halves) == 40 - len(expected)
    assert sum(half.candidate_count() for half in halves) == len(expected)


def test_who_cannot_count_has_the_patient_alone(many: tuple[list[SubjectData], Store]) -> None:
    _, store = many
    nobody = (Wanted("Observation", frozenset({"nobody has this"})),)
    everybody = (Wanted("Encounter", low="2026-01-01"),)
    for needed, ruled_out, sizes in (
        (((nobody,),), {0}, {1}),
        (((everybody,), (nobody, everybody)), {1}, {2}),
        (((everybody, everybody), ()), set(), {2}),
        ((), set(), {2}),
    ):
        found = list(store.selecting(Selection(everybody, needed)))
        assert {one.ruled_out for one in found} == {frozenset(ruled_out)}
        assert {len(one.resources) for one in found} == sizes
        assert all(one.resources[0]["resourceType"] == "Patient" for one in found)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted("Observation"), {"code", "not-done", "profile", "no-date", "late"}),
        (Wanted("Observation", frozenset({"x"})), {"code", "not-done", "late"}),
        (Wanted("Observation", frozenset({"x"}), frozenset({"http://p"})), {"code", "not-done", "profile", "late"}),
        (Wanted("Observation", frozenset(), low="2027-01-01"), set()),
        (Wanted("Observation", low="2027-01-01"), {"no-date", "late"}),
        (Wanted("Observation", high="2025-01-01"), {"no-date"}),
        # Two days either way: what a day is depends on the time zone.
        (Wanted("Observation", frozenset({"x"}), low="2026-01-03", high="2026-12-31"), {"code", "not-done"}),
        (Wanted("Observation", frozenset({"x"}), low="2026-01-04", high="2026-12-31"), set()),
        (Wanted("Observation", high="2025-12-30"), {"code", "no-date", "not-done", "profile"}),
        (Wanted("Procedure", frozenset({"x"})), set()),
    ],
)
def test_what_is_wanted(tmp_path: Path, wanted: Wanted, expected: set[str]) -> None:
    """And no more than that, where the keys can tell."""
    one = subject(
        "p",
        observation("code", "x", "2026-01-01"),
        {"resourceType": "Encounter", "id": "e", "type": [{"coding": [{"code": "x"}]}]},
        observation("late", "x", "2030-01-01T00:00:00Z"),
        observation("profile", "y", "2026-01-01", meta={"profile": ["http://p|2"]}),
        observation("no-date", "y"),
        {**observation("not-done", "", "2026-01-01"), "code": {"extension": [{"url": NOT_DONE, "valueUri": "v"}]}},
    )
    load({"one": Given([one])}, tmp_path / "store")
    (found,) = Store(tmp_path / "store").selecting(Selection((wanted,)))
    assert {resource["id"] for resource in found.resources} == expected | {"p"}


CODES = ("", "a", "b", "c", "\u20ac", "k" * 250)


@st.composite
def _resources(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(["Observation", "Condition", "Encounter"]))
    found: Json = {"resourceType": kind}
    if draw(st.booleans()):
        found["id"] = draw(st.sampled_from("123"))
    for name in draw(st.sets(st.sampled_from(["code", "category", "valueCodeableConcept"]))):
        concept = {"coding": [{"code": code} for code in draw(st.lists(st.sampled_from(CODES), max_size=2))]}
        found[name] = [concept] if name == "category" else concept
    if draw(st.booleans()):
        found["class"] = {"system": "s", "code": draw(st.sampled_from(CODES))}
    if draw(st.integers(0, 9)) == 0:
        found["reasonCode"] = [{"extension": [{"url": NOT_DONE, "valueCanonical": "http://vs"}]}]
    if draw(st.integers(0, 5)) == 0:
        found["meta"] = {"profile": [draw(st.sampled_from(["http://p", "http://q"]))], "lastUpdated": "2030-01-01"}
    times = draw(st.sets(st.sampled_from(["effectiveDateTime", "issued", "period", "onsetAge", "recordedDate"])))
    for name in times:
        low = draw(st.integers(0, 700))
        if name == "onsetAge":
            found[name] = {"value": 40, "code": "a"}
        elif name == "period":
            ends = {"start": day(low), "end": day(low + draw(st.integers(0, 60)))}
            found[name] = {end: ends[end] for end in draw(st.sets(st.sampled_from(["start", "end"]), min_size=1))}
        else:
            found[name] = day(low) + draw(st.sampled_from(["", "T10:00:00+05:00", "T23:00:00Z"]))
    return found


_days = st.none() | st.integers(-30, 760).map(day)
_kinds = st.builds(
    Wanted,
    st.sampled_from(["Observation", "Condition", "Encounter", "Procedure"]),
    st.none() | st.frozensets(st.sampled_from(CODES), max_size=3),
    st.sampled_from([frozenset(), frozenset({"http://p"})]),
    _days,
    _days,
)
_clauses = st.lists(st.lists(_kinds, min_size=1, max_size=2).map(tuple), max_size=3).map(tuple)
_selections = st.builds(Selection, st.lists(_kinds, max_size=3).map(tuple), st.lists(_clauses, max_size=3).map(tuple))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as found:
        yield Path(found)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(_resources(), max_size=6), min_size=1, max_size=8), st.lists(_selections, min_size=1, max_size=5)
)
def test_random_selections(folder: Path, given_resources: list[list[Json]], selections: list[Selection]) -> None:
    """Nothing that may matter is missing, nobody is ruled out who may count; order and content are as loaded."""
    path = Path(tempfile.mkdtemp(dir=folder)) / "store"
    subjects = [subject(f"p{number}", *resources) for number, resources in enumerate(given_resources)]
    load({"random": Given(subjects)}, path, sizes=SMALL)
    store = Store(path)
    assert plain(store) == plain(subjects)
    for selection in selections:
        selected = store.selecting(selection)
        found = list(selected)
        assert [one.id for one in found] == [one.id for one in subjects]
        purposes = range(len(selection.needed))
        for one, whole in zip(found, subjects, strict=True):
            assert _in_order(one.resources, whole.resources)
            assert one.resources[0]["resourceType"] == "Patient"
            for purpose in purposes:
                assert not (counts(selection, purpose, whole) and purpose in one.ruled_out)
            if not purposes or len(one.ruled_out) < len(purposes):
                due = [each for each in whole.resources if any(may_match(kind, each) for kind in selection.wanted)]
                assert _in_order(due, one.resources)
            else:
                assert len(one.resources) == 1
        candidates = [one for one in found if not purposes or len(one.ruled_out) < len(purposes)]
        assert plain(selected.candidates()) == plain(candidates)
        assert selected.left_out == len(found) - len(candidates)
        assert selected.candidate_count() == len(candidates)


def _in_order(some: list[Json], all_of_them: list[Json]) -> bool:
    """Whether these are among those, in their order."""
    rest = iter(all_of_them)
    return all(any(one == other for other in rest) for one in some)


def test_the_format_is_open(many: tuple[list[SubjectData], Store]) -> None:
    """Anything that reads Parquet finds the resources, by columns whose names say what they are."""
    arrow = pytest.importorskip("pyarrow.parquet")
    subjects, store = many
    folder = store.path / store.manifest.folder
    table = arrow.read_table(folder / "resources").to_pylist()
    found = sorted((row["subject"], row["position"], json.loads(row["resource"])) for row in table)
    assert [one[2] for one in found] == [resource for one in subjects for resource in one.resources]
    (row,) = (row for row in table if row["id"] == "p003-2")
    assert (row["type"], row["code"], row["codes"]) == ("Observation", "c6", ["c6"])
    assert str(row["start"]) == str(row["end"]) == "2012-04-11"
    encounters = [row for row in table if row["type"] == "Encounter"]
    assert {(str(row["start"]), row["end"]) for row in encounters} == {("2026-01-05", None)}
    codes = arrow.read_table(folder / "codes").to_pylist()
    assert sum(row["code"] == "" for row in codes) == len(table)
    assert [row["subject"] for row in arrow.read_table(folder / "subjects").to_pylist()] == [one.id for one in subjects]
