"""Terminology: which codes a value set has, and what is said when that cannot be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cqlmeasure.content import Content
from cqlmeasure.errors import Severity, TerminologyError
from cqlmeasure.terminology import MemoryLookup, Terminology

S = "http://example.org/cs"
T = "http://example.org/other"
URL = "http://example.org/ValueSet/"


def code(value: str, system: str | None = S, **more: Any) -> dict[str, Any]:
    return {"code": value, **({"system": system} if system else {}), **more}


def value_set(name: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "ValueSet", "id": name, "url": URL + name, "name": name.upper(), **more}


def enumerated(name: str, *codes: str, system: str = S, **more: Any) -> dict[str, Any]:
    include = {"system": system, "concept": [{"code": one} for one in codes]}
    return value_set(name, compose={"include": [include]}, **more)


TREE = {
    "resourceType": "CodeSystem",
    "url": S,
    "content": "complete",
    "concept": [
        {
            "code": "animal",
            "property": [{"code": "notSelectable", "valueBoolean": True}],
            "concept": [
                {
                    "code": "dog",
                    "display": "Dog",
                    "property": [{"code": "legs", "valueInteger": 4}, {"code": "pet", "valueBoolean": True}],
                    "concept": [{"code": "puppy"}],
                },
                {"code": "bird", "property": [{"code": "legs", "valueInteger": 2}]},
                {"code": "dodo", "property": [{"code": "status", "valueCode": "retired"}]},
            ],
        },
        {"code": "stone"},
        {"code": "gravel", "property": [{"code": "parent", "valueCode": "stone"}]},
    ],
}


def members(resources: list[dict[str, Any]], name: str = "a", version: str | None = None) -> set[tuple[str, str]]:
    found = Terminology(MemoryLookup(resources)).value_set(URL + name, version)
    return {(system, one) for one, systems in found.codes.items() for system in systems}


def codes(resources: list[dict[str, Any]], name: str = "a") -> set[str]:
    return {one for _, one in members(resources, name)}


# Expansions


def test_expansion_wins_over_compose() -> None:
    """Entries may be nested; headings are no members, inactive codes and codes without system are."""
    expansion = {
        "total": 6,
        "contains": [
            {"display": "heading without code", "contains": [code("1"), code("1", T)]},
            code("2", abstract=True, contains=[code("3", inactive=True, display="three", version="v")]),
            code("4", None),
        ],
    }
    a = enumerated("a", "9", expansion=expansion, version="7")
    assert members([a]) == {(S, "1"), (T, "1"), (S, "3"), ("", "4")}
    found = Terminology(MemoryLookup([a])).value_set(URL + "a")
    assert [one["code"] for one in found.members] == ["1", "1", "3", "4"]
    assert found.members[2] == code("3", display="three", version="v")
    assert (found.url, found.version, found.name) == (URL + "a", "7", "A")


CUT = [
    ({"total": 3, "contains": [code("1"), code("2")]}, "2 of 3 codes"),
    ({"offset": 10, "contains": [code("1")]}, "from code 10 on"),
    (
        {
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/valueset-toocostly", "valueBoolean": True}],
            "contains": [code("1")],
        },
        "too costly",
    ),
    ({"parameter": [{"name": "limitedExpansion", "valueBoolean": True}], "contains": [code("1")]}, "limited"),
]


@pytest.mark.parametrize(("expansion", "reason"), CUT)
def test_cut_expansion(expansion: dict[str, Any], reason: str) -> None:
    """Without a compose it is an error (lenient: what is there); with one the compose counts."""
    cut = value_set("a", expansion=expansion)
    with pytest.raises(TerminologyError, match=reason) as caught:
        Terminology(MemoryLookup([cut])).value_set(URL + "a", name="My Codes")
    assert '"My Codes"' in str(caught.value)
    assert URL + "a" in str(caught.value)
    lenient = Terminology(MemoryLookup([cut]), lenient=True)
    assert lenient.value_set(URL + "a").contains(S, "1")
    assert lenient.value_set(URL + "a").contains(S, "1")
    assert [one.severity for one in lenient.warnings] == [Severity.WARNING]
    assert reason in lenient.warnings[0].message
    assert codes([enumerated("a", "8", "9", expansion=expansion)]) == {"8", "9"}


@pytest.mark.parametrize(
    ("expansion", "expected"),
    [({"total": 0}, set()), ({"total": 0, "contains": []}, set()), ({}, {"1"}), ({"contains": []}, {"1"})],
)
def test_empty_expansion(expansion: dict[str, Any], expected: set[str]) -> None:
    """``total`` 0 says that there are none; an expansion that says nothing gives way to the compose."""
    assert codes([enumerated("a", "1", expansion=expansion)]) == expected


# Compose


COMPOSE = [
    (
        {"include": [{"system": S, "concept": [code("1", None)]}, {"system": T, "concept": [code("2", None)]}]},
        {"1", "2"},
    ),
    ({"include": [{"valueSet": [URL + "b"]}, {"valueSet": [URL + "c"]}]}, {"1", "2", "3"}),
    ({"include": [{"valueSet": [URL + "b", URL + "c"]}]}, {"2"}),
    ({"include": [{"system": S, "concept": [code("1", None)], "valueSet": [URL + "b"]}]}, {"1"}),
    ({"include": [{"valueSet": [URL + "b|1"]}]}, {"old"}),
    (
        {
            "include": [{"valueSet": [URL + "b"]}],
            "exclude": [{"system": S, "concept": [code("1", None)]}, {"system": T, "concept": [code("2", None)]}],
        },
        {"2"},
    ),
    ({"include": [{"valueSet": [URL + "c"]}], "exclude": [{"valueSet": [URL + "b"]}]}, {"3"}),
    ({"include": [{"system": S}]}, {"dog", "puppy", "bird", "dodo", "stone", "gravel"}),
    ({"inactive": False, "include": [{"system": S}]}, {"dog", "puppy", "bird", "stone", "gravel"}),
    ({"include": [{"system": S}], "exclude": [{"system": S, "concept": [{"code": "stone"}]}]}, None),
]


@pytest.mark.parametrize(("compose", "expected"), COMPOSE)
def test_compose(compose: dict[str, Any], expected: set[str] | None) -> None:
    resources = [
        value_set("a", compose=compose),
        enumerated("b", "1", "2", version="2"),
        enumerated("b", "old", version="1"),
        enumerated("c", "2", "3"),
        TREE,
    ]
    assert codes(resources) == (expected if expected is not None else {"dog", "puppy", "bird", "dodo", "gravel"})


@pytest.mark.parametrize(
    ("name", "op", "value", "expected"),
    [
        ("concept", "is-a", "dog", {"dog", "puppy"}),
        ("concept", "descendent-of", "animal", {"dog", "puppy", "bird", "dodo"}),
        ("concept", "is-not-a", "animal", {"stone", "gravel"}),
        ("concept", "is-a", "stone", {"stone", "gravel"}),
        ("code", "in", "dog, stone", {"dog", "stone"}),
        ("code", "not-in", "dog,stone,gravel,puppy", {"bird", "dodo"}),
        ("legs", "=", "4", {"dog"}),
        ("pet", "=", "true", {"dog"}),
        ("display", "=", "Dog", {"dog"}),
        ("legs", "exists", "true", {"dog", "bird"}),
    ],
)
def test_filter(name: str, op: str, value: str, expected: set[str]) -> None:
    include = {"system": S, "filter": [{"property": name, "op": op, "value": value}]}
    assert codes([value_set("a", compose={"include": [include]}), TREE]) == expected


GAPS = [
    ({"include": [{"system": S, "filter": [{"property": "x", "op": "regex", "value": ".*"}]}]}, "not supported"),
    ({"include": [{"system": T}]}, "CodeSystem is not there"),
    ({"include": [{"system": S, "version": "9"}]}, "not there in version 9"),
    ({"include": [{"system": "http://example.org/part"}]}, "only part of its codes"),
    ({"include": [{"valueSet": [URL + "gone"]}]}, "gone, which is not there"),
    ({"include": [{"valueSet": [URL + "a"]}]}, "includes itself"),
    (
        {"include": [{"valueSet": [URL + "circle"]}]},
        "includes itself: .*circle -> .*a -> .*circle|a -> .*circle -> .*a",
    ),
    ({"include": [{}]}, "without a system"),
    (None, "no expansion and no compose"),
    ({"include": []}, "no expansion"),
]


@pytest.mark.parametrize(("compose", "reason"), GAPS)
def test_compose_that_cannot_be_resolved(compose: dict[str, Any] | None, reason: str) -> None:
    """An error that says why; lenient, the codes of the rest are there."""
    more = {"system": T, "concept": [{"code": "rest"}]}
    if compose and compose["include"]:
        compose = {"include": [*compose["include"], more]}
    resources = [
        value_set("a", **({"compose": compose} if compose is not None else {})),
        value_set("circle", compose={"include": [{"valueSet": [URL + "a"]}]}),
        {"resourceType": "CodeSystem", "url": "http://example.org/part", "content": "fragment"},
        TREE,
    ]
    with pytest.raises(TerminologyError, match=reason):
        Terminology(MemoryLookup(resources)).value_set(URL + "a")
    lenient = Terminology(MemoryLookup(resources), lenient=True)
    assert set(lenient.value_set(URL + "a").codes) == ({"rest"} if compose and compose["include"] else set())
    assert len(lenient.warnings) == 1


# Asking


def test_versions() -> None:
    resources = [enumerated("a", "1", version="1"), enumerated("a", "2", version="2")]
    assert members(resources) == {(S, "2")}
    assert members(resources, version="1") == {(S, "1")}
    terminology = Terminology(MemoryLookup(resources))
    assert terminology.value_set(URL + "a|1").contains(S, "1")
    assert terminology.value_set(URL + "a|1") is terminology.value_set(URL + "a", "1")
    with pytest.raises(TerminologyError, match="versions there: 1, 2"):
        terminology.value_set(URL + "a", "3")


def test_missing_value_set() -> None:
    with pytest.raises(TerminologyError) as caught:
        Terminology(MemoryLookup([])).value_set(URL + "a|3", name="Diabetes")
    assert caught.value.diagnostics[0].code == "missing-value-set"
    assert f'"Diabetes" {URL}a|3' in caught.value.diagnostics[0].message
    lenient = Terminology(MemoryLookup([]), lenient=True)
    assert lenient.value_set(URL + "a", name="Diabetes").codes == {}
    assert [one.code for one in lenient.warnings] == ["missing-value-set"]


def test_check_lists_everything_that_is_missing() -> None:
    terminology = Terminology(MemoryLookup([enumerated("a", "1")]))
    terminology.check([(URL + "a", None, "A")])
    with pytest.raises(TerminologyError) as caught:
        terminology.check(
            [(URL + "x", None, "X"), (URL + "a", None, "A"), (URL + "y", None, None), (URL + "x", None, "X")]
        )
    assert [one.message.split()[2] for one in caught.value.diagnostics] == ['"X"', URL + "y"]


def test_code_system() -> None:
    terminology = Terminology(MemoryLookup([{"resourceType": "Bundle", "entry": [{"resource": TREE}]}]))
    found = terminology.code_system(S, name="Things")
    assert found.contains(S, "puppy")
    assert not found.contains(S, "cat")
    assert found.name == "Things"
    with pytest.raises(TerminologyError, match="other is not there"):
        terminology.code_system(T)
    lenient = Terminology(MemoryLookup([]), lenient=True)
    assert lenient.code_system(T).codes == {}
    assert lenient.warnings[0].code == "missing-code-system"


def test_value_sets_of_a_content(tmp_path: Path) -> None:
    """A content is a lookup."""
    (tmp_path / "a.json").write_text(json.dumps(enumerated("a", "1")))
    (tmp_path / "s.json").write_text(json.dumps(TREE))
    terminology = Terminology(Content(tmp_path))
    assert terminology.value_set(URL + "a").contains(S, "1")
    assert terminology.code_system(S).contains(S, "dog")
    with pytest.raises(TerminologyError, match="not there"):
        terminology.value_set(URL + "b", "1")


def test_deck(shared: Path) -> None:
    """Every value set of the published deck is complete; those that its manifest calls missing are errors."""
    root = shared / "decks" / "qicore2025"
    if not root.is_dir():
        pytest.skip("no deck")
    content = Content(root)
    terminology = Terminology(content)
    for entry in content.value_sets():
        assert terminology.value_set(str(entry.url)).codes
    for url in json.loads((root / "manifest.json").read_bytes())["valuesets"]:
        with pytest.raises(TerminologyError):
            terminology.value_set(url)


def broken(value: Any) -> list[Any]:
    """Copies of ``value``, in each of which one part is replaced by something of another type."""
    found: list[Any] = [
        one for one in (None, 5, "x", [5], {"x": 5}, [[]]) if type(one) is not type(value) or one == [5]
    ]
    if isinstance(value, dict):
        found.extend({**value, key: one} for key, item in value.items() for one in broken(item))
    elif isinstance(value, list):
        found.extend([*value[:at], one, *value[at + 1 :]] for at, item in enumerate(value) for one in broken(item))
    return found


SAMPLES = [
    value_set(
        "a",
        version="1",
        expansion={"total": 1, "extension": [{"url": "x"}], "contains": [code("1", contains=[code("2")])]},
    ),
    value_set(
        "a",
        compose={
            "include": [
                {"system": S, "concept": [{"code": "1", "display": "one"}], "valueSet": [URL + "b"]},
                {"system": S, "version": "1", "filter": [{"property": "concept", "op": "is-a", "value": "dog"}]},
            ],
            "exclude": [{"system": S, "concept": [{"code": "1"}]}],
        },
    ),
]


@pytest.mark.parametrize("sample", range(len(SAMPLES)))
def test_malformed_value_sets(sample: int) -> None:
    """Whatever a value set says, it is resolved, or there is an error that names it."""
    for one in broken(SAMPLES[sample]):
        if isinstance(one, dict) and one.get("resourceType") == "ValueSet" and one.get("url") == URL + "a":
            for resources in ([one, TREE, enumerated("b", "1")], [one, {"resourceType": "CodeSystem", "url": S}]):
                check_told(resources)


def check_told(resources: list[Any]) -> None:
    """A strict reading raises if and only if a lenient one warns; both name the value set, and both have its codes."""
    lenient = Terminology(MemoryLookup(resources), lenient=True)
    found = lenient.value_set(URL + "a")
    try:
        strict = Terminology(MemoryLookup(resources)).value_set(URL + "a")
    except TerminologyError as error:
        assert lenient.warnings
        assert URL + "a" in str(error)
        assert URL + "a" in lenient.warnings[0].message
    else:
        assert lenient.warnings == []
        assert strict.codes == found.codes


def test_malformed_code_systems() -> None:
    for one in broken(TREE):
        if isinstance(one, dict) and one.get("resourceType") == "CodeSystem" and one.get("url") == S:
            resources = [one, value_set("a", compose={"include": [{"system": S}], "inactive": False})]
            check_told(resources)
