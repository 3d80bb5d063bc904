"""What the caller of a report decides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from cqlmeasure.errors import UsageError
from cqlmeasure.measure.attestation import AttestedScore
from cqlmeasure.measure.editions import Edition
from cqlmeasure.measure.risk import RiskAdjusted

# A dateTime of FHIR: with a time also seconds and an offset.
_DATE_TIME = re.compile(
    r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d))?)?)?"
)


class SupplementalForm(StrEnum):
    """How a summary counts supplemental values."""

    COMPONENTS = "components"
    """One Observation per element, a component per value: as the standard says."""
    VALUES = "values"
    """One Observation per value, as the Java engine writes it."""


class ReportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller decides about a report.

    ``date`` is when it was made (FHIR dateTime); ``reporter`` a reference (``"Organization/1"``, or a Reference as
    JSON), or an Organization, Practitioner or PractitionerRole that the report then contains (without one, who attests
    the scores reports); ``edition`` (``"us-5"``) the guide whose profiles and extension names are used; ``profiles``
    what it claims to conform to besides; ``suffix`` is appended to ids, for several reports of one measure and subject;
    ``narrative`` adds text for people; ``strict`` refuses to give a report that is not valid FHIR (this needs the
    package fhir.resources).

    ``false_strata`` adds the stratum ``false`` to criteria stratifiers of subject-based groups; ``null_strata`` reports
    those without a value, ``empty_strata`` those that are expected and that nobody is in (in summaries).
    ``supplemental_form`` is how summaries count supplemental data.  ``attested`` are the scores that the reporter
    attests, by the id, linkId or number of the group.  ``cohort_score`` writes the number of members as a cohort's
    score.  ``confidence`` (such as 0.95) adds intervals of rates to summaries, ``adjusted`` risk-adjusted results, by
    group like ``attested``.  ``invert_decrease`` writes ``1 - score`` for proportions and ratios of observations with
    the notation "decrease", as the Java engine does (the standard's score does not depend on the notation).
    """

    date: str | None = None
    reporter: dict[str, Any] | str | None = None
    edition: Edition | None = None
    profiles: tuple[str, ...] = ()
    suffix: str = ""
    narrative: bool = False
    strict: bool = False
    false_strata: bool = False
    null_strata: bool = True
    empty_strata: bool = True
    supplemental_form: SupplementalForm = SupplementalForm.COMPONENTS
    attested: Mapping[str, AttestedScore] = msgspec.field(default_factory=dict)
    cohort_score: bool = False
    confidence: float | None = None
    adjusted: Mapping[str, RiskAdjusted] = msgspec.field(default_factory=dict)
    invert_decrease: bool = False

    def __post_init__(self) -> None:
        """Names become what they name; ``UsageError`` for a date, an edition or a form that there is not."""
        for field, kind in (("edition", Edition), ("supplemental_form", SupplementalForm)):
            value = getattr(self, field)
            if value is not None:
                force_setattr(self, field, _named(kind, field, value))
        if self.date is not None and _DATE_TIME.fullmatch(self.date) is None:
            raise UsageError(
                f"{self.date!r} is no date of a report",
                code="report-date",
                hint="write it as 2027-01-15 or 2027-01-15T08:30:00+02:00",
            )


def _named(kind: type[StrEnum], field: str, value: str) -> StrEnum:
    try:
        return kind(value)
    except ValueError as error:
        raise UsageError(f"{field} is {value!r}", code="usage", hint=f"one of {', '.join(kind)}") from error
