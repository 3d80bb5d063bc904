"""Invented populations: the same for the same seed, prefixes of larger ones, with hits, near misses and noise."""

from __future__ import annotations

from pathlib import Path

import orjson

from cqlmeasure.data import open_data
from tools.generate_population.__main__ import write_bundles, write_ndjson
from tools.generate_population.resources import Population
from tools.generate_population.wanted import Wanted

CODE = {"system": "http://codes", "code": "hba1c"}
WANTED = {"Observation": Wanted([[CODE]], {"http://profiles/lab"}), "DeviceRequest": Wanted([[CODE]])}


def population(**options: int) -> Population:
    return Population(WANTED, **{"resources": 80, "year": 2026, **options}, hits=0.2)


def test_a_patient_depends_on_seed_and_number_only() -> None:
    assert population().patient(7) == list(population()(20))[7]
    assert population(seed=1).patient(7) != population().patient(7)


def test_sizes_hits_near_misses_and_noise() -> None:
    patients = list(population()(100))
    resources = [resource for patient in patients for resource in patient]
    assert 60 < len(resources) / len(patients) < 100
    assert len({len(patient) for patient in patients}) > 20
    codings = [one["code"]["coding"][0] for one in resources if one["resourceType"] == "Observation"]
    hits = sum(coding == CODE for coding in codings) / len(codings)
    near = sum(coding["code"] == "hba1c" and coding != CODE for coding in codings) / len(codings)
    assert 0.15 < hits < 0.35
    assert 0.02 < near < 0.1
    assert {"DeviceRequest", "Encounter", "Condition"} <= {one["resourceType"] for one in resources}


def test_files_read_back_as_the_same_patients(tmp_path: Path) -> None:
    made = list(population()(5))
    for name, write in (("ndjson", write_ndjson), ("bundles", write_bundles)):
        (tmp_path / name).mkdir()
        write(population(), 5, tmp_path / name)
        read = {subject.id: subject.resources for subject in open_data(tmp_path / name)}
        assert sorted(read) == [f"p{number}" for number in range(5)]
        for number, patient in enumerate(made):
            found = read[f"p{number}"]
            assert sorted(found, key=_identity) == sorted(orjson.loads(orjson.dumps(patient)), key=_identity)


def _identity(resource: dict[str, str]) -> tuple[str, str]:
    return resource["resourceType"], resource["id"]
