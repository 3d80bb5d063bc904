"""The benchmark beside other engines: peers are scripts here, nothing is installed from anywhere."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

import cqlmeasure as cm
from tools.bench.patients import invented_texts
from tools.bench.peers import __main__ as command
from tools.bench.peers import engines
from tools.bench.peers.found import Different, differences, is_comparable, members, theirs
from tools.bench.peers.material import Material, measure_bundle
from tools.bench.peers.peer import SCRIPTS, Command, installed
from tools.bench.peers.race import Outcome, Row, race
from tools.bench.peers.rounds import PeerError, Rounds
from tools.bench.peers.table import figures, table

BASE = "http://example.org"
PERIOD = ("2026-01-01", "2026-12-31")
CQL = f"""library Seen version '1'
using FHIR version '4.0.1'
include Shared version '1' called Shared
valueset "Looks": '{BASE}/ValueSet/looks'
context Patient
define "Initial Population": exists [Observation]
define "Denominator": "Initial Population"
define "Numerator": exists [Observation: "Looks"]
define "Sex": Patient.gender
"""
SHARED = "library Shared version '1'\nusing FHIR version '4.0.1'\ncontext Patient\ndefine Anything: true\n"
POPULATIONS = {"initial-population": "Initial Population", "denominator": "Denominator", "numerator": "Numerator"}
IN_DENOMINATOR = ["denominator", "initial-population"]

ANSWERING = """
import json, sys
measure, patients, start, end = sys.argv[1:5]
ids = [json.loads(line)["entry"][0]["resource"]["id"] for line in open(patients)]
for number, _ in enumerate(sys.stdin):
    found = {one: [["initial-population", "denominator"]] for one in ids}
    print(json.dumps({"ms": (500, 10, 30, 20)[number] * len(ids), "found": found}), flush=True)
