"""The generator agc: one way to rewrite addresses, in a standalone script, in users' shells and in afspec.agc."""

from __future__ import annotations

import ast
import json
import os
import runpy
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from afspec.generators.agc import Agc
from afspec.generators.agc.upstream import CONFIG
from agc_data import real_file
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support import facility
from user_setup_site import Site, full

from afspec.agc.run.addresses import SiteAddresses

UNL = "https://xrootd-local.unl.edu:1094"
SPEC = """
storage:
  xcache:
    - {name: x, stance: promised, door: "DOOR", source_port: PORT}
agc:
  rewrites:
    - {prefix: "https://xrootd-local.unl.edu:1094", replacement: "root://xrootd-local.unl.edu:1094/"}
    - {prefix: "https://xrootd-local.unl.edu:1094/eos/", replacement: "root://eos.cern.ch//eos"}
    - {prefix: "https://old.org", replacement: "https://new.org"}
    - {prefix: "https://c.org", replacement: "root://other.org//root://c.org:1094"}
"""
DOORS = ["root://xcache.af.uchicago.edu:1094", "root://atlfax.slac.stanford.edu", ""]
SCHEMES = ["root", "https", "http", "davs", "xroot", "roots", "xroots", "s3"]
HOSTS = [
    *(
        "xrootd-local.unl.edu:1094",
        "xrootd-local.unl.edu",
        "xrootd-local.unl.edu:10945",
        "old.org",
        "a.org",
        "b.org:2094",
    ),
    *("[2001:db8::1]", "[::1]:1094", "me@a.org", "atlfax.slac.stanford.edu", "ATLFAX.slac.stanford.edu:1094"),
    *("xcache.af.uchicago.edu", "xcache.af.uchicago.edu:1094", "me@xcache.af.uchicago.edu:1094", "a.org?b", "c.org"),
]
PATHS = st.from_regex(r"(/{0,3}(eos|store|a b|x\.root|\?t=1|@|root:|:1094|[$'\"*]){1,2}){0,4}/?", fullmatch=True)
PLAIN = st.builds("{}://{}{}".format, st.sampled_from(SCHEMES), st.sampled_from(HOSTS), PATHS)
ADDRESSES = st.one_of(
    PLAIN,
    st.builds("{}{}{}".format, PLAIN, st.sampled_from(["/", "//", "///"]), PLAIN),
    PATHS.filter(bool),
)


def files(door: str = DOORS[0], port: str = "true", spec: str = SPEC) -> dict[str, str]:
    text = spec.replace("DOOR", door or "root://none").replace("PORT", port)
    made = Agc().render(facility(text if door else text.replace("promised", "planned")))
    return {each.path: each.text for each in made}


def script(folder: Path, door: str = DOORS[0], port: str = "true", spec: str = SPEC) -> Path:
    path = folder / "rewrite_inputs.py"
    path.write_text(files(door, port, spec)["agc/rewrite_inputs.py"])
    return path


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def site_addresses(text: str) -> SiteAddresses:
    told = yaml.safe_load(text)["inputs"]
    rules = tuple((rule["prefix"], rule["replacement"]) for rule in told["rewrites"])
    return SiteAddresses(rules, told.get("xcache", ""), told.get("source_port", False))


@pytest.fixture(scope="module", params=[(door, port) for door in DOORS for port in ("true", "false")], ids=str)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, SiteAddresses]:
    """The script's own function, and that of `afspec agc run`."""
    door, port = request.param
    path = script(tmp_path_factory.mktemp("agc"), door, port)
    return runpy.run_path(str(path))["rewritten"], site_addresses(files(door, port)["agc/site.yaml"])


@given(address=ADDRESSES)
@example(address=f"{UNL}//store/user/AGC/a.root")
@example(address=f"{UNL}/eos/a.root")
@example(address=UNL)
@example(address="https://c.org//x.root")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_script_and_afspec_agc_run_rewrite_alike_and_twice_is_once(
    both: tuple[Any, SiteAddresses], address: str
) -> None:
    mine, theirs = both
    once = mine(address)
    assert theirs(address) == once
    assert mine(once) == once
    assert theirs(once) == once


