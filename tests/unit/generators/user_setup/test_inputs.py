"""Addresses of inputs: through the cache, probed, and read by check_inputs.py."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
import subprocess
import sys

import pytest
from user_setup_site import Site, full, recorded

DOOR = "root://xcache.example.org:1094"


@pytest.mark.parametrize(
    ("given", "cached"),
    [
        ("root://some.org//a/b.root", f"{DOOR}//root://some.org:1094//a/b.root"),
        ("root://some.org/a/b.root", f"{DOOR}//root://some.org:1094//a/b.root"),
        ("root://some.org:2094///a/b.root", f"{DOOR}//root://some.org:2094//a/b.root"),
        ("xroots://some.org//a?authz=t", f"{DOOR}//xroots://some.org:1094//a?authz=t"),
        ("root://[2001:db8::1]//a", f"{DOOR}//root://[2001:db8::1]:1094//a"),
        ("root://some.org//a/root://b", f"{DOOR}//root://some.org:1094//a/root://b"),
        ("root://some.org//a b*$x'\"", f"{DOOR}//root://some.org:1094//a b*$x'\""),
        (f"{DOOR}//root://some.org//a", f"{DOOR}//root://some.org//a"),
        (f"{DOOR}/a", f"{DOOR}/a"),
        ("root://other.org//root://some.org//a", "root://other.org//root://some.org//a"),
        ("root://other.org:1094/root://some.org//a", "root://other.org:1094/root://some.org//a"),
        ("https://xrootd.example.edu:1094//store/x", f"{DOOR}//root://xrootd.example.edu:1094//store/x"),
        ("https://eos.example.ch/eos/x", f"{DOOR}//root://eos.example.ch:1094//eos/x"),
        ("https://eos.example.ch//eos/x", f"{DOOR}//root://eos.example.ch:1094//eos/x"),
        ("/local/file.root", "/local/file.root"),
        ("file.root", "file.root"),
        ("root://some.org", "root://some.org"),
    ],
)
def test_addresses_through_the_cache(given: str, cached: str, ready: Site) -> None:
    assert ready.prints(f"af_xcache {shlex.quote(given)}") == cached


@pytest.mark.parametrize(
    "url", ["https://xrootd.example.edu:10945/x", "https://xrootd.example.edu/x", "davs://x.org/y", "http://z.org/?t=1"]
)
def test_https_without_a_root_address_is_left_with_a_note(url: str, ready: Site) -> None:
    done = ready.bash(f"af_xcache '{url}'")
    assert (done.returncode, done.stdout) == (0, f"{url}\n")
    assert "cannot go through the cache" in done.stderr
    assert "?t=" not in done.stderr, "what follows a question mark may be a token"


@pytest.mark.parametrize("door", ["", DOOR + "//", "root://mine.org/", "roots://mine.org"])
def test_twice_through_the_cache_is_once(door: str, ready: Site) -> None:
    schemes = ["root://", "xroot://", "roots://", "https://", "davs://", "", "/", DOOR + "//root://"]
    hosts = ["a.org", "a.org:1094", "xrootd.example.edu:1094", "eos.example.ch", "xcache.example.org:1094", "[::1]"]
    paths = ["", "/", "//", "/x", "//x/y", "///x", "//root://b.org//x", "/x?u=root://b//c", "//x//y"]
    urls = [a + b + c for a, b, c in itertools.product(schemes, hosts, paths)]
    words = " ".join(map(shlex.quote, urls))
    script = f'af_xcache {words} > once; mapfile -t list < once; af_xcache "${{list[@]}}" > twice'
    done = ready.bash(script, AF_XCACHE=door)
    assert done.returncode == 0
    once = (ready.root / "once").read_text().splitlines()
    assert (ready.root / "twice").read_text().splitlines() == once
    assert len(once) == len(urls)
    through = (door or DOOR).rstrip("/")
    for given, url in zip(urls, once, strict=True):
        if url == given:
            continue
        if re.match(r"x?roots?://[^/]+/+x?roots?://", url) and not url.startswith(through):
            continue  # a rewritten address that names a cache of its own
        assert url.startswith((f"{through}//root", f"{through}//xroot"))
        rest = url.removeprefix(f"{through}//").split("?")[0]
        assert not re.match(r"x?roots?://[^/]+/+x?roots?://", rest), "one door, one source"
        assert re.match(r"x?roots?://[^/]+:\d+//[^/]", rest)


def test_a_port_is_added_only_where_the_cache_asks_for_it(ready: Site) -> None:
    doors = [{"name": "x", "stance": "promised", "door": "root://atlfax.example.org"}]
    site = Site(ready.root, full(ready.root, storage__xcache=doors))
    assert site.prints("af_xcache root://a.org//x") == "root://atlfax.example.org//root://a.org//x"


def test_af_xcache_without_addresses_is_wrong_usage(ready: Site) -> None:
    assert ready.bash("af_xcache || echo $?").stdout == "2\n"


GIVEN = "https://xrootd.example.edu:1094//store/x.root"
STRAIGHT = "root://xrootd.example.edu:1094//store/x.root"


@pytest.mark.parametrize(
    ("works", "status", "printed"),
    [
        ("root://xcache*", 1, f"{DOOR}//{STRAIGHT}"),
        ("root://xrootd*", 1, STRAIGHT),
        ("nothing", 1, GIVEN),
        ("nothing", 3, GIVEN),
    ],
)
def test_af_input_prints_what_can_be_read(works: str, status: int, printed: str, ready: Site) -> None:
    log = ready.stub("python-stub", f"case $3 in {works}) exit 0 ;; esac; exit {status}")
    found = ready.prints(f"af_input {GIVEN} Events nJet", AF_PYTHON=str(ready.bin / "python-stub"))
    assert found == printed
    asked = recorded(log)
    assert asked[:5] == [str(ready.setup.with_name("check_inputs.py")), "--", f"{DOOR}//{STRAIGHT}", "Events", "nJet"]
    assert len(asked) == (10 if not works.startswith("root://xcache") and status != 3 else 5)


def test_af_input_does_not_wait_for_ever(ready: Site) -> None:
    ready.stub("slow", "exec sleep 30")
    done = ready.bash(f"af_input '{STRAIGHT}?t=1'", AF_PYTHON=str(ready.bin / "slow"), AF_INPUT_TIMEOUT="0.2")
    assert done.stdout == f"{STRAIGHT}?t=1\n"
    assert "no answer from" in done.stderr
    assert "?t=1" not in done.stderr


def test_local_files_need_no_probe(ready: Site) -> None:
    assert ready.prints("af_input /data/x.root", AF_PYTHON="/no/python") == "/data/x.root"
    assert ready.bash("af_input || echo $?").stdout == "2\n"


UPROOT = """
__version__ = {version!r}
class AsDtype: pass
class AsJagged: pass
class Branch:
    def __init__(self, kind, entries): self.interpretation, self.entries = kind(), entries
    def array(self, entry_stop, library): return list(range(min(entry_stop, self.entries)))
