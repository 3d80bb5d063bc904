"""Resources as a bulk export has them: enough elements that engines find them real, and nothing of a real patient.

Always holds: the same seed and number give the same patient, whatever the size of the population.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from tools.generate_population.wanted import Coding, Wanted

Resource = dict[str, Any]

WEIGHTS = {
    "Observation": 50,
    "Encounter": 14,
    "Condition": 9,
    "MedicationRequest": 9,
    "Procedure": 9,
    "Immunization": 3,
    "ServiceRequest": 3,
    "DiagnosticReport": 2,
    "Coverage": 1,
}
"""Resources of each type among a hundred; types that only measures know come with the weight of one."""

NOISE_CODES = 3000
_NOISE = "http://example.org/invented-codes"
_STATUS = {
    "Observation": ("final", "final", "final", "amended", "preliminary", "cancelled"),
    "Encounter": ("finished", "finished", "finished", "finished", "in-progress", "cancelled"),
    "Procedure": ("completed", "completed", "completed", "in-progress", "not-done"),
    "Immunization": ("completed", "completed", "not-done"),
    "DiagnosticReport": ("final", "final", "amended", "preliminary"),
    "Coverage": ("active", "active", "cancelled"),
}
_REQUEST = ("active", "active", "completed", "completed", "stopped", "draft")
_CLASSES = ("AMB", "AMB", "AMB", "IMP", "EMER", "VR")
_LISTS = frozenset({"type"})


class Population:
    """Patients one by one.

    ``resources`` is the mean number per patient; of all codes, the share ``hits`` is one that a measure asks for, and
    half as many miss narrowly: the code in another system, or on a resource of another type.
    """

    def __init__(self, wanted: Mapping[str, Wanted], *, resources: int, year: int, seed: int = 0, hits: float = 0.1):
        self.wanted = wanted
        self.resources = resources
        self.year = year
        self.seed = seed
        self.hits = hits
        weights = {**dict.fromkeys((kind for kind in wanted if kind in _CODED), 1), **WEIGHTS}
        self._types, self._weights = list(weights), list(weights.values())
        self._asked = {kind: one for kind, one in wanted.items() if one.codes}

    def patient(self, number: int) -> list[Resource]:
        """All resources of the patient of a number, the Patient first."""
        dice = random.Random(f"{self.seed}-{number}")
        identity = f"p{number}"
        born = date(self.year, 12, 31) - timedelta(days=int(dice.triangular(0, 36_000, 22_000)))
        found: list[Resource] = [_person(dice, identity, born)]
        wished = max(1, round(self.resources * dice.lognormvariate(-0.125, 0.5)))
        for position, kind in enumerate(dice.choices(self._types, self._weights, k=wished - 1)):
            found.append(self._resource(dice, kind, identity, f"{identity}-{position}", born))
        return found

    def __call__(self, count: int) -> Iterator[list[Resource]]:
        """So many patients."""
        return map(self.patient, range(count))

    def _coding(self, dice: random.Random, kind: str) -> Coding:
        chance = dice.random()
        own = self._asked.get(kind)
        if chance < self.hits and own is not None:
            return dict(dice.choice(dice.choice(own.codes)))
        if chance < 1.5 * self.hits and self._asked:
            other = dice.choice(list(self._asked.values()))
            coding = dict(dice.choice(dice.choice(other.codes)))
            if dice.random() < 0.5:
                coding["system"] = _NOISE
            return coding
        code = f"n{int(NOISE_CODES * dice.random() ** 2)}"  # some are frequent, most are rare
        return {"system": _NOISE, "code": code, "display": f"An invented {kind.lower()} {code}"}

    def _moment(self, dice: random.Random, born: date) -> datetime:
        """Within ten years; two of five in the year of the period, and some right before or after it."""
        chance = dice.random()
        first = datetime(self.year, 1, 1)
        if chance < 0.4:
            found = first + timedelta(minutes=dice.randrange(525_600))
        elif chance < 0.44:
            found = first - timedelta(minutes=dice.randrange(1, 2_000))
        elif chance < 0.48:
            found = datetime(self.year + 1, 1, 1) + timedelta(minutes=dice.randrange(2_000))
        else:
            found = first - timedelta(minutes=dice.randrange(4_700_000))
        return max(found, datetime(born.year, born.month, born.day))

    def _resource(self, dice: random.Random, kind: str, patient: str, identity: str, born: date) -> Resource:
        start = self._moment(dice, born)
        moment = f"{start.isoformat()}+00:00"
        end = f"{(start + timedelta(minutes=dice.randrange(10, 4_000))).isoformat()}+00:00"
        coding = self._coding(dice, kind)
        concept = {"coding": [coding], "text": coding.get("display", coding.get("code"))}
        found: Resource = {"resourceType": kind, "id": identity}
        profiles = self.wanted[kind].profiles if kind in self.wanted else ()
        if profiles and dice.random() < 0.7:
            found["meta"] = {"profile": [dice.choice(sorted(profiles))]}
        element, person = _CODED.get(kind, ("code", "subject"))
        found[element] = [concept] if element in _LISTS and kind == "Encounter" else concept
        found[person] = {"reference": f"Patient/{patient}"}
        found["status"] = dice.choice(_STATUS.get(kind, _REQUEST))
        match kind:
            case "Encounter":
                system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
                found["class"] = {"system": system, "code": dice.choice(_CLASSES)}
                found["period"] = {"start": moment, "end": end}
            case "Observation":
                found["effectiveDateTime"] = moment
                system = "http://terminology.hl7.org/CodeSystem/observation-category"
                found["category"] = [
                    {"coding": [{"system": system, "code": dice.choice(("laboratory", "vital-signs"))}]}
                ]
                if dice.random() < 0.8:
                    unit = dice.choice(("%", "mg/dL", "mm[Hg]", "kg"))
                    quantity = {"value": round(dice.uniform(3, 190), 1), "unit": unit}
                    found["valueQuantity"] = {**quantity, "system": "http://unitsofmeasure.org", "code": unit}
                else:
                    found["valueCodeableConcept"] = {"coding": [self._coding(dice, kind)]}
            case "Condition":
                del found["status"]
                base = "http://terminology.hl7.org/CodeSystem/condition-"
                clinical, verification = (
                    dice.choice(("active", "active", "resolved")),
                    dice.choice(("confirmed", "refuted")),
                )
                found["clinicalStatus"] = {"coding": [{"system": f"{base}clinical", "code": clinical}]}
                found["verificationStatus"] = {"coding": [{"system": f"{base}ver-status", "code": verification}]}
                found["onsetDateTime"] = moment
                if clinical == "resolved":
                    found["abatementDateTime"] = end
            case "Procedure":
                found["performedPeriod"] = {"start": moment, "end": end}
            case "Immunization":
                found["occurrenceDateTime"] = moment
            case "Coverage":
                found["period"] = {"start": moment, "end": end}
            case "MedicationRequest" | "ServiceRequest" | "DeviceRequest":
                found["intent"] = dice.choice(("order", "order", "plan"))
                found["authoredOn"] = moment
            case _:
                found["effectiveDateTime"] = moment
        return found


_CODED = {
    "Observation": ("code", "subject"),
    "Encounter": ("type", "subject"),
    "Condition": ("code", "subject"),
    "Procedure": ("code", "subject"),
    "DiagnosticReport": ("code", "subject"),
    "ServiceRequest": ("code", "subject"),
    "DeviceRequest": ("codeCodeableConcept", "subject"),
    "MedicationRequest": ("medicationCodeableConcept", "subject"),
    "MedicationAdministration": ("medicationCodeableConcept", "subject"),
    "Immunization": ("vaccineCode", "patient"),
    "AllergyIntolerance": ("code", "patient"),
    "Coverage": ("type", "beneficiary"),
}
"""Where each type has its code and its patient."""


def _person(dice: random.Random, identity: str, born: date) -> Resource:
    return {
        "resourceType": "Patient",
        "id": identity,
        "active": True,
        "name": [{"family": f"Invented{identity}", "given": ["Pat"]}],
        "gender": dice.choice(("female", "male")),
        "birthDate": born.isoformat(),
    }