"""


@dataclass(frozen=True)
class Script:
    """A peer that is a Python script."""

    file: Path
    name: str = "script"
    version: str = "1.0"
    there: bool = True

    def install(self) -> Path | None:
        return self.file.parent if self.there else None

    def command(self, folder: Path) -> Command:
        return Command((sys.executable, str(folder / self.file.name)))


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


def patient(identity: str, *codes: str) -> bytes:
    observations = [
        {
            "resourceType": "Observation",
            "id": f"{identity}-{code}",
            "subject": {"reference": f"Patient/{identity}"},
            "code": {"coding": [{"system": BASE, "code": code}]},
        }
        for code in codes
    ]
    entries = [{"resource": one} for one in ({"resourceType": "Patient", "id": identity}, *observations)]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("deck")
    cql = folder / "cql"
    cql.mkdir()
    for kind in ("libraries", "measures", "valuesets"):
        (folder / kind).mkdir()
    for name, text in (("Shared", SHARED), ("Seen", CQL), ("Unused", SHARED.replace("Shared", "Unused"))):
        (cql / f"{name}.cql").write_text(text)
        library = cm.translate(cql / f"{name}.cql").resource(BASE)
        (folder / "libraries" / f"{name}.json").write_text(json.dumps(library))
    shutil.rmtree(cql)
    for name in ("looks", "unused"):
        values: dict[str, Any] = {
            "resourceType": "ValueSet",
            "id": name,
            "url": f"{BASE}/ValueSet/{name}",
            "status": "active",
        }
        values["expansion"] = {"contains": [{"system": BASE, "code": "seen"}]}
        (folder / "valuesets" / f"{name}.json").write_text(json.dumps(values))
    populations = [
        {"id": kind, "code": concept(kind), "criteria": {"language": "text/cql-identifier", "expression": name}}
        for kind, name in POPULATIONS.items()
    ]
    measure = {
        "resourceType": "Measure",
        "id": "seen",
        "name": "Seen",
        "url": f"{BASE}/Measure/Seen",
        "status": "active",
        "library": [f"{BASE}/Library/Seen|1"],
        "scoring": concept("proportion"),
        "group": [{"population": populations}],
        "supplementalData": [{"criteria": {"language": "text/cql-identifier", "expression": "Sex"}}],
    }
    (folder / "measures" / "Seen.json").write_text(json.dumps(measure))
    return str(folder)


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Script]:
    def written(text: str) -> Script:
        file = tmp_path / "script.py"
        file.write_text(text)
        return Script(file)

    return written


def commands(**peers: Script) -> dict[str, Command]:
    return {name: peer.command(peer.file.parent) for name, peer in peers.items()}


# -- what is found ----------------------------------------------------------------------------------------------------

IP, DENOMINATOR, EXCLUSION, NUMERATOR, EXCEPTION = (
    "initial-population",
    "denominator",
    "denominator-exclusion",
    "numerator",
    "denominator-exception",
)


@pytest.mark.parametrize(
    ("met", "expected"),
    [
        ([], []),
        ([DENOMINATOR, NUMERATOR], []),
        ([IP, NUMERATOR], [IP]),
        ([IP, DENOMINATOR, NUMERATOR], [IP, DENOMINATOR, NUMERATOR]),
        ([IP, DENOMINATOR, EXCLUSION, NUMERATOR], [IP, DENOMINATOR, EXCLUSION]),
        ([IP, DENOMINATOR, NUMERATOR, EXCEPTION], [IP, DENOMINATOR, NUMERATOR]),
        ([IP, DENOMINATOR, EXCEPTION], [IP, DENOMINATOR, EXCEPTION]),
        ([IP, DENOMINATOR, EXCLUSION, EXCEPTION], [IP, DENOMINATOR, EXCLUSION]),
        ([IP, DENOMINATOR, "numerator-exclusion"], [IP, DENOMINATOR]),
        ([IP, "measure-observation"], [IP]),
    ],
)
def test_members_of_a_proportion(met: list[str], expected: list[str]) -> None:
    assert members(met) == frozenset(expected)
    assert members(members(met)) == members(met)


def test_differences_are_those_of_either_side() -> None:
    own = theirs({"a": [[IP]], "b": [[IP, DENOMINATOR]], "c": [[]]})
    other = theirs({"a": [[IP]], "b": [[IP]], "d": [[IP]]})
    assert differences(own, other) == [
        Different("b", [IN_DENOMINATOR], [[IP]]),
        Different("c", [[]], []),
        Different("d", [], [[IP]]),
    ]


def test_only_proportions_of_patients_are_compared(repository: Path) -> None:
    found = {
        name: is_comparable(cm.Content(repository / "measures" / folder).measure(name).definition)
        for folder in ("diabetes-hba1c", "hospital-stays")
        for name in [entry.name for entry in cm.Content(repository / "measures" / folder).measures()]
    }
    assert set(found.values()) == {True, False}


# -- rounds -----------------------------------------------------------------------------------------------------------


def test_the_material_is_what_the_measure_needs(deck: str) -> None:
    resources = [entry["resource"] for entry in measure_bundle(deck, "Seen")["entry"]]
    assert resources[0]["supplementalData"] == []
    named = {(one["resourceType"], one["url"].rpartition("/")[2]) for one in resources}
    assert named == {("Measure", "Seen"), ("Library", "Seen"), ("Library", "Shared"), ("ValueSet", "looks")}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("Shared", None, "the deck has no library Shared 1"),
        ("Seen", [{"contentType": "text/cql", "data": ""}], "the library Seen has no ELM"),
    ],
)
def test_material_that_lacks_is_said(deck: str, tmp_path: Path, file: str, content: Any, message: str) -> None:
    shutil.copytree(deck, tmp_path / "deck")
    path = tmp_path / "deck" / "libraries" / f"{file}.json"
    if content is None:
        path.unlink()
    else:
        path.write_text(json.dumps({**json.loads(path.read_text()), "content": content}))
    with pytest.raises(SystemExit, match=message):
        measure_bundle(str(tmp_path / "deck"), "Seen")


def test_times_are_medians_after_a_first_round_and_patients_are_compared(
    deck: str, script: Callable[[str], Script]
) -> None:
    texts = [patient("a", "other"), patient("b", "seen"), patient("c", "other", "seen"), patient("d", "other")]
    row = race(deck, "Seen", texts, PERIOD, commands(fake=script(ANSWERING)), rounds=3)
    assert (row.measure, row.patients) == ("Seen", 4)
    assert row.ms > 0
    with_numerator = [[*IN_DENOMINATOR, "numerator"]]
    assert row.peers["fake"] == Outcome(
        20, [Different(one, with_numerator, [IN_DENOMINATOR]) for one in ("b", "c")], None
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import sys; sys.exit('no such model')", "no such model"),
        ("print('[1]', flush=True); input()", "gave no answer"),
        ("print('hello', flush=True); input()", "gave no answer"),
        ("pass", "gave no answer"),
        (ANSWERING.replace("(500, 10, 30, 20)[number]", "(500,)[number]"), "IndexError"),
    ],
)
def test_a_peer_that_fails_has_no_times(
    deck: str, script: Callable[[str], Script], tmp_path: Path, text: str, message: str
) -> None:
    failing = script(text)
    (tmp_path / "other").mkdir()
    good = Script(tmp_path / "other" / "good.py")
    good.file.write_text(ANSWERING)
    row = race(deck, "Seen", [patient("a")], PERIOD, commands(failing=failing, good=good), rounds=1)
    assert row.peers["failing"].ms is None
    assert message in (row.peers["failing"].failed or "")
    assert row.peers["good"].ms == 10


def test_a_peer_ends_with_its_rounds(script: Callable[[str], Script], tmp_path: Path) -> None:
    peer = script("import time\nprint(1, flush=True)\ntime.sleep(600)")
    rounds = Rounds(peer.command(tmp_path), Material(tmp_path, tmp_path, *PERIOD))
    with rounds, pytest.raises(PeerError):
        rounds.round()
    assert rounds._process.returncode is not None


# -- installing -------------------------------------------------------------------------------------------------------


def test_a_peer_is_installed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Callable[[str], Script]
) -> None:
    monkeypatch.setenv("CQLMEASURE_BENCH_CACHE", str(tmp_path / "cache"))
    peer = script("")
    counting = (sys.executable, "-c", "open('count', 'a').write('x')")
    folders = [installed(peer, [counting]) for _ in range(2)]
    assert folders == [tmp_path / "cache" / "script-1.0"] * 2
    assert (tmp_path / "cache" / "script-1.0" / "count").read_text() == "x"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no-such-program-here", "install"), "script 1.0 is left out: no-such-program-here is not installed"),
        ((sys.executable, "-c", "import sys; sys.exit('no network')"), "failed: no network"),
    ],
)
def test_a_peer_that_cannot_be_installed_is_left_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: Callable[[str], Script],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.setenv("CQLMEASURE_BENCH_CACHE", str(tmp_path / "cache"))
    for _ in range(2):
        assert installed(script(""), [arguments]) is None
        assert message in capsys.readouterr().err


def test_packages_are_pinned_and_their_scripts_are_there(tmp_path: Path) -> None:
    for peer in engines.PEERS:
        assert isinstance(peer, engines.NodePeer | engines.PythonPeer)
        assert any(package.endswith(peer.version) for package in peer.packages)
        assert Path(peer.command(tmp_path).arguments[-1]).parent == SCRIPTS
        assert Path(peer.command(tmp_path).arguments[-1]).is_file()


# -- the scripts ------------------------------------------------------------------------------------------------------

FQM = """
exports.Calculator = { calculate: async (bundle, patients, options) => {
  console.log('engines log');
  return { results: patients.map(one => ({
    patientId: one.entry[0].resource.id,
    detailedResults: [{ populationResults: [
      { populationType: 'initial-population', result: true },
      { populationType: 'denominator', result: true },
      { populationType: 'numerator', result: options.measurementPeriodStart !== '2026-01-01' }] }] })) };
} };
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
def test_the_script_of_fqm_execution_gives_populations(deck: str, tmp_path: Path) -> None:
    module = tmp_path / "node_modules" / "fqm-execution"
    module.mkdir(parents=True)
    (module / "index.js").write_text(FQM)
    fqm = next(peer for peer in engines.PEERS if peer.name == "fqm-execution")
    row = race(deck, "Seen", [patient("a", "other"), patient("b", "seen")], PERIOD, {"fqm": fqm.command(tmp_path)}, 1)
    with_numerator = [[*IN_DENOMINATOR, "numerator"]]
    assert row.peers["fqm"].different == [Different("b", with_numerator, [IN_DENOMINATOR])]
    assert (row.peers["fqm"].ms or 0) > 0


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
def test_a_script_without_its_package_says_so(deck: str, tmp_path: Path) -> None:
    peers = {peer.name: peer.command(tmp_path) for peer in engines.PEERS if isinstance(peer, engines.NodePeer)}
    row = race(deck, "Seen", [patient("a")], PERIOD, peers, 1)
    for name, outcome in row.peers.items():
        assert f"Cannot find module '{name}'" in (outcome.failed or "")


