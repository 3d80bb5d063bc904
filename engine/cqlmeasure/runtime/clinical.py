"""Clinical operators: CQL reference, appendix B, "Clinical Operators".

Owns membership in value sets and code systems, and ages.  Always holds: membership answers true or false; a null code
is in nothing; a Code without a system is no member where members have systems; a String is looked up by its code alone,
which is an error where the value set draws on several systems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cqlmeasure.runtime.equivalence import equivalent
from cqlmeasure.runtime.temporal import HOUR, Date, DateTime
from cqlmeasure.runtime.temporal_arithmetic import date_from, duration_between, duration_between_date
from cqlmeasure.runtime.uncertainty import Uncertainty
from cqlmeasure.runtime.values import CodeSystem, CqlError, FhirValue, ValueSet

Json = Mapping[str, Any]


def code_in_value_set(code: Json | None, value_set: ValueSet) -> bool:
    """``code in "Value Set"`` for a Code: code and system are a member."""
    if code is None:
        return False
    systems = value_set.codes.get(code.get("code", ""))
    if systems is None:
        return False
    return (code.get("system") or "") in systems


def concept_in_value_set(concept: Json | None, value_set: ValueSet) -> bool:
    """``concept in "Value Set"`` for a Concept: one of its codes is a member."""
    if concept is None:
        return False
    members = value_set.codes
    for code in concept.get("coding") or ():
        if code is not None:
            systems = members.get(code.get("code", ""))
            if systems is not None and (code.get("system") or "") in systems:
                return True
    return False


def string_in_value_set(code: str | None, value_set: ValueSet) -> bool:
    """``'code' in "Value Set"``: an error if the value set has codes of several systems."""
    if code is None:
        return False
    systems: set[str] = set()
    for member in value_set.members:
        systems.add(member.get("system") or "")
        if len(systems) > 1:
            raise CqlError(
                f"'{code}' cannot be looked up in value set {value_set.name or value_set.url} without a system: "
                f"it has codes of several systems ({', '.join(sorted(systems))})"
            )
    return code in value_set.codes


def in_value_set(code: Any, value_set: ValueSet | None) -> bool | None:
    """``code in "Value Set"`` for a Code, a Concept, a String, or a list of these (any of them)."""
    if code is None:
        return False
    if value_set is None:
        return None
    if isinstance(code, FhirValue):
        code = code.json
    if isinstance(code, str):
        return string_in_value_set(code, value_set)
    if isinstance(code, Mapping):
        if "code" in code:
            return code_in_value_set(code, value_set)
        return concept_in_value_set(code, value_set)
    return any_in_value_set(code, value_set)


def any_in_value_set(codes: Sequence[Any] | None, value_set: ValueSet | None) -> bool | None:
    """``codes in "Value Set"`` for a list: whether any element is a member."""
    if codes is None:
        return False
    if value_set is None:
        return None
    return any(in_value_set(code, value_set) is True for code in codes)


def code_in_code_system(code: Json | None, code_system: CodeSystem) -> bool:
    """``code in "Code System"`` for a Code.

    Where the content of the code system is not known, the system of the code decides alone.
    """
    if code is None or code.get("code") is None:
        return False
    system = code.get("system")
    if system is not None and system != code_system.url:
        return False
    return code["code"] in code_system.codes if code_system.codes else system is not None


def in_code_system(code: Any, code_system: CodeSystem | None) -> bool | None:
    """``code in "Code System"`` for a Code, a Concept, a String, or a list of these (any of them)."""
    if code is None:
        return False
    if code_system is None:
        return None
    if isinstance(code, FhirValue):
        code = code.json
    if isinstance(code, str):
        if not code_system.codes:
            raise CqlError(
                f"'{code}' cannot be looked up in code system {code_system.name or code_system.url}: "
                "its content is not known"
            )
        return code in code_system.codes
    if isinstance(code, Mapping):
        if "code" in code:
            return code_in_code_system(code, code_system)
        return any_in_code_system(code.get("coding") or (), code_system)
    return any_in_code_system(code, code_system)


def any_in_code_system(codes: Sequence[Any] | None, code_system: CodeSystem | None) -> bool | None:
    """``codes in "Code System"`` for a list: whether any element is a member."""
    if codes is None:
        return False
    if code_system is None:
        return None
    return any(in_code_system(code, code_system) is True for code in codes)


def expand_value_set(value_set: ValueSet | None) -> list[Json] | None:
    """``ExpandValueSet``: the members as a list of Codes, in the order of the expansion."""
    return None if value_set is None else list(value_set.members)


def subsumes(ancestor: Json | None, descendant: Json | None) -> bool | None:
    """``Subsumes``: true for equivalent Codes or Concepts; beyond that it would take a hierarchy of codes: an error."""
    if ancestor is None or descendant is None:
        return None
    if equivalent(ancestor, descendant):
        return True
    raise CqlError("whether one code subsumes another cannot be told: there is no hierarchy of codes to ask")


def subsumed_by(descendant: Json | None, ancestor: Json | None) -> bool | None:
    """``SubsumedBy``: ``Subsumes`` the other way round."""
    return subsumes(ancestor, descendant)


Point = Date | DateTime


def calculate_age_at(birth: Point | None, as_of: Point | None, precision: int) -> int | Uncertainty | None:
    """``CalculateAgeIn<precision>At``: the whole calendar units between birth and a point in time.

    As of a Date, only the day of birth counts.  As of a DateTime, a birth without a time of day leaves the age open on
    the birthday itself: the specification converts the Date to a DateTime.
    """
    if type(birth) is Date and type(as_of) is Date:
        return duration_between_date(birth, as_of, precision)
    if isinstance(as_of, Date) and isinstance(birth, DateTime):
        birth = date_from(birth)
    return duration_between(birth, as_of, precision)


def calculate_age(birth: Point | None, precision: int, now: DateTime) -> int | Uncertainty | None:
    """``CalculateAgeIn<precision>``: the age at the time of the evaluation; as of today unless in hours or finer."""
    if birth is None:
        return None
    if isinstance(birth, Date) and precision < HOUR:
        return calculate_age_at(birth, Date.of_day(now.day), precision)
    return calculate_age_at(birth, now, precision)
