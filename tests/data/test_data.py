"""Data: which resources a subject has, from Bundles, folders, NDJSON and lists, and what is said of faults."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from cqlmeasure.data import (
    SubjectData,
    bundles,
    folder,
    from_resources,
    ndjson,
    open_data,
    subject_from_resources,
)
from cqlmeasure.data.compartment import PATIENT_PATHS, compartment_references
from cqlmeasure.data.subjects import relative_reference
from cqlmeasure.errors import DataError

Json = dict[str, Any]


def of(kind: str, identity: str, **references: str) -> Json:
    found: Json = {"resourceType": kind, "id": identity}
    for name, target in references.items():
        found[name] = {"reference": target}
    return found


def patient(identity: str = "p") -> Json:
    return of("Patient", identity)


def observation(identity: str, subject: str, **more: str) -> Json:
    return of("Observation", identity, subject=subject, **more)


def bundle(*resources: Json, urls: dict[int, str] | None = None) -> Json:
    found = [
        {"resource": one, **({"fullUrl": urls[at]} if urls and at in urls else {})} for at, one in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": found}


def ids(subjects: Iterable[SubjectData]) -> dict[str, list[str]]:
    return {
        one.id: [f"{resource['resourceType']}/{resource.get('id')}" for resource in one.resources] for one in subjects
    }


def write(root: Path, files: dict[str, Any]) -> Path:
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, bytes):
            path.write_bytes(value)
        elif isinstance(value, list):
            path.write_text("".join(json.dumps(one) + "\n" for one in value))
        else:
            path.write_text(json.dumps(value))
    return root


# References and the compartment


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Patient/1", "Patient/1"),
        ("http://example.org/fhir/Patient/1", "Patient/1"),
        ("Patient/1/_history/2", "Patient/1"),
        ("urn:uuid:5/6", "urn:uuid:5/6"),
        ("Patient?identifier=1", "Patient"),
    ],
)
def test_relative_reference(reference: str, expected: str) -> None:
    assert relative_reference(reference) == expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (observation("o", "Patient/a"), ["Patient/a"]),
        ({"resourceType": "Procedure", "performer": [{"actor": {"reference": "Patient/a"}}, {}]}, ["Patient/a"]),
        ({"resourceType": "CarePlan", "activity": [{"detail": {"performer": [{"reference": "x"}]}}]}, ["x"]),
        ({"resourceType": "Task", "for": {"reference": "Patient/a"}, "owner": {"reference": "b"}}, ["Patient/a"]),
        ({"resourceType": "Observation", "subject": {"identifier": {"value": "1"}}}, []),
        ({"resourceType": "Observation", "subject": "broken"}, []),
        ({"resourceType": "Location", "managingOrganization": {"reference": "Organization/a"}}, []),
    ],
)
def test_compartment(resource: Json, expected: list[str]) -> None:
    assert compartment_references(resource) == expected


def test_compartment_agrees_with_the_model_info(shared: Path) -> None:
    """The published model info names, for each type, how many elements place it in a patient's compartment."""
    path = shared / "modelinfo" / "fhir-modelinfo-4.0.1.xml"
    if not path.is_file():
        pytest.skip("no model info")
    text = path.read_text(encoding="utf-8")
    types = set()
    for part in text.split("<typeInfo ")[1:]:
        head = part.partition(">")[0]
        if 'context="Patient"' in part and 'retrievable="true"' in head:
            types.add(head.split(' name="')[1].split('"')[0])
    assert set(PATIENT_PATHS) == types - {"Patient"} | {"Task"}


# One Bundle


def test_bundle_is_patient() -> None:
    """Whatever the references say; exact repetitions are dropped, resources that differ are kept."""
    changed = observation("o1", "Patient/p", performer="Patient/q")
    items = [observation("o1", "Patient/other"), patient(), observation("o1", "Patient/other"), changed]
    source = from_resources([bundle(*items)], bundle_is_patient=True)
    assert ids(source) == {"p": ["Observation/o1", "Patient/p", "Observation/o1"]}
    assert source.warnings == []


def test_lone_patient_owns_what_names_nobody() -> None:
    """But not what names somebody else."""
    source = from_resources(
        [bundle(patient(), of("Encounter", "e"), of("Location", "l"), observation("o", "Patient/q"))]
    )
    assert ids(source) == {"p": ["Patient/p", "Encounter/e", "Location/l"]}
    assert [(one.code, "Observation/o" in one.message) for one in source.warnings] == [("unclaimed-resources", True)]