# -- the command ------------------------------------------------------------------------------------------------------


def test_table_and_figures() -> None:
    outcomes = {
        "same": Outcome(5.0, []),
        "other": Outcome(2.5, [Different("a", [[IP]], [[]])]),
        "counts": Outcome(1.0),
        "broken": Outcome(failed="no model"),
    }
    rows = [Row("Seen", 7, 0.5, outcomes)]
    versions = dict.fromkeys(outcomes, "1.0")
    columns = [list(column.cells) for column in table(rows, versions).columns]
    assert [str(cell) for (cell,) in columns] == [
        "Seen",
        "7",
        "0.5000",
        "5.00\n10 times\n0 differ",
        "2.50\n5 times\n1 differ",
        "1.00\n2 times",
        "fails",
    ]
    assert figures(rows, versions) == [
        {
            "measure": "Seen",
            "patients": 7,
            "cqlmeasure_ms": 0.5,
            "peers": {
                "same": {"version": "1.0", "ms": 5.0, "times": 10.0, "different": []},
                "other": {
                    "version": "1.0",
                    "ms": 2.5,
                    "times": 5.0,
                    "different": [{"patient": "a", "ours": [[IP]], "theirs": [[]]}],
                },
                "counts": {"version": "1.0", "ms": 1.0, "times": 2.0, "different": None},
                "broken": {"version": "1.0", "failed": "no model"},
            },
        }
    ]