class Tree(dict):
    def keys(self, recursive): return list(super().keys())
class File(dict):
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def classnames(self, recursive): return {{"metadata;1": "TObjString", "Events;1": "TTree"}}
def open(url, timeout):
    if url.startswith("roots"): raise ImportError("Install fsspec-xrootd\\nto read this")
    if "broken" in url: raise OSError("cannot open " + url)
    n = 0 if "empty" in url else 5000
    return File({{name: Tree(Jet_pt=Branch(AsJagged, n), nJet=Branch(AsDtype, n)) for name in ("Events", "Events;1")}})
"""


def check(site: Site, *arguments: str, version: str | None = "5.7.7") -> subprocess.CompletedProcess[str]:
    """check_inputs.py with a stand-in for uproot of that version, or with one that cannot be imported."""
    text = UPROOT.format(version=version) if version else "raise ImportError('none here')"
    (site.root / "uproot.py").write_text(text)
    return subprocess.run(
        [sys.executable, str(site.setup.with_name("check_inputs.py")), *arguments],
        env={"PYTHONPATH": str(site.root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_check_inputs_reads_one_branch(ready: Site) -> None:
    done = check(ready, "root://a//x.root")
    assert (done.returncode, done.stdout) == (0, "ok root://a//x.root: 1000 entries of Events;1/nJet\n")
    named = check(ready, "root://a//x.root", "Events", "Jet_pt", "--entries", "7")
    assert named.stdout == "ok root://a//x.root: 7 entries of Events/Jet_pt\n"


def test_check_inputs_fails_on_what_it_cannot_read(ready: Site) -> None:
    broken = check(ready, "root://a//broken.root?authz=secret")
    assert broken.returncode == 1
    assert "cannot open" in broken.stderr
    assert "secret" not in broken.stderr
    missing = check(ready, "root://a//x.root", "Events", "Nothing")
    assert (missing.returncode, "KeyError" in missing.stderr) == (1, True)
    empty = check(ready, "root://a//empty.root")
    assert (empty.returncode, "nothing was read" in empty.stderr) == (1, True)


@pytest.mark.parametrize("version", [None, "5.3.1", "4.9.99"])
def test_check_inputs_says_what_to_install(version: str | None, ready: Site) -> None:
    done = check(ready, "root://a//x.root", version=version)
    assert done.returncode == 3
    assert "pip install 'uproot>=5.3.2'" in done.stderr


def test_check_inputs_does_not_blame_the_address_for_a_missing_package(ready: Site) -> None:
    done = check(ready, "roots://a//x.root")
    assert done.returncode == 3
    assert "Install fsspec-xrootd to read this" in done.stderr


def test_check_inputs_usage(ready: Site) -> None:
    assert check(ready).returncode == 2
    assert "Exit status" in check(ready, "--help").stdout
    # A login node may have no newer Python than RHEL 8's.
    ast.parse(ready.texts["check_inputs.py"], feature_version=(3, 6))
