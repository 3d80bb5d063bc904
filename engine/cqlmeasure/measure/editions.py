"""The editions of the data exchange guides: which profiles reports claim, and what extensions are called.

Owns the names of DEQM (US) 4.0 and 5.0 and of the universal DEQM 1.0.  Always holds: without an edition a report claims
no profile and uses the names that the newest guides share with FHIR's own extensions.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from cqlmeasure.measure.codes import CRITERIA_REFERENCE, SUPPLEMENTAL_DATA

_US = "http://hl7.org/fhir/us/davinci-deqm/StructureDefinition/"
_UV = "http://hl7.org/fhir/uv/deqm/StructureDefinition/"
_POPULATION_DESCRIPTION = "http://hl7.org/fhir/StructureDefinition/measurereport-populationDescription"

INDIVIDUAL, SUBJECT_LIST, SUMMARY, DATA_COLLECTION = "individual", "subject-list", "summary", "data-collection"


class Edition(StrEnum):
    """An edition of the data exchange guide."""

    US_4 = "us-4"
    US_5 = "us-5"
    UV_1 = "uv-1"


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What an edition calls things; ``None``: it has no such extension."""

    profiles: dict[str, str]
    supplemental_data: str = SUPPLEMENTAL_DATA
    criteria_reference: str = CRITERIA_REFERENCE
    group_notation: str
    alternate_score: str
    update_type: str
    scoring: str | None = None
    population_description: str | None = None
    data_location: str | None = None
    list_profile: str | None = None

    def profile(self, report_type: str) -> tuple[str, ...]:
        """The profile of a type of report."""
        found = self.profiles.get(report_type)
        return (found,) if found else ()


_US_PROFILES = {
    INDIVIDUAL: f"{_US}indv-measurereport-deqm",
    SUBJECT_LIST: f"{_US}subjectlist-measurereport-deqm",
    SUMMARY: f"{_US}summary-measurereport-deqm",
    DATA_COLLECTION: f"{_US}datax-measurereport-deqm",
}
_PLAIN = Names(
    profiles={},
    group_notation=f"{_UV}deqm-groupImprovementNotation",
    alternate_score=f"{_UV}deqm-alternateScoreType",
    update_type=f"{_UV}deqm-submitDataUpdateType",
)
_NAMES = {
    Edition.US_4: Names(
        profiles=_US_PROFILES,
        supplemental_data=f"{_US}extension-supplementalData",
        criteria_reference=f"{_US}extension-criteriaReference",
        group_notation=f"{_US}extension-groupImprovementNotation",
        alternate_score=f"{_US}extension-alternateScoreType",
        update_type=f"{_US}extension-submitDataUpdateType",
        scoring=f"{_US}extension-measureScoring",
    ),
    Edition.US_5: Names(
        profiles=_US_PROFILES,
        group_notation=f"{_US}extension-groupImprovementNotation",
        alternate_score=f"{_US}extension-alternateScoreType",
        update_type=f"{_US}extension-submitDataUpdateType",
        scoring=f"{_US}extension-measureScoring",
        population_description=_POPULATION_DESCRIPTION,
    ),
    Edition.UV_1: Names(
        profiles={
            INDIVIDUAL: f"{_UV}deqm-individualmeasurereport",
            SUBJECT_LIST: f"{_UV}deqm-subjectlistmeasurereport",
            SUMMARY: f"{_UV}deqm-summarymeasurereport",
            DATA_COLLECTION: f"{_UV}deqm-dataexchangemeasurereport",
        },
        group_notation=f"{_UV}deqm-groupImprovementNotation",
        alternate_score=f"{_UV}deqm-alternateScoreType",
        update_type=f"{_UV}deqm-submitDataUpdateType",
        scoring=f"{_UV}deqm-measureScoring",
        population_description=_POPULATION_DESCRIPTION,
        list_profile=f"{_UV}deqm-individualmeasurereportlist",
    ),
}


def names(edition: Edition | None) -> Names:
    """The names of an edition."""
    return _PLAIN if edition is None else _NAMES[edition]