def test_the_command_leaves_out_who_is_not_there(
    deck: str,
    script: Callable[[str], Script],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = script(ANSWERING)
    monkeypatch.setattr(command, "PEERS", (there, Script(there.file, "absent", there=False)))
    arguments = ["--measure", "Seen", "--resources", "5", "--patients", "3", "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", ["peers", deck, *arguments, "--json", str(tmp_path / "figures.json")])
    command.main()
    assert "script" in capsys.readouterr().out
    (row,) = json.loads((tmp_path / "figures.json").read_text())
    assert (row["patients"], list(row["peers"]), row["peers"]["script"]["ms"]) == (3, ["script"], 10)
    monkeypatch.setattr(sys, "argv", ["peers", deck, *arguments, "--peer", "absent"])
    with pytest.raises(SystemExit, match="no peers"):
        command.main()


def test_invented_patients_declare_profiles_where_peers_need_them(deck: str) -> None:
    def undeclared(**options: Any) -> int:
        texts = invented_texts(deck, ["Seen"], 20, 10, **options)
        found = [entry["resource"] for text in texts for entry in orjson.loads(text)["entry"]]
        return sum("meta" not in one for one in found if one["resourceType"] in ("Patient", "Observation"))

    assert undeclared() > 10
    assert undeclared(declared=True) == 0
