"""Exact keys: what a resource is, so that retrieves by type, code and profile are answered without looking at it.

  system|code   a Coding of the element that says what the resource is (``code``, ``type``, ``medication[x]`` ...)
  |url          a profile that the resource declares, without its version
  |             the resource does not say it plainly: who has one has to be looked at

Always holds: of a resource without the last key, a retrieve in evaluation finds these codes at this element, and these
profiles, and no others.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cqlmeasure.data.subjects import Json
from cqlmeasure.models import fhir_types
from cqlmeasure.runtime.subject import ANY_SYSTEM, Steps

MAX_CODE = 200
"""Longer codes are cut, in a store and where they are looked up; exact keys are not longer."""

UNCERTAIN = "|"


class _Unplain(Exception):
    """What is there has not the form that FHIR gives it, or one that evaluation takes apart in a way of its own."""


def coded(system: str, code: str) -> str | None:
    """The key of a code in a system; ``None`` if no key can say it."""
    key = f"{system}|{code}"
    return key if system and code and "|" not in system and system != ANY_SYSTEM and len(key) <= MAX_CODE else None


def declared(url: str) -> str:
    """The key of a profile."""
    return f"|{url}"


@lru_cache(maxsize=1000)
def main_steps(kind: str) -> Steps:
    """The steps to the element that says what resources of a type are; none if there is no such element."""
    return fhir_types().main_code_steps(kind) or ()


def exact_terms(resource: Json) -> list[str]:
    """The exact keys of a resource."""
    try:
        return [*_codes(resource), *_profiles(resource)]
    except _Unplain:
        return [UNCERTAIN]


def _codes(resource: Json) -> list[str]:
    steps = main_steps(resource["resourceType"])
    if not steps:
        return []
    owners: list[Any] = [resource]
    for step in steps:
        below: list[Any] = []
        for owner in owners:
            if type(owner) is not dict:
                raise _Unplain
            for name in step:
                value = owner.get(name)
                if type(value) is list:
                    # What fixes a code looks at one concept; hardly any type has a list there.
                    if name == "code":
                        raise _Unplain
                    below += value
                elif value is not None:
                    below.append(value)
        owners = below
    found: list[str] = []
    for concept in owners:
        # An extension may say that nothing of a value set was done; a code alone is of any system.
        if type(concept) is not dict or "extension" in concept or ("code" in concept and "coding" not in concept):
            raise _Unplain
        codings = concept.get("coding", ())
        if codings != () and type(codings) is not list:
            raise _Unplain
        for coding in codings:
            found += _coding(coding)
    return found


def _coding(coding: Any) -> list[str]:
    if type(coding) is not dict:
        raise _Unplain
    code, system = coding.get("code"), coding.get("system")
    if code is None:
        return []
    if type(code) is not str or not (system is None or type(system) is str):
        raise _Unplain
    if system is None:  # no system that a retrieve can ask for
        return []
    key = coded(system, code)
    if key is None:
        raise _Unplain
    return [key]


def _profiles(resource: Json) -> list[str]:
    meta = resource.get("meta")
    if meta is None:
        return []
    if type(meta) is not dict:
        raise _Unplain
    profiles = meta.get("profile")
    if profiles is None:
        return []
    if type(profiles) is not list:
        raise _Unplain
    found = []
    for url in profiles:
        plain = url.partition("|")[0] if type(url) is str else ""
        if not plain or len(plain) >= MAX_CODE:
            raise _Unplain
        found.append(declared(plain))
    return found