def test_bundle_with_several_patients() -> None:
    """Split by the compartment; shared resources come along by references, one patient's data never with another's."""
    found = ids(
        from_resources(
            [
                bundle(
                    patient("a"),
                    patient("b"),
                    of("Encounter", "ea", subject="Patient/a", serviceProvider="Organization/o"),
                    of("MedicationRequest", "mb", subject="http://x.org/Patient/b", medicationReference="Medication/m"),
                    of("Medication", "m", manufacturer="Organization/o2"),
                    of("Organization", "o", partOf="Organization/o2"),
                    of("Organization", "o2", partOf="Organization/o"),
                    of("Organization", "nobody"),
                    observation("both", "Patient/a", performer="Patient/b"),
                    observation("links", "Patient/b", encounter="Encounter/ea"),
                    of("Encounter", "nameless"),
                    urls={0: "urn:uuid:a"},
                )
            ]
        )
    )
    assert found == {
        "a": ["Patient/a", "Encounter/ea", "Observation/both", "Organization/o", "Organization/o2"],
        "b": [
            "Patient/b",
            "MedicationRequest/mb",
            "Observation/both",
            "Observation/links",
            "Medication/m",
            "Organization/o2",
            "Organization/o",
        ],
    }


def test_full_urls() -> None:
    items = bundle(patient("a"), patient("b"), observation("o", "urn:uuid:2"), urls={0: "urn:uuid:1", 1: "urn:uuid:2"})
    assert ids(from_resources([items])) == {"a": ["Patient/a"], "b": ["Patient/b", "Observation/o"]}


def test_patient_without_id_is_named_by_its_file(tmp_path: Path) -> None:
    write(tmp_path, {"case-7.json": bundle({"resourceType": "Patient"})})
    assert list(ids(bundles(tmp_path))) == ["case-7"]


def test_subject_from_resources() -> None:
    found = subject_from_resources([observation("o", "Patient/q"), patient()], "file")
    assert (found.id, found.source, len(found.resources)) == ("p", "file", 2)
    with pytest.raises(DataError, match="holds no Patient: found Observation"):
        subject_from_resources([observation("o", "Patient/q")], "file")


# Folders


def test_folder_of_bundles_streams(tmp_path: Path) -> None:
    """A broken file matters when its turn comes, not before."""
    write(tmp_path, {"1.json": bundle(patient("1")), "deep/2.json": b"{", "deep/3.json": bundle(patient("3"))})
    source = open_data(tmp_path)
    assert source.count == 3
    subjects = iter(source)
    assert next(subjects).id == "1"
    with pytest.raises(DataError, match=r"2\.json:1:2: error\[broken-json\]: this is not valid JSON"):
        next(subjects)
    tolerant = open_data(tmp_path, strict=False)
    assert list(ids(tolerant)) == ["1", "3"]
    assert [(one.code, Path(str(one.file)).name) for one in tolerant.warnings] == [("broken-json", "2.json")]
    assert list(ids(tolerant)) == ["1", "3"]
    assert len(tolerant.warnings) == 1


def test_folder_of_loose_resources(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "Patient/a.json": patient("a"),
            "Patient/b.json": patient("b"),
            "Observation/1.json": observation("1", "Patient/b"),
            "Observation/2.json": observation("2", "Patient/a"),
        },
    )
    assert ids(folder(root)) == {"a": ["Patient/a", "Observation/2"], "b": ["Patient/b", "Observation/1"]}


def test_case_folders_of_loose_resources(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "one/p.json": patient("a"),
            "one/Observation/o.json": observation("1", "Patient/b"),
            "two/p.json": patient("b"),
        },
    )
    assert ids(open_data(root, bundle_is_patient=True)) == {"a": ["Observation/1", "Patient/a"], "b": ["Patient/b"]}


def test_bundle_of_shared_resources_only(tmp_path: Path) -> None:
    root = write(tmp_path, {"hospital.json": bundle(of("Organization", "o")), "p.json": bundle(patient())})
    source = open_data(root)
    assert list(ids(source)) == ["p"]
    assert [one.code for one in source.warnings] == ["no-patient-data"]


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("a.json", b"{", "not valid JSON"),
        ("a.json", b"[]", "no FHIR"),
        ("a.json", {"a": 1}, "no FHIR"),
        ("a.json", {"resourceType": "Bundle", "entry": 5}, "entry is no list"),
        ("a.json", {"resourceType": "Bundle", "entry": [{"resource": {"id": "x"}}]}, "entry 0: .*is no FHIR"),
        ("a.json", bundle(observation("o", "Patient/p")), "holds no Patient: found Observation"),
        ("a.json", bundle(), "holds no Patient: it holds no resources"),
        ("a.json", observation("o", "Patient/p"), "holds no Patient"),
        ("a.ndjson", [observation("o", "Patient/p")], "holds no Patient"),
        ("a.ndjson", b'{"resourceType": "Patient", "id": "p"}\n\n{', r"a\.ndjson:3:2: .*is not valid JSON"),
        ("a.ndjson", b"", "holds no Patient"),
        ("a.ndjson.gz", b"no gzip", "cannot read"),
        ("a.ndjson.zst", b"no zstd", "cannot read"),
    ],
)
def test_faults(tmp_path: Path, name: str, value: Any, part: str) -> None:
    write(tmp_path, {name: value})
    with pytest.raises(DataError, match=part) as caught:
        list(open_data(tmp_path / name))
    assert name in str(caught.value.diagnostics[0].file)
    tolerant = open_data(tmp_path / name, strict=False)
    list(tolerant)
    assert caught.value.diagnostics[0].message in [one.message for one in tolerant.warnings]


