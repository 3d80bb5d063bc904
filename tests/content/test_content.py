"""Content: what is found in folders, IG repositories, Bundles and packages, and how it is asked for."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from cqlmeasure.content import CaseData, Content, open_content
from cqlmeasure.content.libraries import declared_name
from cqlmeasure.content.resources import version_key
from cqlmeasure.errors import ContentError, Severity


def measure(name: str, version: str | None = "1.0.0", **more: Any) -> dict[str, Any]:
    found = {"resourceType": "Measure", "id": f"{name}-id", "name": name, "url": f"http://example.org/Measure/{name}"}
    if version:
        found["version"] = version
    return {**found, "library": [f"http://example.org/Library/{name}|{version}"], **more}


def library(name: str, version: str, cql: str | None = None, elm: Any = None, **more: Any) -> dict[str, Any]:
    content = []
    if cql is not None:
        content.append({"contentType": "text/cql", "data": base64.b64encode(cql.encode()).decode()})
    if elm is not None:
        data = base64.b64encode(json.dumps(elm).encode()).decode()
        content.append({"contentType": "application/elm+json", "data": data})
    url = f"http://example.org/Library/{name}"
    base = {"resourceType": "Library", "id": f"{name}-{version}", "url": url, "name": name, "version": version}
    return {**base, "content": content, **more}


def value_set(identity: str, version: str | None = None, **more: Any) -> dict[str, Any]:
    found = {"resourceType": "ValueSet", "id": identity, "url": f"http://example.org/ValueSet/{identity}", **more}
    return {**found, "version": version} if version else found


def elm(name: str, version: str) -> dict[str, Any]:
    return {"library": {"identifier": {"id": name, "version": version}, "schemaIdentifier": {"id": "urn:hl7-org:elm"}}}


def report(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MeasureReport",
        "id": "r",
        "measure": "http://example.org/Measure/M",
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        **more,
    }


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


PATIENT = {"resourceType": "Patient", "id": "p"}
OBSERVATION = {"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/somebody-else"}}


def write(root: Path, files: dict[str, Any]) -> Path:
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, bytes):
            path.write_bytes(value)
        else:
            path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return root


# Libraries


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("library A version '1.0'", ("A", "1.0")),
        ("library A", ("A", None)),
        ("\ufeff// one\n/* two\nlibrary X */ library A.B.\"C d\" version '2'", ("A.B.C d", "2")),
        ("library\n  `x y`\nversion\n'3'", ("x y", "3")),
        ("using FHIR version '4.0.1'", None),
        ("// library A", None),
        ("", None),
    ],
)
def test_declared_name(text: str, expected: tuple[str, str | None] | None) -> None:
    assert declared_name(text) == expected


def test_versions_sort_as_people_read_them() -> None:
    versions = ["1.10.000", "1.0.0", "20250101", "1.9.000", "", "1.0.0-draft", "0.9"]
    assert sorted(versions, key=version_key) == ["", "0.9", "1.0.0-draft", "1.0.0", "1.9.000", "1.10.000", "20250101"]


@pytest.fixture
def deck(tmp_path: Path) -> Content:
    return Content(
        write(
            tmp_path,
            {
                "measures/M.json": measure("M"),
                "libraries/M-1.json": library("M", "1.0.0", "library M version '1.0.0'", elm("M", "1.0.0")),
                "libraries/H-1.json": library("FHIRHelpers", "4.0.1", "library FHIRHelpers version '4.0.1'"),
                "libraries/H-2.json": library("FHIRHelpers", "4.4.000", elm=elm("FHIRHelpers", "4.4.000")),
                "libraries/other.json": library("Resource", "9", "library Inner.Declared version '1.2'"),
                "valuesets/a1.json": value_set("a", "1", title="old"),
                "valuesets/a2.json": value_set("a", "10", title="new"),
                "valuesets/a3.json": value_set("a", "9", title="middle"),
                "codesystem.json": {"resourceType": "CodeSystem", "id": "c", "url": "http://example.org/cs"},
                "model.xml": '<modelInfo xmlns="urn:hl7-org:elm-modelinfo:r1" name="X" version="1"/>',
                "notes.xml": "<html/>",
                "manifest.json": {"anything": 1},
                "cases/M/one.json": bundle(PATIENT, OBSERVATION, value_set("x"), report()),
                "cases/M/two.json": bundle(PATIENT, report()),
            },
        )
    )


@pytest.mark.parametrize(
    ("reference", "version", "expected"),
    [
        ("M", None, ("M", "1.0.0")),
        ("M", "1.0.0", ("M", "1.0.0")),
        ("http://example.org/Library/M|1.0.0", None, ("M", "1.0.0")),
        ("http://example.org/Library/FHIRHelpers", None, ("FHIRHelpers", "4.4.000")),
        ("http://elsewhere.org/Library/FHIRHelpers|4.0.1", None, ("FHIRHelpers", "4.0.1")),
        ("hl7.fhir.uv.cql.FHIRHelpers", "4.0.1", ("FHIRHelpers", "4.0.1")),
        ("Library/M-1.0.0", None, ("M", "1.0.0")),
        ("Inner.Declared", "1.2", ("Resource", "9")),
    ],
)
def test_library_by(deck: Content, reference: str, version: str | None, expected: tuple[str, str]) -> None:
    found = deck.library_source(reference, version)
    assert (found.name, found.version) == expected


def test_library_content(deck: Content) -> None:
    both = deck.library_source("M")
    assert both.cql == "library M version '1.0.0'"
    assert both.elm == elm("M", "1.0.0")
    assert both.url == "http://example.org/Library/M"
    only_elm = deck.library_source("FHIRHelpers", "4.4.000")
    assert only_elm.cql is None
    assert only_elm.elm is not None
    assert only_elm.elm_xml is None
    assert only_elm.file.endswith("H-2.json")
    assert deck.library_versions("FHIRHelpers") == ["4.0.1", "4.4.000"]


@pytest.mark.parametrize(
    ("reference", "version", "code", "part"),
    [
        ("FHIRHelpers", "4.0.2", "missing-library-version", "versions there: 4.0.1, 4.4.000"),
        ("FHIRHelper", None, "missing-library", "did you mean FHIRHelpers"),
    ],
)
def test_missing_library(deck: Content, reference: str, version: str | None, code: str, part: str) -> None:
    with pytest.raises(ContentError, match=part) as caught:
        deck.library_source(reference, version)
    assert caught.value.diagnostics[0].code == code


def test_broken_base64_names_the_file(tmp_path: Path) -> None:
    broken = library("B", "1")
    broken["content"] = [{"contentType": "text/cql", "data": "a"}]
    content = Content(write(tmp_path, {"b.json": broken}))
    with pytest.raises(ContentError, match=r"b\.json.*base64"):
        content.library_source("B")


def test_cql_that_is_not_utf8(tmp_path: Path) -> None:
    content = Content(write(tmp_path, {"a.cql": b"library A version '1'\n// \xff\xfe"}))
    with pytest.raises(ContentError, match=r"a\.cql is not UTF-8"):
        _ = content.library_source("A").cql


# Measures


@pytest.mark.parametrize("reference", ["M", "M-id", "Measure/M-id", "http://example.org/Measure/M"])
def test_measure_by(deck: Content, reference: str) -> None:
    entry = deck.measure(reference)
    assert (entry.name, entry.id, entry.version) == ("M", "M-id", "1.0.0")
    assert entry.resource()["resourceType"] == "Measure"
    assert entry.file.endswith("M.json")


def test_measure_by_version_and_file(tmp_path: Path) -> None:
    files = {f"{version}.json": measure("M", version) for version in ("1.9", "1.10")}
    content = Content(write(tmp_path, files))
    assert content.measure("M").version == "1.10"
    assert content.measure("http://example.org/Measure/M|1.9").version == "1.9"
    assert content.measure(tmp_path / "1.9.json").version == "1.9"
    with pytest.raises(ContentError, match=r"versions there: 1\.10, 1\.9"):
        content.measure("M|2")


@pytest.mark.parametrize(("reference", "hint"), [("m2", "M"), ("zzzzzz", "measures there: M")])
def test_unknown_measure(deck: Content, reference: str, hint: str) -> None:
    with pytest.raises(ContentError, match=hint) as caught:
        deck.measure(reference)
    assert caught.value.diagnostics[0].code == "unknown-measure"


def test_measure_name_that_two_urls_share(tmp_path: Path) -> None:
    files = {"a.json": measure("M"), "b.json": measure("M", url="http://other.org/Measure/M")}
    content = Content(write(tmp_path, files))
    with pytest.raises(ContentError, match="ambiguous"):
        content.measure("M")
    assert content.measure("http://other.org/Measure/M").file.endswith("b.json")


# Terminology


def test_value_sets(deck: Content) -> None:
    url = "http://example.org/ValueSet/a"
    newest = deck.value_set_json(url)
    assert newest is not None
    assert newest[0]["title"] == "new"
    assert newest[1].endswith("a2.json")
    older = deck.value_set_json(url, "1")
    assert older is not None
    assert older[0]["title"] == "old"
    assert deck.value_set_json(f"{url}|9") is not None
    assert deck.value_set_json(url, "2") is None
    assert deck.value_set_json("http://example.org/ValueSet/b") is None
    assert deck.value_set_versions(url) == ["1", "9", "10"]
    assert deck.code_system_json("http://example.org/cs") is not None
    assert [Path(name).name for name, _ in deck.modelinfo_files()] == ["model.xml"]
    assert deck.warnings == []


# Test cases


def test_cases_of_a_deck(deck: Content) -> None:
    assert deck.test_measures() == ["M"]
    cases = deck.test_cases("http://example.org/Measure/M")
    assert [case.name for case in cases] == ["one", "two"]
    loaded = cases[0].load()
    assert loaded.resources == [PATIENT, OBSERVATION]
    assert loaded.expected == [report()]
    assert loaded.period == ("2026-01-01", "2026-12-31")
    with pytest.raises(ContentError, match="no measure"):
        deck.test_cases("unknown")


def test_case_parameters_and_description() -> None:
    expected = report(
        contained=[{"resourceType": "Parameters", "id": "q", "parameter": [{"name": "subject", "valueString": "p"}]}],
        extension=[
            {
                "url": "http://hl7.org/fhir/StructureDefinition/cqf-inputParameters",
                "valueReference": {"reference": "#q"},
            },
            {
                "url": "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-testCaseDescription",
                "valueMarkdown": "passes \n",
            },
        ],
    )
    data = CaseData([], [expected])
    assert data.parameters == {"subject": {"name": "subject", "valueString": "p"}}
    assert data.description == "passes"


@pytest.mark.parametrize("entry", [{"resource": {"no": "type"}}, {"resource": []}])
def test_case_with_an_entry_that_is_no_fhir(tmp_path: Path, entry: Any) -> None:
    broken = bundle(PATIENT, report())
    broken["entry"].append(entry)
    content = Content(write(tmp_path, {"m.json": measure("M"), "tests/measure/M/c/b.json": broken}))
    with pytest.raises(ContentError, match="entry 2"):
        content.test_cases("M")[0].load()


def test_ig_repository(tmp_path: Path) -> None:
    """Loose CQL goes before the copy in the Library; output folders are not content; loose cases and Bundles work."""
    new = "library M version '1.0.0'\ndefine X: 2"
    root = write(
        tmp_path,
        {
            "input/cql/M.cql": new,
            "input/cql/Loaded.cql": "library Loaded version '3'",
            "input/cql/Same.cql": "library Same version '1'",
            "input/resources/library/M.json": library("M", "1.0.0", "library M version '1.0.0'\ndefine X: 1"),
            "input/resources/library/Loaded.json": library("Loaded", "2"),
            "input/resources/measure/M.json": measure("M"),
            "input/vocabulary/valueset/external/v.json": value_set("v"),
            "input/tests/measure/M/loose/p.json": PATIENT,
            "input/tests/measure/M/loose/Observation/o.json": OBSERVATION,
            "input/tests/measure/M/loose/r.json": report(),
            "input/tests/measure/M/bundled/b.json": bundle(PATIENT, OBSERVATION, report()),
            "input/tests/measure/M/bundled/p.json": PATIENT,
            "input/tests/measure/M/bundled/r.json": report(),
            "input/tests/library/L/case/p.json": PATIENT,
            "output/Measure-M.json": measure("M", title="published"),
            "bundles/measure/M.json": bundle(measure("M", title="bundled")),
            ".git/x.json": "{",
        },
    )
    content = open_content(root)
    assert content.library_source("M").cql == new
    assert content.library_source("http://example.org/Library/Loaded|2").cql == "library Loaded version '3'"
    assert len(content.measures()) == 1
    assert content.value_set_json("http://example.org/ValueSet/v") is not None
    cases = content.test_cases("M")
    assert [case.name for case in cases] == ["bundled", "loose"]
    assert [Path(case.file).name for case in cases] == ["bundled", "loose"]
    for case in cases:
        assert sorted(resource["id"] for resource in case.resources) == ["o", "p"]
        assert len(case.expected) == 1
    assert content.test_measures() == ["M"]
    assert content.warnings == []


def test_library_resource_without_logic(tmp_path: Path) -> None:
    content = Content(write(tmp_path, {"l.json": library("L", "1")}))
    with pytest.raises(ContentError, match="neither CQL nor ELM"):
        content.library_source("L")


def test_elm_files(tmp_path: Path) -> None:
    xml = '<?xml version="1.0"?><library xmlns="urn:hl7-org:elm:r1"><identifier id="B" version="2"/></library>'
    content = Content(write(tmp_path, {"a.json": elm("A", "1"), "b.xml": xml}))
    assert content.library_source("A", "1").elm == elm("A", "1")
    assert content.library_source("B", "2").elm_xml == xml.encode()
    in_xml = content.library_source("B", "2").elm
    assert in_xml is not None
    assert in_xml["library"]["identifier"] == {"id": "B", "version": "2"}


def test_elm_xml_that_is_none(tmp_path: Path) -> None:
    xml = '<library xmlns="urn:hl7-org:elm:r1"><identifier id="B" version="2"/><oops></library>'
    with pytest.raises(ContentError, match=r"b\.xml: not well-formed XML"):
        _ = Content(write(tmp_path, {"b.xml": xml})).library_source("B", "2").elm


def test_measure_bundle(tmp_path: Path) -> None:
    """A Bundle with everything, and a case Bundle outside of a test folder."""
    everything = bundle(measure("M"), library("M", "1", "library M version '1'"), value_set("v", title="t"))
    root = write(tmp_path, {"all.json": everything, "case.json": bundle(PATIENT, report())})
    content = Content(root / "all.json", root / "case.json")
    assert content.measure("M").resource() == everything["entry"][0]["resource"]
    assert content.library_source("M").cql == "library M version '1'"
    found = content.value_set_json("http://example.org/ValueSet/v")
    assert found is not None
    assert found[0]["title"] == "t"
    assert [case.name for case in content.test_cases("M")] == ["case"]


# Faults


def test_unreadable_files_are_warnings(tmp_path: Path) -> None:
    files = {
        "broken.json": '{"resourceType": "Measure"',
        "list.json": "[]",
        "other.json": {"a": 1},
        "deep.json": "[" * 9999,
    }
    content = Content(write(tmp_path, files), write(tmp_path / "more", {"m.json": measure("M")}))
    found = {Path(str(warning.file)).name: warning for warning in content.warnings}
    assert {name: warning.code for name, warning in found.items()} == {
        "broken.json": "broken-json",
        "list.json": "not-fhir",
        "deep.json": "not-fhir",
        "other.json": "not-fhir",
    }
    assert found["other.json"].severity is Severity.INFORMATION
    assert len(content.measures()) == 1


def test_duplicates(tmp_path: Path) -> None:
    """The first counts; only those that differ are warned of."""
    files = {
        "a.json": measure("M", title="first"),
        "b.json": measure("M", title="second"),
        "v1.json": json.dumps(value_set("v")),
        "v2.json": json.dumps(value_set("v"), indent=2),
        "w1.json": value_set("w", "1", title="first"),
        "w2.json": value_set("w", "1", title="second"),
        "x/a.cql": "library A version '1' // first",
        "y/a.cql": "library A version '1' // second",
        "l1.json": library("L", "1", "library L version '1'"),
        "l2.json": library("L", "1", "library L version '1' "),
    }
    content = Content(write(tmp_path, files))
    assert content.measure("M").resource()["title"] == "first"
    assert content.library_source("A").cql == "library A version '1' // first"
    assert {Path(str(one.file)).name for one in content.warnings} == {"b.json", "w2.json", "a.cql", "l2.json"}
    assert {one.code for one in content.warnings} == {"duplicate-content"}


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("none", None, "no such file"),
        ("a.json", b"{", "not valid JSON"),
        ("a.json", b"[1]", "no FHIR"),
        ("a.txt", b"x", "no content"),
        ("a.tgz", b"no archive", "no readable FHIR package"),
    ],
)
def test_path_that_is_no_content(tmp_path: Path, name: str, data: bytes | None, part: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ContentError, match=part):
        Content(tmp_path / name)


# Packages


def package(path: Path, members: dict[str, bytes], link: str | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        if link:
            info = tarfile.TarInfo("package/link.json")
            info.type = tarfile.SYMTYPE
            info.linkname = link
            archive.addfile(info)
    return path


def test_package(tmp_path: Path) -> None:
    members = {
        "package/package.json": b'{"name": "x", "version": "1.0.0"}',
        "package/.index.json": b"{}",
        "package/Measure-M.json": json.dumps(measure("M")).encode(),
        "package/Library-M.json": json.dumps(library("M", "1.0.0", "library M version '1.0.0'")).encode(),
        "package/tests/measure/M/c/b.json": json.dumps(bundle(PATIENT, report())).encode(),
        "../../escape.json": json.dumps(measure("Escaped")).encode(),
        "/absolute.json": json.dumps(measure("Absolute")).encode(),
    }
    secret = write(tmp_path, {"secret.json": measure("Secret")}) / "secret.json"
    content = Content(package(tmp_path / "p.tgz", members, link=str(secret)))
    assert [entry.name for entry in content.measures()] == ["M"]
    assert content.library_source("M").cql is not None
    assert [case.name for case in content.test_cases("M")] == ["c"]
    assert content.measure("M").file.endswith("p.tgz!package/Measure-M.json")
    assert content.warnings == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.tgz", "secret.json"]


def test_package_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = package(tmp_path / "p.tgz", {"package/a.bin": bytes(5000)})
    monkeypatch.setattr("cqlmeasure.content.sources.MAX_ARCHIVE_BYTES", 4000)
    with pytest.raises(ContentError, match="too large"):
        Content(path)


def test_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, {"m.json": measure("M")})
    monkeypatch.setattr("cqlmeasure.content.sources.MAX_FILE_BYTES", 10)
    with pytest.raises(ContentError, match="larger than"):
        Content(root)


def test_deck(shared: Path) -> None:
    """The published deck: all measures, libraries and cases; every Measure's primary library is there."""
    root = shared / "decks" / "qicore2025"
    if not root.is_dir():
        pytest.skip("no deck")
    content = Content(root)
    manifest = json.loads((root / "manifest.json").read_bytes())
    assert content.warnings == []
    assert {entry.name for entry in content.measures()} == set(manifest["measures"])
    for entry in content.measures():
        assert len(content.test_cases(entry.name)) == manifest["measures"][entry.name]["cases"]
        assert content.library_source(entry.resource()["library"][0]).cql
    for name in manifest["libraries"]:
        library_name, _, version = name.rpartition("-")
        assert content.library_source(library_name, version).version == version


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


def test_malformed_content(tmp_path: Path) -> None:
    """Whatever a file says, it is read, left out with a warning, or there is an error that names it."""
    everything = bundle(measure("M"), library("L", "1", "library L version '1'"), value_set("v"), PATIENT, report())
    path = tmp_path / "all.json"
    for one in broken_copies(everything):
        path.write_text(json.dumps(one))
        try:
            content = Content(path)
            content.measures()
            assert isinstance(content.warnings, list)
            for entry in content.libraries():
                assert content.library_source(entry.name, entry.version).cql
            for case in content.test_cases("M"):
                data = case.load()
                assert (data.period, data.parameters, data.description) is not None
        except ContentError as error:
            assert error.diagnostics[0].message
