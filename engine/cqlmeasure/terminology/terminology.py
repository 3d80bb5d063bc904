"""``Terminology``: resolves value sets and code systems by url, once each.

Always holds: what ``value_set`` returns is complete, unless ``lenient`` is set and a warning says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable

from cqlmeasure.errors import Diagnostic, Severity, TerminologyError
from cqlmeasure.runtime.values import CodeSystem, ValueSet
from cqlmeasure.terminology.expansion import (
    Code,
    Concept,
    expansion_codes,
    expansion_gap,
    is_abstract,
    is_inactive,
    make_code,
    properties,
    system_concepts,
)
from cqlmeasure.terminology.lookup import Json, Lookup, objects, text_of

_Key = tuple[str, str]  # system, code
_Codes = dict[_Key, Code]
MAX_INCLUDES = 64


class _Gap(Exception):
    """What keeps a value set from being resolved; ``codes`` is what could be found all the same."""

    def __init__(self, message: str, hint: str, codes: _Codes | None = None, code: str = "cut-value-set") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.codes = codes or {}
        self.code = code


class Terminology:
    """Value sets and code systems from ``lookup``, each resolved when first asked for and kept.

    With ``lenient`` a missing value set is empty and a cut one holds what is there; ``warnings`` says so, once each.
    """

    def __init__(self, lookup: Lookup, lenient: bool = False) -> None:
        self.lenient = lenient
        self.warnings: list[Diagnostic] = []
        self._lookup = lookup
        self._value_sets: dict[tuple[str, str | None], ValueSet] = {}
        self._code_systems: dict[tuple[str, str | None], CodeSystem] = {}
        self._concepts: dict[tuple[str, str | None], tuple[list[Concept], str | None]] = {}

    def value_set(self, url: str, version: str | None = None, name: str | None = None) -> ValueSet:
        """The value set with this canonical url (``|version`` allowed); ``name`` is what CQL calls it.

        Raises ``TerminologyError`` if it is missing, cut, or defined by what cannot be resolved here.
        """
        target, version = _canonical(url, version)
        known = self._value_sets.get((target, version))
        if known is None:
            title, found_version = None, version
            try:
                resource, codes = self._resolve(target, version, ())
                title, found_version = text_of(resource.get("name")), text_of(resource.get("version")) or version
            except _Gap as gap:
                self._report(_describe("value set", target, version, name), gap)
                codes = gap.codes
            known = ValueSet(target, found_version, name or title, codes.values())
            self._value_sets[target, version] = known
        return known

    def code_system(self, url: str, version: str | None = None, name: str | None = None) -> CodeSystem:
        """The code system with this canonical url and all its codes; ``TerminologyError`` if they are not there."""
        target, version = _canonical(url, version)
        known = self._code_systems.get((target, version))
        if known is None:
            codes: _Codes = {}
            concepts, missing = self._system(target, version)
            for concept in concepts:
                codes.setdefault((target, concept.entry["code"]), make_code(target, concept.entry))
            if missing is not None:
                hint = "add the CodeSystem to the content, or go on with lenient terminology"
                label = _describe("code system", target, version, name)
                self._report(label, _Gap(missing, hint, codes, "missing-code-system"))
            known = CodeSystem(target, version, name, codes.values())
            self._code_systems[target, version] = known
        return known

    def check(self, references: Iterable[tuple[str, str | None, str | None]]) -> None:
        """Resolves value sets (url, version, CQL name); one ``TerminologyError`` lists all that cannot be."""
        found: list[Diagnostic] = []
        for url, version, name in references:
            try:
                self.value_set(url, version, name)
            except TerminologyError as error:
                found.extend(diagnostic for diagnostic in error.diagnostics if diagnostic not in found)
        if found:
            raise TerminologyError(diagnostics=found)

    def _report(self, label: str, gap: _Gap) -> None:
        diagnostic = Diagnostic(
            code=gap.code,
            message=f"{label} {gap.message}",
            severity=Severity.WARNING if self.lenient else Severity.ERROR,
            hint=None if self.lenient else gap.hint,
        )
        if not self.lenient:
            raise TerminologyError(diagnostics=[diagnostic])
        self.warnings.append(diagnostic)

    # Value sets

    def _resolve(self, url: str, version: str | None, path: tuple[str, ...]) -> tuple[Json, _Codes]:
        """The ValueSet and its codes, or a ``_Gap``; ``path`` is the chain of value sets that include this one."""
        found = self._lookup.value_set_json(url, version)
        if found is None:
            versions = [one for one in self._lookup.value_set_versions(url) if one] if version else []
            if versions:
                hint = f"versions there: {', '.join(versions)}"
            else:
                hint = "add the ValueSet (with its expansion) to the content, or go on with lenient terminology"
            raise _Gap("is not there", hint, code="missing-value-set")
        resource, place = found
        own = f"{url}|{text_of(resource.get('version')) or ''}".rstrip("|")
        if own in path:
            circle = " -> ".join((*path[path.index(own) :], own))
            raise _Gap(f"includes itself: {circle}", "break the circle of includes")
        if len(path) >= MAX_INCLUDES:
            raise _Gap(f"is included through more than {MAX_INCLUDES} value sets", "flatten the includes")
        expansion, compose = resource.get("expansion"), resource.get("compose")
        kept: _Codes = {}
        reason = "has no expansion"
        if isinstance(expansion, dict):
            gap = expansion_gap(expansion)
            kept = _by_key(expansion_codes(expansion))
            # An expansion that holds nothing and does not say so is the shell of one.
            empty = not expansion.get("contains") and expansion.get("total") != 0 and _includes(compose)
            if gap is None and not empty:
                return resource, kept
            reason = gap or "has an empty expansion"
        if not isinstance(compose, dict) or not _includes(compose):
            if expansion is None:
                reason += " and no compose"
            raise _Gap(f"({place}): {reason}", "replace the file by one with the complete expansion", kept)
        try:
            return resource, self._compose(compose, (*path, own))
        except _Gap as gap:
            kept.update(gap.codes)
            raise _Gap(f"({place}): {reason}, and its compose {gap.message}", gap.hint, kept) from None

    def _compose(self, compose: Json, path: tuple[str, ...]) -> _Codes:
        gaps: list[_Gap] = []
        codes: _Codes = {}
        for include in _includes(compose):
            try:
                codes.update(self._included(include, path, compose.get("inactive") is False))
            except _Gap as gap:
                codes.update(gap.codes)
                gaps.append(gap)
        for exclude in objects(compose.get("exclude")):
            try:
                excluded = self._included(exclude, path, False)
            except _Gap as gap:
                excluded = gap.codes
                gaps.append(gap)
            for key in excluded:
                codes.pop(key, None)
        if gaps:
            raise _Gap("; ".join(dict.fromkeys(gap.message for gap in gaps)), gaps[0].hint, codes)
        return codes

    def _included(self, include: Json, path: tuple[str, ...], active_only: bool) -> _Codes:
        """One include or exclude: what its system part and all of its value sets have in common."""
        parts: list[_Codes] = []
        gaps: list[_Gap] = []
        if include.get("system"):
            try:
                parts.append(self._system_part(include, active_only))
            except _Gap as gap:
                gaps.append(gap)
                parts.append(gap.codes)
        for reference in _texts(include.get("valueSet")):
            url, version = _canonical(reference, None)
            try:
                parts.append(self._resolve(url, version, path)[1])
            except _Gap as gap:
                gaps.append(_Gap(f"needs value set {reference}, which {gap.message}", gap.hint))
                parts.append(gap.codes)
        if not parts:
            raise _Gap("has an include without a system and value set", "correct the compose")
        first, *others = parts
        codes = {key: code for key, code in first.items() if all(key in other for other in others)}
        if gaps:
            raise _Gap("; ".join(gap.message for gap in gaps), gaps[0].hint, codes)
        return codes

    def _system_part(self, include: Json, active_only: bool) -> _Codes:
        system = str(include["system"])
        listed = objects(include.get("concept"))
        if listed:
            version = {"version": include["version"]} if include.get("version") else {}
            entries = (entry for entry in listed if isinstance(entry.get("code"), str))
            return _by_key(make_code(system, {**version, **entry}) for entry in entries)
        concepts, missing = self._system(system, text_of(include.get("version")))
        kept = [c for c in concepts if not is_abstract(c.entry) and not (active_only and is_inactive(c.entry))]
        hint = "replace the value set by one with a complete expansion, or add the complete CodeSystem"
        unknown: list[str] = []
        for condition in objects(include.get("filter")):
            matches = _filter(condition, kept)
            if matches is None:
                unknown.append(" ".join(str(condition.get(key)) for key in ("property", "op", "value")))
                kept = []
            else:
                kept = matches
        codes = _by_key(make_code(system, concept.entry) for concept in kept)
        if missing is not None:
            raise _Gap(f"needs the codes of {system}, whose CodeSystem {missing}", hint, codes)
        if unknown:
            raise _Gap(f"has the filter {', '.join(unknown)} on {system}, which is not supported", hint, codes)
        return codes

    # Code systems

    def _system(self, url: str, version: str | None) -> tuple[list[Concept], str | None]:
        """The concepts of a code system, and what is missing from them."""
        known = self._concepts.get((url, version))
        if known is None:
            found = self._lookup.code_system_json(url, version)
            if found is None and version is not None:
                # A version of a value set's include need not be the one at hand, but must not be passed over.
                known = ([], f"is not there in version {version}")
                if self._lookup.code_system_json(url) is None:
                    known = ([], "is not there")
            elif found is None:
                known = ([], "is not there")
            else:
                resource, place = found
                known = (system_concepts(resource), _system_gap(resource, place))
            self._concepts[url, version] = known
        return known


def _system_gap(resource: Json, place: str) -> str | None:
    content = resource.get("content", "complete")
    if content != "complete":
        return f"({place}) has only part of its codes (content: {content})"
    return None


def _filter(condition: Json, concepts: list[Concept]) -> list[Concept] | None:
    """Concepts that pass a filter of an include; ``None`` if the filter is none that can be decided here."""
    name, op, value = str(condition.get("property")), condition.get("op"), str(condition.get("value"))
    if op in ("is-a", "descendent-of", "is-not-a"):
        if name not in ("concept", "code"):
            return None

        def below(concept: Concept) -> bool:
            return value in concept.parents

        def same(concept: Concept) -> bool:
            return bool(concept.entry["code"] == value)

        if op == "is-a":
            return [c for c in concepts if same(c) or below(c)]
        if op == "is-not-a":
            return [c for c in concepts if not same(c) and not below(c)]
        return [c for c in concepts if below(c)]
    if op in ("=", "in", "not-in"):
        wanted = {value} if op == "=" else {one.strip() for one in value.split(",")}
        return [c for c in concepts if (op == "not-in") != bool(wanted & _values(c.entry, name))]
    if op == "exists" and value in ("true", "false"):
        return [c for c in concepts if bool(_values(c.entry, name)) == (value == "true")]
    return None


def _values(entry: Json, name: str) -> set[str]:
    if name in ("concept", "code"):
        return {entry["code"]}
    if name == "display":
        return {str(entry["display"])} if entry.get("display") else set()
    return {str(value).lower() if isinstance(value, bool) else str(value) for value in properties(entry, name)}


def _includes(compose: object) -> list[Json]:
    return objects(compose.get("include")) if isinstance(compose, dict) else []


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _by_key(codes: Iterable[Code]) -> _Codes:
    found: _Codes = {}
    for code in codes:
        found.setdefault((code.get("system", ""), code["code"]), code)
    return found


def _canonical(url: str, version: str | None) -> tuple[str, str | None]:
    target, _, own = url.partition("|")
    return target, version or own or None


def _describe(kind: str, url: str, version: str | None, name: str | None) -> str:
    label = f'{kind} "{name}"' if name else kind
    return f"{label} {url}{'|' + version if version else ''}"