@pytest.mark.parametrize("opener", [open_data, bundles, ndjson])
def test_nothing_there(tmp_path: Path, opener: Any) -> None:
    with pytest.raises(DataError, match="no such file"):
        opener(tmp_path / "none")
    with pytest.raises(DataError, match="holds no"):
        opener(tmp_path)


def test_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.json": bundle(patient())})
    monkeypatch.setattr("cqlmeasure.data.reading.MAX_FILE_BYTES", 10)
    with pytest.raises(DataError, match="larger than"):
        list(open_data(tmp_path))


# NDJSON

EXPORT: dict[str, list[Json]] = {
    "Condition": [
        of("Condition", "c1", subject="Patient/b"),
        of("Condition", "c2", subject="Patient/a", encounter="Encounter/e"),
        of("Condition", "c3", subject="Patient/gone"),
    ],
    "Encounter": [
        {**of("Encounter", "e", subject="Patient/a"), "location": [{"location": {"reference": "Location/l"}}]},
        of("Encounter", "e2", subject="Patient/b"),
    ],
    "Location": [of("Location", "l", partOf="Location/l2"), of("Location", "l2"), of("Location", "unused")],
    "Patient": [patient("b"), patient("a"), patient("a")],
}
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": lambda data: bytes(zstandard.compress(data)),
}
EXPECTED = {
    "b": ["Patient/b", "Condition/c1", "Encounter/e2"],
    "a": ["Patient/a", "Condition/c2", "Encounter/e", "Location/l", "Location/l2"],
}


@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
def test_bulk_export(tmp_path: Path, packed: str) -> None:
    """In the order of the Patients, a repeated one once; resources of unknown patients are left out with a warning."""
    for kind, resources in EXPORT.items():
        data = "\r\n".join(json.dumps(one) for one in resources).encode() + b"\n\n"
        name = f"{kind}.000.ndjson"
        write(tmp_path, {name + packed: PACK[packed](data)})
    write(tmp_path, {"manifest.json": {"output": []}})
    source = open_data(tmp_path)
    assert ids(source) == EXPECTED
    assert [one.code for one in source.warnings] == ["unclaimed-resources"]
    assert "1 resources name patients that are not there (such as gone)" in source.warnings[0].message


def test_ndjson_in_one_file_and_a_list_agree(tmp_path: Path) -> None:
    everything = [one for resources in EXPORT.values() for one in resources]
    write(tmp_path, {"all.ndjson": everything})
    assert ids(ndjson(tmp_path / "all.ndjson")) == EXPECTED
    assert ids(from_resources(everything)) == EXPECTED


def test_ndjson_of_bundles(tmp_path: Path) -> None:
    write(tmp_path, {"all.ndjson": [bundle(patient("1")), bundle(patient("2"), observation("o", "Patient/x"))]})
    assert ids(open_data(tmp_path)) == {"1": ["Patient/1"], "2": ["Patient/2"]}
    kept = open_data(tmp_path, bundle_is_patient=True)
    assert ids(kept) == {"1": ["Patient/1"], "2": ["Patient/2", "Observation/o"]}


def test_deck(shared: Path) -> None:
    """Each Bundle of the published deck is one subject with everything in it, resources that repeat an id too."""
    root = shared / "decks" / "qicore2025" / "cases"
    if not root.is_dir():
        pytest.skip("no deck")
    source = open_data(root, bundle_is_patient=True)
    assert sum(1 for _ in source) == source.count
    assert source.warnings == []


def broken_copies(value: Any) -> list[Any]:
    """Copies of ``value``, in each of which one part is replaced by something of another type."""
    found: list[Any] = [
        one for one in (None, 5, "x", [5], {"x": 5}, [[]]) if type(one) is not type(value) or one == [5]
    ]
    if isinstance(value, dict):
        found.extend({**value, key: one} for key, item in value.items() for one in broken_copies(item))
    elif isinstance(value, list):
        found.extend(
            [*value[:at], one, *value[at + 1 :]] for at, item in enumerate(value) for one in broken_copies(item)
        )
    return found


def test_malformed_data(tmp_path: Path) -> None:
    """Whatever a Bundle says, there are subjects, or an error that names the file."""
    sample = bundle(patient("a"), patient("b"), {**observation("o", "Patient/a"), "performer": [{"reference": "x"}]})
    path = tmp_path / "all.ndjson"
    for one in broken_copies(sample):
        path.write_text(json.dumps(one))
        for mode in (True, False):
            try:
                assert all(subject.id for subject in open_data(path, bundle_is_patient=mode))
            except DataError as error:
                assert "all.ndjson" in str(error)