@given(
    address=st.builds("{}://{}//{}".format, st.sampled_from(SCHEMES), st.sampled_from(HOSTS[:8]), st.just("s/x.root"))
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_address_has_one_door_at_most(both: tuple[Any, SiteAddresses], address: str) -> None:
    mine, theirs = both
    door, once = theirs.xcache, mine(address)
    known = address.startswith((f"{UNL}/", "root", "xroot"))
    assert once.startswith(f"{door}//") == (bool(door) and known)
    assert once.count(door or "\0") == int(bool(door) and known)
    assert "https" not in once or not known, "https becomes root before the door comes"


def test_users_shells_rewrite_alike(tmp_path: Path) -> None:
    spec = full(tmp_path)
    for key, door in enumerate(DOORS[:2]):
        spec["storage"]["xcache"] = [{"name": "x", "stance": "promised", "door": door, "source_port": not key}]
        spec["agc"] = yaml.safe_load(SPEC)["agc"]
        theirs = site_addresses(files(door, str(not key).lower())["agc/site.yaml"])
        tails = [
            "",
            "/",
            "/x.root",
            "//x.root",
            "///store//x",
            "/eos/x?t=1",
            "//root://b.org//x",
            "/root://b.org/x",
            "?t=1",
        ]
        urls = [f"{scheme}://{host}{tail}" for scheme in SCHEMES for host in HOSTS for tail in tails]
        urls += ["/data/x.root", "x.root", f"{door}//{UNL}//x"]
        (tmp_path / "urls").write_text("\n".join(urls) + "\n")
        site = Site(tmp_path, spec)
        done = site.bash(f'mapfile -t urls < {tmp_path}/urls; af_xcache "${{urls[@]}}"')
        assert done.returncode == 0
        for url, found in zip(urls, done.stdout.splitlines(), strict=True):
            assert found == theirs(url), url


def test_upstreams_whole_list_goes_through_the_door(tmp_path: Path) -> None:
    real, path = real_file("agc_nanoaod_inputs.json"), script(tmp_path)
    done = run(path, str(real), "-o", str(tmp_path / "here.json"))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "rewrite_inputs: 787 files: 787 through the cache, 0 straight, 0 local\n"
    before, after = json.loads(real.read_text()), json.loads((tmp_path / "here.json").read_text())
    addresses = site_addresses(files()["agc/site.yaml"])
    for process, variations in before.items():
        for variation, sample in variations.items():
            for entry in sample["files"]:
                entry["path"] = addresses(entry["path"])
                tail = entry["path"].removeprefix(f"{DOORS[0]}//root://xrootd-local.unl.edu:1094//store/user/AGC/")
                assert tail != entry["path"], (process, variation)
    assert after == before
    again = run(path, str(tmp_path / "here.json"))
    assert json.loads(again.stdout) == after


def listed(*paths: str) -> str:
    entries = [{"path": path, "nevts": 1} for path in paths]
    return json.dumps({"ttbar": {"nominal": {"nevts_total": len(paths), "files": entries}}})


def paths_of(text: str) -> list[str]:
    return [entry["path"] for entry in json.loads(text)["ttbar"]["nominal"]["files"]]


def test_what_no_cache_serves_is_read_straight_and_told(tmp_path: Path) -> None:
    path = script(tmp_path)
    (tmp_path / "list.json").write_text(listed("https://a.org/x.root?authz=secret", "b.root", f"{UNL}//y.root"))
    done = run(path, str(tmp_path / "list.json"))
    assert paths_of(done.stdout)[:2] == ["https://a.org/x.root?authz=secret", f"{tmp_path}/b.root"]
    assert "3 files: 1 through the cache, 1 straight, 1 local" in done.stderr
    assert "no cache can serve https://a.org/x.root:" in done.stderr
    assert "secret" not in done.stderr
    straight = run(path, str(tmp_path / "list.json"), "--direct")
    assert paths_of(straight.stdout)[2] == "root://xrootd-local.unl.edu:1094//y.root"


def test_copies_are_read_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "copy/nanoAOD/d").mkdir(parents=True)
    (tmp_path / "copy/nanoAOD/d/x.root").touch()
    (tmp_path / "copy/z.root").touch()
    spec = SPEC + f"  datasets: [{{name: a, path: {tmp_path}/copy}}, {{name: b, path: /nt, format: ntuple}}]\n"
    path = script(tmp_path, spec=spec)
    assert "'/nt'" not in path.read_text()
    (tmp_path / "list.json").write_text(
        listed(f"{UNL}//store/AGC/nanoAOD/d/x.root", f"{UNL}//store/AGC/nanoAOD/d/y.root", f"{UNL}//store/z.root?a=b")
    )
    done = run(path, str(tmp_path / "list.json"), "--local")
    first, second, third = paths_of(done.stdout)
    assert (first, third) == (f"{tmp_path}/copy/nanoAOD/d/x.root", f"{tmp_path}/copy/z.root")
    assert second.startswith(f"{DOORS[0]}//root://")
    assert first not in paths_of(run(path, str(tmp_path / "list.json")).stdout)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "cannot be read"),
        ("[]", "no such list"),
        ('{"a": {"b": {"files": [{"path": 1}]}}}', "no such list"),
        ('{"a": {"b": {}}}', "no such list"),
        ("{}", "names no files"),
        (listed("root://a.org//x", "root://a.org/x"), "twice"),
    ],
)
def test_what_is_no_list_is_refused_and_nothing_is_written(text: str, told: str, tmp_path: Path) -> None:
    path = script(tmp_path)
    (tmp_path / "list.json").write_text(text)
    (tmp_path / "out.json").write_text("as it was")
    done = run(path, str(tmp_path / "list.json"), "-o", str(tmp_path / "out.json"))
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out.json").read_text() == "as it was"
    assert {each.name for each in tmp_path.iterdir()} == {"list.json", "out.json", "rewrite_inputs.py"}


def test_a_list_may_be_rewritten_in_place(tmp_path: Path) -> None:
    path, one = script(tmp_path), tmp_path / "list.json"
    one.write_text(listed(f"{UNL}//y.root"))
    old = os.umask(0o027)
    try:
        assert run(path, str(one), "-o", str(one)).returncode == 0
    finally:
        os.umask(old)
    assert paths_of(one.read_text()) == [f"{DOORS[0]}//root://xrootd-local.unl.edu:1094//y.root"]
    assert stat.S_IMODE(one.stat().st_mode) == 0o640
    assert run(path, str(one), "-o", str(tmp_path / "nowhere/list.json")).returncode == 1


def test_a_list_is_written_to_a_file_and_to_nothing_else(tmp_path: Path) -> None:
    path, one = script(tmp_path), tmp_path / "list.json"
    one.write_text(listed(f"{UNL}//y.root"))
    os.mkfifo(tmp_path / "pipe")
    done = run(path, str(one), "-o", str(tmp_path / "pipe"))
    assert (done.returncode, done.stderr) == (1, f"rewrite_inputs: {one}: {tmp_path}/pipe is no file\n")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    (tmp_path / "link").symlink_to("list.json")
    assert run(path, str(one), "-o", str(tmp_path / "link")).returncode == 0
    assert (tmp_path / "link").is_symlink()
    assert paths_of(one.read_text()) == [f"{DOORS[0]}//root://xrootd-local.unl.edu:1094//y.root"]


@pytest.mark.parametrize("what", [["LIST"], ["--address", *(f"{UNL}//{number}" for number in range(3000))]])
def test_an_output_that_takes_no_more_is_no_defect(what: list[str], tmp_path: Path) -> None:
    path, one = script(tmp_path), tmp_path / "list.json"
    one.write_text(listed(*(f"{UNL}//{number}" for number in range(3000))))
    command = [sys.executable, "-I", str(path), *(str(one) if each == "LIST" else each for each in what)]
    with Path("/dev/full").open("wb") as full_disk:
        done = subprocess.run(command, stdout=full_disk, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "the output cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)
    assert done.returncode == 0
    assert "Error" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["list.json", "--address", "x"], ["--address", "x", "--local"], ["--wrong"]])
def test_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    assert run(script(tmp_path), *arguments).returncode == 2


def test_addresses_alone(tmp_path: Path) -> None:
    done = run(script(tmp_path), "--address", f"{UNL}//a", "x")
    assert done.stdout == f"{DOORS[0]}//root://xrootd-local.unl.edu:1094//a\nx\n"


def test_the_script_runs_on_an_old_python_and_stays_text() -> None:
    text = files()["agc/rewrite_inputs.py"]
    ast.parse(text, feature_version=(3, 6))
    head = 'afspec: 1\nname: toy\ntitle: \'a """ + exec(1) # \\\'\ndeclared_by: site\nagc: {stance: promised}\n'
    made = {each.path: each.text for each in Agc().render(facility("", head))}
    (title,) = [
        node.value
        for node in ast.parse(made["agc/rewrite_inputs.py"]).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SITE"
    ]
    assert ast.literal_eval(title) == 'a """ + exec(1) # \\'


SITE = """
software:
  rucio: {stance: promised, site: AF_200}
  voms: {stance: promised, proxy: "/home/<u>/<user>/x509proxy"}
batch:
  - {name: slurm, scheduler: slurm, stance: promised}
dask: {jobqueue: {stance: promised, cores: 3}, gateway: {stance: best_effort}}
services:
  triton: {stance: promised, grpc: "triton.svc:8001"}
agc:
  chunk: 100000
  workers: 20
  environment: {AF_NAME: bnl, USE_DASK: "True", NUM_CORES: "8", USE_TRITON: "False", SYSTEMATICS: all}
"""


def test_settings_of_a_site() -> None:
    told = yaml.safe_load(files(spec=SITE)["agc/site.yaml"])
    assert told["environment"] == {"SITE_NAME": "AF_200", "X509_USER_PROXY": "/home/{initial}/{user}/x509proxy"}
    assert told["dask"] == {"via": "jobqueue", "ways": ["jobqueue", "gateway"], "workers": 20}
    assert told["chunk_events"] == 100000
    assert told["upstream"]["notebook"] == {"USE_DASK": True, "USE_TRITON": False}
    config = told["upstream"]["config"]
    assert config["global"] == {"AF": "local"}
    assert config["benchmarking"] == {
        "CHUNKSIZE": 100000,
        "INPUT_FROM_EOS": False,
        "XCACHE_ATLAS_PREFIX": None,
        "AF_NAME": "bnl",
        "SYSTEMATICS": "all",
        "CORES_PER_WORKER": 3,
        "NUM_CORES": 8,
    }
    assert config["ml"] == {"TRITON_URL": "triton.svc:8001"}
    assert all(set(values) <= set(CONFIG[section]) for section, values in config.items())


def test_a_coffea_casa_session_comes_with_its_cluster() -> None:
    told = yaml.safe_load(files(spec="dask: {coffea_casa: {stance: promised}}\nagc: {}\n")["agc/site.yaml"])
    assert told["upstream"]["config"]["global"] == {"AF": "coffea_casa"}


def test_where_nothing_is_said_or_refused_there_are_no_files() -> None:
    assert not Agc().applies(facility())
    assert not Agc().applies(facility("agc: {stance: not_promised}\n"))
    assert Agc().applies(facility("agc: {outcome: ran}\n"))
    assert "dask" not in yaml.safe_load(files(spec="agc: {outcome: ran}\n")["agc/site.yaml"])


def test_same_bytes_every_time() -> None:
    assert files() == files()
